"""Papers as archival PDF, set by Typst: no network, no files but our templates, data only ever as data."""

import json
import threading
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

from papers.columns import Kind
from papers.glyphs import FONT_FOLDER, drawable
from papers.rows import PLAIN

FOLDER = Path(__file__).parent / "typst"
TEMPLATES = frozenset(path.stem for path in FOLDER.glob("*.typ") if not path.stem.startswith("_"))
_NOTHING = FOLDER / "no_packages"
_local = threading.local()


def render_pdf(
    template: str, data: Mapping[str, Any], *, at: datetime | None = None, with_attachments: bool = False
) -> bytes:
    """One of `TEMPLATES` filled with `data`, as tagged PDF/A-2b, or PDF/A-3b when files will be attached.

    `data` is handed over as JSON and never becomes Typst source: markup in it is printed as it stands.
    Dates and datetimes become ISO text (Taipei time); templates show them in the form of `data["language"]`.
    `at` is the file's creation time (else now): the same data at the same time give the same bytes.
    Raises: KeyError for another template; typst.TypstError when data do not have what the template asks for.
    """
    if template not in TEMPLATES:
        raise KeyError(template)
    standard: Literal["a-3b", "a-2b"] = "a-3b" if with_attachments else "a-2b"
    pdf = _compiler().compile(
        input=str(FOLDER / f"{template}.typ"),
        format="pdf",
        sys_inputs={"data": json.dumps(_printable(data), ensure_ascii=False)},
        pdf_standards=[standard],
        timestamp=None if at is None else int(at.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave back no file")
    return pdf


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, Mapping):
        return {str(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    if isinstance(value, date):
        (iso,) = PLAIN[Kind.DATETIME if isinstance(value, datetime) else Kind.DATE]([value])
        return iso
    if value is None or isinstance(value, int | float):
        return value
    return drawable(str(value))


def _compiler() -> typst.Compiler:
    """One per thread: a compiler keeps what it has read, which saves half the time, but is not to be shared."""
    compiler: typst.Compiler | None = getattr(_local, "compiler", None)
    if compiler is None:
        compiler = _local.compiler = typst.Compiler(
            root=str(FOLDER),
            font_paths=_fonts(),
            package_path=str(_NOTHING),
            package_cache_path=str(_NOTHING),
        )
    return compiler


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)]
    )

"""One style sheet for all pages: the files that `static/css/site.css` names, in its order, as `css/all.css`.

`SheetFinder` makes it for the development server and for `collectstatic`, so that no page loads forty small files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

SOURCE = Path(settings.BASE_DIR) / "static" / "css"
BUILT = Path(settings.BASE_DIR) / ".built"
SHEET = "css/all.css"

IMPORT = re.compile(r'@import url\("([^"]+)"\);')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
PAIR = re.compile(r"(--[\w-]+): light-dark\((.+?), (#\w+)\);")


def sheet_text(source: Path = SOURCE) -> str:
    """The whole sheet: order of the layers, then every file; comments and indents dropped, fall-backs added."""
    order = (source / "site.css").read_text(encoding="utf-8")
    head = COMMENT.sub("", IMPORT.sub("", order)).strip()
    parts = [(source / name).read_text(encoding="utf-8") for name in IMPORT.findall(order)]
    tokens = (source / "tokens.css").read_text(encoding="utf-8")
    return "\n".join([head, fallback_text(tokens), *(_tight(part) for part in parts)]) + "\n"


def fallback_text(tokens: str) -> str:
    """The colours for browsers without `light-dark()` (before mid-2024): the same pairs by media query and choice."""
    day = "".join(f"{name}:{light};" for name, light, _dark in PAIR.findall(tokens))
    night = "".join(f"{name}:{dark};" for name, _light, dark in PAIR.findall(tokens))
    return (
        "@supports not (color: light-dark(#000, #fff)) {@layer fallback {"
        f":root{{{day}}}"
        f"@media (prefers-color-scheme: dark){{:root{{{night}}}}}"
        f'[data-theme="light"]{{{day}}}[data-theme="dark"]{{{night}}}'
        "}}"
    )


def _tight(text: str) -> str:
    return re.sub(r"\n\s*", "\n", COMMENT.sub("", text)).strip()


def build_sheet() -> Path:
    """The built file's folder; written anew when any source is newer."""
    target = BUILT / SHEET
    newest = max(file.stat().st_mtime for file in [Path(__file__), *SOURCE.rglob("*.css")])
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        (BUILT / ".gitignore").write_text("*\n", encoding="utf-8")
        half = target.with_suffix(f".{os.getpid()}")
        half.write_text(sheet_text(), encoding="utf-8")
        half.replace(target)
    return BUILT


class SheetFinder(BaseFinder):
    """Finds `css/all.css` by building it."""

    def check(self, **kwargs: Any) -> list[Any]:
        """Nothing to configure."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Where the built file lies, for the development server."""
        if path != SHEET:
            return []
        found = str(build_sheet() / SHEET)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        """The built file, for `collectstatic`."""
        yield SHEET, FileSystemStorage(location=build_sheet())

"""Tables as files: OpenDocument first, as the government's own rule asks, then Excel and CSV."""

from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from papers.columns import About, Column, TableSummary
from papers.csv_tables import write_csv
from papers.ods_tables import write_ods
from papers.rows import CopiedRows
from papers.xlsx_tables import write_xlsx

FORMATS = ("ods", "xlsx", "csv")
MEDIA_TYPES = {
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}
_WRITERS: dict[str, Callable[..., TableSummary]] = {"ods": write_ods, "xlsx": write_xlsx, "csv": write_csv}


def table_file(
    fmt: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]] | CopiedRows,
    language: str,
    out: BinaryIO,
    *,
    about: About | None = None,
    with_totals: bool = False,
) -> TableSummary:
    """Write the rows into `out` and tell how many there were, their totals and their checksum.

    Memory stays the same however many rows there are; hand in a server-side cursor or `CopiedRows`.
    Raises: KeyError for a format that is not in `FORMATS`; ValueError as `feed` does.
    """
    write = _WRITERS[fmt]
    return write(out, columns, rows, language, title=title, about=about, with_totals=with_totals)

"""Registers on paper: what an auditor files, with title, filters, totals, page x of y and checksum."""

from collections.abc import Iterable, Sequence
from typing import Any

from papers.about_lines import total_cells
from papers.calendar_forms import PaperDays, is_chinese
from papers.columns import AMOUNTS, About, Column, Kind
from papers.csv_tables import percent_text
from papers.pdf import render_pdf
from papers.rows import Batch, CopiedRows, feed

PAPER_ROWS = 5_000


class TooLongForPaper(ValueError):
    """More rows than anybody prints; offer the spreadsheet."""


def register_pdf(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]] | CopiedRows,
    language: str,
    *,
    about: About,
    with_totals: bool = True,
) -> bytes:
    """The rows as PDF/A-2b; the checksum is the one a spreadsheet of the same columns and rows carries.

    Raises: TooLongForPaper above 5,000 rows; ValueError as `feed` does.
    """
    kept: list[list[str]] = []

    def take(batch: Batch) -> None:
        if len(kept) + len(batch[0]) > PAPER_ROWS:
            raise TooLongForPaper(f"more than {PAPER_ROWS} rows")
        shown = [_shown(column.kind, values, language) for column, values in zip(columns, batch, strict=True)]
        kept.extend(list(row) for row in zip(*shown, strict=True))

    summary = feed(columns, rows, take)
    totals = total_cells(columns, summary, language) if with_totals else []
    data: dict[str, Any] = {
        "language": language,
        "title": title,
        "columns": _columns(columns, kept),
        "rows": kept,
        "row_count": summary.rows,
        "totals": [_grouped(cell) if _is_figure(cell) else cell for cell in totals],
        "filters": [[str(label), str(value)] for label, value in about.filters.items()],
        "as_of": about.as_of,
        "source": about.source,
        "made_by": about.made_by,
        "made_at": about.made_at,
        "checksum": summary.checksum,
    }
    return render_pdf("register", data)


def _columns(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Text columns share the width by what they hold: Chinese counts double, the longest twentieth is let wrap."""
    shares = []
    for index, column in enumerate(columns):
        lengths = sorted(_width(row[index]) for row in rows) or [0]
        typical = lengths[int(len(lengths) * 0.95) - 1 if len(lengths) > 1 else 0]
        shares.append(min(40, max(6, typical, _width(column.label))))
    return [
        {"label": column.label, "kind": str(column.kind), "width": share}
        for column, share in zip(columns, shares, strict=True)
    ]


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _shown(kind: Kind, values: list[str], language: str) -> list[str]:
    """Plain values in the form people read; the guard is for spreadsheets, paper runs nothing."""
    match kind:
        case Kind.TEXT:
            return [value.removeprefix("'") if value[:1] == "'" else value for value in values]
        case Kind.DATE:
            return [_short_day(value, language) for value in values]
        case Kind.DATETIME:
            return [f"{_short_day(value, language)} {value[11:16]}".strip() for value in values]
        case Kind.PERCENT:
            return [percent_text(value) for value in values]
        case _ if kind in AMOUNTS:
            return [_grouped(value) for value in values]
    return values


def _short_day(iso: str, language: str) -> str:
    """`115.11.23` in Chinese, ISO in English: narrow enough for a column."""
    if not iso or not is_chinese(language) or int(iso[:4]) <= 1911:
        return PaperDays(language)[iso[:10]]
    return f"{int(iso[:4]) - 1911}.{iso[5:7]}.{iso[8:10]}"


def _grouped(digits: str) -> str:
    return f"{int(digits):,}".replace("-", "−") if digits else ""


def _is_figure(cell: str) -> bool:
    return cell.removeprefix("-").isdigit()

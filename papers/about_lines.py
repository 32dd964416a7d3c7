"""The words that stand around a table: the total row and the lines that say where the figures come from."""

from collections.abc import Sequence
from itertools import starmap

from django.utils import translation
from django.utils.translation import gettext as _

from papers.calendar_forms import paper_moment
from papers.columns import About, Column, Kind, TableSummary
from papers.rows import PLAIN, plain_text


def about_lines(
    title: str, about: About, columns: Sequence[Column], summary: TableSummary, language: str
) -> list[tuple[str, str]]:
    """Label and text of each line, guarded, in the language of the paper."""
    with translation.override(language):
        lines = [
            (_("名稱"), title),
            (_("資料時點"), _moment(about.as_of, language)),
            *((label, value) for label, value in about.filters.items()),
            (_("資料來源"), about.source),
            (_("製表人"), about.made_by),
            (_("製表時間"), _moment(about.made_at, language)),
            (_("資料筆數"), f"{summary.rows:,}"),
            *((column.label, f"{summary.totals[column.name]:,}") for column in columns if column.is_totalled),
            (_("資料檢查碼（SHA-256）"), summary.checksum),
        ]
        return list(starmap(_guarded, ((label, text) for label, text in lines if text)))


def about_title(language: str) -> str:
    with translation.override(language):
        return _("資料說明")


def total_cells(columns: Sequence[Column], summary: TableSummary, language: str) -> list[str]:
    """The last row: the word in the first column that is not added up, sums below their columns.

    Empty when no column is added up.
    """
    if not summary.totals:
        return []
    with translation.override(language):
        word = _("合計")
    cells = [str(summary.totals[column.name]) if column.is_totalled else "" for column in columns]
    for index, column in enumerate(columns):
        if not column.is_totalled:
            cells[index] = word
            break
    return cells


def _guarded(label: object, text: object) -> tuple[str, str]:
    return plain_text(label), plain_text(text)


def _moment(moment: object, language: str) -> str:
    (iso,) = PLAIN[Kind.DATETIME]([moment])
    return paper_moment(iso, language)

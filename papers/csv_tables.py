"""Comma-separated files: UTF-8 with a byte-order mark, because the spreadsheet people open it with guesses otherwise."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from papers.about_lines import about_lines, total_cells
from papers.calendar_forms import PaperDays, is_chinese
from papers.columns import About, Column, Kind, TableSummary
from papers.rows import Batch, ByteBatch, CopiedRows, feed, plain_lines, plain_text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def write_csv(
    out: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]] | CopiedRows,
    language: str,
    *,
    title: str = "",
    about: About | None = None,
    with_totals: bool = False,
) -> TableSummary:
    """Write a CSV file; totals and the lines about it stand after the data (the latter after an empty line).

    Units: numbers as plain digits, percent as `50.00%`, datetimes in Taipei time.
    Raises: ValueError as `feed` does.
    """
    dressings = [_Dressing(column.kind, language) for column in columns]

    def take(batch: Batch) -> None:
        out.write(
            plain_lines([dress(values) for dress, values in zip(dressings, batch, strict=True)]).encode()
        )

    def take_bytes(batch: ByteBatch) -> None:
        cells = [dress.bytes(values) for dress, values in zip(dressings, batch, strict=True)]
        out.write(b"".join([b"\r\n".join(map(b",".join, zip(*cells, strict=True))), b"\r\n"]))

    out.write(BYTE_ORDER_MARK + plain_lines([[plain_text(column.label)] for column in columns]).encode())
    summary = feed(columns, rows, take, take_bytes)
    if with_totals and (total := total_cells(columns, summary, language)):
        out.write(plain_lines([[cell] for cell in total]).encode())
    if about is not None:
        labels, texts = zip(*about_lines(title, about, columns, summary, language), strict=True)
        out.write(b"\r\n" + plain_lines([list(labels), list(texts)]).encode())
    return summary


class _Dressing:
    """Plain values of one column as CSV shows them."""

    def __init__(self, kind: Kind, language: str) -> None:
        self._kind = kind
        self._days = PaperDays(language)
        self._percents = _Percents()
        self._changes = kind is Kind.PERCENT or (is_chinese(language) and kind in (Kind.DATE, Kind.DATETIME))
        self._known: dict[bytes, bytes] = {}

    def __call__(self, values: list[str]) -> list[str]:
        if not self._changes:
            return values
        if self._kind is Kind.DATETIME:
            days = self._days
            return [days[value[:10]] + value[10:] for value in values]
        return list(map((self._percents if self._kind is Kind.PERCENT else self._days).__getitem__, values))

    def bytes(self, values: list[bytes]) -> list[bytes]:
        if not self._changes:
            return values
        length = 10 if self._kind is Kind.DATETIME else None  # only the day changes its form
        heads = [value[:10] for value in values] if length else values
        known = self._known
        for new in set(heads).difference(known):
            known[new] = self([new.decode()])[0].encode()
        if not length:
            return [known[head] for head in heads]
        return [known[head] + value[10:] for head, value in zip(heads, values, strict=True)]


class _Percents(dict[str, str]):
    """Remembered: there are few different rates."""

    def __missing__(self, basis_points: str) -> str:
        text = self[basis_points] = percent_text(basis_points)
        return text


def percent_text(basis_points: str) -> str:
    """`5000` as `50.00%`."""
    if not basis_points:
        return ""
    whole, rest = divmod(abs(int(basis_points)), 100)
    return f"{'-' if basis_points.startswith('-') else ''}{whole}.{rest:02d}%"

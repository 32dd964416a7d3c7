"""Excel workbooks, written as the XML they are: a million rows in constant memory.

Cells carry no address and strings stand in place (no shared table), both of which the format allows.
Source: ECMA-376 part 1, SpreadsheetML.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import BinaryIO

from papers.about_lines import about_lines, about_title, total_cells
from papers.calendar_forms import PaperDays, is_chinese, paper_moment
from papers.columns import About, Column, Kind, TableSummary
from papers.rows import Batch, CopiedRows, feed, plain_text
from papers.sheets import DIGITS_KEPT, SHEET_ROWS, Package, Stream, escaped, escaped_texts, sheet_name

CELL_CHARACTERS = 32_767
STREAM_BYTES = 1 << 30
# Style numbers: positions in cellXfs of `_styles`.
_STYLE = {
    Kind.TEXT: 6,
    Kind.INTEGER: 2,
    Kind.POINTS: 3,
    Kind.TWD: 3,
    Kind.PERCENT: 4,
    Kind.DATE: 5,
    Kind.DATETIME: 7,
}
_HEADER, _TOTAL, _TOTAL_LABEL, _ABOUT_LABEL, _ABOUT_TEXT = 1, 8, 9, 10, 11
_WIDTH = {
    Kind.TEXT: 24,
    Kind.INTEGER: 12,
    Kind.POINTS: 14,
    Kind.TWD: 14,
    Kind.PERCENT: 10,
    Kind.DATE: 18,
    Kind.DATETIME: 26,
}
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write_xlsx(
    out: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]] | CopiedRows,
    language: str,
    *,
    title: str = "",
    about: About | None = None,
    with_totals: bool = False,
) -> TableSummary:
    """Write a workbook: the table (more sheets when one is full), then a sheet about it.

    Units: dates are real dates shown in ROC form in Chinese; percent as fractions shown in per cent.
    Note: numbers of more than 15 digits and dates before 1900-03-01 are written as text, to keep them exact.
    Raises: ValueError as `feed` does.
    """
    book = _Workbook(out, columns, language, title)
    summary = feed(columns, rows, book.take)
    book.finish_table(total_cells(columns, summary, language) if with_totals else [])
    if about is not None:
        book.add_about(about_title(language), about_lines(title, about, columns, summary, language))
    book.close()
    return summary


class _Workbook:
    def __init__(self, out: BinaryIO, columns: Sequence[Column], language: str, title: str) -> None:
        self._package = Package(out)
        self._columns = columns
        self._language = language
        self._title = title
        self._names: list[str] = []
        self._dressings = [_dressing(column.kind, language) for column in columns]
        self._sheet = self._start_sheet()

    def take(self, batch: Batch) -> None:
        if self._rows + len(batch[0]) >= SHEET_ROWS or self._sheet.size > STREAM_BYTES:
            self._end_sheet()
            self._sheet = self._start_sheet()
        cells = [dress(values) for dress, values in zip(self._dressings, batch, strict=True)]
        self._sheet.write(
            "".join(["<row>", "</row><row>".join(map("".join, zip(*cells, strict=True))), "</row>"])
        )
        self._rows += len(batch[0])

    def finish_table(self, total: list[str]) -> None:
        if total:
            self._sheet.write(f"<row>{''.join(map(self._total_cell, self._columns, total))}</row>")
        self._end_sheet()

    def add_about(self, name: str, lines: Sequence[tuple[str, str]]) -> None:
        self._names.append(sheet_name(name))
        body = "".join(
            f"<row>{_text(label, _ABOUT_LABEL)}{_text(text, _ABOUT_TEXT)}</row>" for label, text in lines
        )
        self._package.add(
            f"xl/worksheets/sheet{len(self._names)}.xml",
            f'{_XML}<worksheet xmlns="{_MAIN}"><cols><col min="1" max="1" width="26" customWidth="1"/>'
            f'<col min="2" max="2" width="80" customWidth="1"/></cols><sheetData>{body}</sheetData></worksheet>',
        )

    def close(self) -> None:
        for name, text in _frame(self._names, self._language).items():
            self._package.add(name, text)
        self._package.close()

    def _start_sheet(self) -> Stream:
        self._names.append(sheet_name(self._title, len(self._names) + 1))
        self._rows = 1
        sheet = self._package.stream(f"xl/worksheets/sheet{len(self._names)}.xml")
        widths = "".join(
            f'<col min="{n}" max="{n}" width="{_WIDTH[column.kind]}" style="{_STYLE[column.kind]}" customWidth="1"/>'
            for n, column in enumerate(self._columns, 1)
        )
        labels = "".join(_text(plain_text(column.label), _HEADER) for column in self._columns)
        sheet.write(
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"<cols>{widths}</cols><sheetData><row>{labels}</row>"
        )
        return sheet

    def _end_sheet(self) -> None:
        self._sheet.write(
            "</sheetData>"
            '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
            '<pageSetup paperSize="9" orientation="landscape"/>'
            "<headerFooter><oddFooter>&amp;C&amp;P / &amp;N</oddFooter></headerFooter></worksheet>"
        )
        self._sheet.close()

    @staticmethod
    def _total_cell(column: Column, value: str) -> str:
        if column.is_totalled and len(value) <= DIGITS_KEPT:
            return f'<c s="{_TOTAL}"><v>{value}</v></c>'
        return _text(value, _TOTAL_LABEL)


def _text(text: str, style: int) -> str:
    if not text:
        return f'<c s="{style}"/>'
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{escaped(text)}</t></is></c>'


def _dressing(kind: Kind, language: str) -> Callable[[list[str]], list[str]]:
    match kind:
        case Kind.TEXT:
            return _text_cells
        case Kind.DATE:
            return _Days(language).cells
        case Kind.DATETIME:
            return _Moments(language).cells
        case Kind.PERCENT:
            return _percent_cells
    head = f'<c s="{_STYLE[kind]}"><v>'
    return lambda values: _number_cells(values, head)


def _text_cells(values: list[str]) -> list[str]:
    if max(map(len, values)) * 2 > CELL_CHARACTERS:
        values = [_shortened(value) for value in values]
    return [
        f'<c s="6" t="inlineStr"><is><t xml:space="preserve">{v}</t></is></c>' if v else "<c/>"
        for v in escaped_texts(values)
    ]


def _shortened(value: str) -> str:
    """At most 32,767 UTF-16 units, the format's limit; a cut is shown by an ellipsis."""
    encoded = value.encode("utf-16-le")
    if len(encoded) <= CELL_CHARACTERS * 2:
        return value
    return encoded[: (CELL_CHARACTERS - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _number_cells(values: list[str], head: str) -> list[str]:
    if max(map(len, values)) > DIGITS_KEPT:
        return [f"{head}{v}</v></c>" if 0 < len(v) <= DIGITS_KEPT else _text(v, 6) for v in values]
    return [f"{head}{v}</v></c>" if v else "<c/>" for v in values]


def _percent_cells(values: list[str]) -> list[str]:
    return [f'<c s="4"><v>{int(v) / 10_000}</v></c>' if v else "<c/>" for v in values]


class _Days(dict[str, str]):
    """ISO day → its cell, remembered."""

    def __init__(self, language: str) -> None:
        super().__init__({"": "<c/>"})
        self._paper = PaperDays(language)

    def __missing__(self, iso: str) -> str:
        serial = _serial(iso)
        cell = self[iso] = f'<c s="5"><v>{serial}</v></c>' if serial else _text(self._paper[iso], 6)
        return cell

    def cells(self, values: list[str]) -> list[str]:
        return [self[value] for value in values]


class _Moments(dict[str, str]):
    """ISO day → the day's part of a moment's cell, time of day → the fraction's part: few of both, so remembered."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language
        self._fractions: dict[str, str] = {}

    def __missing__(self, day: str) -> str:
        serial = _serial(day)
        head = self[day] = f'<c s="7"><v>{serial}' if serial else ""
        return head

    def cells(self, values: list[str]) -> list[str]:
        return [self._cell(value) for value in values]

    def _cell(self, value: str) -> str:
        if not value:
            return "<c/>"
        head = self[value[:10]]
        if not head:
            return _text(paper_moment(value, self._language), 6)
        time = value[11:19]
        return head + (self._fractions.get(time) or self._remember(time))

    def _remember(self, time: str) -> str:
        seconds = int(time[:2]) * 3_600 + int(time[3:5]) * 60 + int(time[6:8])
        tail = self._fractions[time] = f"{seconds / 86_400:.10f}"[1:] + "</v></c>"
        return tail


def _serial(iso: str) -> int:
    """Days as Excel counts them; 0 for days before March 1900, where its calendar has a 29 February too many."""
    serial = date.fromisoformat(iso).toordinal() - 693_594
    return serial if serial > 60 else 0


def _frame(names: Sequence[str], language: str) -> dict[str, str]:
    """The parts around the sheets."""
    sheets = "".join(
        f'<sheet name="{escaped(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(names) + 1)
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for n in range(1, len(names) + 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    return {
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{package}/relationships">{links}'
        f'<Relationship Id="rId0" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _styles(language),
        "_rels/.rels": f'{_XML}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'{_XML}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{types}</Types>',
    }


def _styles(language: str) -> str:
    # [$-404] is Taiwan: with it `e` counts ROC years
    day = '[$-404]"民國"e"年"mm"月"dd"日"' if is_chinese(language) else "yyyy-mm-dd"
    face = '<name val="Noto Sans TC"/><family val="2"/>'
    plain = 'fontId="0" fillId="0"'
    bold = 'fontId="1" fillId="0"'
    cells = [
        f'<xf numFmtId="0" {plain} borderId="0"/>',
        f'<xf numFmtId="49" {bold} borderId="1" applyFont="1" applyBorder="1"><alignment wrapText="1" vertical="center"/></xf>',
        f'<xf numFmtId="1" {plain} borderId="0" applyNumberFormat="1"/>',
        f'<xf numFmtId="3" {plain} borderId="0" applyNumberFormat="1"/>',
        f'<xf numFmtId="10" {plain} borderId="0" applyNumberFormat="1"/>',
        f'<xf numFmtId="164" {plain} borderId="0" applyNumberFormat="1"/>',
        f'<xf numFmtId="49" {plain} borderId="0" applyNumberFormat="1"/>',
        f'<xf numFmtId="165" {plain} borderId="0" applyNumberFormat="1"/>',
        f'<xf numFmtId="3" {bold} borderId="2" applyNumberFormat="1" applyFont="1" applyBorder="1"/>',
        f'<xf numFmtId="49" {bold} borderId="2" applyFont="1" applyBorder="1"/>',
        f'<xf numFmtId="49" {bold} borderId="0" applyFont="1"><alignment vertical="top"/></xf>',
        f'<xf numFmtId="49" {plain} borderId="0"><alignment wrapText="1" vertical="top"/></xf>',
    ]
    line = '<{0} style="{1}"><color rgb="FF2A4187"/></{0}>'
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="{escaped(day)}"/>'
        f'<numFmt numFmtId="165" formatCode="{escaped(day + " hh:mm:ss")}"/></numFmts>'
        f'<fonts count="2"><font><sz val="11"/>{face}</font><font><b/><sz val="11"/>{face}</font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="3"><border><left/><right/><top/><bottom/></border>'
        f"<border><left/><right/><top/>{line.format('bottom', 'medium')}</border>"
        f"<border><left/><right/>{line.format('top', 'thin')}{line.format('bottom', 'double')}</border></borders>"
        f'<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="{len(cells)}">{"".join(cells)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )

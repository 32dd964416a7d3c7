"""OpenDocument spreadsheets, the government's own format, written as the XML they are in constant memory.

Source: OASIS OpenDocument 1.3. Number cells leave out the printed text: readers build it from value and style.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from papers.about_lines import about_lines, about_title, total_cells
from papers.calendar_forms import is_chinese
from papers.columns import About, Column, Kind, TableSummary
from papers.rows import Batch, CopiedRows, feed, plain_text
from papers.sheets import DIGITS_KEPT, SHEET_ROWS, Package, escaped, escaped_texts, sheet_name

MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_EMPTY = "<table:table-cell/>"
_TEXT_HEAD = '<table:table-cell office:value-type="string"><text:p>'
_TEXT_TAIL = "</text:p></table:table-cell>"
_WIDTH = {
    Kind.TEXT: "5cm",
    Kind.INTEGER: "2.6cm",
    Kind.POINTS: "3cm",
    Kind.TWD: "3cm",
    Kind.PERCENT: "2.4cm",
    Kind.DATE: "4.2cm",
    Kind.DATETIME: "6cm",
}
_SPACES = " " * 2
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "number": "datastyle",
        "fo": "xsl-fo-compatible",
        "config": "config",
        "meta": "meta",
    }.items()
)


def write_ods(
    out: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]] | CopiedRows,
    language: str,
    *,
    title: str = "",
    about: About | None = None,
    with_totals: bool = False,
) -> TableSummary:
    """Write an OpenDocument spreadsheet: the table (more sheets when one is full), then a sheet about it.

    Units: dates are real dates shown in ROC form in Chinese; percent as fractions shown in per cent.
    Note: numbers of more than 15 digits are written as text, to keep them exact.
    Raises: ValueError as `feed` does.
    """
    book = _Spreadsheet(out, columns, language, title)
    summary = feed(columns, rows, book.take)
    book.finish_table(total_cells(columns, summary, language) if with_totals else [])
    if about is not None:
        book.add_about(about_title(language), about_lines(title, about, columns, summary, language))
    book.close()
    return summary


class _Spreadsheet:
    def __init__(self, out: BinaryIO, columns: Sequence[Column], language: str, title: str) -> None:
        self._package = Package(out)
        self._columns = columns
        self._title = title
        self._names: list[str] = []
        self._dressings = [_DRESSINGS[column.kind] for column in columns]
        self._package.add_uncompressed("mimetype", MEDIA_TYPE)  # first and plain, so that file(1) can tell
        self._content = self._package.stream("content.xml", above_2_gib=True)
        self._content.write(
            f'{_XML}<office:document-content {_NAMESPACES} office:version="1.3">'
            f"<office:automatic-styles>{_styles(language)}</office:automatic-styles><office:body><office:spreadsheet>"
        )
        self._start_sheet()

    def take(self, batch: Batch) -> None:
        if self._rows + len(batch[0]) >= SHEET_ROWS:
            self._content.write("</table:table>")
            self._start_sheet()
        cells = [dress(values) for dress, values in zip(self._dressings, batch, strict=True)]
        joined = "</table:table-row><table:table-row>".join(map("".join, zip(*cells, strict=True)))
        self._content.write("".join(["<table:table-row>", joined, "</table:table-row>"]))
        self._rows += len(batch[0])

    def finish_table(self, total: list[str]) -> None:
        if total:
            self._content.write(
                f"<table:table-row>{''.join(map(_total_cell, self._columns, total))}</table:table-row>"
            )
        self._content.write("</table:table>")

    def add_about(self, name: str, lines: Sequence[tuple[str, str]]) -> None:
        self._content.write(
            f'<table:table table:name="{escaped(sheet_name(name))}"><table:table-column table:style-name="w-label"/>'
            '<table:table-column table:style-name="w-about"/>'
        )
        for label, text in lines:
            self._content.write(
                f"<table:table-row>{_text(label, 'label')}{_text(text, 'about')}</table:table-row>"
            )
        self._content.write("</table:table>")

    def close(self) -> None:
        self._content.write("</office:spreadsheet></office:body></office:document-content>")
        self._content.close()
        for name, text in _frame(self._names).items():
            self._package.add(name, text)
        self._package.close()

    def _start_sheet(self) -> None:
        self._names.append(sheet_name(self._title, len(self._names) + 1))
        self._rows = 1
        widths = "".join(
            f'<table:table-column table:style-name="w-{column.kind}" table:default-cell-style-name="{column.kind}"/>'
            for column in self._columns
        )
        labels = "".join(_text(plain_text(column.label), "header") for column in self._columns)
        self._content.write(
            f'<table:table table:name="{escaped(self._names[-1])}">{widths}'
            f"<table:table-header-rows><table:table-row>{labels}</table:table-row></table:table-header-rows>"
        )


def _text(text: str, style: str) -> str:
    if not text:
        return f'<table:table-cell table:style-name="{style}"/>'
    (inner,) = _paragraphs([text])
    return f'<table:table-cell table:style-name="{style}" office:value-type="string"><text:p>{inner}</text:p></table:table-cell>'


def _total_cell(column: Column, value: str) -> str:
    if column.is_totalled and len(value) <= DIGITS_KEPT:
        return (
            f'<table:table-cell table:style-name="total" office:value-type="float" office:value="{value}"/>'
        )
    return _text(value, "total-label")


def _paragraphs(values: list[str]) -> list[str]:
    """Escaped texts; line ends, tabs and runs of spaces become marks, since plain ones are folded by readers."""
    texts = escaped_texts(values)
    joined = "\x1f".join(texts)
    if "\n" not in joined and "\t" not in joined and _SPACES not in joined:
        return texts
    joined = (
        joined.replace(_SPACES, " <text:s/>").replace("\t", "<text:tab/>").replace("\n", "</text:p><text:p>")
    )
    return joined.split("\x1f")


def _text_cells(values: list[str]) -> list[str]:
    return [f"{_TEXT_HEAD}{v}{_TEXT_TAIL}" if v else _EMPTY for v in _paragraphs(values)]


def _number_cells(values: list[str]) -> list[str]:
    if max(map(len, values)) > DIGITS_KEPT:
        return [_number_cell(v) if len(v) <= DIGITS_KEPT else f"{_TEXT_HEAD}{v}{_TEXT_TAIL}" for v in values]
    return [
        f'<table:table-cell office:value-type="float" office:value="{v}"/>' if v else _EMPTY for v in values
    ]


def _number_cell(value: str) -> str:
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>' if value else _EMPTY


def _percent_cells(values: list[str]) -> list[str]:
    return [
        f'<table:table-cell office:value-type="percentage" office:value="{int(v) / 10_000}"/>'
        if v
        else _EMPTY
        for v in values
    ]


def _date_cells(values: list[str]) -> list[str]:
    return [
        f'<table:table-cell office:value-type="date" office:date-value="{v}"/>' if v else _EMPTY
        for v in values
    ]


def _moment_cells(values: list[str]) -> list[str]:
    return _date_cells("\x1f".join(values).replace(" ", "T").split("\x1f"))


_DRESSINGS: dict[Kind, Callable[[list[str]], list[str]]] = {
    Kind.TEXT: _text_cells,
    Kind.INTEGER: _number_cells,
    Kind.POINTS: _number_cells,
    Kind.TWD: _number_cells,
    Kind.PERCENT: _percent_cells,
    Kind.DATE: _date_cells,
    Kind.DATETIME: _moment_cells,
}


def _styles(language: str) -> str:
    chinese = is_chinese(language)
    era = ' number:calendar="ROC"' if chinese else ""
    locale = ' number:language="zh" number:country="TW"' if chinese else ""

    def mark(text: str) -> str:
        return f"<number:text>{text}</number:text>"

    two = ' number:style="long"'
    day = (
        f"{mark('民國')}<number:year{era}{two}/>{mark('年')}<number:month{era}{two}/>{mark('月')}<number:day{era}{two}/>{mark('日')}"
        if chinese
        else f"<number:year{two}/>{mark('-')}<number:month{two}/>{mark('-')}<number:day{two}/>"
    )
    time = (
        f"{mark(' ')}<number:hours{two}/>{mark(':')}<number:minutes{two}/>{mark(':')}<number:seconds{two}/>"
    )
    grouped = (
        '<number:number number:decimal-places="0" number:min-integer-digits="1" number:grouping="true"/>'
    )
    widths = {f"w-{kind}": width for kind, width in _WIDTH.items()} | {"w-label": "5.5cm", "w-about": "16cm"}
    return "".join(
        [
            *(
                f'<style:style style:name="{name}" style:family="table-column"><style:table-column-properties style:column-width="{width}"/></style:style>'
                for name, width in widths.items()
            ),
            f'<number:number-style style:name="n-grouped">{grouped}</number:number-style>',
            '<number:number-style style:name="n-plain"><number:number number:decimal-places="0" number:min-integer-digits="1"/></number:number-style>',
            '<number:percentage-style style:name="n-percent"><number:number number:decimal-places="2" number:min-integer-digits="1"/>'
            "<number:text>%</number:text></number:percentage-style>",
            f'<number:date-style style:name="n-date"{locale}>{day}</number:date-style>',
            f'<number:date-style style:name="n-datetime"{locale}>{day}{time}</number:date-style>',
            '<number:text-style style:name="n-text"><number:text-content/></number:text-style>',
            _cell_style(Kind.TEXT, "n-text"),
            _cell_style(Kind.INTEGER, "n-plain"),
            _cell_style(Kind.POINTS, "n-grouped"),
            _cell_style(Kind.TWD, "n-grouped"),
            _cell_style(Kind.PERCENT, "n-percent"),
            _cell_style(Kind.DATE, "n-date"),
            _cell_style(Kind.DATETIME, "n-datetime"),
            _cell_style(
                "header",
                "n-text",
                bold=True,
                border='fo:border-bottom="1.2pt solid #2a4187" fo:wrap-option="wrap"',
            ),
            _cell_style("total", "n-grouped", bold=True, border='fo:border-top="0.6pt solid #2a4187"'),
            _cell_style("total-label", "n-text", bold=True, border='fo:border-top="0.6pt solid #2a4187"'),
            _cell_style("label", "n-text", bold=True),
            _cell_style("about", "n-text", border='fo:wrap-option="wrap"'),
        ]
    )


def _cell_style(name: str, data_style: str, *, bold: bool = False, border: str = "") -> str:
    weight = 'fo:font-weight="bold" style:font-weight-asian="bold"' if bold else ""
    return (
        f'<style:style style:name="{name}" style:family="table-cell" style:data-style-name="{data_style}">'
        f"<style:table-cell-properties {border}/><style:text-properties {weight}/></style:style>"
    )


def _frame(names: Sequence[str]) -> dict[str, str]:
    """The parts around the content; the settings keep the header row in sight."""
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    files = {
        "/": MEDIA_TYPE,
        "content.xml": "text/xml",
        "styles.xml": "text/xml",
        "settings.xml": "text/xml",
        "meta.xml": "text/xml",
    }
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
        for path, kind in files.items()
    )
    return {
        "styles.xml": f'{_XML}<office:document-styles {_NAMESPACES} office:version="1.3"><office:styles/></office:document-styles>',
        "meta.xml": f'{_XML}<office:document-meta {_NAMESPACES} office:version="1.3"><office:meta><meta:generator>cloudmarket-open</meta:generator>'
        "</office:meta></office:document-meta>",
        "settings.xml": _settings(names),
        "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{manifest}" manifest:version="1.3">{entries}</manifest:manifest>',
    }


def _settings(names: Sequence[str]) -> str:
    def item(name: str, kind: str, value: str) -> str:
        return f'<config:config-item config:name="{name}" config:type="{kind}">{value}</config:config-item>'

    frozen = "".join(
        [
            item("VerticalSplitMode", "short", "2"),
            item("VerticalSplitPosition", "int", "1"),
            item("ActiveSplitRange", "short", "2"),
            item("PositionBottom", "int", "1"),
        ]
    )
    tables = "".join(
        f'<config:config-item-map-entry config:name="{escaped(name)}">{frozen}</config:config-item-map-entry>'
        for name in names
    )
    return (
        f'{_XML}<office:document-settings {_NAMESPACES} office:version="1.3"><office:settings><config:config-item-set config:name="ooo:view-settings">'
        '<config:config-item-map-indexed config:name="Views"><config:config-item-map-entry>'
        f'<config:config-item-map-named config:name="Tables">{tables}</config:config-item-map-named>'
        "</config:config-item-map-entry></config:config-item-map-indexed></config:config-item-set></office:settings></office:document-settings>"
    )

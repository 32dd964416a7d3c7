"""Papers print what they are told, in both languages, and data never become instructions."""

import io
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import typst
from pyhanko.pdf_utils.reader import PdfFileReader

from papers.columns import About, Column, Kind
from papers.contracts import (
    ContractData,
    LetterData,
    StatementData,
    clauses_version,
    contract_digest,
    contract_pdf,
    letter_pdf,
    statement_pdf,
)
from papers.glyphs import drawable
from papers.pdf import FOLDER, TEMPLATES, _compiler, render_pdf
from papers.registers import PAPER_ROWS, TooLongForPaper, register_pdf
from papers.tables import table_file

needs_pdftotext = pytest.mark.skipif(
    not shutil.which("pdftotext"), reason="poppler-utils reads the text back"
)
ABOUT = About(
    as_of=datetime(2026, 11, 30, 16, 0, tzinfo=UTC),
    made_by="王小明",
    made_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC),
    filters={"年度": "115"},
    source="點數帳",
)
COLUMNS = [
    Column("claim", "請款編號"),
    Column("buyer", "企業"),
    Column("paid_date", "日期", Kind.DATE),
    Column("points", "點數", Kind.POINTS),
]
HOSTILE = [
    '#read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0": *',
    '#import "/contract_clauses.json"',
    '"); #panic("out")',
    "$ x^2 $ *bold* _it_ `raw` <label> @ref = Heading",
    "\\u{41} // comment /* more */",
    "]#text(size: 90pt)[",
    "#sys.inputs",
]


def text_of(pdf: bytes) -> str:
    """What a reader copies from the pages, without white space, which depends on the lay-out."""
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, stdout=subprocess.PIPE, check=True)
    return re.sub(r"\s", "", done.stdout.decode())


def flat(text: str) -> str:
    return re.sub(r"\s", "", text)


def metadata_of(pdf: bytes) -> str:
    return PdfFileReader(io.BytesIO(pdf)).root["/Metadata"].data.decode()


@needs_pdftotext
def test_contract_prints_parties_money_dates_and_signatures_in_chinese(contract: ContractData) -> None:
    text = text_of(contract_pdf(contract))
    for expected in (
        "雲端服務補助訂購契約", "好鄰居麵店", "01234567", "晴雲資訊股份有限公司", "新臺幣28,800元", "14,400點",
        "民國115年11月30日", "民國115年11月23日14:07:01", "工商憑證", "4A7F00C1D29E8B3365AA10FE",
        "可用率", "管理辦法第12條", "第十四條", contract_digest(contract), clauses_version(), "第1頁，共",
    ):  # fmt: skip
        assert flat(expected) in text
    assert "尚未簽署" not in text


@needs_pdftotext
def test_contract_prints_iso_dates_in_english(contract: ContractData) -> None:
    text = text_of(contract_pdf({**contract, "language": "en"}))
    for expected in (
        "Subsidised cloud service order contract",
        "2026-11-30",
        "NT$28,800",
        "14,400 points",
        "14. Signing and copies",
        "Page 1 of",
    ):
        assert flat(expected) in text
    assert "民國" not in text


@needs_pdftotext
def test_contract_says_when_it_is_not_signed(contract: ContractData) -> None:
    assert text_of(contract_pdf({**contract, "signatures": []})).count("尚未簽署") == 2


@pytest.mark.parametrize("points", [0, 28_800])
def test_contract_can_be_all_points_or_none(contract: ContractData, points: int) -> None:
    contract["money"] |= {"points": points, "copay_twd": 28_800 - points, "copay_due_date": None}
    assert contract_pdf(contract).startswith(b"%PDF-1.7")


def test_contract_digest_leaves_out_signatures_and_nothing_else(contract: ContractData) -> None:
    digest = contract_digest(contract)
    assert contract_digest({**contract, "signatures": []}) == digest
    for key in contract.keys() - {"signatures"}:
        changed: Any = {**contract, key: "changed"}
        assert contract_digest(changed) != digest


def test_contract_digest_does_not_depend_on_how_a_time_is_written(contract: ContractData) -> None:
    digest = contract_digest(contract)
    taipei = timezone(timedelta(hours=8))
    contract["periods"]["ordered_at"] = datetime(2026, 11, 23, 14, 5, 9, tzinfo=taipei)
    assert contract_digest(contract) == digest


def test_clauses_are_complete_in_both_languages() -> None:
    clauses = json.loads((FOLDER / "contract_clauses.json").read_text("utf-8"))["clauses"]
    assert len(clauses) == 14
    for clause in clauses:
        for text in (clause["title"], *clause["paragraphs"]):
            assert text["zh"]
            assert text["en"]
            assert not re.search(r"[\u3400-\u9fff]", text["en"])


@needs_pdftotext
def test_statement_prints_opening_moves_and_closing(statement: StatementData) -> None:
    text = text_of(statement_pdf(statement))
    for expected in ("點數對帳單", "115.09.0310:15", "核發", "30,000", "14,400", "15,600", "合計與期末餘額"):
        assert expected in text


def test_statement_that_does_not_add_up_is_refused(statement: StatementData) -> None:
    with pytest.raises(ValueError, match="15600"):
        statement_pdf({**statement, "closing_points": 15_601})


@needs_pdftotext
def test_letter_prints_its_parts(letter: LetterData) -> None:
    text = text_of(letter_pdf(letter))
    for expected in (
        "雲市集計畫辦公室函",
        "受文者：晴雲資訊股份有限公司",
        "發文日期：民國115年11月23日",
        "一、依審查會議",
        "副本：財務組",
    ):
        assert expected in text


@needs_pdftotext
def test_register_prints_rows_totals_pages_and_the_checksum_of_its_spreadsheet() -> None:
    rows = [(f"C{n:04d}", "=1+1 商行", datetime(2026, 11, 1 + n % 28).date(), 1_000 + n) for n in range(80)]
    text = text_of(register_pdf("撥款清冊", COLUMNS, rows, "zh-hant", about=ABOUT))
    summary = table_file("csv", "撥款清冊", COLUMNS, rows, "zh-hant", io.BytesIO())
    assert summary.checksum in text
    assert "C0000" in text
    assert "C0079" in text
    assert "115.11.28" in text
    assert f"{summary.totals['points']:,}" in text
    assert "=1+1商行" in text
    assert "'=1+1" not in text  # the guard is for spreadsheets
    assert "第2頁，共2頁" in text
    assert "年度：115" in text
    assert "資料時點民國115年12月1日00:00:00" in text


@needs_pdftotext
def test_an_empty_register_says_so() -> None:
    assert "這些條件下沒有資料" in text_of(register_pdf("清冊", COLUMNS, [], "zh-hant", about=ABOUT))


def test_a_register_nobody_would_print_is_refused() -> None:
    with pytest.raises(TooLongForPaper):
        register_pdf("清冊", [Column("a", "甲")], (("x",) for _ in range(PAPER_ROWS + 1)), "en", about=ABOUT)


@needs_pdftotext
@pytest.mark.parametrize("hostile", HOSTILE)
def test_markup_in_data_is_printed_as_it_stands(
    contract: ContractData, letter: LetterData, hostile: str
) -> None:
    contract["buyer"]["name"] = hostile
    contract["solution"]["summary"] = hostile
    contract["exit"]["procedure"] = hostile
    text = text_of(contract_pdf(contract))
    assert text.count(flat(hostile)) >= 3
    assert "root:x:0" not in text
    assert flat(hostile) in text_of(letter_pdf({**letter, "subject": hostile}))
    register = register_pdf(hostile, [Column("a", hostile)], [(hostile,)], "zh-hant", about=ABOUT)
    assert flat(hostile) in text_of(register)


def test_templates_cannot_reach_files_outside_their_folder(letter: LetterData) -> None:
    for path in ("/etc/passwd", "../pdf.py", "/../pdf.py"):
        with pytest.raises(typst.TypstError):
            _compiler().compile(input=f'#read("{path}")'.encode(), format="pdf", sys_inputs={"data": "{}"})


@pytest.mark.parametrize("template", ["../pdf", "_paper", "contract.typ", "", "/etc/passwd"])
def test_only_our_own_templates_are_rendered(template: str) -> None:
    with pytest.raises(KeyError):
        render_pdf(template, {"language": "en"})


def test_there_are_four_templates() -> None:
    assert {"contract", "statement", "register", "letter"} == TEMPLATES


def test_papers_declare_the_archival_standard(contract: ContractData, letter: LetterData) -> None:
    plain, with_files = metadata_of(letter_pdf(letter)), metadata_of(contract_pdf(contract))
    assert "<pdfaid:part>2<" in plain
    assert "<pdfaid:part>3<" in with_files
    assert "<pdfaid:conformance>B<" in plain


@needs_pdftotext
def test_characters_the_font_cannot_draw_are_printed_as_codes(letter: LetterData) -> None:
    text = text_of(letter_pdf({**letter, "receiver": "𠮷野家😀\ue000有限公司"}))
    assert "𠮷野家[U+1F600][U+E000]有限公司" in text


def test_drawable_keeps_what_the_font_has_and_drops_what_draws_nothing() -> None:
    assert drawable("雲市集 Open，〔１〕 𠮷") == "雲市集 Open，〔１〕 𠮷"
    assert drawable("a\u200bb\ufe0fc\x07d\ufeff") == "abcd"
    assert drawable("é✓") == "é✓"


def test_the_same_data_at_the_same_time_give_the_same_bytes(letter: LetterData) -> None:
    at = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert render_pdf("letter", letter, at=at) == render_pdf("letter", letter, at=at)


def test_papers_are_tagged_for_screen_readers_and_say_their_language(letter: LetterData) -> None:
    root = PdfFileReader(io.BytesIO(letter_pdf(letter))).root
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("zh")

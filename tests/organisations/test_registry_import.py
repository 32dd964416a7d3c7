"""The tax register's open data, read as it is."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connection

from organisations.models.registry import RefusedRow, RegistryImport, RegistryRecord
from organisations.refusals import Refused
from organisations.registry_file import HEADER, Reader, Unfit
from organisations.services import registry_import
from organisations.services.registry_import import import_tax_registry
from outside.sandbox.country import register_line, register_rows
from outside.sandbox.ubn import ubn_of

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 3, tzinfo=UTC)
ODDITIES = Path(__file__).parent / "vectors" / "registry_oddities.csv"
PLAIN = [
    "臺中市北屯區昌平路一段１２號",
    "04595257",
    "",
    "昌平商行",
    "200000",
    "1050312",
    "獨資",
    "N",
    "471913",
    "雜貨店",
] + [""] * 6


def line(**changes: str) -> bytes:
    names = ("address", "ubn", "head", "name", "capital", "setup", "kind", "invoice", "code", "trade")
    cells = [changes.get(name, cell) for name, cell in zip(names, PLAIN, strict=False)] + PLAIN[10:]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def register(
    tmp_path: Path, *lines: bytes, name: str = "BGMOPEN1.csv", day: bytes = b"05-JAN-26,,,,,,,,,,,,,,,\n"
) -> Path:
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + ",".join(HEADER).encode() + b"\n" + day + b"".join(lines))
    return path


def numbers(count: int) -> list[str]:
    return [ubn_of(index) for index in range(count)]


# ---- oddities

HARMLESS = {"township_mapped", "open_link"}  # noted, and no reason for an officer to look
# outcome → the oddity that must be noted (any, if empty)
FLAGGED = {
    "accept_flag": "",
    "accept_normalised": "",
    "accept_flag_inferred_town": "township_inferred",
    "accept_flag_no_town": "no_township",
    "accept_flag_open_link": "open_link",
}


def oddities() -> list[dict[str, str]]:
    with ODDITIES.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return [{"cells": row[:16], "oddity": row[16], "outcome": row[18], "raw": row[19]} for row in reader]  # type: ignore[dict-item]


def raw_line(row: dict[str, Any]) -> bytes:
    if row["raw"].startswith("bytes: "):
        return bytes.fromhex(row["raw"].removeprefix("bytes: ")) + b",,,\n"
    if row["raw"]:
        return row["raw"].encode() + b"\n"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(row["cells"])
    return out.getvalue().encode()


@pytest.fixture(scope="module")
def odd_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    rows = [row for row in oddities() if row["oddity"] != "date_row" or row["cells"][0] != "10-APR-23"]
    body = [raw_line(row) for row in rows]
    return register(tmp_path_factory.mktemp("odd"), *body, day=b"10-APR-23,,,,,,,,,,,,,,,\n"), rows


@pytest.fixture
def odd_run(odd_file: tuple[Path, list[dict[str, Any]]]) -> RegistryImport:
    return import_tax_registry(odd_file[0], at=AT)


def test_every_oddity_is_handled_as_expected(
    odd_run: RegistryImport, odd_file: tuple[Path, list[dict[str, Any]]]
) -> None:
    refused = {row.line_number: row for row in odd_run.refused_rows.all()}
    number = 3
    seen: set[str] = set()
    for row in odd_file[1]:
        place, number = number, number + raw_line(row).count(b"\n")
        ubn = "".join(
            sign
            for sign in row["cells"][1].translate({ord("０") + n: str(n) for n in range(10)})
            if sign.isdigit()
        )
        record = RegistryRecord.objects.filter(pk=ubn).first() if len(ubn) == 8 else None
        outcome, label = row["outcome"], f"{row['oddity']} at line {place}"
        if outcome in ("skip_as_metadata", "skip_counted"):
            assert place not in refused, label
        elif outcome in ("reject_report", "quarantine"):
            assert refused[place].is_quarantined is (outcome == "quarantine"), label
            assert record is None or row["raw"], label
        else:
            assert record is not None, label
            found = set(record.oddities)
            assert found if outcome in FLAGGED else not found - HARMLESS, (label, found)
            assert FLAGGED.get(outcome, "") in {"", *found}, (label, found)
            assert (record.township_id is None) is ("no_township" in found), label
        seen.add(outcome)
    assert len(seen) == 10
    assert odd_run.rows_quarantined == 1
    assert odd_run.rows_repeated == 1
    assert odd_run.data_date == date(2023, 4, 10)


@pytest.mark.parametrize(
    ("ubn", "field", "value"),
    [
        ("00011609", "township_id", "66000080"),
        ("00012608", "township_id", "68000010"),
        ("00018602", "township_id", "64000030"),
        ("00018639", "name", "大 發 五金行"),
        ("00019638", "name", "一,二,三商行"),
        ("00022709", "name", "「好味」\"老店\"小吃店"),
        ("00023708", "name", "長春 小吃店"),
        ("00024559", "name", "=SUM商行"),
        ("00026705", "name", "<b>大</b>商行"),
        ("00029517", "name", "一號另名企業社"),
        ("00034808", "head_office_ubn", ""),
        ("00029702", "head_office_ubn", "00029554"),
        ("00036658", "capital_twd", None),
        ("00036806", "capital_twd", None),
        ("00037657", "capital_twd", 1_200_000),
        ("00037805", "capital_twd", 12_000),
        ("00038619", "capital_twd", None),
        ("00038656", "capital_twd", 999_999_999_999),
        ("00038804", "setup_date", None),
        ("00039618", "setup_date", date(2010, 1, 1)),
        ("00039655", "setup_date", None),
        ("00039803", "setup_date", date(2016, 3, 12)),
        ("00041505", "setup_date", None),
        ("00042504", "uses_invoice", None),
        ("00043503", "industry_code", "011300"),
        ("00044502", "industry_code", "479999"),
        ("00044539", "industry_code", ""),
        ("00047536", "organisation_kind", "其他組織方式"),
    ],
)  # fmt: skip
def test_oddity_is_read_as_meant(odd_run: RegistryImport, ubn: str, field: str, value: object) -> None:
    assert getattr(RegistryRecord.objects.get(pk=ubn), field) == value


def test_overlong_address_is_kept_whole(odd_run: RegistryImport) -> None:
    printed = next(row["cells"][0] for row in oddities() if row["oddity"] == "address_overlong")
    assert RegistryRecord.objects.get(pk="00017603").address == printed


def test_importing_oddities_again_changes_nothing(
    odd_run: RegistryImport, odd_file: tuple[Path, list[dict[str, Any]]]
) -> None:
    before = list(RegistryRecord.objects.order_by("pk").values())
    again = import_tax_registry(odd_file[0], at=AT)
    assert (again.rows_new, again.rows_changed, again.rows_gone) == (0, 0, 0)
    assert list(RegistryRecord.objects.order_by("pk").values()) == before


# ---- one file after the other


def test_second_file_changes_adds_and_marks_what_is_gone(tmp_path: Path) -> None:
    one, two, three = numbers(3)
    import_tax_registry(register(tmp_path, line(ubn=one), line(ubn=two)), at=AT)
    run = import_tax_registry(
        register(
            tmp_path, line(ubn=two, name="改名商行"), line(ubn=three), day=b"06-JAN-26,,,,,,,,,,,,,,,\n"
        ),
        at=AT,
    )
    assert (run.rows_new, run.rows_changed, run.rows_gone) == (1, 1, 1)
    records = {record.pk: record for record in RegistryRecord.objects.all()}
    assert [records[ubn].status for ubn in (one, two, three)] == ["gone", "operating", "operating"]
    assert records[two].name == "改名商行"
    assert records[one].data_date == date(2026, 1, 6)


def test_business_that_comes_back_operates_again(tmp_path: Path) -> None:
    one, two = numbers(2)
    both = register(tmp_path, line(ubn=one), line(ubn=two), name="both.csv")
    import_tax_registry(both, at=AT)
    import_tax_registry(register(tmp_path, line(ubn=two)), at=AT)
    import_tax_registry(both, at=AT)
    assert RegistryRecord.objects.get(pk=one).status == "operating"


def test_suspended_file_suspends_and_the_operating_file_resumes(tmp_path: Path) -> None:
    one, two = numbers(2)
    import_tax_registry(register(tmp_path, line(ubn=one), line(ubn=two)), at=AT)
    path = tmp_path / "BGMOPEN1X.csv"
    path.write_bytes(
        ",".join([*HEADER, "停業日期"]).encode()
        + b"\n05-JAN-26"
        + b"," * 16
        + b"\n"
        + line(ubn=one).rstrip(b"\n")
        + b",1141201\n"
    )
    import_tax_registry(path, at=AT)
    record = RegistryRecord.objects.get(pk=one)
    assert (record.status, record.suspended_date) == ("suspended", date(2025, 12, 1))
    import_tax_registry(register(tmp_path, line(ubn=one), line(ubn=two)), at=AT)
    assert RegistryRecord.objects.get(pk=one).status == "operating"


def test_zip_is_read_as_its_csv(tmp_path: Path) -> None:
    inner = register(tmp_path, line())
    path = tmp_path / "BGMOPEN1.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inner, "BGMOPEN1.csv")
    assert import_tax_registry(path, at=AT).rows_new == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"name,age\n", "營業地址,統一編號\n".encode(), "營業地址".encode("big5"), b"\x00\x01\x02"],
)
def test_other_file_is_refused_and_nothing_changes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(Refused) as refusal:
        import_tax_registry(path, at=AT)
    assert refusal.value.code == "not_a_register_file"
    assert not RegistryImport.objects.exists()


def test_torn_file_is_refused_and_the_snapshot_stays(tmp_path: Path) -> None:
    import_tax_registry(register(tmp_path, *[line(ubn=ubn) for ubn in numbers(2_000)]), at=AT)
    torn = register(tmp_path, *[line(ubn=ubn) for ubn in numbers(500)])
    with pytest.raises(Refused, match="一成") as refusal:
        import_tax_registry(torn, at=AT)
    assert refusal.value.code == "file_too_short"
    assert RegistryRecord.objects.filter(status="operating").count() == 2_000
    assert import_tax_registry(torn, at=AT, may_shrink=True).rows_gone == 1_500


def test_failure_in_the_middle_leaves_no_half_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_tax_registry(register(tmp_path, line()), at=AT)

    def breaks(*_args: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(registry_import._Load, "_finish", breaks)
    with pytest.raises(OSError, match="full"):
        import_tax_registry(register(tmp_path, *[line(ubn=ubn) for ubn in numbers(50)]), at=AT)
    assert list(RegistryRecord.objects.values_list("pk", flat=True)) == ["04595257"]
    assert RegistryImport.objects.filter(finished_at=None).count() == 1


@pytest.mark.parametrize("chunk", [64, 1_000, 1 << 20])
def test_open_quote_costs_its_own_line_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(registry_import.register, "CHUNK_BYTES", chunk)
    ubns = numbers(60)
    lines = [line(ubn=ubn) for ubn in ubns]
    lines[5] = '臺中市北屯區一號,12345675,,"沒關引號商行,1,1050312,獨資,N,471913,雜貨店,,,,,,\n'.encode()
    lines[30] = line(ubn=ubns[30], name="兩\n行\n商行")
    lines[59] = lines[5]
    run = import_tax_registry(register(tmp_path, *lines), at=AT)
    assert run.rows_new == 58
    assert RegistryRecord.objects.get(pk=ubns[30]).name == "兩 行 商行"
    assert [row.line_number for row in run.refused_rows.all()] == [8, 64]


def test_line_numbers_of_refusals_are_those_of_the_file(tmp_path: Path) -> None:
    run = import_tax_registry(register(tmp_path, line(), line(ubn="1234567"), line(ubn="12345678")), at=AT)
    assert [(row.line_number, row.why, row.is_quarantined) for row in run.refused_rows.all()] == [
        (4, "ubn_length", False),
        (5, "ubn_check", True),
    ]


def test_special_signs_survive_the_way_into_the_database(tmp_path: Path) -> None:
    run = import_tax_registry(
        register(tmp_path, line(name="反\\斜\t線\\N", trade="a\\b"), line(ubn=numbers(1)[0])), at=AT
    )
    record = RegistryRecord.objects.get(pk="04595257")
    assert (run.rows_new, record.name, record.industry_name) == (2, "反\\斜 線\\N", "a\\b")


def test_file_without_date_row_loses_no_business(tmp_path: Path) -> None:
    run = import_tax_registry(register(tmp_path, line(), day=b""), at=AT)
    assert (run.rows_new, run.data_date) == (1, None)


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = register(tmp_path, line(), line(ubn=numbers(1)[0]))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    run = import_tax_registry(path, at=AT)
    assert (run.rows_new, run.rows_refused, run.data_date) == (2, 0, date(2026, 1, 5))


@pytest.mark.django_db(transaction=True)
def test_second_import_at_the_same_time_is_refused(tmp_path: Path, place: Any) -> None:
    other = psycopg2.connect(place.environment()["DATABASE_URL"])
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [registry_import.LOCK])
        with pytest.raises(Refused) as refusal:
            import_tax_registry(register(tmp_path, line()), at=AT)
        assert refusal.value.code == "import_running"
    finally:
        other.close()
    assert import_tax_registry(register(tmp_path, line()), at=AT).rows_new == 1


def test_import_works_as_the_application_role(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
    import_tax_registry(register(tmp_path, line()), at=AT)
    assert RefusedRow.objects.count() == 0


QUICK = '"臺中市北屯區昌平路一段１２號",04595257,,"昌平商行",200000,1050312,獨資,N,471913,雜貨店,,,,,,'


@pytest.mark.parametrize(
    "line",
    [
        QUICK,
        QUICK.replace("200000", "0"),
        QUICK.replace("200000", "²"),
        QUICK.replace("1050312", "1990101"),
        QUICK.replace("1050312", "0990230"),
        QUICK.replace("昌平商行", "昌平　商行"),
        QUICK.replace("昌平商行", ""),
        QUICK.replace("昌平商行", "昌平商行（歇業）"),
        QUICK.replace("臺中市北屯區", "桃園縣桃園市"),
        QUICK.replace("臺中市北屯區", "東區"),
        QUICK.replace("１２號", "１２號；臺北市大同區一號"),
        QUICK.replace(",,", ",22099131,", 1),
        QUICK.replace("471913,雜貨店", "479999,其他"),
        QUICK.replace("471913,雜貨店,,", "471913,雜貨店,561113,小吃店"),
        QUICK.replace(",N,", ",y ,"),
        QUICK + "x",
        QUICK.replace('"昌', 'x"昌'),
        QUICK.replace('行"', '行"x'),
    ],
)
def test_quick_reading_never_differs_from_reading_in_full(line: str) -> None:
    reader = Reader(newest=date(2026, 1, 5))
    cells = next(csv.reader([line]))
    try:
        reader.read(next(csv.reader([QUICK])))  # so that it remembers the day and the trade
        full = reader.read(cells)
    except Unfit:
        full = None
    quick = reader.quick(line)
    assert quick in (None, full)
    if line == QUICK:
        assert quick == full


def test_most_lines_of_the_country_are_read_quickly() -> None:
    reader = Reader(newest=date(2026, 1, 5))
    lines = [register_line(row).rstrip("\n") for row in register_rows(2_000)]
    for text in lines:
        reader.read(next(csv.reader([text])))
    for text in lines:
        assert reader.quick(text) in (None, reader.read(next(csv.reader([text]))))
    assert sum(reader.quick(text) is not None for text in lines) > 1_500


def test_register_has_one_index_of_its_numbers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'organisations_registryrecord'")
        assert cursor.fetchone() == (2,)

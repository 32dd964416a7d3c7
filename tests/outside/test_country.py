"""The fictitious country and its register file."""

import csv
import itertools
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from outside.sandbox import country, samples, ubn
from outside.sandbox.enterprise import OPERATING
from outside.sandbox.pools import SIX_MUNICIPALITIES, townships

WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)


def weighted_sum(number: str) -> int:
    return sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(number, WEIGHTS, strict=True))


@pytest.fixture(scope="module")
def people_of_the_country() -> list[country.Enterprise]:
    return list(country.enterprises(20_000))


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("register") / "BGMOPEN1.csv"
    country.write_register(path, 30_000)
    return path


def test_numbers_are_valid_only_under_the_rule_of_2023() -> None:
    for index in range(3_000):
        total = weighted_sum(ubn.ubn_of(index))
        assert total % 5 == 0
        assert total % 10 != 0
        assert ubn.ubn_of(index)[6] != "7" or (total + 1) % 10 != 0


def test_a_number_leads_back_to_its_enterprise() -> None:
    for index in (0, 1, 77, 19_999, 1_699_999, 7_999_999):
        assert ubn.index_of(ubn.ubn_of(index)) == index


@pytest.mark.parametrize("text", ["", "1234567", "abcdefgh", "00000000", "22099131", "５２７１８２８０"])
def test_numbers_of_others_belong_to_nobody(text: str) -> None:
    assert country.by_ubn(text, limit=20_000) is None


def test_numbers_do_not_repeat(people_of_the_country: list[country.Enterprise]) -> None:
    fixed = [one.ubn for one in samples.fixed_enterprises()]
    numbers = [one.ubn for one in people_of_the_country] + fixed
    assert len(set(numbers)) == len(numbers)


def test_an_enterprise_is_the_same_whenever_it_is_asked_for(
    people_of_the_country: list[country.Enterprise],
) -> None:
    one = people_of_the_country[4_711]
    assert country.Country(country.SEED).enterprise(4_711) == one
    assert country.by_ubn(one.ubn, limit=20_000) == one
    assert country.by_ubn(one.ubn, limit=4_711) is None


def test_another_seed_makes_another_country() -> None:
    names = {one.name for one in country.enterprises(200, seed=1)}
    assert names != {one.name for one in country.enterprises(200, seed=2)}


def test_members_follow_the_shares_of_the_programme(people_of_the_country: list[country.Enterprise]) -> None:
    count = len(people_of_the_country)
    six = sum(one.county in SIX_MUNICIPALITIES for one in people_of_the_country) / count
    small = sum(one.employees <= 5 for one in people_of_the_country) / count
    ten = sum(one.employees >= 10 for one in people_of_the_country) / count
    assert six == pytest.approx(0.80, abs=0.01)
    assert small == pytest.approx(0.7824, abs=0.01)
    assert ten == pytest.approx(0.1382, abs=0.01)
    divisions = Counter(one.industries[0][0][:2] for one in people_of_the_country)
    trade = (
        sum(number for division, number in divisions.items() if division in ("45", "46", "47", "48")) / count
    )
    food = sum(number for division, number in divisions.items() if division in ("55", "56")) / count
    assert trade == pytest.approx(0.38, abs=0.02)
    assert food == pytest.approx(0.35, abs=0.02)


def test_every_responsible_person_has_a_number_with_a_right_check_digit(
    people_of_the_country: list[country.Enterprise],
) -> None:
    letters = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
    for one in people_of_the_country[:2_000]:
        text = one.responsible.national_id
        code = letters.index(text[0]) + 10
        digits = [code // 10, code % 10, *map(int, text[1:])]
        assert sum(a * b for a, b in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
    phones = [one.responsible.phone for one in people_of_the_country]
    assert len(set(phones)) == len(phones)
    assert all(re.fullmatch(r"09\d{8}", phone) for phone in phones)


def test_townships_are_all_368() -> None:
    assert len({town.code for town in townships()}) == 368


def test_the_file_has_the_ministrys_format(register: Path) -> None:
    raw = register.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf" + "營業地址,統一編號,總機構統一編號,營業人名稱".encode())
    with register.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 30_002
    assert all(len(row) == 16 for row in rows)
    assert re.fullmatch(r"\d\d-[A-Z]{3}-\d\d", rows[1][0])
    assert not any(rows[1][1:])
    for row in rows[2:]:
        assert re.fullmatch(r"\d{8}", row[1])
        assert re.fullmatch(r"[01]\d{6}", row[5])
        assert row[7] in ("Y", "N")
        assert re.fullmatch(r"\d{6}", row[8])


def test_the_file_is_as_untidy_as_the_real_one(register: Path) -> None:
    text = register.read_text(encoding="utf-8-sig")
    assert text.count("台中市") > 100
    assert text.count("臺中市") > 100
    assert re.search(r"[０-９]+號", text)
    assert re.search(r"[0-9]+號", text)
    assert '"",' in text
    assert "\u3000" in text


def test_the_file_holds_only_businesses_in_operation(register: Path) -> None:
    with register.open(encoding="utf-8-sig", newline="") as file:
        numbers = {row[1] for row in itertools.islice(csv.reader(file), 2, None)}
    assert samples.sample("restaurant").ubn in numbers
    assert samples.vendor_ubn("V001") in numbers
    assert samples.sample("suspended").ubn not in numbers
    assert samples.sample("closed").ubn not in numbers
    for one in country.enterprises(2_000):
        assert (one.ubn in numbers) == (one.tax_status == OPERATING)


def test_branches_name_an_earlier_company_as_head_office(
    people_of_the_country: list[country.Enterprise],
) -> None:
    by_number = {one.ubn: one for one in people_of_the_country}
    branches = [one for one in people_of_the_country if one.head_office_ubn]
    assert branches
    for one in branches:
        assert by_number[one.head_office_ubn].gcis_kind == "company"
        assert one.name.startswith(by_number[one.head_office_ubn].name)


def test_writing_keeps_pace_for_the_whole_country(tmp_path: Path) -> None:
    started = time.process_time()
    country.write_register(tmp_path / "x.csv", 50_000)
    assert (time.process_time() - started) / 50_000 * 1_700_000 < 90


def test_samples_cover_every_situation() -> None:
    keys = {one.key for one in samples.samples()}
    assert keys >= {
        "restaurant",
        "retail",
        "rural_guest_house",
        "clinic",
        "cooperative",
        "suspended",
        "closed",
        "dissolved",
        "too_large",
        "funded_elsewhere",
        "branch",
        "unknown",
        "wrong_checksum",
    }
    for one in samples.samples():
        assert (weighted_sum(one.ubn) % 5 == 0) == (one.key != "wrong_checksum")
        assert one.note_zh
        assert one.note_en

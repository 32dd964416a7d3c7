"""The township of an address."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from organisations.addresses import place_of, township_code_of

VECTORS = Path(__file__).parent / "vectors"


def rows(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("addresses_hard.csv"), ids=lambda row: row["why"])
def test_hard_address_gives_its_township_or_none(row: dict[str, str]) -> None:
    assert (township_code_of(row["address"]) or "") == row["expected_town_code"]


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ("台中市北屯區一號", ""),
        ("桃園縣桃園市一號", "mapped"),
        ("中壢區環西路", "inferred"),
        ("東區林森路", "unknown"),
    ],
)
def test_place_says_how_it_was_found(address: str, note: str) -> None:
    assert place_of(address).note == note


def test_every_township_is_found_in_its_own_county() -> None:
    data = Path(__file__).parents[2] / "organisations" / "data" / "townships.csv"
    with data.open(encoding="utf-8-sig", newline="") as file:
        towns = list(csv.DictReader(file))
    assert len(towns) == 368
    for town in towns:
        assert township_code_of(f"{town['county_zh']}{town['town_zh']}中山路１號") == town["town_code"]


def test_a_million_addresses_take_seconds() -> None:
    started = time.perf_counter()
    for _ in range(100_000):
        place_of("臺南市中西區民生路二段１２６號")
    assert time.perf_counter() - started < 1.0

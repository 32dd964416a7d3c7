"""Numbers of businesses and people."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from organisations.national_id import (
    is_valid_legacy_resident_number,
    is_valid_national_id,
    normalise_national_id,
)
from organisations.ubn import is_valid_ubn, normalise_ubn

VECTORS = Path(__file__).parent / "vectors"


def rows(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("ubn_test_vectors.csv"), ids=lambda row: row["ubn"])
def test_ubn_is_valid_as_the_vector_says(row: dict[str, str]) -> None:
    assert is_valid_ubn(row["ubn"]) is (row["expected"] == "1")


@pytest.mark.parametrize("text", ["０４５９５２５７", " 0459 5257", "0459-5257", "０４５９　５２５７\u200b"])
def test_normalise_ubn_reads_full_width_digits_and_drops_spaces(text: str) -> None:
    assert normalise_ubn(text) == "04595257"


def test_normalise_ubn_never_pads() -> None:
    assert normalise_ubn("4595257") == "4595257"


@pytest.mark.parametrize("text", ["٠٤٥٩٥٢٥٧", "０４５９５２５７", "04595257\n", "+4595257"])
def test_ubn_of_other_signs_is_not_valid(text: str) -> None:
    assert not is_valid_ubn(text)


@pytest.mark.parametrize("row", rows("national_id_test_vectors.csv"), ids=lambda row: row["id"])
def test_national_id_is_valid_as_the_vector_says(row: dict[str, str]) -> None:
    assert is_valid_national_id(row["id"]) is (row["valid_new_or_national"] == "1")
    assert is_valid_legacy_resident_number(row["id"]) is (row["valid_legacy_ui"] == "1")


def test_normalise_national_id_makes_letters_capital() -> None:
    assert normalise_national_id(" ａ123456789") == "A123456789"

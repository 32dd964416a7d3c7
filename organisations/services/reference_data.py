"""Official lists: places, trades, kinds of software, office days, register codes. Loaded as often as one likes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from django.db import models, transaction

from organisations.models.places import Category, County, Industry, OfficeDay, SubCategory, Township
from organisations.models.registry import GcisStatus

DATA = Path(__file__).resolve().parent.parent / "data"
SPECIAL_MUNICIPALITIES = ("63000", "64000", "65000", "66000", "67000", "68000")


def load_reference_data() -> dict[str, int]:
    """Insert what is missing and correct what differs; nothing is deleted. Rows per list."""
    with transaction.atomic():
        return {
            model.__name__: _upsert(model, rows)
            for model, rows in (
                (County, list(_counties())),
                (Township, list(_townships())),
                (Industry, list(_industries())),
                (Category, list(_categories())),
                (SubCategory, list(_sub_categories())),
                (OfficeDay, list(_office_days())),
                (GcisStatus, list(_gcis_statuses())),
            )
        }


def read_csv(name: str) -> Iterator[dict[str, str]]:
    """The rows of one list in the `data` folder."""
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _upsert(model: type[models.Model], rows: list[models.Model]) -> int:
    key = model._meta.pk
    assert key is not None
    others = [field.name for field in model._meta.concrete_fields if field is not key]
    model._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=[key.name], update_fields=others
    )
    return len(rows)


def _counties() -> Iterator[models.Model]:
    """North to south along the list, the special municipalities first. Source: 內政部行政區代碼."""
    rows = sorted(read_csv("counties.csv"), key=lambda row: (row["county_code"] < "6", row["county_code"]))
    for position, row in enumerate(rows):
        yield County(
            code=row["county_code"],
            name_zh=row["county_zh"],
            name_en=row["county_en"],
            region=row["tcloud_region"],
            id_letter=row["id_letter"],
            is_municipality=row["county_code"] in SPECIAL_MUNICIPALITIES,
            position=position,
        )


def _townships() -> Iterator[models.Model]:
    for row in read_csv("townships.csv"):
        yield Township(
            code=row["town_code"],
            county_id=row["county_code"],
            name_zh=row["town_zh"],
            name_en=row["town_en"],
            postal_code=row["postal3"],
            is_rural=row["is_rural"] == "1",
            is_indigenous=row["is_indigenous"] == "1",
            is_hakka=row["is_hakka"] == "1",
            is_offshore=row["is_offshore"] == "1",
            population=int(row["population"]),
            longitude=row["lon"],
            latitude=row["lat"],
        )


def _industries() -> Iterator[models.Model]:
    """Source: 行政院主計總處行業統計分類第11次修訂. English names of sections and divisions are our own."""
    for row in read_csv("industries.csv"):
        yield Industry(
            code=row["code"],
            level=row["level"],
            parent_id=row["parent"] or None,
            section=row["section"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
        )


def _categories() -> Iterator[models.Model]:
    for position, row in enumerate(read_csv("categories.csv")):
        yield Category(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            covers=row["what_it_covers"],
            position=position,
        )


def _sub_categories() -> Iterator[models.Model]:
    for row in read_csv("sub_categories.csv"):
        yield SubCategory(
            code=row["code"],
            category_id=row["category"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            group_zh=row["group_zh"],
            group_en=row["group_en"],
        )


def _office_days() -> Iterator[models.Model]:
    """Source: 行政院人事行政總處辦公日曆表."""
    for row in read_csv("office_days.csv"):
        yield OfficeDay(date=date.fromisoformat(row["date"]), is_off=row["is_off"] == "1", note=row["note"])


def _gcis_statuses() -> Iterator[models.Model]:
    """Source: 經濟部商工登記公示資料 status codes."""
    for row in read_csv("gcis_status.csv"):
        yield GcisStatus(code=row["code"], description=row["desc_zh"], is_active=row["suggest_active"] == "1")

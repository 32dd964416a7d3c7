"""The catalogue the platform starts with: vendors, their solutions and the synonyms of the search, from `vendors/content`.

Loaded as often as one likes. A file of a solution that changed becomes a new version; versions are never edited.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from organisations.models.organisation import Organisation
from organisations.roc import FIRST_YEAR
from vendors.models.solutions import Plan, Solution, SolutionVersion, Synonym
from vendors.models.vendors import Vendor

CONTENT = Path(__file__).resolve().parent.parent / "content"
SOFTWARE_DIVISION = "62"
VERSION_TEXTS = (
    "name_zh",
    "name_en",
    "tagline_zh",
    "tagline_en",
    "summary_zh",
    "summary_en",
    "functions_zh",
    "functions_en",
)
DETAILS = (
    "suits_industries",
    "suits_sizes",
    "regions",
    "exit",
    "sla",
    "security",
    "uses_ai",
    "ai_note_zh",
    "ai_note_en",
    "works_with",
    "international_ready",
    "launched_roc_year",
    "demo_url",
)
PLAN_FIELDS = ("position", "name_zh", "name_en", "price_twd", "months", "data_volume", "users")

Row = Mapping[str, Any]


def load_catalogue(*, at: datetime) -> dict[str, int]:
    """Insert what is missing and correct what differs; nothing is deleted. Rows per kind."""
    with transaction.atomic():
        vendors = {row["code"]: _vendor(row, at) for row in read_jsonl("vendors.jsonl")}
        solutions = [_solution(row, vendors[row["vendor"]], at) for row in read_jsonl("solutions.jsonl")]
        synonyms = _synonyms()
    return {"Vendor": len(vendors), "Solution": len(solutions), "Synonym": synonyms}


def read_jsonl(name: str) -> Iterator[dict[str, Any]]:
    """The rows of one file in the `content` folder."""
    with (CONTENT / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _vendor(row: Row, at: datetime) -> Vendor:
    organisation = _organisation(row, at)
    facts = {
        "organisation": organisation,
        "state": Vendor.State.ACTIVE,
        "name_en": row["name_en"],
        "intro_zh": row["intro_zh"],
        "intro_en": row["intro_en"],
        "support_hours_zh": row["support_hours_zh"],
        "support_hours_en": row["support_hours_en"],
        "website": row["website"],
        "is_startup": row["is_startup"],
    }
    vendor, made = Vendor.objects.get_or_create(code=row["code"], defaults={**facts, "passed_at": at})
    if not made:
        facts.pop("state")  # a suspension is not undone by loading a list
        Vendor.objects.filter(pk=vendor.pk).update(**facts)
    return vendor


def _organisation(row: Row, at: datetime) -> Organisation:
    numbers = _numbers()[row["code"]]
    organisation, _made = Organisation.objects.get_or_create(
        ubn=numbers["ubn"],
        defaults={
            "name": row["name_zh"],
            "name_en": row["name_en"],
            "kind": Organisation.Kind.COMPANY,
            "responsible_person": numbers["responsible_person"],
            "address": numbers["address"],
            "township_id": numbers["township_code"],
            "industry_id": SOFTWARE_DIVISION,
            "capital_twd": row["paid_in_capital_ntd"],
            "employees": row["employees"],
            "setup_date": date.fromisoformat(numbers["setup_date"]),
            "register_status": "01",
            "joined_at": at,
        },
    )
    return organisation


def _numbers() -> dict[str, dict[str, str]]:
    with (CONTENT / "vendor_numbers.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def _solution(row: Row, vendor: Vendor, at: datetime) -> Solution:
    launched = timezone.make_aware(
        datetime.combine(date(row["launched_roc_year"] + FIRST_YEAR, 3, 1), time())
    )
    solution, _made = Solution.objects.get_or_create(
        code=row["code"],
        defaults={
            "vendor": vendor,
            "state": Solution.State.LISTED,
            "main_sub_category_id": row["sub_categories"][0],
            "listed_at": min(launched, at),
            "listed_until": date(timezone.localdate(at).year, 12, 31),
            "demo_quality": row["quality"],
        },
    )
    solution.sub_categories.set(row["sub_categories"])
    _version(solution, row, at)
    return solution


def _version(solution: Solution, row: Row, at: datetime) -> None:
    """A new version when the file differs from the current one."""
    texts, plans = _texts(row), _plans(row)
    current = solution.current
    if current is not None and _same(current, texts, plans):
        return
    version = SolutionVersion.objects.create(
        solution=solution, number=(current.number + 1 if current else 1), valid_from=at, **texts
    )
    Plan.objects.bulk_create(Plan(version=version, **plan) for plan in plans)
    solution.current = version
    solution.save(update_fields=["current"])


def _texts(row: Row) -> dict[str, Any]:
    details = {name: row[name] for name in DETAILS}
    details |= {"year2_price_twd": row["year2_price_ntd"], "year3_price_twd": row["year3_price_ntd"]}
    return {name: row[name] for name in VERSION_TEXTS} | {"details": details}


def _plans(row: Row) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "name_zh": plan["name_zh"],
            "name_en": plan["name_en"],
            "price_twd": plan["price_ntd"],
            "months": plan["months"],
            "data_volume": plan["data_volume"],
            "users": plan["users"],
        }
        for position, plan in enumerate(row["plans"], start=1)
    ]


def _same(version: SolutionVersion, texts: Row, plans: list[dict[str, Any]]) -> bool:
    return all(getattr(version, name) == value for name, value in texts.items()) and plans == list(
        version.plans.values(*PLAN_FIELDS)
    )


def _synonyms() -> int:
    with (CONTENT / "synonyms.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [
            Synonym(term=row["term"], synonym=row["synonym"], language=row["lang"])
            for row in csv.DictReader(file)
        ]
    Synonym.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)

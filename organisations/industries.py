"""The official trade behind a tax trade code: its first two digits are the division."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_LIST = Path(__file__).resolve().parent / "data" / "industries.csv"


def division_of(tax_code: str) -> str | None:
    """The division a tax trade code belongs to, as the list has it: "56", "47-48". None for a code without one.

    Source: 財政部稅務行業標準分類 follows the divisions of 行政院主計總處行業統計分類.
    """
    return _lists().division_by_digits.get(tax_code[:2])


def section_of(tax_code: str) -> str | None:
    """The section letter a tax trade code belongs to."""
    division = division_of(tax_code)
    return _lists().section_by_division[division] if division else None


def is_known_tax_code(tax_code: str) -> bool:
    """Whether class (4 digits), or a group without classes (3 digits), of the official list stands behind the code.

    Note: the Ministry of Finance's own list of six-digit codes is not published as data; this is the nearest test.
    """
    lists = _lists()
    return (
        tax_code[:4] in lists.classes
        or tax_code[:3] in lists.undivided_groups
        or tax_code[:2] in lists.undivided_divisions
    )


class _Lists:
    def __init__(self) -> None:
        with _LIST.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        parents = {row["parent"] for row in rows}
        self.classes = {row["code"] for row in rows if row["level"] == "class"}
        self.undivided_groups = {row["code"] for row in rows if row["level"] == "group"} - parents
        self.section_by_division = {row["code"]: row["section"] for row in rows if row["level"] == "division"}
        self.division_by_digits = {
            digits: code for code in self.section_by_division for digits in code.split("-")
        }
        self.undivided_divisions = {
            digits for digits, code in self.division_by_digits.items() if code not in parents
        }


@cache
def _lists() -> _Lists:
    return _Lists()

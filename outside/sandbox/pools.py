"""Content and figures of the fictitious country, spread into lists so that one 16-bit draw is one look-up."""

import csv
import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

CONTENT = Path(__file__).parent / "content"
SIX_MUNICIPALITIES = ("臺北市", "新北市", "桃園市", "臺中市", "臺南市", "高雄市")
FULL, FINE = 65_536, 8_192


class Township(NamedTuple):
    """A real township with what the drawing of names and addresses needs."""

    code: str
    county: str
    name: str
    postal3: str
    rural: bool
    hakka: bool
    offshore: bool
    indigenous: str
    population: int
    id_letter: str


@cache
def content(name: str) -> dict[str, Any]:
    """One JSON file of the content folder."""
    return json.loads((CONTENT / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def townships() -> tuple[Township, ...]:
    """The 368 townships. Source: official area codes and the population of the Ministry of the Interior."""
    with (CONTENT / "townships.csv").open(encoding="utf-8") as file:
        return tuple(
            Township(
                row["town_code"],
                row["county_zh"],
                row["town_zh"],
                row["postal3"],
                row["is_rural"] == "1",
                row["is_hakka"] == "1",
                row["is_offshore"] == "1",
                row["indigenous_kind"],
                int(row["population"]),
                row["id_letter"],
            )
            for row in csv.DictReader(file)
        )


def spread(choices: Sequence[Any], weights: Sequence[float], size: int) -> list[Any]:
    """`size` entries in which every choice stands in proportion to its weight, at least once."""
    total = sum(weights)
    entries: list[Any] = []
    reached = 0.0
    for choice, weight in zip(choices, weights, strict=True):
        reached += weight
        entries.extend([choice] * max(1, round(reached / total * size) - len(entries)))
    return (entries + [choices[-1]] * size)[:size]


def township_draw(six_municipalities_share: float) -> list[int]:
    """Indexes into `townships()`, by population inside each group of counties."""
    people = {True: 0, False: 0}
    for town in townships():
        people[town.county in SIX_MUNICIPALITIES] += town.population
    share = {True: six_municipalities_share, False: 1 - six_municipalities_share}
    weights = [
        town.population / people[town.county in SIX_MUNICIPALITIES] * share[town.county in SIX_MUNICIPALITIES]
        for town in townships()
    ]
    return spread(range(len(weights)), weights, FULL)


def setup_dates() -> list[date]:
    """Days of registration from 1975 to 2025, more of them recent."""
    rng = random.Random("dates")
    last = date(2025, 11, 30)
    return [last - timedelta(days=int(abs(rng.betavariate(1, 2.6)) * 365.25 * 50)) for _ in range(FINE)]


def capitals(company: bool) -> list[int]:
    """Capital in NT$."""
    rng = random.Random(f"capital {company}")
    if not company:
        return rng.choices(
            (3000, 10_000, 50_000, 100_000, 200_000, 230_000, 240_000, 500_000, 1_000_000),
            (3, 5, 9, 22, 34, 8, 9, 7, 3),
            k=FINE,
        )
    steps = (
        100_000,
        500_000,
        1_000_000,
        2_000_000,
        5_000_000,
        10_000_000,
        30_000_000,
        80_000_000,
        150_000_000,
    )
    return rng.choices(steps, (6, 16, 30, 16, 18, 8, 4, 1.4, 0.6), k=FINE)


def staff_numbers() -> list[int]:
    """Employees: 78.24 % up to 5, 7.94 % 6 to 9, 13.82 % ten or more. Source: the programme's member distribution."""
    rng = random.Random("staff")
    bands = spread((0, 1, 2), (78.24, 7.94, 13.82), FINE)
    draws = (
        lambda: rng.choice((1, 1, 2, 2, 3, 3, 4, 5)),
        lambda: rng.randint(6, 9),
        lambda: min(260, 10 + int(rng.expovariate(1 / 22))),
    )
    return [draws[band]() for band in bands]

"""Invented responsible persons: name, national ID with a right check digit, birth date, mobile number."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any

from outside.sandbox.pools import content

LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # A is 10 … O is 35
STRIDE, SHIFT, SERIALS = 7_919, 31_337, 10_000_000
UNSTRIDE = pow(STRIDE, -1, SERIALS)
ID_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1)
PERIODS = ("1930-1959", "1960-1979", "1980-1999", "2000-2012")


@dataclass(frozen=True, slots=True)
class Person:
    """A person as household and telecom registers know them."""

    name: str
    national_id: str
    birth_date: date
    gender: str
    phone: str


def person_of(index: int, id_letter: str, *, key: bytes) -> Person:
    """The responsible person of enterprise `index`."""
    rng = random.Random(blake2b(b"person%d" % index, digest_size=8, key=key).digest())
    gender = "f" if rng.random() < 0.377 else "m"
    period = rng.choices(PERIODS, (14, 53, 32, 1))[0]
    return Person(
        name=rng.choices(*_surnames())[0] + _given_name(gender, period, rng),
        national_id=national_id(id_letter, gender, index),
        birth_date=_birth_date(period, rng),
        gender=gender,
        phone=f"09{index % 100_000_000:08d}",
    )


def national_id(letter: str, gender: str, serial: int) -> str:
    """A national ID with a right check digit. Source: household registration numbering, as in python-stdnum."""
    body = f"{'1' if gender == 'm' else '2'}{(serial * STRIDE + SHIFT) % SERIALS:07d}"
    code = LETTERS.index(letter) + 10
    digits = [code // 10, code % 10, *map(int, body)]
    total = sum(weight * digit for weight, digit in zip(ID_WEIGHTS, digits, strict=True))
    return f"{letter}{body}{-total % 10}"


def index_of_national_id(national_id: str) -> int | None:
    """The enterprise whose responsible person could have this national ID; None for a text of another form."""
    serial = national_id[2:9]
    if len(national_id) != 10 or not (serial.isascii() and serial.isdigit()):
        return None
    return (int(serial) - SHIFT) * UNSTRIDE % SERIALS


@cache
def _surnames() -> tuple[list[str], list[float]]:
    rows = content("people.json")["surnames"]
    return [surname for surname, _ in rows], [weight for _, weight in rows]


def _given_name(gender: str, period: str, rng: random.Random) -> str:
    people: dict[str, Any] = content("people.json")
    if rng.random() < 0.6:
        return str(rng.choice(people["pairs"][gender][period]))
    characters = people["characters"][f"{gender}:{period}"]
    drawn = rng.choices([char for char, _ in characters], [weight for _, weight in characters], k=2)
    return "".join(dict.fromkeys(drawn))


def _birth_date(period: str, rng: random.Random) -> date:
    first, last = {"1930-1959": (1945, 1959), "1960-1979": (1960, 1979), "1980-1999": (1980, 1999)}.get(
        period, (2000, 2004)
    )
    start = date(first, 1, 1)
    return start + timedelta(days=rng.randrange((date(last, 12, 31) - start).days))

"""Dates as people in Taiwan write them: years of the Republic (ROC), which is the Gregorian year less 1911."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Literal

FIRST_YEAR = 1911
Style = Literal["long", "short"]

_PACKED = re.compile(r"(\d{2,3})(\d{2})(\d{2})")
_PARTED = re.compile(r"(?:民國|中華民國)?(\d{1,4})[年/.\-](\d{1,2})[月/.\-](\d{1,2})日?")


def roc_year(day: date) -> int:
    """The ROC year of a day: 115 for any day of 2026."""
    return day.year - FIRST_YEAR


def roc_date(day: date, style: Style = "long") -> str:
    """A day in words: 民國115年11月20日 (long) or 115/11/20 (short)."""
    year = roc_year(day)
    if style == "short":
        return f"{year}/{day.month:02}/{day.day:02}"
    return (
        f"民國{year}年{day.month}月{day.day}日" if year > 0 else f"民國前{1 - year}年{day.month}月{day.day}日"
    )


def parse_roc_date(text: str) -> date | None:
    """The day meant by `1040413`, `0400711`, `400711`, `115/11/20`, `民國115年11月20日` or ISO `2026-11-20`; None if it is no day.

    Full-width digits are read too. A year of four digits is Gregorian.
    Source: 財政部 BGMOPEN1 writes yyyMMdd in ROC years, some rows without the leading zero.
    """
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    match = _PACKED.fullmatch(plain) or _PARTED.fullmatch(plain)
    if match is None:
        return _packed_gregorian(plain)
    year, month, day = (int(part) for part in match.groups())
    return _day(year if year > FIRST_YEAR else year + FIRST_YEAR, month, day) if year else None


def _packed_gregorian(plain: str) -> date | None:
    if not re.fullmatch(r"(19|20)\d{6}", plain):
        return None
    return _day(int(plain[:4]), int(plain[4:6]), int(plain[6:]))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

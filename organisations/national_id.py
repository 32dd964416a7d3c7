"""Numbers of national identity cards and resident certificates (身分證字號、統一證號)."""

from __future__ import annotations

import re
import unicodedata

_LETTERS = {letter: number for number, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", start=10)}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 1, 1)
_PRESENT = re.compile(r"[A-Z][1289]\d{8}", re.ASCII)
_LEGACY = re.compile(r"[A-Z][ABCD]\d{8}", re.ASCII)


def normalise_national_id(text: str) -> str:
    """Full-width signs made plain, spaces taken out, letters made capital."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def is_valid_national_id(text: str) -> bool:
    """Whether `text` is a national ID (second digit 1, 2) or a resident number in the format since 2021 (8, 9).

    Source: 內政部; the letter counts as two digits with weights 1 and 9, the others 8 … 1, check digit 1; sum divisible by 10.
    """
    return bool(_PRESENT.fullmatch(text)) and _sum(text[0], [int(sign) for sign in text[1:]]) % 10 == 0


def is_valid_legacy_resident_number(text: str) -> bool:
    """Whether `text` is a resident number of the older format: two letters, the second counting by its last digit."""
    if not _LEGACY.fullmatch(text):
        return False
    return _sum(text[0], [_LETTERS[text[1]] % 10, *map(int, text[2:])]) % 10 == 0


def _sum(letter: str, digits: list[int]) -> int:
    tens, ones = divmod(_LETTERS[letter], 10)
    return tens + ones * 9 + sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True))

"""The unified business number (統一編號): eight digits with a check digit."""

from __future__ import annotations

import unicodedata

WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
_DIGIT_SUM = [[sum(divmod(weight * digit, 10)) for digit in range(10)] for weight in WEIGHTS]


def normalise_ubn(text: str) -> str:
    """What the person meant: full-width digits made plain, spaces and hyphens taken out. Never pads."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in plain if not sign.isspace() and sign not in "-‐–\u200b\ufeff")


def is_valid_ubn(text: str) -> bool:
    """Whether `text` is eight digits whose check sum fits. It does not say that the business exists.

    Source: 財政部, rule in force since April 2023: the sum of the digits of the weighted products is divisible by 5
    (before: 10); with a 7 in seventh place the sum plus one may be instead. 00000000 is nobody's number.
    """
    if len(text) != 8 or not (text.isascii() and text.isdigit()) or text == "00000000":
        return False
    total = sum(row[ord(sign) - 48] for row, sign in zip(_DIGIT_SUM, text, strict=True))
    return total % 5 == 0 or (text[6] == "7" and (total + 1) % 5 == 0)

"""The unified business number (統一編號): eight digits with a check digit."""

from __future__ import annotations

import unicodedata

WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)


def _half_sums(weights: tuple[int, ...]) -> list[int]:
    """For 0000 to 9999, the sum of the digits of the weighted digits: two look-ups instead of eight products."""
    return [
        sum(sum(divmod(weight * int(sign), 10)) for weight, sign in zip(weights, f"{number:04}", strict=True))
        for number in range(10_000)
    ]


_FIRST_HALF, _SECOND_HALF = _half_sums(WEIGHTS[:4]), _half_sums(WEIGHTS[4:])


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
    total = _FIRST_HALF[int(text[:4])] + _SECOND_HALF[int(text[4:])]
    return total % 5 == 0 or (text[6] == "7" and (total + 1) % 5 == 0)

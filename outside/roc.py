"""Days as Taiwan's registers write them."""

from datetime import date


def roc_day(text: str) -> date | None:
    """The day of 1040413 (ROC 104, April 13) or None for an empty text.

    Raises: ValueError for anything else.
    """
    if not text.strip():
        return None
    digits = text.strip().zfill(7)
    if not (digits.isascii() and digits.isdigit() and len(digits) == 7):
        raise ValueError(f"not a ROC day: {text[:20]!r}")
    return date(int(digits[:3]) + 1911, int(digits[3:5]), int(digits[5:]))


def roc_digits(day: date) -> str:
    """1040413 for 2015-04-13."""
    return f"{day.year - 1911:03d}{day:%m%d}"

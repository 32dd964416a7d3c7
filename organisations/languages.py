"""Staff-entered texts stand in two fields, `…_zh` and `…_en`; readers see theirs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language


def in_english() -> bool:
    """Whether the reader's language is English."""
    return (get_language() or "").startswith("en")


def localised(row: Any, field: str) -> str:
    """`field` of `row` in the reader's language; Chinese where there is no English."""
    chinese = str(getattr(row, f"{field}_zh"))
    return (str(getattr(row, f"{field}_en")) or chinese) if in_english() else chinese

"""Named reasons: what a check found and what to do about it, in both languages. Source: content/reasons.jsonl."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.translation import get_language

CONTENT = Path(__file__).resolve().parent / "content"


@dataclass(frozen=True)
class Reason:
    """One reason. `severity` is pass, warn or stop; `cites` are clauses of the rule book."""

    code: str
    group: str
    severity: str
    short_zh: str
    short_en: str
    explanation_zh: str
    explanation_en: str
    what_to_do_zh: str
    what_to_do_en: str
    cites: tuple[str, ...]

    @property
    def short(self) -> str:
        """Its name in the reader's language."""
        return self._said("short")

    @property
    def explanation(self) -> str:
        """What was found."""
        return self._said("explanation")

    @property
    def what_to_do(self) -> str:
        """What the person can do."""
        return self._said("what_to_do")

    def _said(self, name: str) -> str:
        return str(getattr(self, f"{name}_{'en' if (get_language() or '').startswith('en') else 'zh'}"))


def reason(code: str) -> Reason:
    """The reason with this code."""
    return _all()[code]


@cache
def _all() -> dict[str, Reason]:
    with (CONTENT / "reasons.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["code"]: Reason(**row | {"cites": tuple(row["cites"])}) for row in rows}

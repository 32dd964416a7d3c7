"""Named reasons of checks: a short name, what was found, and what the person can do about it, in both languages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from organisations.languages import in_english
from organisations.refusals import Refused

SOURCES = {
    "open_data": _("財政部稅籍登記開放資料"),
    "tax_registry": _("財政部稅籍登記"),
    "gcis": _("經濟部商工登記"),
}
_LIST = Path(__file__).resolve().parent / "data" / "reasons.jsonl"


@dataclass(frozen=True, slots=True)
class Reason:
    """One named reason. `severity`: pass, warn or stop. `cites`: clauses of the rule book."""

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
    def name(self) -> str:
        """Its short name in the reader's language."""
        return self.short_en if in_english() else self.short_zh

    @property
    def sentence(self) -> str:
        """What was found, in the reader's language."""
        return self.explanation_en if in_english() else self.explanation_zh

    @property
    def remedy(self) -> str:
        """What to do, in the reader's language."""
        return self.what_to_do_en if in_english() else self.what_to_do_zh


def reason(code: str) -> Reason:
    """The reason of this code. Raises: KeyError for a code that is not in the list."""
    return _reasons()[code]


def refusal(code: str) -> Refused:
    """A refusal that speaks with a named reason: `raise refusal("identity.cert_expired")`."""
    named = reason(code)
    return Refused(code, named.sentence, remedy=named.remedy)


def check_rows(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasons of a check as `{% check_list %}` prints them."""
    rows = []
    for each in reasons:
        named = reason(each["code"])
        rows.append(
            {
                "verdict": named.severity,
                "name": named.name,
                "fact": named.sentence,
                "remedy": named.remedy,
                "source": ", ".join(
                    str(SOURCES[name]) for name in each.get("source", "").split(", ") if name in SOURCES
                ),
                "code": named.code,
            }
        )
    return rows


@cache
def _reasons() -> dict[str, Reason]:
    with _LIST.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    return {row["code"]: Reason(**{**row, "cites": tuple(row["cites"])}) for row in rows}

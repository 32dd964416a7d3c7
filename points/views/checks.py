"""Outcomes of conditions as the check list shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from points.conditions import Facts, Outcome, day_words


def check_rows(outcomes: Sequence[Outcome], facts: Facts, *, at: datetime) -> list[dict[str, Any]]:
    """What was answered, stops first, each with the clause it rests on."""
    return [_row(outcome, facts, at) for outcome in outcomes if outcome.severity != "open"]


def open_rows(outcomes: Sequence[Outcome]) -> list[dict[str, str]]:
    """What is only asked when somebody applies."""
    return [
        {"name": str(outcome.title), "fact": outcome.words}
        for outcome in outcomes
        if outcome.severity == "open"
    ]


def _row(outcome: Outcome, facts: Facts, at: datetime) -> dict[str, Any]:
    day = parse_date(facts.as_of) if facts.as_of and outcome.condition in REGISTRY_CONDITIONS else None
    return {
        "verdict": outcome.severity,
        "name": outcome.title,
        "fact": outcome.words,
        "source": _("%(source)s，%(day)s") % {"source": outcome.source, "day": day_words(day)}
        if day
        else outcome.source,
        "checked_at": None if day else at,
        "remedy": outcome.what_to_do,
        "remedy_url": f"{reverse('points:rules')}#{outcome.clause}" if outcome.clause else "",
        "remedy_label": _("看規定%(clause)s") % {"clause": outcome.clause},
    }


REGISTRY_CONDITIONS = frozenset(
    {"registered_active", "kind_covered", "small_or_medium", "area_covered", "industry_covered", "age_below"}
)

"""Which zones there are, and which of them an organisation fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organisations.refusals import Refused
from points import conditions
from points.conditions import Facts, Outcome
from points.models.grants import Decision
from points.models.programmes import ZoneVersion


@dataclass(frozen=True)
class Assessment:
    """One zone for one organisation: does it fit, and why (not), stops first."""

    version: ZoneVersion
    is_eligible: bool
    outcomes: Sequence[Outcome]

    @property
    def stops(self) -> list[Outcome]:
        """What stands in the way."""
        return [outcome for outcome in self.outcomes if outcome.severity == "stop"]

    @property
    def passed(self) -> int:
        """How many conditions are met."""
        return sum(outcome.severity == "pass" for outcome in self.outcomes)


@dataclass(frozen=True)
class Replay:
    """A decision made again from its own facts and version."""

    is_eligible: bool
    outcomes: Sequence[Outcome]
    is_same: bool


def zones_in_force(*, at: datetime) -> QuerySet[ZoneVersion]:
    """The approved versions in force, in the order of the halls."""
    versions = ZoneVersion.objects.filter(state=ZoneVersion.State.APPROVED, valid__contains=at)
    return versions.select_related("zone__programme__agency").order_by("zone__position")


def zone_in_force(code: str, *, at: datetime) -> ZoneVersion:
    """The version of a zone in force. Raises: Refused("no_such_zone")."""
    version = zones_in_force(at=at).filter(zone__code=code).first()
    if version is None:
        raise Refused("no_such_zone", _("目前沒有這個專區。"), remedy=_("請看專區清單，選一個開放中的專區。"))
    return version


def assess(facts: Facts, *, at: datetime) -> list[Assessment]:
    """Every zone in force answered for one organisation: those that fit first."""
    answers = [_assessment(version, facts, at) for version in zones_in_force(at=at)]
    return sorted(answers, key=lambda each: (not each.is_eligible, each.version.zone.position))


def replay(decision: Decision) -> Replay:
    """The decision recomputed from the facts and the zone version it was made on, in the active language."""
    facts, version = Facts.from_json(decision.facts), decision.zone_version
    outcomes = conditions.evaluate(version.conditions, facts, at=decision.made_at)
    now = {each.condition: each.is_met for each in outcomes}
    then = {row["condition"]: row["passed"] for row in decision.outcomes}
    verdict = conditions.is_eligible(outcomes)
    return Replay(verdict, outcomes, verdict == decision.is_eligible and now == then)


def _assessment(version: ZoneVersion, facts: Facts, at: datetime) -> Assessment:
    outcomes = conditions.evaluate(version.conditions, facts, at=at)
    return Assessment(version, conditions.is_eligible(outcomes), outcomes)

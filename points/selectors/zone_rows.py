"""Zones as they stand in lists: on the front page, the zones page and beside an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from organisations.languages import localised
from points.models.programmes import ZoneVersion
from points.selectors.zones import zones_in_force


@dataclass(frozen=True)
class ZoneRow:
    """One zone in a list. Units: `rate_bp` basis points paid by points, `cap_points` points."""

    code: str
    name: str
    who: str
    text: str
    rate_bp: int
    cap_points: int
    url: str
    funding: str


def zone_rows(*, at: datetime) -> list[ZoneRow]:
    """The zones in force, in the order of the halls, in the reader's language."""
    return rows_of(zones_in_force(at=at))


def rows_of(versions: Iterable[ZoneVersion]) -> list[ZoneRow]:
    """These versions as rows."""
    return [
        ZoneRow(
            code=version.zone.code,
            name=localised(version, "name"),
            who=localised(version, "audience"),
            text=localised(version, "text"),
            rate_bp=version.rate_bp,
            cap_points=version.cap_points,
            url=reverse("points:zone", args=[version.zone.code]),
            funding=version.zone.get_funding_display(),
        )
        for version in versions
    ]

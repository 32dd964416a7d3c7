"""How a price divides for the reader: points of a grant they have, or of the general zone they could ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from marketplace.selectors.catalogue_words import TRADE_OF_SECTION
from organisations.models.organisation import Organisation
from organisations.money import share_of
from points.models.grants import Grant
from points.models.ledger import Account
from points.models.programmes import Zone, ZoneVersion
from points.selectors.zones import zones_in_force
from vendors.models.solutions import Plan


@dataclass(frozen=True)
class Source:
    """Points that could pay. Units: points, basis points. `use_by_date` only of granted ones."""

    version: ZoneVersion
    points: int
    use_by_date: date | None = None

    def pays(self, category: str, price_twd: int) -> int:
        """The most points it gives towards a price."""
        if self.version.categories and category not in self.version.categories:
            return 0
        return min(share_of(price_twd, self.version.rate_bp), self.points)


@dataclass(frozen=True)
class Share:
    """A price in two halves. Units: points, NT$."""

    price_twd: int
    points: int
    source: Source | None

    @property
    def copay_twd(self) -> int:
        """Own money."""
        return self.price_twd - self.points


@dataclass(frozen=True)
class Reader:
    """Who looks at the catalogue: nobody known, or a member of an organisation."""

    organisation: Organisation | None = None
    sources: tuple[Source, ...] = field(default=())
    is_granted: bool = False

    def share(self, plan: Plan, category: str) -> Share:
        """How the plan's price divides at best."""
        best = max(self.sources, key=lambda source: source.pays(category, plan.price_twd), default=None)
        points = best.pays(category, plan.price_twd) if best else 0
        return Share(plan.price_twd, points, best if points else None)

    @property
    def trade(self) -> str:
        """The reader's trade in the words of the solution file; empty when unknown."""
        industry = self.organisation.industry if self.organisation else None
        return TRADE_OF_SECTION.get(industry.section, "") if industry else ""


def reader_of(organisation: Organisation | None, *, at: datetime) -> Reader:
    """The reader's own granted points; without any, what the first zone with points would give."""
    granted = _granted(organisation, at) if organisation else ()
    if granted:
        return Reader(organisation, granted, is_granted=True)
    general = next((each for each in _zones(at) if each.gives_points), None)
    sources = (Source(general, general.cap_points),) if general else ()
    return Reader(organisation, sources)


def _zones(at: datetime) -> list[ZoneVersion]:
    return [each for each in zones_in_force(at=at) if each.zone.funding == Zone.Funding.OWN]


def _granted(organisation: Organisation, at: datetime) -> tuple[Source, ...]:
    live = list(
        organisation.grants.filter(state=Grant.State.LIVE, use_by_date__gte=at.date()).select_related(
            "zone_version"
        )
    )
    free = {
        account.pk: account.posted_credit - account.posted_debit - account.pending_debit
        for account in Account.objects.filter(pk__in=[grant.account_id for grant in live])
    }
    return tuple(
        Source(grant.zone_version, free.get(grant.account_id, 0), grant.use_by_date)
        for grant in live
        if free.get(grant.account_id, 0) > 0
    )

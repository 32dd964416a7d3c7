"""The figures of the war room, straight from orders, claims and the ledger: one question, one GROUP BY."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Avg, Count, Q, Sum
from django.db.models.functions import TruncMonth

from marketplace.models.claims import Claim
from organisations.models.organisation import Organisation
from organisations.models.places import Category, County, Industry, Township
from organisations.models.registry import RegistryRecord
from pmo.selectors.period import LAYERS, Period

BUSINESSES_KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Tiles:
    """The first row of figures.

    Units: points and NT$ are whole numbers; townships are counted where at least one enterprise has a counted order.
    """

    enterprises: int
    orders: int
    spending_twd: int
    points_used: int
    points_per_enterprise: int
    paid_points: int
    townships: int
    townships_in_all: int
    rural: int
    rural_in_all: int


def tiles(period: Period) -> Tiles:
    """Enterprises, orders, money and coverage in a period.

    Source: marketplace orders and claims; township flags of the reference data.
    """
    sums = period.orders().aggregate(
        enterprises=Count("organisation", distinct=True),
        orders=Count("pk"),
        spending=Sum("price_twd", default=0),
        points=Sum("points", default=0),
    )
    reached = set(period.orders().values_list("organisation__township", flat=True))
    rural = set(Township.objects.filter(is_rural=True).values_list("pk", flat=True))
    return Tiles(
        enterprises=sums["enterprises"],
        orders=sums["orders"],
        spending_twd=sums["spending"],
        points_used=sums["points"],
        points_per_enterprise=sums["points"] // sums["enterprises"] if sums["enterprises"] else 0,
        paid_points=_paid(period).aggregate(all=Sum("approved_points", default=0))["all"],
        townships=len(reached - {None}),
        townships_in_all=Township.objects.count(),
        rural=len(reached & rural),
        rural_in_all=len(rural),
    )


def by_county(period: Period) -> list[dict[str, Any]]:
    """One row a county, most enterprises first: enterprises, orders, NT$, points, claims, paid points, townships reached."""
    orders = _grouped(
        period.orders(),
        "organisation__township__county",
        enterprises=Count("organisation", distinct=True),
        orders=Count("pk"),
        spending_twd=Sum("price_twd"),
        points=Sum("points"),
        townships=Count("organisation__township", distinct=True),
    )
    claims = _grouped(
        _claims(period),
        "order__organisation__township__county",
        claims=Count("pk"),
        paid_points=Sum("approved_points", filter=Q(state=Claim.State.PAID), default=0),
    )
    empty = {"enterprises": 0, "orders": 0, "spending_twd": 0, "points": 0, "townships": 0}
    rows = [
        {
            "county": county,
            "townships_in_all": county.in_all,
            **empty,
            "claims": 0,
            "paid_points": 0,
            **orders.get(county.pk, {}),
            **claims.get(county.pk, {}),
        }
        for county in County.objects.annotate(in_all=Count("townships"))
    ]
    return sorted(rows, key=lambda row: (-row["enterprises"], row["county"].position))


def by_category(period: Period) -> list[dict[str, Any]]:
    """One row a category that has orders, most first: enterprises, orders, NT$, average order, claims, paid points."""
    orders = _grouped(
        period.orders(),
        "version__solution__main_sub_category__category",
        enterprises=Count("organisation", distinct=True),
        orders=Count("pk"),
        spending_twd=Sum("price_twd"),
        average_twd=Avg("price_twd"),
        points=Sum("points"),
    )
    claims = _grouped(
        _claims(period),
        "order__version__solution__main_sub_category__category",
        claims=Count("pk"),
        paid_points=Sum("approved_points", filter=Q(state=Claim.State.PAID), default=0),
    )
    rows = [
        {
            "category": category,
            "claims": 0,
            "paid_points": 0,
            **orders[category.pk],
            **claims.get(category.pk, {}),
        }
        for category in Category.objects.filter(pk__in=orders)
    ]
    return sorted(rows, key=lambda row: -row["orders"])


def by_industry(period: Period, *, top: int = 6) -> list[dict[str, Any]]:
    """Enterprises by section of trade, most first, as rows of a strip chart."""
    counts = (
        period.orders()
        .filter(organisation__industry__isnull=False)
        .values_list("organisation__industry__section")
    )
    ranked = counts.annotate(n=Count("organisation", distinct=True)).order_by("-n")[:top]
    names = Industry.objects.in_bulk([section for section, _n in ranked])
    return [{"label": str(names[section]), "value": n} for section, n in ranked]


def by_month(period: Period) -> list[dict[str, Any]]:
    """Orders and NT$ by month of signing, in order."""
    rows = period.orders().annotate(month=TruncMonth("signed_at")).values("month")
    return [
        dict(row)
        for row in rows.annotate(orders=Count("pk"), spending_twd=Sum("price_twd")).order_by("month")
    ]


def by_township(period: Period, *, layer: str = "all") -> list[dict[str, Any]]:
    """One row a township of the layer: enterprises with a counted order, businesses in the register, share of them.

    Units: `share_bp` in basis points of registered businesses; None where the register knows none.
    """
    reached = dict(
        period.orders()
        .values_list("organisation__township")
        .annotate(n=Count("organisation", distinct=True))
        .values_list("organisation__township", "n")
    )
    businesses = businesses_by_township()
    condition = LAYERS.get(layer, LAYERS["all"])[1]
    rows = []
    for township in Township.objects.filter(condition).select_related("county"):
        known = businesses.get(township.pk, 0)
        enterprises = reached.get(township.pk, 0)
        share = enterprises * 10_000 // known if known else None
        rows.append(
            {
                "township": township,
                "enterprises": enterprises,
                "businesses": known,
                "share_bp": share,
                "share_percent": None if share is None else share / 100,
            }
        )
    return rows


def businesses_by_township() -> dict[str, int]:
    """Businesses in operation by township, from the register's snapshot; kept for an hour, it changes once a day."""

    def count() -> dict[str, int]:
        rows = RegistryRecord.objects.filter(status=RegistryRecord.Status.OPERATING, township__isnull=False)
        return dict(rows.values_list("township").annotate(n=Count("pk")).values_list("township", "n"))

    found: dict[str, int] = (
        cache.get_or_set("pmo:businesses_by_township", count, BUSINESSES_KEPT_SECONDS) or {}
    )
    return found


def enterprises_of_township(township: Township, period: Period) -> list[Organisation]:
    """The enterprises behind a township's figure, with the number of their orders."""
    reached = period.orders().filter(organisation__township=township)
    return list(
        Organisation.objects.filter(pk__in=reached.values("organisation"))
        .annotate(order_count=Count("orders", filter=Q(orders__in=reached)))
        .order_by("name")
    )


def as_of(period: Period) -> datetime:
    """The moment the figures are of: they are counted when the page is made."""
    return period.until


def _claims(period: Period) -> Any:
    rows = Claim.objects.filter(submitted_at__gte=period.since, submitted_at__lt=period.until)
    return rows.filter(order__grant__zone_version__zone__code=period.zone) if period.zone else rows


def _paid(period: Period) -> Any:
    rows = Claim.objects.filter(state=Claim.State.PAID, paid_at__gte=period.since, paid_at__lt=period.until)
    return rows.filter(order__grant__zone_version__zone__code=period.zone) if period.zone else rows


def _grouped(rows: Any, key: str, **figures: Any) -> dict[Any, dict[str, Any]]:
    """Grouped rows as a dictionary by their key."""
    return {row.pop(key): row for row in rows.values(key).annotate(**figures).order_by()}

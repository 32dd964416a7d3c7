"""What a vendor may claim, from when, and what is missing for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.models.claims import Claim
from marketplace.models.orders import Order, UsageDay
from organisations.models.organisation import BankAccount
from organisations.roc import roc_date
from points.models.ledger import Account
from vendors.models.vendors import Vendor

DEFAULT_USE_DAYS = 30


@dataclass(frozen=True)
class Missing:
    """One thing that stands between an order and its claim, and whose turn it is: buyer, vendor or nobody (time)."""

    code: str
    sentence: str
    turn: str


@dataclass(frozen=True)
class Claimable:
    """An order with points that the vendor has not claimed yet. Units: points; `from_date` is the first day to claim."""

    order: Order
    points: int
    from_date: date | None
    missing: tuple[Missing, ...]

    @property
    def is_ready(self) -> bool:
        """Whether it can be claimed now."""
        return not self.missing


def claimables(vendor: Vendor, *, at: datetime) -> list[Claimable]:
    """Delivered orders that are not claimed: the ready ones first, then by the day they can be claimed."""
    rows = [claimable(order, at=at) for order in orders_to_claim().filter(vendor=vendor)]
    return sorted(rows, key=lambda row: (not row.is_ready, row.from_date or date.max, row.order.pk))


def orders_to_claim() -> QuerySet[Order]:
    """Subsidised orders that run, have points left and no open claim, with everything `claimable` reads."""
    free = Account.objects.filter(pk=OuterRef("account_id")).annotate(
        free=F("posted_credit") - F("posted_debit") - F("pending_debit")
    )
    used = (
        UsageDay.objects.filter(order=OuterRef("pk"), events__gt=0)
        .order_by()
        .values("order")
        .annotate(n=Count("pk"))
    )
    open_claims = Claim.objects.filter(order=OuterRef("pk")).exclude(
        state__in=[Claim.State.REJECTED, Claim.State.PAID]
    )
    account = BankAccount.objects.filter(organisation=OuterRef("vendor__organisation"), valid_to=None)
    return (
        Order.objects.filter(points__gt=0, state__in=[Order.State.ACTIVATED, Order.State.IN_USE])
        .filter(~Exists(open_claims))
        .select_related("organisation", "version", "vendor__organisation", "grant__zone_version", "rating")
        .annotate(
            left_points=Coalesce(Subquery(free.values("free")[:1]), 0, output_field=IntegerField()),
            days_used=Coalesce(Subquery(used.values("n")[:1]), 0, output_field=IntegerField()),
            has_account=Exists(account),
        )
        .filter(Q(state=Order.State.ACTIVATED) | Q(left_points__gt=0))
    )


def claimable(order: Order, *, at: datetime) -> Claimable:
    """What is missing for one order that came from `orders_to_claim`."""
    return Claimable(order, order.left_points, claimable_from(order), tuple(missing(order, at=at)))  # type: ignore[attr-defined]


def claimable_from(order: Order) -> date | None:
    """The first day on which it may be claimed, as far as it depends on time. Source: rule book R5-2, R6-1."""
    if order.claimable_from:
        return order.claimable_from
    if order.activated_at is None:
        return None
    days = order.grant.zone_version.use_days_before_claim if order.grant else DEFAULT_USE_DAYS
    return timezone.localdate(order.activated_at) + timedelta(days=days)


def missing(order: Order, *, at: datetime) -> list[Missing]:
    """All that is missing, the buyer's and the vendor's turns before mere waiting."""
    return [*_missing_of_parties(order), *_missing_of_use(order, timezone.localdate(at))]


def _missing_of_parties(order: Order) -> list[Missing]:
    found = []
    if order.frozen_by_buyer_at:
        found.append(Missing("frozen", _("企業說沒有下單，已凍結；等承辦人查明"), "office"))
    if order.vendor.state != Vendor.State.ACTIVE:
        found.append(Missing("suspended", _("業者資格停權中"), "office"))
    if order.state == Order.State.ACTIVATED:
        found.append(Missing("acceptance", _("企業還沒驗收"), "buyer"))
    elif not hasattr(order, "rating"):
        found.append(Missing("rating", _("企業還沒評分與填問卷"), "buyer"))
    if order.copay_twd and not order.copay_paid_at:
        found.append(Missing("copay", _("還沒登記收到自付額"), "vendor"))
    if not order.has_account:  # type: ignore[attr-defined]
        found.append(Missing("account", _("還沒登記收款帳戶"), "vendor"))
    return found


def _missing_of_use(order: Order, today: date) -> list[Missing]:
    found = []
    if not order.days_used:  # type: ignore[attr-defined]
        found.append(Missing("use", _("還沒有使用回報"), "vendor"))
    start = claimable_from(order)
    if start and start > today:
        sentence = _("使用還沒滿日數，%(day)s起可請款") % {"day": roc_date(start, "short")}
        found.append(Missing("time", sentence, "nobody"))
    return found

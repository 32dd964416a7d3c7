"""Claims as people look at them: the seven-day clock, who holds them and why, lists, counters, published speed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import (
    Case,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.claim_rules import RULES
from marketplace.models.claims import Claim, ClaimCheck, Payout, PayoutBatch
from marketplace.models.orders import Order
from vendors.models.vendors import Vendor

DAYS = 7
SOON_DAYS = 2
State = Claim.State
OPEN_STATES = (State.CHECKING, State.OFFICER, State.RETURNED, State.APPROVED, State.IN_BATCH, State.FAILED)

HOLDERS: dict[str, str | Promise] = {
    "platform": pgettext_lazy("holds the claim", "系統"),
    "officer": pgettext_lazy("holds the claim", "承辦人"),
    "vendor": pgettext_lazy("holds the claim", "業者"),
    "finance": pgettext_lazy("holds the claim", "平台財務"),
    "bank": pgettext_lazy("holds the claim", "銀行"),
    "nobody": "—",
}


@dataclass(frozen=True)
class Clock:
    """The payout clock of a claim.

    Units: `day` counts calendar days in Taipei since it was sent in, without the days it stood still; 0 = sent in
    today. `days_left` below zero is late. While it stands still `due_date` moves on with today.
    """

    day: int
    days_left: int
    due_date: date
    holder: str
    state: str

    @property
    def holder_label(self) -> str | Promise:
        """Who holds it, in words."""
        return HOLDERS[self.holder]

    @property
    def days_late(self) -> int:
        """Days beyond the seven."""
        return max(-self.days_left, 0)

    @property
    def is_late(self) -> bool:
        """Whether the seven days are over and it is not paid."""
        return self.state == "late"

    @property
    def is_soon(self) -> bool:
        """Whether it runs and is due within two days."""
        return self.state == "running" and self.days_left <= SOON_DAYS


def clock(claim: Claim, *, at: datetime) -> Clock:
    """Seven calendar days from submission; they do not run while the vendor has to answer.

    Source: rule book R6-9.
    """
    start = claim.submitted_at + timedelta(seconds=claim.stopped_seconds)
    until = _clock_stands_at(claim) or at
    day = max((timezone.localdate(until) - timezone.localdate(start)).days, 0)
    days_left = DAYS - day
    state = _clock_state(claim, days_left)
    due = timezone.localdate(at) + timedelta(days=days_left) if state == "stopped" else _due_date(start)
    return Clock(day, days_left, due, holder(claim), state)


def _due_date(start: datetime) -> date:
    return timezone.localdate(start) + timedelta(days=DAYS)


def _clock_stands_at(claim: Claim) -> datetime | None:
    if claim.state == State.PAID:
        return claim.paid_at
    if claim.state == State.REJECTED:
        return claim.decided_at
    return claim.clock_stopped_at


def _clock_state(claim: Claim, days_left: int) -> str:
    if claim.state == State.PAID:
        return "paid"
    if claim.state == State.REJECTED:
        return "closed"
    if claim.clock_stopped_at is not None:
        return "stopped"
    return "late" if days_left < 0 else "running"


def holder(claim: Claim) -> str:
    """Who has to act: platform, officer, vendor, finance, bank or nobody."""
    if claim.state == State.IN_BATCH:
        batch = newest_batch(claim)
        return "bank" if batch and batch.state == PayoutBatch.State.SENT else "finance"
    return {
        State.CHECKING: "platform",
        State.OFFICER: "officer",
        State.RETURNED: "vendor",
        State.APPROVED: "finance",
        State.FAILED: "vendor" if claim.clock_stopped_at else "finance",
    }.get(State(claim.state), "nobody")


def newest_payout(claim: Claim) -> Payout | None:
    """The payout of the newest batch (from what was prefetched)."""
    rows = sorted(claim.payouts.all(), key=lambda row: row.pk)
    return rows[-1] if rows else None


def newest_batch(claim: Claim) -> PayoutBatch | None:
    """The batch it is in."""
    payout = newest_payout(claim)
    return payout.batch if payout else None


def with_details(claims: QuerySet[Claim]) -> Any:
    """What list rows and pages read, in a fixed number of queries."""
    newest = ClaimCheck.objects.filter(claim=OuterRef("pk"), made_at=OuterRef("checked_at")).exclude(
        verdict="pass"
    )
    rank = Case(When(verdict="stop", then=Value(0)), default=Value(1))
    return (
        claims.select_related(
            "order__organisation", "order__version", "vendor__organisation", "order__grant__zone_version"
        )
        .prefetch_related("payouts__batch")
        .annotate(
            top_rule=Subquery(newest.order_by(rank, "-risk", "pk").values("rule")[:1]),
            due_moment=ExpressionWrapper(
                F("submitted_at")
                + F("stopped_seconds") * Value(timedelta(seconds=1), output_field=DurationField()),
                output_field=Claim._meta.get_field("submitted_at").__class__(),
            ),
        )
    )


def searched(text: str) -> str:
    """What a person typed into a search box, fit for a query: no control characters, sixty signs at most."""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:60]


# The vendor's list

VENDOR_TABS: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "open": (_("進行中"), (State.CHECKING, State.OFFICER, State.APPROVED, State.IN_BATCH)),
    "ready": (_("可請款"), ()),
    "answer": (_("補正"), (State.RETURNED, State.FAILED)),
    "paid": (_("已入帳"), (State.PAID,)),
    "rejected": (_("已退件"), (State.REJECTED,)),
}


def claims_of(
    vendor: Vendor, *, tab: str = "", q: str = "", month: str = "", solution: str = ""
) -> QuerySet[Claim]:
    """A vendor's claims, newest first; `month` as 2026-11, `solution` a code."""
    claims: QuerySet[Claim] = with_details(Claim.objects.filter(vendor=vendor))
    claims = claims.order_by("-submitted_at", "-pk")
    if VENDOR_TABS.get(tab, ("", ()))[1]:
        claims = claims.filter(state__in=VENDOR_TABS[tab][1])
    if q:
        claims = claims.filter(
            Q(number__icontains=q) | Q(order__organisation__name__icontains=q) | Q(order__number__icontains=q)
        )
    if solution:
        claims = claims.filter(order__version__solution__code=solution)
    if len(month) == 7 and month[:4].isdigit() and month[5:].isdigit():
        claims = claims.filter(submitted_at__year=int(month[:4]), submitted_at__month=int(month[5:]))
    return claims


def vendor_counts(vendor: Vendor) -> dict[str, int]:
    """How many claims stand under each tab (`ready` is counted by `claimables`)."""
    by_state = dict(
        Claim.objects.filter(vendor=vendor).order_by().values_list("state").annotate(n=Count("pk"))
    )
    return {
        tab: sum(by_state.get(state, 0) for state in states) for tab, (_label, states) in VENDOR_TABS.items()
    }


def months_of(vendor: Vendor) -> list[date]:
    """The months in which the vendor sent claims, newest first."""
    return list(Claim.objects.filter(vendor=vendor).dates("submitted_at", "month", order="DESC")[:24])


def points_on_the_way(vendor: Vendor) -> int:
    """Points that are approved and not yet paid."""
    rows = Claim.objects.filter(vendor=vendor, state__in=[State.APPROVED, State.IN_BATCH])
    return sum(points or 0 for points in rows.values_list("approved_points", flat=True))


# The office's queue

OFFICE_TABS: dict[str, str | Promise] = {
    "mine": _("等決定"),
    "second": _("等撥款"),
    "returned": _("補正中"),
    "frozen": _("已凍結"),
    "sample": _("事後抽查"),
    "all": _("全部"),
}
OFFICE_SORTS = {
    "points": "points",
    "-points": "-points",
    "risk": "risk",
    "-risk": "-risk",
    "due": "due_moment",
    "-due": "-due_moment",
}


def office_tab(claims: QuerySet[Claim], tab: str) -> QuerySet[Claim]:
    """The claims that stand under a tab of the office."""
    if tab == "second":
        return claims.filter(state__in=[State.APPROVED, State.IN_BATCH, State.FAILED])
    if tab == "returned":
        return claims.filter(state=State.RETURNED)
    if tab == "frozen":
        return claims.filter(state__in=OPEN_STATES, order__frozen_by_buyer_at__isnull=False)
    if tab == "sample":
        return claims.filter(is_sampled=True, looked_at=None)
    return claims if tab == "all" else claims.filter(state=State.OFFICER)


def queue(
    *, tab: str = "mine", q: str = "", rule: str = "", zone: str = "", risk: str = "", sort: str = ""
) -> QuerySet[Claim]:
    """The office's claims: the longest running first, then the higher risk."""
    claims = with_details(office_tab(Claim.objects.all(), tab))
    if q:
        claims = claims.filter(
            Q(number__icontains=q)
            | Q(order__number__icontains=q)
            | Q(order__organisation__name__icontains=q)
            | Q(vendor__organisation__name__icontains=q)
            | Q(order__organisation__ubn=q)
            | Q(vendor__organisation__ubn=q)
        )
    if rule in RULES:
        claims = claims.filter(top_rule=rule)
    if zone:
        claims = claims.filter(order__grant__zone_version__zone__code=zone)
    if risk == "high":
        claims = claims.filter(risk__gte=40)
    if risk == "low":
        claims = claims.filter(risk__lt=40)
    ordered: QuerySet[Claim] = claims.order_by(OFFICE_SORTS.get(sort, "due_moment"), "-risk", "pk")
    return ordered


def frozen_without_claim() -> QuerySet[Order]:
    """Orders that their buyer froze before they were claimed: nobody finds them by a claim."""
    claimed = Claim.objects.filter(order=OuterRef("pk"), state__in=OPEN_STATES)
    frozen = Order.objects.filter(~Exists(claimed), frozen_by_buyer_at__isnull=False)
    return frozen.select_related("organisation", "vendor__organisation", "version").order_by(
        "frozen_by_buyer_at"
    )[:100]


def office_counts() -> dict[str, int]:
    """How many claims stand under each tab."""
    return {tab: office_tab(Claim.objects.all(), tab).count() for tab in OFFICE_TABS}


@dataclass(frozen=True)
class OfficeFigures:
    """The tiles above the queue. Units: `automatic_share` of one, `decision_hours` a median over 30 days."""

    waiting: int
    came_today: int
    decided_today: int
    late: int
    soon: int
    first_due: date | None
    automatic_share: float | None
    decision_hours: float | None


def office_figures(*, at: datetime) -> OfficeFigures:
    """What waits, what is late, how much passes by itself, how long a decision takes."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    month_ago = at - timedelta(days=30)
    waiting = list(
        Claim.objects.filter(state=State.OFFICER).only(
            "state", "submitted_at", "stopped_seconds", "clock_stopped_at"
        )
    )
    clocks = [clock(each, at=at) for each in waiting]
    running = Claim.objects.filter(state__in=OPEN_STATES, clock_stopped_at=None)
    late_from = midnight - timedelta(days=DAYS)
    late = with_details(running).filter(due_moment__lt=late_from).count()
    decided = Claim.objects.filter(decided_at__gte=month_ago)
    automatic = decided.filter(is_automatic=True).count()
    everything = decided.count()
    return OfficeFigures(
        waiting=len(waiting),
        came_today=Claim.objects.filter(submitted_at__gte=midnight).count(),
        decided_today=Claim.objects.filter(decided_at__gte=midnight, decided_by__isnull=False).count(),
        late=late,
        soon=sum(each.is_soon for each in clocks),
        first_due=min((each.due_date for each in clocks if not each.is_late), default=None),
        automatic_share=automatic / everything if everything else None,
        decision_hours=_median_hours_to_decision(since=month_ago),
    )


def _median_hours_to_decision(*, since: datetime) -> float | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - submitted_at) - stopped_seconds)"
            " FROM marketplace_claim WHERE decided_by_id IS NOT NULL AND decided_at >= %s",
            [since],
        )
        seconds = cursor.fetchone()[0]
    return None if seconds is None else float(seconds) / 3600


# What is published


@dataclass(frozen=True)
class PaymentDays:
    """How long claims take from submission to payment. Units: days with decimals, without the time they stood still."""

    count: int
    median: float | None
    p95: float | None


def payment_days(
    *, since: datetime | None = None, until: datetime | None = None, vendor: Vendor | None = None
) -> PaymentDays:
    """Median and 95th percentile of the claims paid in a time (of one vendor); both None when there are none.

    Source: rule book R6-11, published weekly.
    """
    wanted, values = ["state = 'paid'"], []
    for clause, value in (
        ("paid_at >= %s", since),
        ("paid_at < %s", until),
        ("vendor_id = %s", vendor.pk if vendor else None),
    ):
        if value is not None:
            wanted.append(clause)
            values.append(value)
    seconds = "extract(epoch FROM paid_at - submitted_at) - stopped_seconds"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY {seconds}),"
            f" percentile_cont(0.95) WITHIN GROUP (ORDER BY {seconds}) FROM marketplace_claim WHERE {' AND '.join(wanted)}",
            values,
        )
        count, median, p95 = cursor.fetchone()
    return PaymentDays(count, _days(median), _days(p95))


def _days(seconds: Any) -> float | None:
    return None if seconds is None else max(float(seconds), 0.0) / 86_400

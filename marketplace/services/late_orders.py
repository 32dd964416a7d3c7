"""What happens to orders by itself when a day has passed. Every sweep may run twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from marketplace.deadlines import DRAFT_DAYS
from marketplace.models.orders import Order
from marketplace.services.notices import tell
from marketplace.services.orders import discard_order, end_order
from organisations.models.people import Membership
from organisations.refusals import Refused

State = Order.State
SWEEP_LIMIT = 500
IDLE_DAYS = (30, 21, 14)
CATCH_UP_DAYS = 3


def expire_orders(*, at: datetime, limit: int = SWEEP_LIMIT) -> int:
    """End orders that nobody answered, paid or activated in time; points come back. Returns how many were ended.

    Source: rules R4-4 (5 working days), R4-5 (own share), R4-6 (end of the month of signing).
    """
    today = timezone.localdate(at)
    underway = Order.objects.filter(state__in=[State.SIGNED, State.ACCEPTED]).order_by("pk")
    late = {
        "vendor_silent": underway.filter(state=State.SIGNED, answer_by_date__lt=today),
        "copay_overdue": underway.filter(
            state=State.ACCEPTED, copay_twd__gt=0, copay_paid_at=None, copay_due_date__lt=today
        ),
        "return_1_month": underway.filter(activate_by_date__lt=today),
    }
    return sum(_end_each(orders[:limit], reason, at=at) for reason, orders in late.items())


def _end_each(orders: QuerySet[Order], reason: str, *, at: datetime) -> int:
    return sum(_end(order, reason, at=at) for order in orders)


def _end(order: Order, reason: str, *, at: datetime) -> bool:
    try:
        end_order(order, "expire", reason, by=None, at=at, note=reason)
    except Refused as refusal:  # somebody acted in the meantime: then it is not late any more
        if refusal.code != "wrong_state":
            raise
        return False
    return True


def discard_old_drafts(*, at: datetime, limit: int = SWEEP_LIMIT) -> int:
    """Put away contracts that nobody signed within 14 days, so that they stand in nobody's way. Returns how many."""
    old = Order.objects.filter(state=State.DRAFT, placed_at__lt=at - timedelta(days=DRAFT_DAYS))
    discarded = 0
    for order in old.order_by("pk")[:limit]:
        try:
            discard_order(order, by=None, at=at, note="draft_old")
            discarded += 1
        except Refused as refusal:  # signed in this very moment
            if refusal.code != "wrong_state":
                raise
    return discarded


def warn_idle(*, at: datetime) -> int:
    """Tell both sides of orders without use for 14, 21 and 30 days, once each. Returns how many orders.

    Source: rule R5-3. Without any report the days count from the activation. A night that was missed is made up for
    within two days.
    """
    today = timezone.localdate(at)
    due = [today - timedelta(days=step + late) for step in IDLE_DAYS for late in range(CATCH_UP_DAYS)]
    used = Max("usage_days__date", filter=Q(usage_days__events__gt=0))
    quiet = _running_with_people(today).annotate(used_on=used)
    quiet = quiet.filter(Q(used_on__in=due) | Q(used_on=None, activated_at__date__in=due))
    return sum(_warn(order, today, at) for order in quiet.order_by("pk").iterator())


def _running_with_people(today: date) -> QuerySet[Order]:
    """Orders in their term with somebody to be told; one that is frozen rests."""
    running = Order.objects.filter(state=State.IN_USE, frozen_by_buyer_at=None, service_ends_on__gte=today)
    people = Membership.objects.filter(ended_at=None)
    buyers = people.filter(organisation=OuterRef("organisation"))
    sellers = people.filter(organisation=OuterRef("vendor__organisation"))
    return running.filter(Exists(buyers) | Exists(sellers)).select_related("vendor")


def _warn(order: Order, today: date, at: datetime) -> bool:
    since: date = order.used_on or timezone.localdate(order.activated_at)  # type: ignore[attr-defined,arg-type]
    step = next(days for days in IDLE_DAYS if (today - since).days >= days)
    return tell(order, "idle", at=at, key=f"{since}:{step}", days=step) > 0

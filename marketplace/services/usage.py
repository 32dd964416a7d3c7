"""What vendors report of use: one row an order and day, aggregates only (rule R5-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.models.orders import Order, UsageDay
from vendors.models.vendors import Vendor

OLDEST_DAYS = 62
MOST_ROWS = 1000


@dataclass(frozen=True)
class UsageRow:
    """One reported day. Units: people, times; `date` is a day in Taipei."""

    order: str
    date: date
    active_users: int
    events: int
    last_used_at: datetime | None = None


@dataclass(frozen=True)
class RowAnswer:
    """What came of one row: `kept`, or `refused` with a code and a sentence."""

    order: str
    date: date
    state: str
    code: str = ""
    sentence: str = ""


def report_usage(
    *, vendor: Vendor, rows: Sequence[UsageRow], key_prefix: str, at: datetime
) -> list[RowAnswer]:
    """Keep the days of a vendor's own running orders; a day reported again replaces what was said before.

    Answers row by row, in order: no_such_order, not_running, too_early, too_old, in_future.
    """
    orders = {
        order.number: order
        for order in Order.objects.filter(vendor=vendor, number__in={row.order for row in rows})
    }
    answers = [_answer(row, orders.get(row.order), at) for row in rows]
    kept = {
        (orders[row.order].pk, row.date): UsageDay(
            order=orders[row.order],
            date=row.date,
            active_users=row.active_users,
            events=row.events,
            last_used_at=row.last_used_at,
            reported_at=at,
            reported_with=key_prefix,
        )
        for row, answer in zip(rows, answers, strict=True)
        if answer.state == "kept"
    }
    UsageDay.objects.bulk_create(
        [kept[place] for place in sorted(kept)],  # two reports at once lock the rows in one order
        update_conflicts=True,
        unique_fields=["order", "date"],
        update_fields=["active_users", "events", "last_used_at", "reported_at", "reported_with"],
    )
    return answers


def _answer(row: UsageRow, order: Order | None, at: datetime) -> RowAnswer:
    code, sentence = _fault(row, order, at)
    return RowAnswer(row.order, row.date, "refused" if code else "kept", code, sentence)


def _fault(row: UsageRow, order: Order | None, at: datetime) -> tuple[str, str]:
    today = timezone.localdate(at)
    if order is None:
        return "no_such_order", _("您沒有這個編號的訂單。")
    if order.activated_at is None or order.state not in (Order.State.ACTIVATED, Order.State.IN_USE):
        return "not_running", _("這筆訂單還沒啟用，或已經結束。")
    if row.date < timezone.localdate(order.activated_at):
        return "too_early", _("這一天還沒啟用。")
    if row.date > today or (row.last_used_at is not None and row.last_used_at > at):
        return "in_future", _("這個時間還沒到。")
    if (today - row.date).days > OLDEST_DAYS:
        return "too_old", _("超過62天前的使用不再收。")
    return "", ""

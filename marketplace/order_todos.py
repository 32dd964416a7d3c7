"""What waits for whom around orders; `marketplace.todos` adds it to the claims' part."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.models.orders import Order
from organisations.models.people import Membership
from organisations.selectors.access import has_rank, memberships_of
from organisations.todo import Todo

State = Order.State
Role = Membership.Role
MOST = 50


def order_todos(user: Any, *, at: datetime) -> list[Todo]:
    """A buyer's contracts, payments, acceptances and ratings; a vendor's answers, receipts and activations."""
    found: list[Todo] = []
    for membership in memberships_of(user):
        if has_rank(membership, Role.PREPARER):
            may_sign = has_rank(membership, Role.ACCEPTOR)
            found += _for_buyer(membership, may_sign)
            found += _for_vendor(membership, may_sign)
    return found


def _open(orders: Any, *states: str) -> Iterable[Order]:
    rows = orders.filter(state__in=states, frozen_by_buyer_at=None)
    return rows.select_related("version", "organisation", "rating").order_by("pk")[:MOST]


def _for_buyer(membership: Membership, may_sign: bool) -> list[Todo]:
    states = (State.DRAFT, State.ACCEPTED, State.ACTIVATED, State.IN_USE)
    lines = (_buyers_line(order, may_sign) for order in _open(membership.organisation.orders, *states))
    return [line for line in lines if line]


def _buyers_line(order: Order, may_sign: bool) -> Todo | None:
    name = {"name": order.version.name}
    page = reverse("marketplace:my_order", args=[order.number])
    match order.state:
        case State.DRAFT if may_sign:
            sign = reverse("marketplace:order_sign", args=[order.number])
            return Todo(_("簽署「%(name)s」的合約") % name, sign, "my", _("簽了才圈存點數。"))
        case State.ACCEPTED if order.copay_twd and order.copay_paid_at is None:
            copay = _("自付額%(copay)s元，直接付給業者。") % {"copay": f"{order.copay_twd:,}"}
            return Todo(_("付「%(name)s」的自付額") % name, page, "my", copay, order.copay_due_date)
        case State.ACTIVATED if may_sign:
            return Todo(_("驗收「%(name)s」") % name, page, "my", _("能用才按。"), order.confirm_by_date)
        case State.IN_USE if not hasattr(order, "rating"):
            rate = reverse("marketplace:order_rate", args=[order.number])
            return Todo(_("評分「%(name)s」") % name, rate, "my", _("2分鐘；填完業者才能請款。"))
    return None


def _for_vendor(membership: Membership, may_sign: bool) -> list[Todo]:
    orders = Order.objects.filter(vendor__organisation=membership.organisation)
    lines = (_vendors_line(order, may_sign) for order in _open(orders, State.SIGNED, State.ACCEPTED))
    return [line for line in lines if line]


def _vendors_line(order: Order, may_sign: bool) -> Todo | None:
    name, product = {"name": order.organisation.name}, order.version.name
    page = reverse("marketplace:vendor_order", args=[order.number])
    if order.state == State.SIGNED:
        line = _("回覆%(name)s的訂單") % name
        return Todo(line, page, "vendor", product, order.answer_by_date, is_turn=may_sign)
    if order.copay_twd and order.copay_paid_at is None:
        line = _("登記收到%(name)s的自付額") % name
        return Todo(line, page, "vendor", product, order.copay_due_date)
    return Todo(_("替%(name)s開通") % name, page, "vendor", product, order.activate_by_date)

"""Orders as their two sides see them: lists, and the thread of who does what by when."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.models.claims import Claim
from marketplace.models.orders import Order, OrderMove
from marketplace.selectors.claim_words import day_words
from organisations.models.organisation import Organisation
from vendors.models.vendors import Vendor

State = Order.State
RUNNING = (State.DRAFT, State.SIGNED, State.ACCEPTED, State.ACTIVATED, State.IN_USE)
ENDED = (State.REFUSED, State.EXPIRED, State.CANCELLED)
VENDOR_TABS = {
    "answer": (State.SIGNED,),
    "deliver": (State.ACCEPTED,),
    "accept": (State.ACTIVATED,),
    "use": (State.IN_USE,),
    "ended": ENDED,
}


def with_details(orders: QuerySet[Order]) -> QuerySet[Order]:
    """With everything that lists and pages print, in one query."""
    return orders.select_related(
        "organisation",
        "vendor__organisation",
        "version__solution",
        "plan",
        "grant__zone_version",
        "contract",
        "rating",
    )


def orders_of(organisation: Organisation) -> QuerySet[Order]:
    """A buyer's orders, newest first."""
    return with_details(organisation.orders.all()).order_by("-placed_at")


def vendor_orders(vendor: Vendor, *, tab: str) -> QuerySet[Order]:
    """A vendor's orders of one tab; drafts are the buyer's own business. The soonest due first."""
    rows = with_details(vendor.orders.filter(state__in=VENDOR_TABS[tab]))
    return rows.order_by("answer_by_date", "activate_by_date", "-signed_at")


def vendor_counts(vendor: Vendor) -> dict[str, int]:
    """How many orders stand in each tab."""
    return {tab: vendor.orders.filter(state__in=states).count() for tab, states in VENDOR_TABS.items()}


def knots(order: Order, *, side: str) -> list[dict[str, Any]]:
    """The way of an order as knots: done, now, next or broken off. `side` is "buyer" or "vendor": whose turn is "you"."""
    buyer = {"who": "you"} if side == "buyer" else {"who": "office", "who_name": _("企業")}
    vendor = {"who": "you" if side == "vendor" else "vendor"}
    steps = [
        *_contract_knots(order, buyer, vendor),
        *_delivery_knots(order, buyer, vendor),
        *_money_knots(order, buyer, vendor),
    ]
    if order.state in ENDED:
        return [*(step | {"state": "done"} for step in steps if step["done"]), _broken(order)]
    return _marked(steps)


def _contract_knots(order: Order, buyer: dict[str, str], vendor: dict[str, str]) -> list[dict[str, Any]]:
    points = f"{order.points:,}"
    return [
        _knot(
            order.signed_at,
            _("簽約，圈存%(points)s點") % {"points": points} if order.points else _("簽約"),
            _("用憑證或通行密鑰簽署。簽了才成立。"),
            None,
            buyer,
        ),
        _knot(
            order.accepted_at,
            _("業者接單"),
            _("5個工作天內回覆；沒回覆，點數立即退回。"),
            order.answer_by_date,
            vendor,
        ),
    ]


def _delivery_knots(order: Order, buyer: dict[str, str], vendor: dict[str, str]) -> list[dict[str, Any]]:
    copay = f"{order.copay_twd:,}"
    paid = _knot(
        order.copay_paid_at,
        _("付自付額%(copay)s元") % {"copay": copay},
        _("直接付給業者；業者收到後在這裡登記。逾期未付，點數退回，訂單終止。"),
        order.copay_due_date,
        buyer,
    )
    return [
        *([paid] if order.copay_twd else []),
        _knot(
            order.activated_at,
            _("開通"),
            _("簽約當月最後一天前要開通，否則點數退回。"),
            order.activate_by_date,
            vendor,
        ),
        _knot(
            order.confirmed_at,
            _("驗收"),
            _("能用才按，按下後點數才算付出。還不能用就告訴業者。"),
            order.confirm_by_date,
            buyer,
        ),
    ]


def _money_knots(order: Order, buyer: dict[str, str], vendor: dict[str, str]) -> list[dict[str, Any]]:
    rating = getattr(order, "rating", None)
    knots = [
        _knot(
            rating.rated_at if rating else None,
            _("評分，2分鐘"),
            _("評分和五題成效都填完，業者才能請款。"),
            None,
            buyer,
        )
    ]
    if not order.points:
        return knots
    claim = order.claims.exclude(state=Claim.State.REJECTED).order_by("-pk").first()
    return [
        *knots,
        _knot(
            claim.submitted_at if claim else None,
            _("業者請款"),
            _("使用滿30天、評分完成後。"),
            order.claimable_from,
            vendor,
            is_from=True,
        ),
        _knot(
            claim.paid_at if claim else None,
            _("審查並撥款給業者"),
            _("請款後7天內。"),
            None,
            {"who": "office"},
        ),
    ]


def _knot(
    done_at: Any, title: str, text: str, by: date | None, who: dict[str, str], *, is_from: bool = False
) -> dict[str, Any]:
    words = _("%(day)s起") if is_from else _("%(day)s前")
    when = day_words(timezone.localdate(done_at)) if done_at else words % {"day": day_words(by)} if by else ""
    return {"done": bool(done_at), "title": title, "text": text, "when": when, **who}


def _marked(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first step not done is now, the others come later."""
    first = next((place for place, step in enumerate(steps) if not step["done"]), len(steps))
    return [
        step | {"state": "done" if step["done"] else "now" if place == first else "next"}
        for place, step in enumerate(steps)
    ]


def why(move: OrderMove | None) -> str:
    """What was noted with a move: the sentence of a person, or what the platform means by its code."""
    codes = {
        "vendor_silent": _("業者沒有在期限前回覆。"),
        "return_1_month": _("簽約當月沒有開通。"),
        "copay_overdue": _("自付額沒有在期限前付。"),
        "draft_old": _("合約14天沒有簽。"),
    }
    return codes.get(move.note, move.note) if move else ""


def _broken(order: Order) -> dict[str, Any]:
    last = order.moves.order_by("-pk").first()
    text = why(last)
    return {
        "state": "bad",
        "title": str(order.get_state_display()),
        "text": (_("%(reason)s 圈存的點數已退回。") % {"reason": text} if order.hold_id else text).strip(),
        "when": day_words(timezone.localdate(last.at)) if last else "",
        "who": "office",
    }

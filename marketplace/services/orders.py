"""An order's life from choice to acceptance. Every verb is one transaction: the state, the ledger and the news move together.

Points: held when the buyer signs, given back when the order comes to nothing, captured when the buyer accepts.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.deadlines import CONFIRM_DAYS, copay_due, days_of, end_of_month, last_day_of_term
from marketplace.models.orders import Contract, Order, Signature
from marketplace.selectors.purchase import Offer, offer_for
from marketplace.services.contracts import draw_contract, freeze
from marketplace.services.signing import GivenSignature
from organisations.models.organisation import Organisation
from organisations.moves import move
from organisations.refusals import Refused
from organisations.roc import roc_year
from organisations.services.office_days import add_working_days
from organisations.services.outbox import publish
from points.services import ledger
from vendors.models.solutions import Plan

State = Order.State
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is mistaken for another on the phone
SWEEP_LIMIT = 500


def place_order(
    *,
    organisation: Organisation,
    plan: Plan,
    points: int | None,
    by: Any,
    at: datetime,
    form_token: str | None = None,
) -> Order:
    """A draft with its contract, ready to be signed; `points` None takes as many as may be used.

    Raises: Refused with not_listed, self_dealing, already_adopted, points_over_limit, as `offer_for` finds them.
    """
    known = Order.objects.filter(form_token=form_token).first() if form_token else None
    if known is not None and known.organisation_id == organisation.pk:
        return known
    offer = offer_for(organisation, plan, at=at)
    offer.must_be_possible()
    used = offer.most_points if points is None else points
    offer.must_allow(used)
    return _write_draft(offer, used, by=by, at=at, form_token=form_token)


def _write_draft(offer: Offer, points: int, *, by: Any, at: datetime, form_token: str | None) -> Order:
    plan, version = offer.plan, offer.plan.version
    try:
        with transaction.atomic():
            order = Order.objects.create(
                number=new_number(at),
                organisation=offer.organisation,
                vendor=version.solution.vendor,
                version=version,
                plan=plan,
                grant=offer.grant if points else None,
                frozen=freeze(plan),
                price_twd=plan.price_twd,
                points=points,
                copay_twd=plan.price_twd - points,
                placed_by=by,
                placed_at=at,
                form_token=form_token,
            )
            draw_contract(order, at=at)
    except IntegrityError as error:  # a double click, or the same product from another window
        same = Order.objects.filter(form_token=form_token).first() if form_token else None
        if same is not None:
            return same
        raise Refused(
            "already_adopted",
            _("您已經有一筆這個方案的訂單在進行。"),
            remedy=_("請到「訂單」繼續那一筆，或先取消它。"),
        ) from error
    return order


def new_number(at: datetime) -> str:
    """A 20-character number: ROC date (7), 12 random characters, one check character. Example: 1151123K7M2Q9XW4RTBC."""
    day = timezone.localdate(at)
    body = f"{roc_year(day):03d}{day:%m%d}" + "".join(secrets.choice(ALPHABET) for _place in range(12))
    return body + check_character(body)


def check_character(body: str) -> str:
    """The last character: the weighted sum of the others, so that one wrong or two swapped characters are seen."""
    total = sum((place + 1) * (ord(character) % 97) for place, character in enumerate(body))
    return ALPHABET[total % len(ALPHABET)]


def discard_order(order: Order, *, by: Any, at: datetime) -> None:
    """Put away a draft; nothing was held."""
    move(order, "discard", by=by, at=at)


def sign_order(order: Order, *, signature: GivenSignature, by: Any, at: datetime) -> None:
    """The buyer's acceptor signs: points are held, the vendor's days to answer begin.

    Raises: Refused as `offer_for` finds now, insufficient_points, wrong_state; nothing is kept of a refused signature.
    """
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        order.refresh_from_db()
        offer = offer_for(order.organisation, order.plan, at=at, but=order)
        offer.must_be_possible()
        day = timezone.localdate(at)
        facts: dict[str, Any] = {
            "signed_at": at,
            "answer_by_date": add_working_days(
                day, days_of(order.grant, "answer_within_working_days")
            ),
            "activate_by_date": end_of_month(day),
            "copay_due_date": copay_due(day)
            if order.copay_twd
            else None,
        }
        move(order, "sign", by=by, at=at, **facts)
        _keep_signature(order, Signature.Party.BUYER, signature, by=by, at=at)
        if order.points:
            _hold(order, at=at)
        publish("order.signed", {"order": order.pk}, at=at)


def _keep_signature(order: Order, party: str, signature: GivenSignature, *, by: Any, at: datetime) -> None:
    contract = Contract.objects.get(order=order)
    Signature.objects.create(
        contract=contract,
        party=party,
        method=signature.method,
        signed_by=by,
        signed_at=at,
        evidence=signature.evidence,
    )


def _hold(order: Order, *, at: datetime) -> None:
    if order.grant is None:
        raise AssertionError("an order with points has a grant")
    claimable, _in_claim = ledger.open_order_accounts(
        grant_account_id=order.grant.account_id, order_id=order.pk, vendor_id=order.vendor_id
    )
    order.account_id = claimable
    order.hold_id = ledger.hold(
        account_id=order.grant.account_id,
        to_account_id=claimable,
        points=order.points,
        key=f"order:{order.pk}:hold",
        reason="order_signed",
        cause=("order", order.pk),
        at=at,
    )
    order.save(update_fields=["account_id", "hold_id"])


def accept_order(order: Order, *, signature: GivenSignature, by: Any, at: datetime) -> None:
    """The vendor's acceptor signs too; both now have a contract."""
    with transaction.atomic():
        move(order, "accept", by=by, at=at, accepted_at=at)
        _keep_signature(order, Signature.Party.VENDOR, signature, by=by, at=at)
        publish("order.accepted", {"order": order.pk}, at=at)


def refuse_order(order: Order, *, reason: str, by: Any, at: datetime) -> None:
    """The vendor says no, with a reason the buyer reads; points are free again at once."""
    if not reason.strip():
        raise Refused("reason_missing", _("請寫一句理由，企業會看到。"))
    _end(order, "refuse", "vendor_refused", by=by, at=at, note=reason)


def withdraw_order(order: Order, *, by: Any, at: datetime, reason: str = "") -> None:
    """The buyer steps back before the service starts; points are free again at once."""
    _end(order, "withdraw", "buyer_withdrew", by=by, at=at, note=reason)


def _end(order: Order, verb: str, reason: str, *, by: Any, at: datetime, note: str = "") -> None:
    with transaction.atomic():
        move(order, verb, by=by, at=at, note=note)
        if order.hold_id:
            ledger.release(
                hold_id=order.hold_id,
                points=order.points,
                key=f"order:{order.pk}:release",
                reason=reason,
                cause=("order", order.pk),
                at=at,
            )
        publish("order.ended", {"order": order.pk, "reason": reason}, at=at)


def record_copay(order: Order, *, reference: str, by: Any, at: datetime) -> None:
    """The vendor says that the buyer's own share has arrived, with the receipt's or transfer's number.

    Raises: Refused("no_copay"), Refused("reference_missing"), Refused("wrong_state").
    """
    if not order.copay_twd:
        raise Refused("no_copay", _("這筆訂單沒有自付額。"))
    if not reference.strip():
        raise Refused("reference_missing", _("請填收據或匯款的號碼。"))
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        if locked.state not in (State.ACCEPTED, State.ACTIVATED, State.IN_USE):
            raise Refused("wrong_state", _("接單後才能登記自付額。"))
        if locked.copay_paid_at is None:
            locked.copay_paid_at, locked.copay_reference = at, reference.strip()[:60]
            locked.save(update_fields=["copay_paid_at", "copay_reference"])
            publish("order.copay_received", {"order": order.pk}, at=at)
    order.refresh_from_db()


def activate_order(order: Order, *, url: str, note: str, by: Any, at: datetime) -> None:
    """The vendor has opened the service: where, and what to do first.

    Raises: Refused("copay_unpaid"): an account counts as opened only when the buyer's own share was paid (rule R4-7).
    """
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        if locked.copay_twd and locked.copay_paid_at is None:
            raise Refused(
                "copay_unpaid",
                _("還沒登記收到自付額，不算啟用。"),
                remedy=_("收到款項後，先登記收據或匯款號碼，再啟用。"),
            )
        day = timezone.localdate(at)
        move(
            order,
            "activate",
            by=by,
            at=at,
            activated_at=at,
            service_url=url,
            activation_note=note,
            confirm_by_date=day + timedelta(days=CONFIRM_DAYS),
            claimable_from=day + timedelta(days=days_of(order.grant, "use_days_before_claim")),
            service_ends_on=last_day_of_term(day, order.plan.months),
        )
        publish("order.activated", {"order": order.pk}, at=at)


def object_to_delivery(order: Order, *, reason: str, by: Any, at: datetime) -> None:
    """The buyer says that it does not work yet; nothing is captured until the vendor activates again (rule R4-8)."""
    if not reason.strip():
        raise Refused("reason_missing", _("請寫一句哪裡還不能用，業者會看到。"))
    with transaction.atomic():
        move(
            order,
            "object",
            by=by,
            at=at,
            note=reason,
            activated_at=None,
            confirm_by_date=None,
            claimable_from=None,
        )
        publish("order.objected", {"order": order.pk}, at=at)


def confirm_order(order: Order, *, by: Any, at: datetime) -> None:
    """The buyer accepts what was delivered: held points are captured and become claimable. `by` None = by silence."""
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        if locked.frozen_by_buyer_at:
            raise Refused("frozen", _("這筆訂單已凍結，等承辦人查明。"))
        move(order, "confirm", by=by, at=at, confirmed_at=at, note="" if by else "default_acceptance")
        if order.hold_id:
            ledger.capture(
                hold_id=order.hold_id,
                points=order.points,
                key=f"order:{order.pk}:capture",
                reason="accepted",
                cause=("order", order.pk),
                at=at,
            )
        publish("order.confirmed", {"order": order.pk}, at=at)


def freeze_order(order: Order, *, by: Any, at: datetime) -> None:
    """ "I never ordered this": from now on nothing of it is captured, claimed or paid until an officer has looked."""
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        if locked.frozen_by_buyer_at is None:
            locked.frozen_by_buyer_at = at
            locked.save(update_fields=["frozen_by_buyer_at"])
            publish("order.frozen", {"order": order.pk, "by": by.pk}, at=at)
    order.refresh_from_db()


# What happens by itself


def expire_orders(*, at: datetime, limit: int = SWEEP_LIMIT) -> int:
    """End orders that nobody answered (5 working days) or activated (end of the month of signing); points come back.

    Source: rules R4-4, R4-6. Returns how many were ended.
    """
    today = timezone.localdate(at)
    silent = Order.objects.filter(state=State.SIGNED, answer_by_date__lt=today)[:limit]
    late = Order.objects.filter(state=State.ACCEPTED, activate_by_date__lt=today)[:limit]
    return _end_each(silent, "vendor_silent", at=at) + _end_each(late, "return_1_month", at=at)


def _end_each(orders: Sequence[Order] | Any, reason: str, *, at: datetime) -> int:
    ended = 0
    for order in orders:
        try:
            _end(order, "expire", reason, by=None, at=at, note=reason)
        except Refused as refusal:  # somebody acted in the meantime: then it is not late any more
            if refusal.code != "wrong_state":
                raise
        else:
            ended += 1
    return ended


def accept_by_silence(*, at: datetime, limit: int = SWEEP_LIMIT) -> int:
    """Accept deliveries that the buyer neither accepted nor objected to within the days given. Returns how many."""
    today = timezone.localdate(at)
    waiting = Order.objects.filter(state=State.ACTIVATED, confirm_by_date__lt=today, frozen_by_buyer_at=None)[
        :limit
    ]
    accepted = 0
    for order in waiting:
        try:
            confirm_order(order, by=None, at=at)
        except Refused as refusal:
            if refusal.code not in ("wrong_state", "frozen"):
                raise
        else:
            accepted += 1
    return accepted

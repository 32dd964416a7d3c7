"""An order's life from choice to acceptance. Every verb is one transaction: the state, the ledger and the news move together.

Points: held when the buyer signs, given back when the order comes to nothing, captured when the buyer accepts.
Every verb locks the order first. What binds or pays stops at a frozen order; what gives points back does not.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.deadlines import (
    CONFIRM_DAYS,
    MEND_DAYS,
    answer_due,
    copay_due,
    days_of,
    end_of_month,
    last_day_of_term,
)
from marketplace.models.orders import Contract, Order, Signature
from marketplace.selectors.purchase import Offer, offer_for
from marketplace.services.contracts import draw_contract, freeze, is_of_today
from marketplace.services.notices import tell
from marketplace.services.signing import GivenSignature
from organisations.models.organisation import Organisation
from organisations.moves import move
from organisations.refusals import Refused
from organisations.roc import roc_year
from organisations.services.outbox import publish
from points.models.grants import Grant
from points.services import ledger
from vendors.models.solutions import Plan
from vendors.models.vendors import Vendor

State = Order.State
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is mistaken for another on the phone
BINDING = ("sign", "accept", "activate", "confirm")


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

    The same `form_token` again gives the same order. Raises: Refused with not_listed, self_dealing, draft_waiting,
    already_adopted, points_over_limit, as `offer_for` finds them.
    """
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=organisation.pk)  # one order after another
        known = organisation.orders.filter(form_token=form_token).first() if form_token else None
        if known is not None:
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
    except IntegrityError as error:  # the token of somebody else's page
        raise Refused(
            "page_is_stale", _("這一頁已經用過了，沒有成立訂單。"), remedy=_("請重新開方案頁再下單。")
        ) from error
    draw_contract(order, at=at)
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


def discard_order(order: Order, *, by: Any, at: datetime, note: str = "") -> None:
    """Put away a draft; nothing was held."""
    move(order, "discard", by=by, at=at, note=note)


def sign_order(order: Order, *, signature: GivenSignature, by: Any, at: datetime) -> None:
    """The buyer's acceptor signs: points are held, the vendor's days to answer begin.

    Raises: Refused as `offer_for` finds now, grant_over, contract_is_old, insufficient_points, wrong_state; nothing is
    kept of a refused signature.
    """
    with transaction.atomic():
        _lock(order, "sign")
        if order.state == State.DRAFT:
            _must_still_hold(order, at=at)
        day = timezone.localdate(at)
        facts: dict[str, Any] = {
            "signed_at": at,
            "answer_by_date": answer_due(day, order.grant),
            "activate_by_date": end_of_month(day),
            "copay_due_date": copay_due(day) if order.copay_twd else None,
        }
        move(order, "sign", by=by, at=at, **facts)
        _keep_signature(order, Signature.Party.BUYER, signature, by=by, at=at)
        if order.points:
            _hold(order, at=at)
        publish("order.signed", {"order": order.pk}, at=at)
        tell(order, "signed", at=at)


def _lock(order: Order, verb: str) -> None:
    """The row as it is now, nobody else's until the transaction ends."""
    Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    order.refresh_from_db()
    if order.frozen_by_buyer_at and verb in BINDING and order.state in Order.MOVES[verb][0]:
        raise _is_frozen()


def _is_frozen() -> Refused:
    return Refused("frozen", _("這筆訂單已凍結，等承辦人查明。"))


def _must_still_hold(order: Order, *, at: datetime) -> None:
    """What was true when the draft was written may have changed: listing, grant, the day on the contract."""
    offer = offer_for(order.organisation, order.plan, at=at, but=order)
    offer.must_be_possible()
    if order.points:
        if offer.no_points:
            raise offer.no_points[0]
        if order.grant is None or not _is_live(order.grant, at):
            raise Refused(
                "grant_over",
                _("這份合約要用的點數已經收回或到期。"),
                remedy=_("請收起這份草稿，重新下單。"),
            )
    if not is_of_today(order.contract, at=at):
        raise Refused(
            "contract_is_old",
            _("合約上的日期是前一天的，已換成今天的。"),
            remedy=_("請再看一次合約，重新簽署。"),
        )


def _is_live(grant: Grant, at: datetime) -> bool:
    return grant.state == Grant.State.LIVE and grant.use_by_date >= timezone.localdate(at)


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
    """The vendor's acceptor signs too; both now have a contract.

    Raises: Refused with wrong_state, frozen, too_late, vendor_not_active, same_person.
    """
    with transaction.atomic():
        _lock(order, "accept")
        if order.state == State.SIGNED:
            _must_be_in_time(order.answer_by_date, at, _("回覆期限已過，這筆訂單不能再接。"))
            _must_be_the_other_side(order, by)
        move(order, "accept", by=by, at=at, accepted_at=at)
        _keep_signature(order, Signature.Party.VENDOR, signature, by=by, at=at)
        publish("order.accepted", {"order": order.pk}, at=at)
        tell(order, "accepted", at=at)


def _must_be_in_time(last_day: Any, at: datetime, sentence: str) -> None:
    if last_day is not None and timezone.localdate(at) > last_day:
        raise Refused("too_late", sentence, remedy=_("點數會退回企業；企業可以重新下單。"))


def _must_be_the_other_side(order: Order, by: Any) -> None:
    if order.vendor.state != Vendor.State.ACTIVE:
        raise Refused("vendor_not_active", _("業者目前停權中，不能接單。"))
    if Signature.objects.filter(contract__order=order, signed_by=by).exists():
        raise Refused(
            "same_person",
            _("買方的簽署人不能代表業者再簽一次。"),
            remedy=_("請業者的另一位有權簽署的人處理。"),
        )


def refuse_order(order: Order, *, reason: str, by: Any, at: datetime) -> None:
    """The vendor says no, with a reason the buyer reads; points are free again at once."""
    if not reason.strip():
        raise Refused("reason_missing", _("請寫一句理由，企業會看到。"))
    end_order(order, "refuse", "vendor_refused", by=by, at=at, note=reason.strip())


def withdraw_order(order: Order, *, by: Any, at: datetime, reason: str = "") -> None:
    """The buyer steps back before the service starts; points are free again at once."""
    end_order(order, "withdraw", "buyer_withdrew", by=by, at=at, note=reason.strip())


def end_order(order: Order, verb: str, reason: str, *, by: Any, at: datetime, note: str = "") -> None:
    """An order comes to nothing: by `verb` (refuse, withdraw, expire), its hold released for `reason`.

    Raises: Refused("wrong_state").
    """
    with transaction.atomic():
        _lock(order, verb)
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
        tell(order, {"refuse": "refused", "withdraw": "withdrawn", "expire": "expired"}[verb], at=at)


def record_copay(order: Order, *, reference: str, by: Any, at: datetime) -> None:
    """The vendor says that the buyer's own share has arrived, with the receipt's or transfer's number.

    Raises: Refused with no_copay, reference_missing, wrong_state, frozen.
    """
    if not order.copay_twd:
        raise Refused("no_copay", _("這筆訂單沒有自付額。"))
    if not reference.strip():
        raise Refused("reference_missing", _("請填收據或匯款的號碼。"))
    with transaction.atomic():
        _lock(order, "copay")
        if order.state != State.ACCEPTED:
            raise Refused("wrong_state", _("只有接單後、開通前可以登記自付額。"))
        if order.frozen_by_buyer_at:
            raise _is_frozen()
        if order.copay_paid_at is None:
            order.copay_paid_at, order.copay_reference = at, reference.strip()[:60]
            order.save(update_fields=["copay_paid_at", "copay_reference"])
            order.moves.create(verb="copay", source=order.state, target=order.state, by=by, at=at)
            publish("order.copay_received", {"order": order.pk}, at=at)
            tell(order, "copay", at=at)


def activate_order(order: Order, *, url: str, note: str, by: Any, at: datetime) -> None:
    """The vendor has opened the service: where, and what to do first.

    Raises: Refused with wrong_state, frozen, too_late, and copay_unpaid: an account counts as opened only when the
    buyer's own share was paid (rule R4-7).
    """
    with transaction.atomic():
        _lock(order, "activate")
        if order.state == State.ACCEPTED:
            _must_be_in_time(order.activate_by_date, at, _("開通期限已過，這筆訂單不能再開通。"))
            _must_be_paid(order)
        day = timezone.localdate(at)
        move(
            order,
            "activate",
            by=by,
            at=at,
            activated_at=at,
            service_url=url,
            activation_note=note.strip(),
            confirm_by_date=day + timedelta(days=CONFIRM_DAYS),
            claimable_from=day + timedelta(days=days_of(order.grant, "use_days_before_claim")),
            service_ends_on=last_day_of_term(day, order.plan.months),
        )
        publish("order.activated", {"order": order.pk}, at=at)
        tell(order, "activated", at=at)


def _must_be_paid(order: Order) -> None:
    if order.copay_twd and order.copay_paid_at is None:
        raise Refused(
            "copay_unpaid",
            _("還沒登記收到自付額，不算啟用。"),
            remedy=_("收到款項後，先登記收據或匯款號碼，再啟用。"),
        )


def object_to_delivery(order: Order, *, reason: str, by: Any, at: datetime) -> None:
    """The buyer says that it does not work yet; nothing is captured until the vendor activates again (rule R4-8).

    The vendor has seven days to mend it, whatever the month says (clause of the contract).
    """
    if not reason.strip():
        raise Refused("reason_missing", _("請寫一句哪裡還不能用，業者會看到。"))
    with transaction.atomic():
        _lock(order, "object")
        mended_by = timezone.localdate(at) + timedelta(days=MEND_DAYS)
        facts = {
            "activated_at": None,
            "confirm_by_date": None,
            "claimable_from": None,
            "service_ends_on": None,
        }
        last_day = max(order.activate_by_date or mended_by, mended_by)
        move(order, "object", by=by, at=at, note=reason.strip(), activate_by_date=last_day, **facts)
        publish("order.objected", {"order": order.pk}, at=at)
        tell(order, "objected", at=at)


def confirm_order(order: Order, *, by: Any, at: datetime) -> None:
    """The buyer's acceptor accepts what was delivered: held points are captured and become claimable.

    Only a person does this; silence is no acceptance (rules R4-8, R4-10). Raises: Refused with wrong_state, frozen.
    """
    with transaction.atomic():
        _lock(order, "confirm")
        move(order, "confirm", by=by, at=at, confirmed_at=at)
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
        tell(order, "confirmed", at=at)


def freeze_order(order: Order, *, by: Any, at: datetime) -> None:
    """ "I never ordered this": from now on nothing of it is captured, claimed or paid until an officer has looked.

    Raises: Refused("wrong_state") for a draft, which binds nobody, and for an order that has ended. Twice is once.
    """
    with transaction.atomic():
        _lock(order, "freeze")
        if order.state not in (State.SIGNED, State.ACCEPTED, State.ACTIVATED, State.IN_USE):
            raise Refused("wrong_state", _("這筆訂單沒有在進行，不用凍結。"))
        if order.frozen_by_buyer_at is None:
            order.frozen_by_buyer_at = at
            order.save(update_fields=["frozen_by_buyer_at"])
            order.moves.create(verb="freeze", source=order.state, target=order.state, by=by, at=at)
            publish("order.frozen", {"order": order.pk, "by": by.pk}, at=at)
            tell(order, "frozen", at=at)

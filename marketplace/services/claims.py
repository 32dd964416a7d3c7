"""A claim's life: sent in, checked, decided by a second person, returned and answered, or ended. Payment is in `payouts`.

Points move with it: claimable → in claim when sent in, in claim → unclaimable for what is not approved, in claim →
claimable when a return stays unanswered (the vendor may claim again).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace import claim_rules
from marketplace.claim_notices import tell_of_claim
from marketplace.models.claims import Claim, ClaimAnswer, ClaimCheck, ClaimNote, Invoice
from marketplace.models.orders import Order
from marketplace.selectors.claim_facts import claim_case, newest_payment_check
from marketplace.selectors.claim_words import newest_checks
from marketplace.selectors.claimables import claimable, orders_to_claim
from marketplace.services.invoices import InvoiceDraft, check_invoices, invoice_used
from organisations.models.organisation import Organisation
from organisations.models.registry import RegistryCheck
from organisations.moves import move
from organisations.refusals import Refused
from organisations.roc import roc_date, roc_year
from organisations.selectors.access import membership_in
from organisations.services.nudges import nudge
from organisations.services.outbox import publish
from organisations.services.registry import answer_check, ask_registry
from points.models.ledger import Account, Transfer
from points.services import ledger

ANSWER_DAYS = 7
CHECK_TASK = "marketplace.check_claim"
FIRST_NUMBER = 100_000
State = Claim.State


def submit_claim(*, order: Order, invoices: Sequence[InvoiceDraft], by: Any, at: datetime) -> Claim:
    """Ask to be paid all points of the order that are claimable; the checks start by themselves.

    Raises: Refused with claim_exists, not_claimable (and what is missing), or as `check_invoices` and the ledger do.
    """
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        points = _claimable_points(order, at=at)
        check_invoices(order, invoices, at=at)
        claim = Claim.objects.create(
            number=f"~{uuid.uuid4().hex[:18]}",
            order=order,
            vendor=order.vendor,
            points=points,
            account_id=_in_claim_account(order),
            submitted_by=by,
            submitted_at=at,
        )
        claim.number = f"C{roc_year(timezone.localdate(at))}-{FIRST_NUMBER + claim.pk}"
        claim.save(update_fields=["number"])
        _keep_invoices(claim, invoices, at=at)
        _transfer(
            claim, Transfer.Operation.CLAIM, order.account_id, claim.account_id, points, reason="claim", at=at
        )
        publish("claim.submitted", {"claim": claim.pk, "points": points}, at=at)
        tell_of_claim(claim, "claimed", at=at)
        nudge(CHECK_TASK, queue="interactive", claim_id=claim.pk)
    return claim


def _claimable_points(order: Order, *, at: datetime) -> int:
    row = orders_to_claim().filter(pk=order.pk).first()
    if row is None:
        if Claim.objects.filter(order=order).exclude(state__in=[State.REJECTED, State.PAID]).exists():
            raise Refused(
                "claim_exists", _("這筆訂單已經有一筆請款在處理。"), remedy=_("請看原來那一筆的進度。")
            )
        raise Refused("not_claimable", _("這筆訂單還不能請款：企業還沒驗收，或沒有用點數。"))
    found = claimable(row, at=at)
    if not found.is_ready:
        raise Refused(
            "not_claimable",
            _("這筆訂單還不能請款：%(missing)s。")
            % {"missing": _("；").join(each.sentence for each in found.missing)},
            remedy=_("缺的補齊後再送；填好的發票沒有存。"),
        )
    return found.points


def _in_claim_account(order: Order) -> int:
    claimable_account = Account.objects.get(pk=order.account_id or 0)
    return ledger.open_account(
        Account.Kind.IN_CLAIM,
        budget_source_id=claimable_account.budget_source_id,
        grant_id=claimable_account.grant_id,
        order_id=order.pk,
        organisation_id=claimable_account.organisation_id,
        vendor_id=order.vendor_id,
    )


def _keep_invoices(claim: Claim, drafts: Sequence[InvoiceDraft], *, at: datetime) -> None:
    rows = [
        Invoice(
            order_id=claim.order_id,
            claim=claim,
            number=draft.number,
            period=draft.period,
            issued_on=draft.issued_on,
            seller_ubn=draft.seller_ubn,
            buyer_ubn=draft.buyer_ubn,
            amount_twd=draft.amount_twd,
            tax_twd=draft.tax_twd,
            entered_at=at,
        )
        for draft in drafts
    ]
    try:
        with transaction.atomic():
            Invoice.objects.bulk_create(rows)
    except IntegrityError as error:  # another claim took the number between our look and our write
        raise invoice_used(drafts[0].number) from error


# The platform's checks


def ask_registers(claim: Claim, *, at: datetime, anew: bool = False) -> bool:
    """Ask the registers about both sides; an answer of the last hour is good enough unless asked `anew`.

    Returns whether both have answered; while a register is down its check waits and is tried again.
    Note: asks outside, so never inside a transaction.
    """
    parties = (claim.order.organisation, claim.vendor.organisation)
    answered = [
        _ask_register(party, at=at, anew=anew) for party in parties
    ]  # both, even when the first is silent
    return all(answered)


def _ask_register(party: Organisation, *, at: datetime, anew: bool) -> bool:
    check = None if anew else newest_payment_check(party.ubn, at=at)
    if check is None:
        purpose = RegistryCheck.Purpose.PAYMENT
        check = ask_registry(ubn=party.ubn, purpose=purpose, by=None, at=at, organisation=party)
        check = answer_check(check, at=at)
    elif check.state == RegistryCheck.State.WAITING and (
        check.next_try_at is None or check.next_try_at <= at
    ):
        check = answer_check(check, at=at)
    return check.state != RegistryCheck.State.WAITING


def check_claim(claim: Claim, *, at: datetime) -> Claim:
    """Run every rule over the claim; approve it when it is of low risk and small, else hand it to the officers.

    Safe to run twice or by two workers: only the first one moves it. Nothing is asked outside in here.
    """
    answers = claim_rules.ask_all(claim_case(claim, at=at))
    with transaction.atomic():
        locked = _locked(claim)
        if locked.state != State.CHECKING:
            return locked
        _keep_checks(locked, answers, at=at)
        _route(locked, [answer for _rule, answer in answers], at=at)
    return locked


def recheck_claim(claim: Claim, *, by: Any, at: datetime) -> Claim:
    """Run the rules again for an officer, after a cause may be gone. The earlier run is kept.

    Raises: Refused("already_decided").
    """
    answers = claim_rules.ask_all(claim_case(claim, at=at))
    with transaction.atomic():
        locked = _to_decide(claim)
        _keep_checks(locked, answers, at=at)
    return locked


def _keep_checks(
    claim: Claim, answers: Sequence[tuple[claim_rules.Rule, claim_rules.Answer]], *, at: datetime
) -> None:
    ClaimCheck.objects.bulk_create(
        ClaimCheck(
            claim=claim,
            rule=rule.name,
            rule_version=rule.version,
            verdict=answer.verdict,
            outcome=answer.outcome,
            facts=answer.facts,
            risk=answer.risk,
            made_at=at,
        )
        for rule, answer in answers
    )
    claim.checked_at = at
    claim.risk = claim_rules.risk_of(answer for _rule, answer in answers)
    parts = [{"rule": rule.name, "risk": answer.risk} for rule, answer in answers if answer.risk]
    claim.risk_parts = sorted(parts, key=lambda part: -int(part["risk"]))
    claim.save(update_fields=["checked_at", "risk", "risk_parts"])


def _route(claim: Claim, answers: Sequence[claim_rules.Answer], *, at: datetime) -> None:
    zone = claim.order.grant.zone_version if claim.order.grant else None
    limit = zone.auto_claim_limit_points if zone else 0
    if claim_rules.is_for_officer(answers, points=claim.points, limit_points=limit):
        move(claim, "queue", by=None, at=at)
        return
    sampled = is_drawn(claim.number, zone.sampling_rate_bp if zone else 0)
    move(
        claim,
        "approve",
        by=None,
        at=at,
        approved_points=claim.points,
        decided_at=at,
        is_automatic=True,
        is_sampled=sampled,
    )
    publish("claim.decided", {"claim": claim.pk, "state": claim.state, "points": claim.points}, at=at)


def is_drawn(number: str, rate_bp: int) -> bool:
    """Whether an automatic approval is looked at afterwards. The number decides, so that anyone can draw it again."""
    return int.from_bytes(hashlib.sha256(number.encode()).digest()[:4], "big") % 10_000 < rate_bp


# The officer's decision


def approve_claim(
    claim: Claim,
    *,
    by: Any,
    at: datetime,
    points: int | None = None,
    reason: str = "",
    note: str = "",
    seen_move: int | None = None,
) -> Claim:
    """Approve all points or, with a reason, a part; the rest becomes unclaimable.

    Raises: Refused with own_claim, already_decided, changed_meanwhile, stop_stands, frozen, approve_amount, reason_missing.
    """
    with transaction.atomic():
        locked = _deciding(claim, by=by, seen_move=seen_move)
        granted = locked.points if points is None else points
        _check_approval(locked, granted, reason)
        _refuse_while_stopped(locked)
        move(
            locked,
            "approve",
            by=by,
            at=at,
            note=reason,
            approved_points=granted,
            decided_by=by,
            decided_at=at,
            reason=reason,
        )
        _make_unclaimable(locked, locked.points - granted, reason="partial", at=at)
        _keep_note(locked, note, by=by, at=at)
        publish("claim.decided", {"claim": locked.pk, "state": locked.state, "points": granted}, at=at)
    return locked


def return_claim(
    claim: Claim, *, reason: str, by: Any, at: datetime, note: str = "", seen_move: int | None = None
) -> Claim:
    """Ask the vendor to mend it within seven days; the clock stands still, the points stay in claim.

    Raises: Refused with own_claim, already_decided, changed_meanwhile, reason_missing.
    """
    with transaction.atomic():
        locked = _deciding(claim, by=by, seen_move=seen_move)
        _require_reason(reason)
        answer_by = timezone.localdate(at) + timedelta(days=ANSWER_DAYS)
        move(
            locked,
            "return",
            by=by,
            at=at,
            note=reason,
            reason=reason,
            clock_stopped_at=at,
            answer_by_date=answer_by,
        )
        _keep_note(locked, note, by=by, at=at)
        publish("claim.returned", {"claim": locked.pk}, at=at)
        tell_of_claim(locked, "returned", at=at, why=reason)
    return locked


def reject_claim(
    claim: Claim, *, reason: str, by: Any, at: datetime, note: str = "", seen_move: int | None = None
) -> Claim:
    """End the claim; its points become unclaimable, its invoices are free again.

    Raises: Refused with own_claim, already_decided, changed_meanwhile, reason_missing.
    """
    with transaction.atomic():
        locked = _deciding(claim, by=by, seen_move=seen_move)
        _require_reason(reason)
        move(locked, "reject", by=by, at=at, note=reason, reason=reason, decided_by=by, decided_at=at)
        _make_unclaimable(locked, locked.points, reason="rejected", at=at)
        tell_of_claim(locked, "rejected", at=at, why=reason)
        locked.invoices.filter(voided_at=None).update(voided_at=at)
        _keep_note(locked, note, by=by, at=at)
        publish("claim.decided", {"claim": locked.pk, "state": locked.state, "points": 0}, at=at)
    return locked


def look_at_sample(claim: Claim, *, by: Any, at: datetime, note: str = "") -> Claim:
    """Record that a person looked at an automatic approval that was drawn.

    Raises: Refused("not_sampled") when it was not drawn or somebody looked already.
    """
    with transaction.atomic():
        locked = _locked(claim)
        _refuse_own(locked, by)
        if not locked.is_sampled or locked.looked_at:
            raise Refused("not_sampled", _("這筆不在抽查清單裡，或已經有人看過。"))
        locked.looked_by, locked.looked_at = by, at
        locked.save(update_fields=["looked_by", "looked_at"])
        _keep_note(locked, note, by=by, at=at)
    return locked


def add_note(claim: Claim, *, text: str, by: Any, at: datetime) -> None:
    """Write something for colleagues. The vendor never sees it."""
    _keep_note(claim, text, by=by, at=at)


def _deciding(claim: Claim, *, by: Any, seen_move: int | None) -> Claim:
    locked = _to_decide(claim)
    _refuse_own(locked, by)
    newest = locked.moves.order_by("-pk").values_list("pk", flat=True).first()
    if seen_move is not None and newest != seen_move:
        raise Refused(
            "changed_meanwhile",
            _("您打開這一頁之後，這筆請款有變動；您的決定沒有送出。"),
            remedy=_("請重新整理，看過最新內容再決定。"),
        )
    return locked


def _to_decide(claim: Claim) -> Claim:
    """The locked row, still waiting for an officer. Two officers at once: the second reads who was first and what came of it."""
    locked = _locked(claim)
    if locked.state == State.OFFICER:
        return locked
    last = locked.moves.select_related("by").order_by("-pk").first()
    raise Refused(
        "already_decided",
        _("%(who)s已經處理這筆請款，現在是「%(state)s」；您的決定沒有送出。")
        % {"who": (last.by if last and last.by else _("系統")), "state": locked.get_state_display()},
        remedy=_("請重新整理，看最新的狀態。"),
    )


def _locked(claim: Claim) -> Claim:
    return (
        Claim.objects.select_for_update(of=("self",))
        .select_related("order__organisation", "order__grant__zone_version", "vendor__organisation")
        .get(pk=claim.pk)
    )


def _refuse_own(claim: Claim, by: Any) -> None:
    """Four eyes: not who sent it in, nor anybody who acts for the vendor or the buyer."""
    parties = (claim.vendor.organisation, claim.order.organisation)
    if by.pk == claim.submitted_by_id or any(membership_in(by, party) for party in parties):
        raise Refused(
            "own_claim",
            _("您是這筆請款的當事人，不能由您決定。"),
            remedy=_("請另一位同事處理。"),
        )


def _check_approval(claim: Claim, granted: int, reason: str) -> None:
    if not 0 < granted <= claim.points:
        raise Refused(
            "approve_amount",
            _("通過的點數要在1到%(points)s之間。") % {"points": f"{claim.points:,}"},
            remedy=_("一點都不給，請選「退件」。"),
        )
    if granted < claim.points:
        _require_reason(reason)
    if claim.order.frozen_by_buyer_at:
        raise Refused(
            "frozen",
            _("企業說沒有下這筆訂單，已凍結，不能通過。"),
            remedy=_("請先查明；凍結解除後再決定。"),
        )


def _refuse_while_stopped(claim: Claim) -> None:
    stops = [line for line in newest_checks(claim) if line.verdict == claim_rules.STOP]
    if stops:
        raise Refused(
            "stop_stands",
            _("「%(check)s」這項檢查不符，不能通過。") % {"check": stops[0].name},
            remedy=_("原因解決後按「重新檢查」，或退回補正、退件。"),
        )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(
            "reason_missing", _("還沒寫理由。"), remedy=_("請寫業者看得懂的理由：哪裡不對、怎麼補。")
        )


def _keep_note(claim: Claim, note: str, *, by: Any, at: datetime) -> None:
    if note.strip():
        ClaimNote.objects.create(claim=claim, text=note.strip(), by=by, at=at)


# The vendor's answer


def resubmit_claim(
    claim: Claim, *, invoices: Sequence[InvoiceDraft], answer: str, by: Any, at: datetime
) -> Claim:
    """Send a returned claim again with an answer and the invoices as they should be; the clock runs on.

    Raises: Refused with wrong_state, answer_missing, or as `check_invoices` does. The old invoices stay if it is refused.
    """
    with transaction.atomic():
        locked = _locked(claim)
        if not answer.strip():
            raise Refused("answer_missing", _("還沒寫怎麼補正。"), remedy=_("請用一兩句話說明改了什麼。"))
        locked.invoices.filter(voided_at=None).update(voided_at=at)
        check_invoices(locked.order, invoices, at=at)
        move(
            locked,
            "resubmit",
            by=by,
            at=at,
            stopped_seconds=stopped_seconds(locked, at=at),
            clock_stopped_at=None,
            answer_by_date=None,
        )
        _keep_invoices(locked, invoices, at=at)
        ClaimAnswer.objects.create(claim=locked, text=answer.strip(), by=by, at=at)
        publish("claim.submitted", {"claim": locked.pk, "points": locked.points}, at=at)
        nudge(CHECK_TASK, queue="interactive", claim_id=locked.pk)
    return locked


def stopped_seconds(claim: Claim, *, at: datetime) -> int:
    """How long the clock has stood still by `at`, all stops together."""
    standing = (at - claim.clock_stopped_at) if claim.clock_stopped_at else timedelta(0)
    return claim.stopped_seconds + max(int(standing.total_seconds()), 0)


def close_unanswered(*, at: datetime, limit: int = 500) -> int:
    """End returned claims whose days to answer are over; their points can be claimed again. Returns how many."""
    today = timezone.localdate(at)
    due = Claim.objects.filter(state=State.RETURNED, answer_by_date__lt=today).order_by("pk")
    return sum(_close_one(claim, today, at=at) for claim in due[:limit])


def _close_one(claim: Claim, today: Any, *, at: datetime) -> bool:
    with transaction.atomic():
        locked = _locked(claim)
        if locked.state != State.RETURNED or locked.answer_by_date is None or locked.answer_by_date >= today:
            return False
        reason = _("%(day)s前沒有補正。") % {
            "day": roc_date(locked.answer_by_date + timedelta(days=1), "short")
        }
        move(
            locked,
            "close",
            by=None,
            at=at,
            note=reason,
            decided_at=at,
            reason=f"{locked.reason}\n{reason}".strip(),
        )
        locked.invoices.filter(voided_at=None).update(voided_at=at)
        tell_of_claim(locked, "rejected", at=at, why=reason)
        back = locked.order.account_id
        _transfer(
            locked,
            Transfer.Operation.RETURN,
            locked.account_id,
            back,
            locked.points,
            reason="unanswered",
            at=at,
        )
        publish("claim.decided", {"claim": locked.pk, "state": locked.state, "points": 0}, at=at)
    return True


# Points


def _make_unclaimable(claim: Claim, points: int, *, reason: str, at: datetime) -> None:
    if points:
        source = Account.objects.values_list("budget_source_id", flat=True).get(pk=claim.account_id or 0)
        account = ledger.open_account(Account.Kind.UNCLAIMABLE, budget_source_id=source)
        _transfer(
            claim, Transfer.Operation.UNCLAIMABLE, claim.account_id, account, points, reason=reason, at=at
        )


def _transfer(
    claim: Claim,
    operation: str,
    debit: int | None,
    credit: int | None,
    points: int,
    *,
    reason: str,
    at: datetime,
) -> None:
    assert debit is not None
    assert credit is not None
    ledger.transfer(
        operation=operation,
        debit=debit,
        credit=credit,
        points=points,
        key=f"claim:{claim.pk}:{operation}",
        reason=reason,
        cause=("claim", claim.pk),
        at=at,
    )

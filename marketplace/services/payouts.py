"""Payout batches: made by one person, approved by another, sent to the bank as an ACH file, settled by its result file.

Nothing goes to the bank inside a transaction. Every step may be repeated: a sent batch is not sent again, a result
file that was read changes nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.claim_notices import tell_of_claim
from marketplace.models.claims import Claim, Payout, PayoutBatch
from marketplace.selectors.payouts import needs_new_account, payable_claims
from marketplace.services.claims import stopped_seconds
from organisations.models.organisation import require_bank_account
from organisations.moves import move
from organisations.refusals import Refused
from organisations.roc import roc_year
from organisations.services.nudges import nudge
from organisations.services.outbox import publish
from outside import ach, bank
from outside.http import OutsideAnswerBroken, OutsideDown
from points.models.ledger import Account, Transfer
from points.services import ledger
from vendors.models.vendors import Vendor

FIRST_NUMBER = 1_000
MOST_PAYOUTS = 2_000
SEND_TASK = "marketplace.send_batch"
State = PayoutBatch.State


def make_batch(*, by: Any, at: datetime, claim_ids: Sequence[int] | None = None) -> PayoutBatch:
    """Put approved claims (all, or the chosen ones) into one batch. A claim stands in one open batch at most.

    Raises: Refused("nothing_to_pay") when none of them can be paid now.
    """
    with transaction.atomic():
        claims = _lock_payable(claim_ids)
        if not claims:
            raise Refused(
                "nothing_to_pay",
                _("沒有可以撥款的請款：已經編入別的批次，或業者要先更正帳戶。"),
                remedy=_("請重新整理，看最新的清單。"),
            )
        batch = PayoutBatch.objects.create(number=f"~{uuid.uuid4().hex[:18]}", made_by=by, made_at=at)
        batch.number = f"P{roc_year(timezone.localdate(at))}-{FIRST_NUMBER + batch.pk}"
        batch.save(update_fields=["number"])
        for sequence, claim in enumerate(claims, start=1):
            _add(batch, sequence, claim, by=by, at=at)
    return batch


def _lock_payable(claim_ids: Sequence[int] | None) -> list[Claim]:
    chosen = payable_claims()
    if claim_ids is not None:
        chosen = chosen.filter(pk__in=claim_ids)
    # Two people batching at once: the second waits here, then sees that the rows have left the list.
    locked = payable_claims().filter(pk__in=list(chosen.values_list("pk", flat=True)[:MOST_PAYOUTS]))
    rows = list(locked.select_for_update(of=("self",)).order_by("pk"))
    return [claim for claim in rows if not needs_new_account(claim)]


def _add(batch: PayoutBatch, sequence: int, claim: Claim, *, by: Any, at: datetime) -> None:
    account = require_bank_account(claim.vendor.organisation)
    Payout.objects.create(
        claim=claim,
        batch=batch,
        sequence=sequence,
        bank_account=account,
        amount_twd=claim.approved_points or 0,
    )
    seconds = stopped_seconds(claim, at=at)
    move(claim, "batch", by=by, at=at, note=batch.number, stopped_seconds=seconds, clock_stopped_at=None)


def discard_batch(batch: PayoutBatch, *, reason: str, by: Any, at: datetime) -> PayoutBatch:
    """Take an unapproved batch apart; its claims wait for the next one.

    Raises: Refused with reason_missing, wrong_state.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("還沒寫理由。"), remedy=_("請寫為什麼取消這一批。"))
    with transaction.atomic():
        locked = _locked(batch)
        move(locked, "discard", by=by, at=at, note=reason)
        for payout in locked.payouts.select_related("claim").order_by("claim_id"):
            payout.state = Payout.State.WITHDRAWN
            payout.save(update_fields=["state"])
            move(payout.claim, "unbatch", by=by, at=at, note=reason)
    return locked


def approve_batch(batch: PayoutBatch, *, by: Any, at: datetime) -> PayoutBatch:
    """The second person's word: the file is made and fixed by its digest.

    Raises: Refused with own_batch, decided_inside, claim_stopped, wrong_state, file_refused.
    """
    with transaction.atomic():
        locked = _locked(batch)
        if locked.made_by_id == by.pk:
            raise Refused("own_batch", _("這一批是您編製的，不能自己核可。"), remedy=_("請另一位同事核可。"))
        payouts = list(_payouts(locked).select_for_update(of=("self",)))
        _refuse_if_decided_by(payouts, by)
        _refuse_if_stopped(payouts)
        content = _credit_file(payouts, at=at)
        digest = hashlib.sha256(content).hexdigest()
        day = timezone.localdate(at)
        move(
            locked,
            "approve",
            by=by,
            at=at,
            approved_by=by,
            file=content,
            file_sha256=digest,
            transfer_date=day,
        )
        nudge(SEND_TASK, queue="interactive", batch_id=locked.pk)
    return locked


def _refuse_if_decided_by(payouts: Sequence[Payout], by: Any) -> None:
    own = [payout.claim.number for payout in payouts if payout.claim.decided_by_id == by.pk]
    if own:
        raise Refused(
            "decided_inside",
            _("這一批裡的%(number)s是您審查通過的，要由另一位同事核可。") % {"number": own[0]},
            remedy=_("請財務同事核可。"),
        )


def _refuse_if_stopped(payouts: Sequence[Payout]) -> None:
    """What may have happened since the claim was approved: the buyer froze it, the vendor was suspended."""
    for payout in payouts:
        if payout.claim.order.frozen_by_buyer_at or payout.claim.vendor.state != Vendor.State.ACTIVE:
            raise Refused(
                "claim_stopped",
                _("%(number)s不能付款：企業說沒有下單，或業者停權中。") % {"number": payout.claim.number},
                remedy=_("請取消這一批，再編一次；不能付款的不會再編進來。"),
            )


def _credit_file(payouts: Sequence[Payout], *, at: datetime) -> bytes:
    header = ach.CreditHeader(
        processing_at=timezone.localtime(at),
        sending_bank=settings.PAYER_BANK_CODE,
        sending_account=settings.PAYER_ACCOUNT,
        sender_ubn=settings.PAYER_UBN,
    )
    try:
        return ach.build_credit_file(header, [_payment(payout) for payout in payouts])
    except ach.FileBroken as error:
        raise Refused(
            "file_refused",
            _("匯款檔第%(line)s筆做不出來，這一批沒有核可。") % {"line": error.line - 1},
            remedy=_("請看那一筆的帳戶資料；取消這一批，請業者更正帳戶後再編。"),
        ) from error


def _payment(payout: Payout) -> ach.Payment:
    return ach.Payment(
        sequence=payout.sequence,
        bank_code=payout.bank_account.bank_code,
        account=payout.bank_account.account_number,
        amount_twd=payout.amount_twd,
        receiver_id=payout.bank_account.organisation.ubn,
        reference=payout.claim.number,
        memo="雲市集",
    )


def send_batch(batch: PayoutBatch, *, at: datetime, by: Any = None) -> PayoutBatch:
    """Hand the file to the bank. The bank takes the same file once, so that asking again after a broken line is safe.

    Raises: Refused with not_approved, bank_down, bank_refused. The batch stays as it is and is tried again.
    """
    current = PayoutBatch.objects.get(pk=batch.pk)
    if current.state in (State.SENT, State.SETTLED):
        return current
    if current.state != State.APPROVED or current.file is None:
        raise Refused("not_approved", _("這一批還沒有核可，不能送銀行。"), remedy=_("請另一位同事先核可。"))
    receipt = _submit(current)
    with transaction.atomic():
        locked = _locked(current)
        if locked.state == State.APPROVED:
            move(locked, "send", by=by, at=at, note=receipt, receipt=receipt)
    return locked


def _submit(batch: PayoutBatch) -> str:
    assert batch.file is not None
    try:
        return bank.submit(bytes(batch.file), f"{batch.number}-{batch.file_sha256[:8]}").number
    except (OutsideDown, OutsideAnswerBroken) as error:
        raise bank_down() from error
    except bank.BankRefused as error:
        raise Refused(
            "bank_refused",
            _("銀行不收這個檔案：%(why)s") % {"why": "; ".join(error.errors)[:300]},
            remedy=_("檔案沒有付款。請聯絡系統管理。"),
        ) from error


def bank_down() -> Refused:
    """The bank does not answer."""
    return Refused(
        "bank_down",
        _("銀行系統沒有回應，批次保留原狀，沒有付款。"),
        remedy=_("平台每10分鐘自動再試；您也可以晚一點再按一次。"),
    )


def fetch_result(batch: PayoutBatch, *, at: datetime, by: Any = None) -> PayoutBatch:
    """Ask the bank for its answer; settle when there is one, else the batch stays sent.

    Raises: Refused with bank_down, or as `settle_batch` does.
    """
    current = PayoutBatch.objects.get(pk=batch.pk)
    if current.state != State.SENT:
        return current
    try:
        answer = bank.fetch_result(current.receipt)
    except (OutsideDown, OutsideAnswerBroken) as error:
        raise bank_down() from error
    return settle_batch(current, result_file=answer, at=at, by=by) if answer else current


def settle_batch(batch: PayoutBatch, *, result_file: bytes, at: datetime, by: Any = None) -> PayoutBatch:
    """Book the bank's answer: what arrived is paid in the ledger, what came back can be paid again later.

    The file is taken whole or not at all; a second one changes nothing.
    Raises: Refused with result_broken, result_mismatch, wrong_state.
    """
    results = _read_results(result_file)
    with transaction.atomic():
        locked = _locked(batch)
        if locked.state == State.SETTLED:
            return locked
        payouts = list(_payouts(locked).select_for_update(of=("self",)))
        _match(payouts, results)
        move(locked, "settle", by=by, at=at, result_file=result_file)
        for payout in sorted(payouts, key=lambda row: row.claim_id):
            _book(payout, results[payout.sequence], at=at)
        publish("batch.settled", {"batch": locked.pk}, at=at)
    return locked


def _read_results(content: bytes) -> dict[int, ach.Result]:
    try:
        return {result.sequence: result for result in ach.parse_result_file(content)}
    except ach.FileBroken as error:
        raise Refused(
            "result_broken",
            _("銀行的結果檔讀不懂（第%(line)s行），沒有更動任何請款。") % {"line": error.line},
            remedy=_("請向銀行重新索取結果檔。"),
        ) from error


def _match(payouts: Sequence[Payout], results: dict[int, ach.Result]) -> None:
    """Every payout once, for the amount and account that were sent."""
    asked = {
        payout.sequence: (payout.amount_twd, payout.bank_account.account_number.lstrip("0"))
        for payout in payouts
    }
    answered = {
        sequence: (result.amount_twd, result.account.lstrip("0")) for sequence, result in results.items()
    }
    if asked != answered:
        raise Refused(
            "result_mismatch",
            _("銀行的結果檔與這一批的筆數、金額或帳號不同，沒有更動任何請款。"),
            remedy=_("請向銀行確認是不是別批的檔案。"),
        )


def _book(payout: Payout, result: ach.Result, *, at: datetime) -> None:
    payout.state = Payout.State.PAID if result.is_paid else Payout.State.FAILED
    payout.bank_code, payout.settled_at = result.return_code, at
    payout.save(update_fields=["state", "bank_code", "settled_at"])
    claim = payout.claim
    if not result.is_paid:
        move(claim, "fail", by=None, at=at, note=result.return_code, clock_stopped_at=at)
        publish("claim.failed", {"claim": claim.pk}, at=at)
        tell_of_claim(claim, "pay_failed", at=at)
        return
    move(claim, "pay", by=None, at=at, paid_at=at)
    _pay(claim, payout.amount_twd, at=at)
    publish("claim.paid", {"claim": claim.pk, "points": payout.amount_twd}, at=at)
    tell_of_claim(claim, "paid", at=at, points=payout.amount_twd)


def _pay(claim: Claim, points: int, *, at: datetime) -> None:
    source = Account.objects.values_list("budget_source_id", flat=True).get(pk=claim.account_id or 0)
    assert claim.account_id is not None
    ledger.transfer(
        operation=Transfer.Operation.PAY,
        debit=claim.account_id,
        credit=ledger.open_account(Account.Kind.PAID, budget_source_id=source),
        points=points,
        key=f"claim:{claim.pk}:pay",
        reason="payout",
        cause=("claim", claim.pk),
        at=at,
    )


def _locked(batch: PayoutBatch) -> PayoutBatch:
    return PayoutBatch.objects.select_for_update().get(pk=batch.pk)


def _payouts(batch: PayoutBatch) -> Any:
    return batch.payouts.select_related(
        "claim__order", "claim__vendor", "bank_account__organisation"
    ).order_by("sequence")

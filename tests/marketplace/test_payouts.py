"""From approved claims to money in the account: batches, four eyes, the bank, its answer, and what the ledger says."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from marketplace.models.claims import Claim, Payout, PayoutBatch
from marketplace.models.orders import Order
from marketplace.selectors.claims import clock
from marketplace.selectors.payouts import needs_new_account, payable_claims, payout_figures
from marketplace.services import claims, payouts
from marketplace.tasks.claims import fetch_results, send_batch, send_missed_batches
from organisations.refusals import Refused
from outside import ach, demonstration
from points.models.ledger import Transfer
from tests.marketplace.claim_world import (
    AT,
    POINTS,
    Sale,
    a_claim,
    a_sale,
    an_account,
    finance,
    officer,
)
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db
State = PayoutBatch.State


def approved(sale: Sale | None = None) -> Claim:
    """A claim that an officer approved."""
    return claims.approve_claim(a_claim(sale), by=officer(), at=AT)


def a_batch(*chosen: Claim) -> PayoutBatch:
    """An open batch."""
    ids = [claim.pk for claim in chosen or (approved(),)]
    return payouts.make_batch(claim_ids=ids, by=officer(), at=AT)


def an_approved_batch(*chosen: Claim) -> PayoutBatch:
    return payouts.approve_batch(a_batch(*chosen), by=finance(), at=AT)


def a_sent_batch(*chosen: Claim) -> PayoutBatch:
    """A batch that is said to be at the bank, without one."""
    batch = an_approved_batch(*chosen)
    PayoutBatch.objects.filter(pk=batch.pk).update(state=State.SENT, receipt="B00000001")
    batch.refresh_from_db()
    return batch


def result_of(batch: PayoutBatch, **codes: str) -> bytes:
    """The bank's file; `codes` as s1="04"."""
    by_sequence = {f"{int(name[1:]):08}": code for name, code in codes.items()}
    return ach.build_result_file(bytes(batch.file or b""), by_sequence, previous_day=date(2026, 11, 19))


def refusal(code: str) -> Any:
    return pytest.raises(Refused, check=lambda problem: problem.code == code)


# Making


def test_a_batch_takes_approved_claims_only_and_each_once() -> None:
    first, second, waiting = approved(), approved(), a_claim()
    batch = a_batch(first, second, waiting)
    assert set(batch.payouts.values_list("claim_id", flat=True)) == {first.pk, second.pk}
    assert [payout.amount_twd for payout in batch.payouts.all()] == [POINTS, POINTS]
    with refusal("nothing_to_pay"):
        a_batch(first)
    waiting.refresh_from_db()
    assert waiting.state == Claim.State.OFFICER


def test_a_frozen_order_and_a_suspended_vendor_stay_out_of_batches() -> None:
    frozen, suspended = a_sale(), a_sale()
    one, other = approved(frozen), approved(suspended)
    Order.objects.filter(pk=frozen.order.pk).update(frozen_by_buyer_at=AT)
    suspended.vendor.state = "suspended"
    suspended.vendor.save()
    with refusal("nothing_to_pay"):
        a_batch(one, other)
    assert not payable_claims().exists()


def test_a_discarded_batch_gives_its_claims_back() -> None:
    claim = approved()
    batch = a_batch(claim)
    with refusal("reason_missing"):
        payouts.discard_batch(batch, reason=" ", by=finance(), at=AT)
    payouts.discard_batch(batch, reason="少一筆", by=finance(), at=AT)
    claim.refresh_from_db()
    assert claim.state == Claim.State.APPROVED
    assert a_batch(claim).payouts.count() == 1


# Four eyes


def test_who_made_a_batch_cannot_approve_it() -> None:
    person = finance()
    batch = payouts.make_batch(claim_ids=[approved().pk], by=person, at=AT)
    with refusal("own_batch"):
        payouts.approve_batch(batch, by=person, at=AT)
    assert payouts.approve_batch(batch, by=finance(), at=AT).state == State.APPROVED


def test_who_decided_a_claim_cannot_approve_the_batch_with_it() -> None:
    person = officer()
    claim = claims.approve_claim(a_claim(), by=person, at=AT)
    batch = a_batch(claim)
    with refusal("decided_inside"):
        payouts.approve_batch(batch, by=person, at=AT)


def test_the_database_itself_refuses_one_person_for_both() -> None:
    batch = a_batch()
    with pytest.raises(IntegrityError, match="batch_needs_a_second_person"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(approved_by=batch.made_by)
    with pytest.raises(IntegrityError, match="batch_beyond_open_is_approved"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(state=State.APPROVED)
    with pytest.raises(IntegrityError, match="sent_batch_has_file_and_receipt"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(state=State.SENT, approved_by=finance())


def test_a_freeze_after_batching_stops_the_approval() -> None:
    sale = a_sale()
    batch = a_batch(approved(sale))
    Order.objects.filter(pk=sale.order.pk).update(frozen_by_buyer_at=AT)
    with refusal("claim_stopped"):
        payouts.approve_batch(batch, by=finance(), at=AT)


# The file


def test_the_file_pays_each_vendor_its_points_in_whole_dollars(settings: Any) -> None:
    sale = a_sale()
    batch = an_approved_batch(approved(sale), approved())
    content = bytes(batch.file or b"")
    rows = [row for _line, row in ach.read_file(content, "ACHP01")]
    account = sale.vendor.organisation.bank_accounts.get()
    first = rows[0]
    assert (first["RBANK"], first["RCLNO"].lstrip("0"), int(first["AMT"]), first["PID"]) == (
        account.bank_code,
        account.account_number.lstrip("0"),
        POINTS,
        sale.vendor.organisation.ubn,
    )
    assert {row["PCLNO"].lstrip("0") for row in rows} == {settings.PAYER_ACCOUNT.lstrip("0")}
    assert batch.file_sha256 == hashlib.sha256(content).hexdigest()


def test_an_account_that_the_file_cannot_hold_is_refused_by_name() -> None:
    sale = a_sale()
    sale.vendor.organisation.bank_accounts.update(bank_code="004")
    batch = a_batch(approved(sale))
    with refusal("file_refused"):
        payouts.approve_batch(batch, by=finance(), at=AT)
    batch.refresh_from_db()
    assert (batch.state, batch.file) == (State.OPEN, None)


# The bank


def test_a_batch_goes_to_the_bank_and_comes_back_paid(sandbox: Sandbox) -> None:
    sale = a_sale()
    claim = approved(sale)
    batch = payouts.send_batch(an_approved_batch(claim), at=AT)
    assert batch.state == State.SENT
    assert payouts.fetch_result(batch, at=AT).state == State.SENT
    demonstration.settle_bank_file(batch.receipt)
    assert payouts.fetch_result(batch, at=AT + timedelta(days=4)).state == State.SETTLED
    claim.refresh_from_db()
    assert claim.state == Claim.State.PAID
    assert clock(claim, at=AT + timedelta(days=30)).day == 4
    assert sale.balances() == {"claimable": 0, "in_claim": 0, "paid": POINTS, "unclaimable": 0}


def test_sending_again_reaches_the_bank_with_one_file_only(sandbox: Sandbox) -> None:
    batch = an_approved_batch(approved())
    before = len(demonstration.bank_files())
    first = payouts.send_batch(batch, at=AT)
    PayoutBatch.objects.filter(pk=batch.pk).update(
        state=State.APPROVED, receipt=""
    )  # as if the answer had been lost
    second = payouts.send_batch(batch, at=AT)
    assert first.receipt == second.receipt
    assert len(demonstration.bank_files()) == before + 1
    assert payouts.send_batch(batch, at=AT).moves.filter(verb="send").count() == 2


def test_a_bank_that_is_down_leaves_the_batch_for_the_sweep(sandbox: Sandbox) -> None:
    batch = an_approved_batch(approved())
    sandbox.misbehave("bank", "500")
    with refusal("bank_down"):
        payouts.send_batch(batch, at=AT)
    send_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert batch.state == State.APPROVED
    sandbox.misbehave("bank", "off")
    _forget_open_circuits()
    batch.moves.filter(verb="approve").update(at=datetime.now(UTC) - timedelta(minutes=5))
    assert send_missed_batches() == 1
    batch.refresh_from_db()
    assert batch.state == State.SENT
    assert send_missed_batches() == 0


@pytest.mark.parametrize("mode", ["500", "garbage", "empty", "truncated"])
def test_a_bad_answer_of_the_bank_changes_nothing(sandbox: Sandbox, mode: str) -> None:
    sale = a_sale()
    batch = payouts.send_batch(an_approved_batch(approved(sale)), at=AT)
    demonstration.settle_bank_file(batch.receipt)
    sandbox.misbehave("bank", mode)
    try:
        payouts.fetch_result(batch, at=AT)
    except Refused as problem:
        assert problem.code in ("bank_down", "result_broken")  # noqa: PT017 - some faults still let the file through
    else:
        batch.refresh_from_db()
        assert batch.state == State.SENT
    assert sale.balances()["in_claim"] == POINTS
    sandbox.misbehave("bank", "off")
    _forget_open_circuits()
    assert fetch_results() == 1
    assert sale.balances()["paid"] == POINTS


def _forget_open_circuits() -> None:
    from django.core.cache import cache  # noqa: PLC0415

    cache.clear()


def test_a_batch_that_nobody_approved_is_not_sent() -> None:
    with refusal("not_approved"):
        payouts.send_batch(a_batch(), at=AT)


# The answer


def test_a_failed_transfer_waits_for_another_account_and_is_then_paid() -> None:
    sale = a_sale()
    claim = approved(sale)
    batch = a_sent_batch(claim)
    payouts.settle_batch(batch, result_file=result_of(batch, s1="04"), at=AT + timedelta(days=2))
    claim.refresh_from_db()
    assert claim.state == Claim.State.FAILED
    assert sale.balances()["in_claim"] == POINTS
    assert needs_new_account(claim)
    assert clock(claim, at=AT + timedelta(days=6)).state == "stopped"
    with refusal("nothing_to_pay"):
        a_batch(claim)
    an_account(sale.vendor.organisation, since=AT + timedelta(days=3))
    again = payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT + timedelta(days=5))
    claim.refresh_from_db()
    assert clock(claim, at=AT + timedelta(days=5)).day == 2
    payouts.approve_batch(again, by=finance(), at=AT)
    PayoutBatch.objects.filter(pk=again.pk).update(state=State.SENT, receipt="B00000002")
    again.refresh_from_db()
    payouts.settle_batch(again, result_file=result_of(again), at=AT + timedelta(days=6))
    assert sale.balances()["paid"] == POINTS
    assert Payout.objects.filter(claim=claim).count() == 2


def test_a_fault_that_is_not_the_accounts_can_be_tried_again_at_once() -> None:
    claim = approved()
    batch = a_sent_batch(claim)
    payouts.settle_batch(batch, result_file=result_of(batch, s1="98"), at=AT)
    claim.refresh_from_db()
    assert not needs_new_account(claim)
    assert a_batch(claim).payouts.count() == 1


def test_one_failure_does_not_hold_up_the_others() -> None:
    good, bad = a_sale(), a_sale()
    batch = a_sent_batch(approved(good), approved(bad))
    payouts.settle_batch(batch, result_file=result_of(batch, s2="22"), at=AT)
    assert good.balances()["paid"] == POINTS
    assert bad.balances()["in_claim"] == POINTS
    assert payout_figures().failed == 1


def test_the_same_result_twice_is_booked_once() -> None:
    sale = a_sale()
    batch = a_sent_batch(approved(sale))
    answer = result_of(batch)
    payouts.settle_batch(batch, result_file=answer, at=AT)
    payouts.settle_batch(batch, result_file=answer, at=AT + timedelta(days=1))
    payouts.settle_batch(batch, result_file=result_of(batch, s1="04"), at=AT + timedelta(days=1))
    assert Transfer.objects.filter(operation="pay").count() == 1
    assert batch.moves.filter(verb="settle").count() == 1
    assert Claim.objects.get().state == Claim.State.PAID


def test_a_result_of_another_batch_is_refused_whole() -> None:
    sale = a_sale()
    batch, other = a_sent_batch(approved(sale)), a_sent_batch(approved(), approved())
    with refusal("result_mismatch"):
        payouts.settle_batch(batch, result_file=result_of(other), at=AT)
    batch.refresh_from_db()
    assert (batch.state, sale.balances()["in_claim"]) == (State.SENT, POINTS)


@pytest.mark.parametrize("content", [b"", b"BOF", b"garbage\r\n" * 3, b"\x00" * 252 + b"\r\n"])
def test_a_result_that_is_no_file_is_refused(content: bytes) -> None:
    with refusal("result_broken"):
        payouts.settle_batch(a_sent_batch(approved()), result_file=content, at=AT)


def test_a_changed_amount_in_the_result_is_refused() -> None:
    batch = a_sent_batch(approved())
    forged = result_of(batch).replace(f"{POINTS:010}".encode(), f"{POINTS + 1:010}".encode())
    forged = forged.replace(f"{POINTS:016}".encode(), f"{POINTS + 1:016}".encode())
    with pytest.raises(Refused) as no:
        payouts.settle_batch(batch, result_file=forged, at=AT)
    assert no.value.code in ("result_mismatch", "result_broken")


def test_a_partly_approved_claim_is_paid_its_part() -> None:
    sale = a_sale()
    claim = claims.approve_claim(a_claim(sale), points=9_000, reason="只用了8個月", by=officer(), at=AT)
    batch = a_sent_batch(claim)
    payouts.settle_batch(batch, result_file=result_of(batch), at=AT)
    assert sale.balances() == {"claimable": 0, "in_claim": 0, "paid": 9_000, "unclaimable": POINTS - 9_000}


# Every state and verb

VERBS = {
    "approve": {State.OPEN},
    "discard": {State.OPEN},
    "settle": {State.SENT, State.SETTLED},
    "send": {State.APPROVED, State.SENT, State.SETTLED},
}


def batch_in(state: str) -> PayoutBatch:
    """A batch that was led to a state by its own verbs."""
    if state == State.OPEN:
        return a_batch()
    if state == State.DISCARDED:
        return payouts.discard_batch(a_batch(), reason="x", by=officer(), at=AT)
    if state == State.APPROVED:
        return an_approved_batch()
    batch = a_sent_batch(approved())
    if state == State.SETTLED:
        return payouts.settle_batch(batch, result_file=result_of(batch), at=AT)
    return batch


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", State.values)
def test_a_batch_verb_works_in_its_states_and_is_refused_in_all_others(
    sandbox: Sandbox, state: str, verb: str
) -> None:
    batch = batch_in(state)
    if batch.file is None:
        model = a_sent_batch(approved())
        answer = result_of(model)
    else:
        answer = result_of(batch)
    acts = {
        "approve": lambda: payouts.approve_batch(batch, by=finance(), at=AT),
        "discard": lambda: payouts.discard_batch(batch, reason="x", by=officer(), at=AT),
        "settle": lambda: payouts.settle_batch(batch, result_file=answer, at=AT),
        "send": lambda: payouts.send_batch(batch, at=AT),
    }
    if state in VERBS[verb]:
        acts[verb]()
        return
    with pytest.raises(Refused):
        acts[verb]()
    batch.refresh_from_db()
    assert batch.state == state

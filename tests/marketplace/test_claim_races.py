"""Two people at once: one effect, one clear sentence for the other. Each with a control that fails without the lock."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError

from marketplace.models.claims import Claim, Payout, PayoutBatch
from marketplace.models.orders import Order
from marketplace.services import claims, payouts
from organisations.refusals import Refused
from outside import ach
from points.models.ledger import Transfer
from tests.marketplace.claim_world import AT, POINTS, a_claim, a_sale, an_invoice, finance, officer
from tests.points.ledger_world import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 6


def codes(answers: list[Any]) -> Counter[str]:
    """How often each refusal came; anything unexpected is raised."""
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, Refused):
            raise answer
    return Counter(answer.code if isinstance(answer, Refused) else "done" for answer in answers)


def unlocked(monkeypatch: pytest.MonkeyPatch, model: Any) -> None:
    """Take the row lock away, and leave time for the others between looking and writing."""
    monkeypatch.setattr(type(model.objects.all()), "select_for_update", lambda self, **_options: self)
    real = claims.check_invoices

    def slow(*args: Any, **facts: Any) -> None:
        real(*args, **facts)
        time.sleep(0.2)

    monkeypatch.setattr(claims, "check_invoices", slow)


def test_an_order_claimed_many_times_at_once_is_claimed_once() -> None:
    sale = a_sale()
    drafts = [an_invoice(sale) for _client in range(CLIENTS)]
    answers = at_once(
        CLIENTS, lambda n: claims.submit_claim(order=sale.order, invoices=[drafts[n]], by=sale.seller, at=AT)
    )
    assert codes(answers) == {"done": 1, "claim_exists": CLIENTS - 1}
    assert sale.balances() == {"claimable": 0, "in_claim": POINTS, "paid": 0, "unclaimable": 0}


def test_without_the_orders_lock_somebody_reads_a_database_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the constraint still holds, but the sentence is gone."""
    sale = a_sale()
    drafts = [an_invoice(sale) for _client in range(CLIENTS)]
    unlocked(monkeypatch, Order)
    answers = at_once(
        CLIENTS, lambda n: claims.submit_claim(order=sale.order, invoices=[drafts[n]], by=sale.seller, at=AT)
    )
    assert any(isinstance(answer, IntegrityError) for answer in answers)
    assert Claim.objects.count() == 1


def test_one_invoice_on_two_orders_at_once_is_used_once() -> None:
    sales = [a_sale() for _client in range(CLIENTS)]
    answers = at_once(
        CLIENTS,
        lambda n: claims.submit_claim(
            order=sales[n].order,
            invoices=[an_invoice(sales[n], number="AA12345678")],
            by=sales[n].seller,
            at=AT,
        ),
    )
    assert codes(answers) == {"done": 1, "invoice_used": CLIENTS - 1}
    assert sum(sale.balances()["in_claim"] for sale in sales) == POINTS


def test_two_officers_at_once_decide_once_and_the_other_reads_who_did() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    people = [officer(f"承辦{n}") for n in range(CLIENTS)]

    def decide(n: int) -> Any:
        if n % 2:
            return claims.reject_claim(claim, reason="x", by=people[n], at=AT)
        return claims.approve_claim(claim, points=9_000, reason="x", by=people[n], at=AT)

    answers = at_once(CLIENTS, decide)
    assert codes(answers) == {"done": 1, "already_decided": CLIENTS - 1}
    loser = next(answer for answer in answers if isinstance(answer, Refused))
    winner = claim.moves.latest("pk").by
    assert str(winner) in str(loser.sentence)
    assert sum(sale.balances().values()) == POINTS


def test_two_officers_both_get_through_when_the_row_is_not_locked() -> None:
    """The control: looking first and writing afterwards, as one would without `move`."""
    claim = a_claim()
    done = []

    def decide(n: int) -> None:
        if Claim.objects.get(pk=claim.pk).state == Claim.State.OFFICER:
            time.sleep(0.2)
            done.append(n)

    at_once(CLIENTS, decide)
    assert len(done) > 1


def test_two_batches_at_once_share_no_claim() -> None:
    ids = [claims.approve_claim(a_claim(), by=officer(), at=AT).pk for _n in range(3)]
    people = [officer() for _client in range(CLIENTS)]
    answers = at_once(CLIENTS, lambda n: payouts.make_batch(claim_ids=ids, by=people[n], at=AT))
    assert codes(answers) == {"done": 1, "nothing_to_pay": CLIENTS - 1}
    assert sorted(Payout.objects.values_list("claim_id", flat=True)) == sorted(ids)
    assert PayoutBatch.objects.count() == 1


def test_two_batches_collide_when_the_claims_are_not_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the lock the second meets the constraint instead of an empty list."""
    ids = [claims.approve_claim(a_claim(), by=officer(), at=AT).pk for _n in range(3)]
    people = [officer() for _client in range(CLIENTS)]
    real = payouts._lock_payable

    def slow(claim_ids: Any) -> Any:
        rows = real(claim_ids)
        time.sleep(0.3)
        return rows

    monkeypatch.setattr(payouts, "_lock_payable", slow)
    monkeypatch.setattr(type(Claim.objects.all()), "select_for_update", lambda self, **_options: self)
    answers = at_once(CLIENTS, lambda n: payouts.make_batch(claim_ids=ids, by=people[n], at=AT))
    problems = [each for each in answers if isinstance(each, Exception)]
    assert any(isinstance(each, IntegrityError) for each in problems)


def test_a_batch_approved_by_two_at_once_is_approved_once() -> None:
    claim = claims.approve_claim(a_claim(), by=officer(), at=AT)
    batch = payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT)
    people = [finance() for _client in range(CLIENTS)]
    answers = at_once(CLIENTS, lambda n: payouts.approve_batch(batch, by=people[n], at=AT))
    assert codes(answers) == {"done": 1, "wrong_state": CLIENTS - 1}
    assert batch.moves.filter(verb="approve").count() == 1


def test_a_result_settled_many_times_at_once_pays_once() -> None:
    sale = a_sale()
    claim = claims.approve_claim(a_claim(sale), by=officer(), at=AT)
    batch = payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT)
    payouts.approve_batch(batch, by=finance(), at=AT)
    PayoutBatch.objects.filter(pk=batch.pk).update(state="sent", receipt="B1")
    batch.refresh_from_db()
    answer = ach.build_result_file(bytes(batch.file or b""), {}, previous_day=date(2026, 11, 19))
    answers = at_once(CLIENTS, lambda _n: payouts.settle_batch(batch, result_file=answer, at=AT))
    assert codes(answers) == {"done": CLIENTS}
    assert Transfer.objects.filter(operation="pay").count() == 1
    assert batch.moves.filter(verb="settle").count() == 1
    assert sale.balances() == {"claimable": 0, "in_claim": 0, "paid": POINTS, "unclaimable": 0}


def test_a_claim_checked_by_many_workers_at_once_is_routed_once() -> None:
    claim = a_claim(auto_limit=POINTS, checked=False)
    answers = at_once(CLIENTS, lambda _n: claims.check_claim(claim, at=AT))
    assert codes(answers) == {"done": CLIENTS}
    assert claim.moves.count() == 1
    assert claim.checks.values("rule").distinct().count() == claim.checks.count()

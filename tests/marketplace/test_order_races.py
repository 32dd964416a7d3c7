"""Two people at once: one effect, one clear sentence for the other. Each with a control that shows what the guard is for."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from typing import Any

import pytest

from marketplace.models.orders import Order, OrderMove
from marketplace.services import orders as verbs
from organisations.models.organisation import Organisation
from organisations.refusals import Refused
from points.models.ledger import Transfer
from points.services import ledger
from tests.marketplace.claim_world import AT, PRICE, a_plan, a_vendor
from tests.marketplace.order_world import GRANTED, HALF, a_market, a_signature
from tests.points.ledger_world import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 4


def codes(answers: list[Any]) -> Counter[str]:
    """How often each refusal came; anything unexpected is raised."""
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, Refused):
            raise answer
    return Counter(answer.code if isinstance(answer, Refused) else "done" for answer in answers)


def without_lock(monkeypatch: pytest.MonkeyPatch, model: Any) -> None:
    """The rows of a model are no longer locked, and a transaction takes a moment before it ends."""
    monkeypatch.setattr(type(model.objects.all()), "select_for_update", lambda self, **_options: self)
    real = verbs.publish

    def slow(*args: Any, **facts: Any) -> Any:
        time.sleep(0.3)
        return real(*args, **facts)

    monkeypatch.setattr(verbs, "publish", slow)


def test_two_orders_signed_at_once_on_one_grant_hold_its_points_once() -> None:
    market = a_market(granted=HALF)
    orders = [market.draft(plan=a_plan(a_vendor(), PRICE)) for _client in range(CLIENTS)]
    answers = at_once(
        CLIENTS, lambda n: verbs.sign_order(orders[n], signature=a_signature(), by=market.boss, at=AT)
    )
    assert codes(answers) == {"done": 1, "insufficient_points": CLIENTS - 1}
    assert market.balances(Order.objects.get(state=Order.State.SIGNED)) == (0, HALF, 0)
    states = Counter(Order.objects.values_list("state", flat=True))
    assert states == {Order.State.SIGNED: 1, Order.State.DRAFT: CLIENTS - 1}


def test_looking_at_the_balance_first_would_let_them_all_through() -> None:
    """The control: what the ledger's own lock is for."""
    market = a_market(granted=HALF)
    looked = threading.Barrier(CLIENTS)

    def look(_n: int) -> bool:
        enough = ledger.balance(market.grant.account_id).available >= HALF
        looked.wait()
        return enough

    assert at_once(CLIENTS, look) == [True] * CLIENTS


def test_a_double_click_is_one_order() -> None:
    market, token = a_market(), str(uuid.uuid4())
    answers = at_once(CLIENTS, lambda _n: market.draft(form_token=token))
    assert codes(answers) == {"done": CLIENTS}
    assert len({answer.number for answer in answers}) == 1
    assert Order.objects.count() == 1


def test_a_double_click_reads_an_error_when_the_buyer_is_not_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    market, token = a_market(), str(uuid.uuid4())
    monkeypatch.setattr(type(Organisation.objects.all()), "select_for_update", lambda self, **_options: self)
    real = verbs.offer_for

    def slow(*args: Any, **facts: Any) -> Any:
        offer = real(*args, **facts)
        time.sleep(0.3)
        return offer

    monkeypatch.setattr(verbs, "offer_for", slow)
    answers = at_once(CLIENTS, lambda _n: market.draft(form_token=token))
    assert codes(answers)["page_is_stale"] == CLIENTS - 1
    assert Order.objects.count() == 1


def test_two_windows_make_one_contract_for_one_product() -> None:
    market = a_market()
    answers = at_once(CLIENTS, lambda _n: market.draft(form_token=str(uuid.uuid4())))
    assert codes(answers) == {"done": 1, "draft_waiting": CLIENTS - 1}


def decide(market: Any, order: Order, n: int) -> None:
    own = Order.objects.get(pk=order.pk)
    if n % 2:
        verbs.refuse_order(own, reason="x", by=market.seller, at=AT)
    else:
        verbs.accept_order(own, signature=a_signature(), by=market.seller, at=AT)


def test_accepting_and_refusing_at_once_is_one_or_the_other() -> None:
    market = a_market()
    order = market.signed()
    answers = at_once(CLIENTS, lambda n: decide(market, order, n))
    assert codes(answers) == {"done": 1, "wrong_state": CLIENTS - 1}
    order.refresh_from_db()
    free = {Order.State.ACCEPTED: (GRANTED - HALF, HALF, 0), Order.State.REFUSED: (GRANTED, 0, 0)}
    assert market.balances(order) == free[Order.State(order.state)]


def test_without_the_orders_lock_it_is_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: accepted by the one and refused by the other, points given back under a contract."""
    market = a_market()
    order = market.signed()
    without_lock(monkeypatch, Order)
    answers = at_once(2, lambda n: decide(market, order, n))
    assert codes(answers) == {"done": 2}
    assert Counter(OrderMove.objects.filter(order=order).values_list("source", flat=True))["signed"] == 2


def confirm(market: Any, order: Order) -> None:
    verbs.confirm_order(Order.objects.get(pk=order.pk), by=market.boss, at=AT)


def test_confirming_twice_at_once_captures_once() -> None:
    market = a_market()
    order = market.activated()
    answers = at_once(CLIENTS, lambda _n: confirm(market, order))
    assert codes(answers) == {"done": 1, "wrong_state": CLIENTS - 1}
    order.refresh_from_db()
    assert market.balances(order) == (GRANTED - HALF, 0, HALF)
    assert Transfer.objects.filter(operation="capture", cause_id=order.pk).count() == 1
    assert order.moves.filter(verb="confirm").count() == 1


def test_without_the_orders_lock_it_is_confirmed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control; the ledger's key still captures once."""
    market = a_market()
    order = market.activated()
    without_lock(monkeypatch, Order)
    assert codes(at_once(2, lambda _n: confirm(market, order))) == {"done": 2}
    assert order.moves.filter(verb="confirm").count() == 2
    assert market.balances(order) == (GRANTED - HALF, 0, HALF)


def test_withdrawing_and_accepting_at_once_leaves_one_truth() -> None:
    market = a_market()
    order = market.signed()

    def act(n: int) -> None:
        own = Order.objects.get(pk=order.pk)
        if n % 2:
            verbs.withdraw_order(own, by=market.boss, at=AT)
        else:
            verbs.accept_order(own, signature=a_signature(), by=market.seller, at=AT)

    answers = codes(at_once(2, act))
    order.refresh_from_db()
    free, held, _claimable = market.balances(order)
    assert free + held == GRANTED
    if order.state == Order.State.CANCELLED:  # withdrawn last is fine too: an accepted order may be withdrawn
        assert (answers["done"] in (1, 2), held) == (True, 0)
    else:
        assert (order.state, answers["done"], held) == (Order.State.ACCEPTED, 1, HALF)

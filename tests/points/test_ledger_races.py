"""Many at once: nothing is given out twice, nothing beyond what there is, and nobody is refused while there is enough."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection

from organisations.refusals import Refused
from points.models.ledger import Account, Hold, Transfer
from points.services import ledger
from tests.points.ledger_world import AT, CAUSE, at_once, hold, new_budget, new_grant_account, new_purchase

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 16

UNGUARDED = """
ALTER TABLE points_account DROP CONSTRAINT account_never_overdrawn;
CREATE FUNCTION grant_without_guard(p_budget bigint, p_points bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF (SELECT posted_credit - posted_debit FROM points_account WHERE id = p_budget) < p_points THEN RETURN false; END IF;
  PERFORM pg_sleep(0.05);  -- long enough that others look before it writes
  UPDATE points_account SET posted_debit = posted_debit + p_points WHERE id = p_budget;
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION grant_without_guard TO PUBLIC;
"""


def codes(answers: list[Any]) -> Counter[str]:
    """How often each refusal came; anything unexpected is raised."""
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, Refused):
            raise answer
    return Counter(answer.code if isinstance(answer, Refused) else "done" for answer in answers)


def storm(budget: int, accounts: list[int], asks: int) -> int:
    """Points granted when every client asks `asks` times for 7 points, each for an account of its own."""

    def client(number: int) -> int:
        granted = 0
        for ask in range(asks):
            try:
                ledger.grant(
                    budget_account_id=budget,
                    account_id=accounts[number],
                    points=7,
                    key=f"{number}:{ask}",
                    reason="storm",
                    cause=CAUSE,
                    at=AT,
                )
                granted += 7
            except Refused as no:
                assert no.code == "insufficient_points"  # noqa: PT017 - some succeed
        return granted

    answers = at_once(CLIENTS, client)
    assert all(isinstance(answer, int) for answer in answers), answers
    return sum(answer for answer in answers if isinstance(answer, int))


@pytest.mark.parametrize("points", [7 * 500, 7 * 500 + 3])
def test_a_storm_of_grants_spends_the_budget_exactly(points: int) -> None:
    """Most asks come when the buckets are nearly dry, where grants lock all of them; nobody may wait in a circle."""
    budget, source = new_budget(points)
    accounts = [new_grant_account(source) for _client in range(CLIENTS)]
    assert storm(budget, accounts, asks=50) == 7 * 500
    assert ledger.balance(budget).available == points - 7 * 500
    assert sum(ledger.balance(account).available for account in accounts) == 7 * 500


def test_the_same_storm_overspends_when_the_guard_is_taken_away(owner_connection: Any) -> None:
    """The control: if this did not overspend, the test above would prove nothing."""
    with owner_connection, owner_connection.cursor() as cursor:
        cursor.execute(UNGUARDED)
    budget, _source = new_budget(7 * 20, buckets=1)

    def client(_number: int) -> int:
        granted = 0
        for _ask in range(20):
            with connection.cursor() as cursor:
                cursor.execute("SELECT grant_without_guard(%s, 7)", [budget])
                granted += 7 * bool(cursor.fetchone()[0])
        return granted

    answers = at_once(CLIENTS, client)
    assert sum(answer for answer in answers if isinstance(answer, int)) > 7 * 20
    assert ledger.balance(budget).available < 0


def test_nobody_is_refused_near_the_end_while_there_is_enough() -> None:
    """Sixteen ask for exactly what is left, which lies in pieces too small for one of them."""
    budget, source = new_budget(CLIENTS * 1_000)
    accounts = [new_grant_account(source) for _client in range(CLIENTS)]
    ledger.grant(
        budget_account_id=budget,
        account_id=accounts[0],
        points=300,
        key="odd",
        reason="x",
        cause=CAUSE,
        at=AT,
    )
    ledger.appropriate(budget_account_id=budget, points=300, key="even", reason="x", cause=CAUSE, at=AT)

    def client(number: int) -> int:
        return ledger.grant(
            budget_account_id=budget,
            account_id=accounts[number],
            points=1_000,
            key=f"n{number}",
            reason="x",
            cause=CAUSE,
            at=AT,
        )

    assert codes(at_once(CLIENTS, client)) == {"done": CLIENTS}
    assert ledger.balance(budget).available == 0


def test_two_orders_cannot_hold_the_same_points() -> None:
    purchase = new_purchase(30_000)
    answers = at_once(8, lambda number: hold(purchase, 20_000, f"order{number}"))
    assert codes(answers) == {"done": 1, "insufficient_points": 7}
    assert ledger.balance(purchase.grant).pending_debit == 20_000


def test_capture_and_release_at_once_share_one_hold() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 10_000, "h")

    def client(number: int) -> int:
        verb = ledger.capture if number % 2 else ledger.release
        return verb(hold_id=held, points=10_000, key=f"s{number}", reason="x", cause=CAUSE, at=AT)

    assert codes(at_once(8, client)) == {"done": 1, "hold_exceeded": 7}
    assert Hold.objects.get(pk=held).left == 0


def test_lapse_and_hold_at_once_share_the_same_points() -> None:
    purchase = new_purchase(30_000)

    def client(number: int) -> Any:
        if number % 2:
            return hold(purchase, 30_000, f"h{number}")
        lines = [ledger.Lapsing(purchase.grant, f"l{number}", 1)]
        return ledger.lapse_many(lapsing=lines, reason="return_3_months", cause_type="test", at=AT)

    at_once(8, client)
    balance = ledger.balance(purchase.grant)
    assert (balance.posted_debit, balance.pending_debit) in {(30_000, 0), (0, 30_000)}


@pytest.mark.parametrize(
    "verb", ["hold", "capture", "release", "transfer", "grant", "appropriate", "lapse_many", "grant_many"]
)
def test_the_same_key_sixteen_times_at_once_has_one_effect(verb: str) -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 10_000, "h0")
    ledger.capture(hold_id=held, points=2_000, key="c0", reason="x", cause=CAUSE, at=AT)
    ledger.appropriate(
        budget_account_id=purchase.budget, points=1_000, key="a0", reason="x", cause=CAUSE, at=AT
    )
    same: dict[str, Any] = {"points": 1_000, "key": "once", "reason": "x", "cause": CAUSE, "at": AT}
    lines = [ledger.NewGrant(purchase.grant, 1_000, "once", 1)]
    calls = {
        "hold": lambda: ledger.hold(account_id=purchase.grant, to_account_id=purchase.claimable, **same),
        "capture": lambda: ledger.capture(hold_id=held, **same),
        "release": lambda: ledger.release(hold_id=held, **same),
        "transfer": lambda: ledger.transfer(
            operation="claim", debit=purchase.claimable, credit=purchase.in_claim, **same
        ),
        "grant": lambda: ledger.grant(budget_account_id=purchase.budget, account_id=purchase.grant, **same),
        "appropriate": lambda: ledger.appropriate(budget_account_id=purchase.budget, **same),
        "lapse_many": lambda: ledger.lapse_many(
            lapsing=[ledger.Lapsing(purchase.grant, "once", 1)], reason="x", cause_type="test", at=AT
        )[purchase.grant],
        "grant_many": lambda: (
            ledger.grant_many(
                budget_account_id=purchase.budget, grants=lines, reason="x", cause_type="test", at=AT
            )
            and 1
        ),
    }
    answers = at_once(16, lambda _number: calls[verb]())
    assert codes(answers) == {"done": 16}
    if verb != "grant_many":
        assert len(set(map(str, answers))) == 1
    assert Transfer.objects.filter(idempotency_key="once").count() == 1


def test_the_same_key_for_different_requests_at_once_is_accepted_once() -> None:
    """Two orders of two organisations under one key: the rows they lock differ, the key decides."""
    purchases = [new_purchase(30_000) for _client in range(8)]
    answers = at_once(8, lambda number: hold(purchases[number], 1_000, "shared"))
    assert codes(answers) == {"done": 1, "key_reused": 7}
    assert sum(ledger.balance(purchase.grant).pending_debit for purchase in purchases) == 1_000


def test_opening_the_same_account_at_once_opens_one() -> None:
    answers = at_once(
        8, lambda _number: ledger.open_account(Account.Kind.GRANT, budget_source_id=1, grant_id=4242)
    )
    assert len(set(map(str, answers))) == 1

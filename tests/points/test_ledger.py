"""The ledger's specification: read the names from top to bottom."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from organisations.refusals import Refused
from points.models.ledger import Account, Hold, Transfer
from points.services import ledger
from tests.points.ledger_world import AT, CAUSE, hold, new_budget, new_grant_account, new_purchase

pytestmark = pytest.mark.django_db


def refusal(call: object, **arguments: object) -> str:
    with pytest.raises(Refused) as caught:
        call(**arguments)  # type: ignore[operator]
    return caught.value.code


# Money comes in


def test_appropriation_credits_the_budget() -> None:
    budget, _source = new_budget(1_000_000)
    assert ledger.balance(budget) == ledger.Balance(1_000_000, 0, 0, 1_000_000)


def test_appropriation_is_spread_over_the_buckets_of_the_budget() -> None:
    budget, _source = new_budget(1_000_000)
    rooms = Account.objects.filter(bucket_of=budget).values_list("posted_credit", flat=True)
    assert len(rooms) == 16
    assert set(rooms) == {62_500}


def test_appropriation_debits_the_treasury_which_keeps_no_balance_row() -> None:
    _budget, source = new_budget(500)
    treasury = ledger.open_account(Account.Kind.TREASURY, budget_source_id=source)
    assert Account.objects.get(pk=treasury).posted_debit == 0
    assert ledger.balance(treasury).posted_debit == 500


def test_opening_an_account_twice_gives_the_same_account() -> None:
    first = ledger.open_account(Account.Kind.PAID, budget_source_id=77)
    assert ledger.open_account(Account.Kind.PAID, budget_source_id=77) == first


# Points are granted


def test_grant_debits_what_it_credits() -> None:
    budget, source = new_budget(100_000)
    account = new_grant_account(source)
    transfer = ledger.grant(
        budget_account_id=budget,
        account_id=account,
        points=30_000,
        key="g",
        reason="first",
        cause=CAUSE,
        at=AT,
    )
    assert ledger.balance(budget).available == 70_000
    assert ledger.balance(account).available == 30_000
    assert Transfer.objects.get(pk=transfer).points == 30_000


def test_grant_draws_across_buckets_when_no_single_one_has_enough() -> None:
    budget, source = new_budget(32_000)  # 2,000 in each of 16 buckets
    account = new_grant_account(source)
    ledger.grant(
        budget_account_id=budget,
        account_id=account,
        points=30_000,
        key="g",
        reason="first",
        cause=CAUSE,
        at=AT,
    )
    assert ledger.balance(account).available == 30_000
    assert ledger.balance(budget) == ledger.Balance(32_000, 30_000, 0, 2_000)


def test_grant_gives_out_the_very_last_point() -> None:
    budget, source = new_budget(30_000)
    for number in range(3):
        ledger.grant(
            budget_account_id=budget,
            account_id=new_grant_account(source),
            points=10_000,
            key=f"g{number}",
            reason="first",
            cause=CAUSE,
            at=AT,
        )
    assert ledger.balance(budget).available == 0


def test_grant_refuses_one_point_more_than_there_is_and_changes_nothing() -> None:
    budget, source = new_budget(30_000)
    account = new_grant_account(source)
    before = Transfer.objects.count()
    code = refusal(
        ledger.grant,
        budget_account_id=budget,
        account_id=account,
        points=30_001,
        key="g",
        reason="first",
        cause=CAUSE,
        at=AT,
    )
    assert code == "insufficient_points"
    assert Transfer.objects.count() == before
    assert ledger.balance(budget).available == 30_000


def test_grant_out_of_another_agencys_budget_is_a_bug() -> None:
    budget, _source = new_budget(30_000)
    _other, other_source = new_budget(0)
    with pytest.raises(InternalError, match="takes no grant from budget"), transaction.atomic():
        ledger.grant(
            budget_account_id=budget,
            account_id=new_grant_account(other_source),
            points=1,
            key="g",
            reason="first",
            cause=CAUSE,
            at=AT,
        )


def test_bulk_grants_are_made_all_together() -> None:
    budget, source = new_budget(100)
    accounts = ledger.open_grant_accounts(
        budget_source_id=source, grants=[(9_500_000 + n, 1) for n in range(5)]
    )
    lines = [ledger.NewGrant(account, 20, f"b{account}", account) for account in accounts]
    assert (
        ledger.grant_many(budget_account_id=budget, grants=lines, reason="first", cause_type="test", at=AT)
        == 5
    )
    assert [ledger.balance(account).available for account in accounts] == [20] * 5
    assert (
        ledger.grant_many(budget_account_id=budget, grants=lines, reason="first", cause_type="test", at=AT)
        == 0
    )
    assert ledger.balance(budget) == ledger.Balance(100, 100, 0, 0)


def test_bulk_grants_are_refused_all_together() -> None:
    budget, source = new_budget(99)
    accounts = ledger.open_grant_accounts(
        budget_source_id=source, grants=[(9_600_000 + n, 1) for n in range(5)]
    )
    lines = [ledger.NewGrant(account, 20, f"b{account}", account) for account in accounts]
    assert (
        refusal(
            ledger.grant_many,
            budget_account_id=budget,
            grants=lines,
            reason="first",
            cause_type="test",
            at=AT,
        )
        == "insufficient_points"
    )
    assert ledger.balance(budget).available == 99


def test_bulk_grants_refuse_a_key_used_for_another_amount() -> None:
    budget, source = new_budget(1_000)
    account = new_grant_account(source)
    for points, expected in ((20, 1), (30, None)):
        lines = [ledger.NewGrant(account, points, "same", 1)]
        if expected:
            assert (
                ledger.grant_many(
                    budget_account_id=budget, grants=lines, reason="first", cause_type="test", at=AT
                )
                == expected
            )
        else:
            assert (
                refusal(
                    ledger.grant_many,
                    budget_account_id=budget,
                    grants=lines,
                    reason="first",
                    cause_type="test",
                    at=AT,
                )
                == "key_reused"
            )


# An order holds points


def test_hold_keeps_points_and_posts_nothing() -> None:
    purchase = new_purchase(30_000)
    hold(purchase, 12_000, "h")
    assert ledger.balance(purchase.grant) == ledger.Balance(30_000, 0, 12_000, 18_000)
    assert ledger.balance(purchase.claimable).available == 0


def test_hold_refuses_more_than_is_left() -> None:
    purchase = new_purchase(30_000)
    hold(purchase, 20_000, "h1")
    with pytest.raises(Refused) as caught:
        hold(purchase, 10_001, "h2")
    assert caught.value.code == "insufficient_points"
    assert ledger.balance(purchase.grant).pending_debit == 20_000


def test_hold_on_an_unknown_account_is_refused() -> None:
    purchase = new_purchase()
    for debit, credit in ((1, purchase.claimable), (purchase.grant, 1)):
        code = refusal(
            ledger.hold,
            account_id=debit,
            to_account_id=credit,
            points=1,
            key="h",
            reason="order",
            cause=CAUSE,
            at=AT,
        )
        assert code == "no_such_account"


def test_hold_for_the_order_of_another_budget_is_a_bug() -> None:
    one, other = new_purchase(), new_purchase()
    with pytest.raises(InternalError, match="points do not flow so"), transaction.atomic():
        ledger.hold(
            account_id=one.grant,
            to_account_id=other.claimable,
            points=1,
            key="h",
            reason="order",
            cause=CAUSE,
            at=AT,
        )


# A hold is used or given back, in parts


def test_capture_makes_points_claimable() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 12_000, "h")
    ledger.capture(hold_id=held, points=12_000, key="c", reason="acceptance", cause=CAUSE, at=AT)
    assert ledger.balance(purchase.grant) == ledger.Balance(30_000, 12_000, 0, 18_000)
    assert ledger.balance(purchase.claimable).available == 12_000


def test_part_of_a_hold_is_captured_and_the_rest_released() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 12_000, "h")
    ledger.capture(hold_id=held, points=5_000, key="c1", reason="first_part", cause=CAUSE, at=AT)
    ledger.capture(hold_id=held, points=3_000, key="c2", reason="second_part", cause=CAUSE, at=AT)
    ledger.release(hold_id=held, points=4_000, key="r", reason="ended", cause=CAUSE, at=AT)
    assert Hold.objects.get(pk=held).left == 0
    assert ledger.balance(purchase.grant) == ledger.Balance(30_000, 8_000, 0, 22_000)
    assert ledger.balance(purchase.claimable).available == 8_000


def test_captures_and_releases_together_never_exceed_the_hold() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 12_000, "h")
    ledger.capture(hold_id=held, points=7_000, key="c", reason="acceptance", cause=CAUSE, at=AT)
    for verb in (ledger.capture, ledger.release):
        code = refusal(
            verb, hold_id=held, points=5_001, key=f"x{verb.__name__}", reason="more", cause=CAUSE, at=AT
        )
        assert code == "hold_exceeded"
    assert Hold.objects.get(pk=held).left == 5_000


def test_capture_of_an_unknown_hold_is_refused() -> None:
    assert (
        refusal(ledger.capture, hold_id=0, points=1, key="c", reason="acceptance", cause=CAUSE, at=AT)
        == "no_such_hold"
    )


# The vendor claims and is paid


def test_points_flow_from_claimable_through_the_claim_to_paid() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 12_000, "h")
    ledger.capture(hold_id=held, points=12_000, key="c", reason="acceptance", cause=CAUSE, at=AT)
    steps = [
        ("claim", purchase.claimable, purchase.in_claim, 12_000),
        ("return", purchase.in_claim, purchase.claimable, 12_000),
        ("claim", purchase.claimable, purchase.in_claim, 10_000),
        ("pay", purchase.in_claim, purchase.paid, 10_000),
        ("unclaimable", purchase.claimable, purchase.unclaimable, 2_000),
    ]
    for number, (operation, debit, credit, points) in enumerate(steps):
        ledger.transfer(
            operation=operation,
            debit=debit,
            credit=credit,
            points=points,
            key=f"s{number}",
            reason="x",
            cause=CAUSE,
            at=AT,
        )
    assert ledger.balance(purchase.paid).available == 10_000
    assert ledger.balance(purchase.unclaimable).available == 2_000
    assert ledger.balance(purchase.claimable).available == ledger.balance(purchase.in_claim).available == 0


def test_nothing_is_paid_that_was_not_claimed() -> None:
    purchase = new_purchase()
    arguments = {"operation": "pay", "debit": purchase.in_claim, "credit": purchase.paid}
    assert (
        refusal(ledger.transfer, **arguments, points=1, key="p", reason="x", cause=CAUSE, at=AT)
        == "insufficient_points"
    )


@pytest.mark.parametrize(
    ("operation", "debit", "credit"),
    [("pay", "claimable", "paid"), ("claim", "in_claim", "claimable"), ("grant", "grant", "in_claim")],
)
def test_points_cannot_jump_over_a_step(operation: str, debit: str, credit: str) -> None:
    purchase = new_purchase()
    with pytest.raises(InternalError, match="points do not flow so"), transaction.atomic():
        ledger.transfer(
            operation=operation,
            debit=getattr(purchase, debit),
            credit=getattr(purchase, credit),
            points=1,
            key="j",
            reason="x",
            cause=CAUSE,
            at=AT,
        )


# Points lapse


def test_lapse_gives_the_free_points_back_to_the_budget_and_leaves_the_held() -> None:
    purchase = new_purchase(30_000)
    hold(purchase, 12_000, "h")
    lines = [ledger.Lapsing(purchase.grant, "l", 1)]
    assert ledger.lapse_many(lapsing=lines, reason="return_3_months", cause_type="test", at=AT) == {
        purchase.grant: 18_000
    }
    assert ledger.balance(purchase.grant) == ledger.Balance(30_000, 18_000, 12_000, 0)
    assert ledger.balance(purchase.budget).available == 18_000


def test_lapse_twice_with_the_same_key_gives_the_same_answer_and_one_effect() -> None:
    purchase = new_purchase(30_000)
    lines = [ledger.Lapsing(purchase.grant, "l", 1)]
    for _turn in range(2):
        assert ledger.lapse_many(lapsing=lines, reason="return_3_months", cause_type="test", at=AT) == {
            purchase.grant: 30_000
        }
    assert ledger.balance(purchase.budget).available == 30_000


def test_lapsed_points_are_granted_again() -> None:
    purchase = new_purchase(30_000)
    ledger.lapse_many(
        lapsing=[ledger.Lapsing(purchase.grant, "l", 1)], reason="return_3_months", cause_type="test", at=AT
    )
    ledger.rebalance(budget_account_id=purchase.budget, at=AT)
    account = new_grant_account(purchase.source)
    ledger.grant(
        budget_account_id=purchase.budget,
        account_id=account,
        points=30_000,
        key="again",
        reason="regrant",
        cause=CAUSE,
        at=AT,
    )
    assert ledger.balance(account).available == 30_000


# The same request may arrive again


def test_every_verb_answers_a_repetition_with_its_first_answer() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 9_000, "h")
    assert hold(purchase, 9_000, "h") == held
    for verb, key in ((ledger.capture, "c"), (ledger.release, "r")):
        arguments = {"hold_id": held, "points": 4_000, "key": key, "reason": "x", "cause": CAUSE, "at": AT}
        assert verb(**arguments) == verb(**arguments)
    claim = {
        "operation": "claim",
        "debit": purchase.claimable,
        "credit": purchase.in_claim,
        "points": 4_000,
        "key": "k",
    }
    assert ledger.transfer(**claim, reason="x", cause=CAUSE, at=AT) == ledger.transfer(
        **claim, reason="x", cause=CAUSE, at=AT
    )
    grant = {
        "budget_account_id": purchase.budget,
        "account_id": purchase.grant,
        "points": 30_000,
        "key": f"grant:{purchase.grant}",
    }
    ledger.grant(**grant, reason="first", cause=CAUSE, at=AT)
    assert ledger.balance(purchase.grant) == ledger.Balance(30_000, 4_000, 1_000, 25_000)


@pytest.mark.parametrize(
    "changed", [{"points": 2}, {"reason": "y"}, {"cause": ("test", 2)}, {"cause": ("other", 1)}]
)
def test_every_verb_refuses_its_key_for_another_request(changed: dict[str, object]) -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 10, "kept")
    ledger.capture(hold_id=held, points=5, key="c0", reason="x", cause=CAUSE, at=AT)
    same = {"points": 1, "reason": "x", "cause": CAUSE, "at": AT}
    calls = [
        (ledger.hold, {"account_id": purchase.grant, "to_account_id": purchase.claimable, "key": "h"}),
        (ledger.capture, {"hold_id": held, "key": "c"}),
        (ledger.release, {"hold_id": held, "key": "r"}),
        (
            ledger.transfer,
            {"operation": "claim", "debit": purchase.claimable, "credit": purchase.in_claim, "key": "t"},
        ),
        (
            ledger.transfer,
            {"operation": "lapse", "debit": purchase.grant, "credit": purchase.budget, "key": "l"},
        ),
        (ledger.grant, {"budget_account_id": purchase.budget, "account_id": purchase.grant, "key": "g"}),
        (ledger.appropriate, {"budget_account_id": purchase.budget, "key": "a"}),
    ]
    ledger.appropriate(
        budget_account_id=purchase.budget, points=10, key="more", reason="x", cause=CAUSE, at=AT
    )
    for verb, arguments in calls:
        verb(**arguments, **same)
        assert refusal(verb, **arguments, **{**same, **changed}) == "key_reused", verb.__name__


def test_a_key_of_one_verb_is_refused_by_another() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 10, "one")
    assert (
        refusal(ledger.capture, hold_id=held, points=10, key="one", reason="order", cause=CAUSE, at=AT)
        == "key_reused"
    )


# The database itself is the guard


def test_an_account_cannot_be_overdrawn_even_by_the_owner(owner_connection: object) -> None:
    purchase = new_purchase(30_000)
    with owner_connection.cursor() as cursor, pytest.raises(Exception, match="account_never_overdrawn"):  # type: ignore[attr-defined]
        cursor.execute("UPDATE points_account SET posted_debit = 30001 WHERE id = %s", [purchase.grant])


@pytest.mark.parametrize(
    "statement",
    ["UPDATE points_transfer SET points = 1", "DELETE FROM points_transfer", "TRUNCATE points_transfer"],
)
def test_a_transfer_can_be_neither_changed_nor_deleted_even_by_the_owner(
    owner_connection: object, statement: str
) -> None:
    new_purchase()
    with owner_connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):  # type: ignore[attr-defined]
        cursor.execute(statement)


def test_a_transfer_of_nothing_is_impossible() -> None:
    purchase = new_purchase()
    with pytest.raises(IntegrityError, match="transfer_moves_something"), transaction.atomic():
        hold(purchase, 0, "zero")


def test_created_at_is_real_time_and_event_at_the_platforms() -> None:
    purchase = new_purchase()
    transfer = Transfer.objects.get(pk=hold(purchase, 1, "h"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
    assert transfer.event_at == AT
    assert abs((now - transfer.created_at).total_seconds()) < 60

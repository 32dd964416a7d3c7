"""Any sequence of moves leaves the ledger in order, and in agreement with a model of a few lines of Python."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from organisations.refusals import Refused
from points.models.ledger import Account
from points.selectors.verification import verify_ledger
from points.services import ledger
from tests.points.ledger_world import AT, CAUSE, new_budget, new_grant_account

POINTS = st.integers(1, 40_000)


class LedgerLife(RuleBasedStateMachine):
    """Grants, holds, captures, releases, claims, payments and lapses in any order."""

    grants = Bundle("grants")
    holds = Bundle("holds")

    @initialize()
    def begin(self) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.budget, self.source = new_budget(100_000, buckets=4)
        self.paid = ledger.open_account(Account.Kind.PAID, budget_source_id=self.source)
        self.free: dict[int, int] = defaultdict(int, {self.budget: 100_000})
        self.left: dict[int, int] = {}
        self.accounts: dict[int, tuple[int, int, int]] = {}
        self.keys = 0

    def key(self) -> str:
        self.keys += 1
        return f"life:{self.source}:{self.keys}"

    def attempt(self, fits: bool, verb: Any, **arguments: Any) -> Any:
        """The verb must do it exactly when the model says that it fits."""
        try:
            done = verb(**arguments, key=self.key(), reason="life", cause=CAUSE, at=AT)
        except Refused as no:
            assert not fits, no.code  # noqa: PT017 - both answers are right in their place
            return None
        assert fits
        return done

    @rule(target=grants, points=POINTS)
    def grant(self, points: int) -> int:
        account = new_grant_account(self.source)
        fits = self.free[self.budget] >= points
        if self.attempt(fits, ledger.grant, budget_account_id=self.budget, account_id=account, points=points):
            self.free[self.budget] -= points
            self.free[account] += points
        return account

    @rule(target=holds, grant=grants, points=POINTS)
    def hold(self, grant: int, points: int) -> int:
        self.keys += 1
        claimable, in_claim = ledger.open_order_accounts(
            grant_account_id=grant, order_id=self.source * 1000 + self.keys, vendor_id=1
        )
        held = self.attempt(
            self.free[grant] >= points, ledger.hold, account_id=grant, to_account_id=claimable, points=points
        )
        if held is None:
            return 0
        self.free[grant] -= points
        self.left[held] = points
        self.accounts[held] = (grant, claimable, in_claim)
        return int(held)

    @rule(held=holds, points=POINTS, uses=st.booleans())
    def settle(self, held: int, points: int, uses: bool) -> None:
        if held and self.attempt(
            self.left[held] >= points, ledger.capture if uses else ledger.release, hold_id=held, points=points
        ):
            grant, claimable, _in_claim = self.accounts[held]
            self.left[held] -= points
            self.free[claimable if uses else grant] += points

    @rule(held=holds, points=POINTS, forth=st.booleans())
    def claim_or_return(self, held: int, points: int, forth: bool) -> None:
        if held:
            _grant, claimable, in_claim = self.accounts[held]
            debit, credit = (claimable, in_claim) if forth else (in_claim, claimable)
            self.move("claim" if forth else "return", debit, credit, points)

    @rule(held=holds, points=POINTS)
    def pay(self, held: int, points: int) -> None:
        if held:
            self.move("pay", self.accounts[held][2], self.paid, points)

    def move(self, operation: str, debit: int, credit: int, points: int) -> None:
        if self.attempt(
            self.free[debit] >= points,
            ledger.transfer,
            operation=operation,
            debit=debit,
            credit=credit,
            points=points,
        ):
            self.free[debit] -= points
            self.free[credit] += points

    @rule(grant=consumes(grants))
    def lapse(self, grant: int) -> None:
        answer = ledger.lapse_many(
            lapsing=[ledger.Lapsing(grant, self.key(), 1)], reason="x", cause_type="test", at=AT
        )
        assert answer == ({grant: self.free[grant]} if self.free[grant] else {})
        self.free[self.budget] += self.free.pop(grant)

    @invariant()
    def says_what_the_model_says(self) -> None:
        if not hasattr(self, "free"):
            return
        assert {account: ledger.balance(account).available for account in self.free} == dict(self.free)
        assert sum(self.free.values()) + sum(self.left.values()) == 100_000
        assert verify_ledger() == []

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)


LedgerLife.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.mark.django_db
class TestLedgerLife(LedgerLife.TestCase):  # type: ignore[misc]
    """pytest collects it here, with a database."""

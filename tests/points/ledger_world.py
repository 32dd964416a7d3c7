"""Accounts for tests of the ledger, and a way to do things at once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connections

from points.models.ledger import Account
from points.services import ledger

AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
CAUSE = ("test", 1)
Answer = TypeVar("Answer")
_numbers = itertools.count(9_000_000)


@dataclass(frozen=True)
class Purchase:
    """Accounts of one order and of the grant it draws on."""

    budget: int
    source: int
    grant: int
    claimable: int
    in_claim: int
    paid: int
    unclaimable: int


def new_budget(points: int, *, buckets: int = 16) -> tuple[int, int]:
    """(budget account, budget source id) with this much in it."""
    source = next(_numbers)
    budget = ledger.open_account(Account.Kind.BUDGET, budget_source_id=source, buckets=buckets)
    if points:
        ledger.appropriate(
            budget_account_id=budget,
            points=points,
            key=f"appropriate:{source}",
            reason="yearly",
            cause=CAUSE,
            at=AT,
        )
    return budget, source


def new_grant_account(source: int) -> int:
    """An empty grant account of a budget source."""
    return ledger.open_account(Account.Kind.GRANT, budget_source_id=source, grant_id=next(_numbers))


def new_purchase(points: int = 30_000) -> Purchase:
    """An organisation with this many points, and an order that may draw on them."""
    budget, source = new_budget(points)
    account = new_grant_account(source)
    ledger.grant(
        budget_account_id=budget,
        account_id=account,
        points=points,
        key=f"grant:{account}",
        reason="first",
        cause=CAUSE,
        at=AT,
    )
    claimable, in_claim = ledger.open_order_accounts(
        grant_account_id=account, order_id=next(_numbers), vendor_id=1
    )
    paid = ledger.open_account(Account.Kind.PAID, budget_source_id=source)
    unclaimable = ledger.open_account(Account.Kind.UNCLAIMABLE, budget_source_id=source)
    return Purchase(budget, source, account, claimable, in_claim, paid, unclaimable)


def hold(purchase: Purchase, points: int, key: str) -> int:
    """Hold points of the purchase's grant for its order."""
    return ledger.hold(
        account_id=purchase.grant,
        to_account_id=purchase.claimable,
        points=points,
        key=key,
        reason="order",
        cause=CAUSE,
        at=AT,
    )


def at_once(clients: int, work: Callable[[int], Answer]) -> list[Answer | Exception]:
    """Run `work(number)` in so many threads that start at the same moment, each with a database connection of its own."""
    barrier = threading.Barrier(clients)

    def one(number: int) -> Any:
        try:
            barrier.wait()
            return work(number)
        except Exception as problem:
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, range(clients)))

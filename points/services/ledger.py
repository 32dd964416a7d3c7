"""The only writer of the ledger. One database function per move; refusals come back as codes and leave as `Refused`.

Every verb takes an idempotency `key`: the same key with the same arguments gives the first answer again, with other
arguments it is refused. `cause` is (type, id) of the business row behind the move; `at` is the platform's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from organisations.refusals import Refused
from points.models.ledger import Account, Transfer

Cause = tuple[str, int]
BUCKETS = 16


@dataclass(frozen=True)
class Balance:
    """What an account says. Units: points. `available` may be given out now."""

    posted_credit: int
    posted_debit: int
    pending_debit: int
    available: int


@dataclass(frozen=True)
class NewGrant:
    """One line of a bulk grant. `cause_id` is the id of the row behind it."""

    account_id: int
    points: int
    key: str
    cause_id: int


@dataclass(frozen=True)
class Lapsing:
    """One line of a bulk lapse: the grant's account, the key of the sweep, the row behind it."""

    account_id: int
    key: str
    cause_id: int


def open_account(
    kind: str,
    *,
    budget_source_id: int | None = None,
    grant_id: int | None = None,
    order_id: int | None = None,
    organisation_id: int | None = None,
    vendor_id: int | None = None,
    buckets: int = BUCKETS,
) -> int:
    """Id of the account; opened if there is none yet.

    There is one per grant, one per order and kind (claimable, in_claim) and one per budget source and kind (treasury,
    budget, paid, unclaimable). A budget is opened as `buckets` accounts and known by the id of the first.
    """
    arguments = [str(kind), budget_source_id, grant_id, order_id, organisation_id, vendor_id, buckets]
    return int(_ask("SELECT ledger_open(%s, %s, %s, %s, %s, %s, %s)", arguments)[0][0])


def open_order_accounts(*, grant_account_id: int, order_id: int, vendor_id: int) -> tuple[int, int]:
    """(claimable, in_claim) accounts of an order, which belong to the budget and the organisation of the grant it draws on."""
    grant_account = Account.objects.get(pk=grant_account_id, kind=Account.Kind.GRANT)
    shared: dict[str, Any] = {
        "budget_source_id": grant_account.budget_source_id,
        "grant_id": grant_account.grant_id,
        "organisation_id": grant_account.organisation_id,
        "order_id": order_id,
        "vendor_id": vendor_id,
    }
    return open_account(Account.Kind.CLAIMABLE, **shared), open_account(Account.Kind.IN_CLAIM, **shared)


def open_grant_accounts(*, budget_source_id: int, grants: Sequence[tuple[int, int]]) -> list[int]:
    """Accounts of many new grants, given as (grant id, organisation id), in the same order."""
    ids, organisations = (
        [grant for grant, _organisation in grants],
        [organisation for _grant, organisation in grants],
    )
    return [
        row[0]
        for row in _ask("SELECT ledger_open_grants(%s, %s, %s)", [budget_source_id, ids, organisations])
    ]


def appropriate(
    *, budget_account_id: int, points: int, key: str, reason: str, cause: Cause, at: datetime
) -> int:
    """Id of the transfer that brings money from the treasury into a budget, spread over its buckets."""
    source_id = Account.objects.values_list("budget_source_id", flat=True).get(pk=budget_account_id)
    treasury = open_account(Account.Kind.TREASURY, budget_source_id=source_id)
    arguments = [key, treasury, budget_account_id, points, reason, *cause, at]
    return _move("SELECT * FROM ledger_appropriate(%s, %s, %s, %s, %s, %s, %s, %s)", arguments)


def grant(
    *, budget_account_id: int, account_id: int, points: int, key: str, reason: str, cause: Cause, at: datetime
) -> int:
    """Id of the transfer that gives points out of a budget. Never more than there are, and never refused while there are enough."""
    arguments = [key, budget_account_id, account_id, points, reason, *cause, at]
    return _move("SELECT * FROM ledger_grant(%s, %s, %s, %s, %s, %s, %s, %s)", arguments)


def hold(
    *, account_id: int, to_account_id: int, points: int, key: str, reason: str, cause: Cause, at: datetime
) -> int:
    """Id of the hold that keeps points of a grant for an order (its claimable account)."""
    arguments = [key, account_id, to_account_id, points, reason, *cause, at]
    return _move("SELECT * FROM ledger_hold(%s, %s, %s, %s, %s, %s, %s, %s)", arguments)


def capture(*, hold_id: int, points: int, key: str, reason: str, cause: Cause, at: datetime) -> int:
    """Id of the transfer that uses part or all of a hold: the points become claimable."""
    return _settle(Transfer.Operation.CAPTURE, hold_id, points, key, reason, cause, at)


def release(*, hold_id: int, points: int, key: str, reason: str, cause: Cause, at: datetime) -> int:
    """Id of the transfer that gives part or all of a hold back to the grant."""
    return _settle(Transfer.Operation.RELEASE, hold_id, points, key, reason, cause, at)


def transfer(
    *, operation: str, debit: int, credit: int, points: int, key: str, reason: str, cause: Cause, at: datetime
) -> int:
    """Id of any other move along the flow of a point: claim, return, pay, unclaimable, lapse, reclaim."""
    arguments = [key, str(operation), debit, credit, points, reason, *cause, at]
    return _move("SELECT * FROM ledger_transfer(%s, %s, %s, %s, %s, %s, %s, %s, %s)", arguments)


def grant_many(
    *, budget_account_id: int, grants: Sequence[NewGrant], reason: str, cause_type: str, at: datetime
) -> int:
    """How many of these grants were new; all are made or none."""
    arguments = [
        budget_account_id,
        [line.key for line in grants],
        [line.account_id for line in grants],
        [line.points for line in grants],
        reason,
        cause_type,
        [line.cause_id for line in grants],
        at,
    ]
    rows = _ask(
        "SELECT * FROM ledger_grant_many(%s, %s::text[], %s::bigint[], %s::bigint[], %s, %s, %s::bigint[], %s)",
        arguments,
    )
    granted, refusal = rows[0]
    if refusal:
        raise refused(refusal)
    return int(granted)


def lapse_many(*, lapsing: Sequence[Lapsing], reason: str, cause_type: str, at: datetime) -> dict[int, int]:
    """Account id → points that went back to its budget: all that is free; held points stay. Repeating a key repeats its answer."""
    arguments = [
        [line.key for line in lapsing],
        [line.account_id for line in lapsing],
        reason,
        cause_type,
        [line.cause_id for line in lapsing],
        at,
    ]
    return dict(
        _ask("SELECT * FROM ledger_lapse_many(%s::text[], %s::bigint[], %s, %s, %s::bigint[], %s)", arguments)
    )


def rebalance(*, budget_account_id: int, at: datetime) -> None:
    """Give every bucket of a budget the same room again, e.g. after points came back."""
    _ask("SELECT ledger_rebalance(%s, %s)", [budget_account_id, at])


def balance(account_id: int) -> Balance:
    """What an account says now; a budget's buckets are added up, an account without a cap is summed over its transfers."""
    account = Account.objects.get(pk=account_id)
    if not account.capped:
        return _summed(account_id)
    rows = (
        Account.objects.filter(bucket_of=account_id)
        if account.bucket_of
        else Account.objects.filter(pk=account_id)
    )
    sums = rows.aggregate(
        credit=Sum("posted_credit"), debit=Sum("posted_debit"), pending=Sum("pending_debit")
    )
    credit, debit, pending = int(sums["credit"]), int(sums["debit"]), int(sums["pending"])
    return Balance(credit, debit, pending, credit - debit - pending)


def refused(code: str) -> Refused:
    """The refusal behind a code of the database's functions."""
    sentence, remedy = SENTENCES[code]
    return Refused(code, sentence, remedy=remedy)


SENTENCES = {
    "insufficient_points": (_("點數不足，沒有扣用任何點數。"), _("請減少使用的點數，或選擇其他方案。")),
    "key_reused": (
        _("這個請求的編號已經用在另一筆內容不同的交易，沒有重複處理。"),
        _("請重新整理頁面後再試一次。"),
    ),
    "no_such_account": (_("找不到這個點數帳戶，沒有任何異動。"), _("請聯絡客服，並告知統一編號與時間。")),
    "no_such_hold": (_("找不到這筆圈存，沒有任何異動。"), _("請重新整理頁面，看看最新的狀態。")),
    "hold_exceeded": (_("超過這筆圈存剩下的點數，沒有任何異動。"), _("請重新整理頁面，看看還剩多少點數。")),
}


def _settle(
    operation: str, hold_id: int, points: int, key: str, reason: str, cause: Cause, at: datetime
) -> int:
    arguments = [key, str(operation), hold_id, points, reason, *cause, at]
    return _move("SELECT * FROM ledger_settle(%s, %s, %s, %s, %s, %s, %s, %s)", arguments)


def _move(statement: str, arguments: list[Any]) -> int:
    transfer_id, refusal = _ask(statement, arguments)[0]
    if refusal:
        raise refused(refusal)
    return int(transfer_id)


def _ask(statement: str, arguments: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def _summed(account_id: int) -> Balance:
    """Held points have not arrived, released ones never will: neither counts."""
    posted = Transfer.objects.exclude(operation__in=[Transfer.Operation.HOLD, Transfer.Operation.RELEASE])
    credit = int(posted.filter(credit=account_id).aggregate(total=Sum("points"))["total"] or 0)
    debit = int(posted.filter(debit=account_id).aggregate(total=Sum("points"))["total"] or 0)
    return Balance(credit, debit, 0, credit - debit)

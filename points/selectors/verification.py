"""Does the ledger tie out? Everything that a balance says is recomputed from the transfers, everything a digest says from both."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection, transaction

from points.models.ledger import Digest
from points.services.digests import Tally, write_transfers


@dataclass(frozen=True)
class Fault:
    """Something that does not tie out: which check, which row, what is wrong with it."""

    check: str
    row: str
    words: str


# what each account gave and got, from the journal alone; a shift between buckets lowers the credit of the one that gave
BALANCES = """
WITH gave AS (
  SELECT debit AS id,
    sum(CASE WHEN operation IN ('hold', 'release', 'rebalance') THEN 0 ELSE points END) AS posted,
    sum(CASE operation WHEN 'hold' THEN points WHEN 'capture' THEN -points WHEN 'release' THEN -points ELSE 0 END) AS pending,
    sum(CASE operation WHEN 'rebalance' THEN points ELSE 0 END) AS shifted
  FROM points_transfer GROUP BY debit
), got AS (
  SELECT credit AS id, sum(CASE WHEN operation IN ('hold', 'release') THEN 0 ELSE points END) AS posted
  FROM points_transfer GROUP BY credit
), moved AS (
  SELECT coalesce(gave.id, got.id) AS id, coalesce(got.posted, 0) - coalesce(gave.shifted, 0) AS credit,
    coalesce(gave.posted, 0) AS debit, coalesce(gave.pending, 0) AS pending
  FROM gave FULL JOIN got ON got.id = gave.id
)
SELECT coalesce(a.id, m.id), a.id IS NULL, a.posted_credit, a.posted_debit, a.pending_debit, m.credit, m.debit, m.pending
FROM points_account a FULL JOIN moved m ON m.id = a.id
WHERE a.id IS NULL OR (a.capped AND (a.posted_credit <> coalesce(m.credit, 0) OR a.posted_debit <> coalesce(m.debit, 0)
  OR a.pending_debit <> coalesce(m.pending, 0)))
LIMIT 100
"""

HOLDS = """
WITH settled AS (
  SELECT hold_id, sum(points) FILTER (WHERE operation = 'capture') AS captured,
    sum(points) FILTER (WHERE operation = 'release') AS released
  FROM points_transfer WHERE hold_id IS NOT NULL GROUP BY hold_id
), held AS (SELECT id, debit, credit, points FROM points_transfer WHERE operation = 'hold')
SELECT coalesce(h.id, t.id, s.hold_id), (h.points, h.captured, h.released), (t.points, s.captured, s.released)
FROM held t FULL JOIN points_hold h ON h.id = t.id FULL JOIN settled s ON s.hold_id = coalesce(h.id, t.id)
WHERE h.id IS NULL OR t.id IS NULL OR (h.debit, h.credit, h.points) <> (t.debit, t.credit, t.points)
  OR h.captured <> coalesce(s.captured, 0) OR h.released <> coalesce(s.released, 0) OR h.captured + h.released > h.points
ORDER BY 1 LIMIT 100
"""

OVERDRAWN = """
SELECT id, posted_credit, posted_debit, pending_debit FROM points_account
WHERE capped AND posted_debit + pending_debit > posted_credit OR least(posted_credit, posted_debit, pending_debit) < 0 LIMIT 100
"""

GUARDS = """
SELECT name FROM unnest(ARRAY['account_never_overdrawn', 'account_counters_not_negative', 'hold_never_exceeded', 'transfer_moves_something']) name
WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = name AND convalidated)
UNION ALL
SELECT name FROM unnest(ARRAY['transfer_append_only', 'transfer_no_truncate', 'account_kept', 'hold_kept', 'digest_append_only']) name
WHERE NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = name AND tgenabled = 'A')
"""


def verify_ledger() -> list[Fault]:
    """Every fault of the ledger; an empty list when all of it ties out.

    Note: balances and digests are recomputed side by side, on a connection of their own each, unless a transaction is open
    whose rows only this connection sees.
    """
    if connection.in_atomic_block:
        return [*_books(), *_digests()]
    with ThreadPoolExecutor(1) as pool:
        digests = pool.submit(_digests_apart)
        return [*_books(), *digests.result()]


def _books() -> list[Fault]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '128MB'")  # else the sums go through files
        return [*_guards(), *_overdrawn(), *_balances(), *_holds()]


def _digests_apart() -> list[Fault]:
    try:
        return list(_digests())
    finally:
        connection.close()


def _rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _guards() -> Iterator[Fault]:
    for (name,) in _rows(GUARDS):
        yield Fault("guard", str(name), "the database's guard is missing or switched off")


def _overdrawn() -> Iterator[Fault]:
    for account, *counters in _rows(OVERDRAWN):
        yield Fault("overdrawn", f"account {account}", f"credit, debit, pending are {counters}")


def _balances() -> Iterator[Fault]:
    for account, is_missing, *counters in _rows(BALANCES):
        words = (
            "transfers name it, but it does not exist"
            if is_missing
            else f"says {counters[:3]}, its transfers say {counters[3:]}"
        )
        yield Fault("balance", f"account {account}", words)


def _holds() -> Iterator[Fault]:
    for hold, says, transfers in _rows(HOLDS):
        yield Fault("hold", f"hold {hold}", f"says {says}, its transfers say {transfers}")


def _digests() -> Iterator[Fault]:
    previous, start = "", 0
    for digest in Digest.objects.order_by("to_transaction"):
        if digest.previous != previous or digest.from_transaction != start:
            yield Fault("digest", f"digest {digest.pk}", "does not go on from the one before")
        tally = Tally(digest.previous)
        write_transfers(tally, digest.from_transaction, digest.to_transaction)
        if (tally.hash.hexdigest(), tally.lines) != (digest.sha256, digest.transfers):
            yield Fault(
                "digest",
                f"digest {digest.pk}",
                f"its transfers give {tally.hash.hexdigest()[:12]}… ({tally.lines} lines)",
            )
        previous, start = digest.sha256, digest.to_transaction

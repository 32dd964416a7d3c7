"""Fingerprints of the ledger, each over the one before.

The text that is hashed is the CSV that anyone may download: `points/download/verify.py` recomputes it without a database.
A change by the database's owner is found from the moment a digest has left the machine; before that, it is not.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from organisations.refusals import Refused
from points.models.ledger import Digest

COLUMNS = (
    "id",
    "idempotency_key",
    "operation",
    "debit",
    "credit",
    "points",
    "hold_id",
    "reason",
    "cause_type",
    "cause_id",
    "event_at",
    "created_at",
    "transaction_id",
)


class Tally:
    """A file that hashes and counts what is written into it, and passes it on to `out` if there is one."""

    def __init__(self, previous: str, out: Any = None) -> None:
        self.hash = hashlib.sha256(previous.encode())
        self.lines = 0
        self.out = out

    def write(self, data: bytes | str) -> int:
        """Take a piece of CSV."""
        piece = data.encode() if isinstance(data, str) else data
        self.hash.update(piece)
        self.lines += piece.count(b"\n")
        if self.out is not None:
            self.out.write(piece)
        return len(data)


def publish_digest(*, at: datetime) -> Digest | None:
    """The digest over everything since the last one, written to the database and out of it; None when nothing was moved.

    Raises: Refused("restored_ledger") on a copy whose transaction numbers began anew.
    """
    last = Digest.objects.order_by("-to_transaction").first()
    start, previous = (last.to_transaction, last.sha256) if last else (0, "")
    horizon = _horizon()
    if horizon < start:
        raise Refused(
            "restored_ledger",
            _("這份資料庫是由備份文字檔還原的，交易序號重新開始，不能接著發布摘要。"),
            remedy=_("請用實體備份（含交易序號）還原，或依 docs 的說明推進交易序號。"),
        )
    points = _points(start, horizon)
    if horizon == start or points == 0:
        return None
    tally = Tally(previous)
    write_transfers(tally, start, horizon)
    arguments: list[Any] = [start, horizon, tally.lines, points, previous, tally.hash.hexdigest(), at]
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_digest(%s, %s, %s, %s, %s, %s, %s)", arguments)
        digest = Digest.objects.get(pk=cursor.fetchone()[0])
    _take_outside(digest)
    return digest


def write_transfers(out: Any, from_transaction: int, to_transaction: int) -> None:
    """Write the transfers of these transactions as CSV without a heading, by id, times in UTC."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'")
        cursor.copy_expert(  # two integers, not text of anybody's
            f"COPY (SELECT {', '.join(COLUMNS)} FROM points_transfer WHERE transaction_id >= {int(from_transaction)}"
            f" AND transaction_id < {int(to_transaction)} ORDER BY id) TO STDOUT (FORMAT csv)",
            out,
        )


def _horizon() -> int:
    """Every transaction below it has ended, so none of them can still add a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _points(start: int, end: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(points), 0) FROM points_transfer WHERE transaction_id >= %s AND transaction_id < %s",
            [start, end],
        )
        return int(cursor.fetchone()[0])


def _take_outside(digest: Digest) -> None:
    """Append it to a file that the database cannot reach; operators copy that file to another machine."""
    file = Path(settings.MEDIA_ROOT) / "digests" / "digests.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    words = {
        "id": digest.pk,
        "from_transaction": digest.from_transaction,
        "to_transaction": digest.to_transaction,
        "transfers": digest.transfers,
        "points": digest.points,
        "previous": digest.previous,
        "sha256": digest.sha256,
        "made_at": digest.made_at.isoformat(),
    }
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(words) + "\n")

"""Digests: a chain that shows any later change, and a check that needs no database."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from organisations.refusals import Refused
from points.download import verify
from points.models.ledger import Digest, Transfer
from points.selectors.verification import verify_ledger
from points.services import ledger
from points.services.digests import COLUMNS, publish_digest, write_transfers
from tests.points.ledger_world import AT, CAUSE, at_once, hold, new_purchase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def some_moves() -> None:
    purchase = new_purchase(30_000)
    held = hold(purchase, 9_000, f"h{purchase.grant}")
    ledger.capture(hold_id=held, points=5_000, key=f"c{purchase.grant}", reason="x", cause=CAUSE, at=AT)
    ledger.release(
        hold_id=held, points=1_000, key=f"r{purchase.grant}", reason='a "quoted", word', cause=CAUSE, at=AT
    )


def publish() -> None:
    """Publish once everything is below the horizon; the server's own housekeeping may hold it back for a moment."""
    last = Transfer.objects.order_by("-transaction_id").values_list("transaction_id", flat=True)[0]
    for _turn in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", [last])
            if cursor.fetchone()[0]:
                break
        time.sleep(0.05)
    publish_digest(at=AT)


def test_a_ledger_that_was_only_used_ties_out() -> None:
    some_moves()
    publish()
    some_moves()
    publish()
    assert verify_ledger() == []
    assert sum(Digest.objects.values_list("transfers", flat=True)) == Transfer.objects.count()


def test_no_digest_is_made_when_nothing_was_moved() -> None:
    some_moves()
    publish()
    assert Digest.objects.count() == 1
    assert publish_digest(at=AT) is None


def test_a_digest_does_not_reach_into_a_transaction_that_is_still_open(owner_connection: Any) -> None:
    some_moves()
    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")  # open, and older than what follows
        some_moves()
        publish_digest(at=AT)
        assert Digest.objects.get().transfers < Transfer.objects.count()
    owner_connection.commit()
    publish()
    assert sum(Digest.objects.values_list("transfers", flat=True)) == Transfer.objects.count()


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("UPDATE points_transfer SET points = points + 1 WHERE operation = 'capture'", "digest"),
        (
            "UPDATE points_transfer SET cause_id = cause_id + 1 WHERE id = (SELECT min(id) FROM points_transfer)",
            "digest",
        ),
        ("DELETE FROM points_transfer WHERE operation = 'release'", "hold"),
        ("UPDATE points_account SET posted_credit = posted_credit + 5 WHERE kind = 'grant'", "balance"),
        ("UPDATE points_hold SET released = 0", "hold"),
        ("DELETE FROM points_account WHERE kind = 'claimable'", "balance"),
        ("DELETE FROM points_digest WHERE id = (SELECT min(id) FROM points_digest)", "digest"),
        ("SELECT 1", "guard"),
    ],
)
def test_what_the_owner_changes_behind_the_guards_is_found(
    owner_connection: Any, change: str, check: str
) -> None:
    some_moves()
    publish()
    some_moves()
    publish()
    with owner_connection, owner_connection.cursor() as cursor:
        for table in ("points_transfer", "points_account", "points_digest", "points_hold"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(change)
    assert check in {fault.check for fault in verify_ledger()}


def test_a_copy_whose_transaction_numbers_began_anew_publishes_no_digest(owner_connection: Any) -> None:
    some_moves()
    with owner_connection, owner_connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO points_digest (from_transaction, to_transaction, transfers, points, previous, sha256, made_at)"
            " VALUES (0, 1000000000000, 1, 1, '', 'x', now())"
        )
    with pytest.raises(Refused) as caught:
        publish()
    assert caught.value.code == "restored_ledger"


def test_anybody_with_the_two_files_can_check_them(tmp_path: Path) -> None:
    some_moves()
    publish()
    at_once(4, lambda _number: some_moves())
    publish()
    some_moves()  # not covered by a digest yet
    digests, transfers = download(tmp_path)
    assert run_verify(digests, transfers) == 0
    changed = transfers.read_text().replace(",5000,", ",5001,", 1)
    transfers.write_text(changed)
    assert run_verify(digests, transfers) == 1


def download(folder: Path) -> tuple[Path, Path]:
    """The two files as the platform gives them."""
    digests, transfers = folder / "digests.csv", folder / "transfers.csv"
    columns = ["id", "from_transaction", "to_transaction", "transfers", "points", "previous", "sha256"]
    with digests.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(Digest.objects.values_list(*columns))
    with transfers.open("wb") as out:
        out.write((",".join(COLUMNS) + "\n").encode())
        write_transfers(out, 0, 2**62)
    return digests, transfers


def run_verify(digests: Path, transfers: Path) -> int:
    """As a stranger would: another Python, no packages."""
    return subprocess.run(
        [sys.executable, "-I", verify.__file__, digests, transfers], check=False, capture_output=True
    ).returncode

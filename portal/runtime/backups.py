"""Copies of the platform's data, and the proof that they can be restored."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class under a small name

from portal.runtime import databases, keeper, services
from portal.runtime.places import PLATFORM_HOME, RUN, TEST_HOME
from portal.runtime.postgres import OWNER
from portal.runtime.processes import Stop
from portal.runtime.services import Services

BACKUPS = RUN / "backups"
LEDGER_CHECK = "verify_ledger"


def backup() -> Path:
    """Copy database and uploaded files into a new folder below `.run/backups`, with a count of every table's rows.

    Note: the counts are taken in the snapshot that is dumped, so that a restored copy can be compared with them
    while the platform goes on working.
    """
    with _platform_servers() as running:
        folder = BACKUPS / time.strftime("%Y%m%d-%H%M%S")
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        with contextlib.closing(psycopg2.connect(running.database.url(OWNER))) as link:
            link.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
            counts = row_counts(link)
            with link.cursor() as cursor:
                cursor.execute("SELECT pg_export_snapshot()")
                (snapshot,) = cursor.fetchone() or ("",)
            _program(
                running,
                "pg_dump",
                "platform",
                "--format=custom",
                f"--snapshot={snapshot}",
                f"--file={folder / 'database.dump'}",
            )
        (folder / "rows.json").write_text(json.dumps(counts, indent=1))
        with tarfile.open(folder / "media.tar.gz", "w:gz") as archive:
            if (PLATFORM_HOME / "media").exists():
                archive.add(PLATFORM_HOME / "media", "media")
    print(f"{sum(counts.values())} rows of {len(counts)} tables, and the uploaded files, are in {folder}")
    return folder


def restore_drill(folder: Path | None = None) -> None:
    """Restore the newest backup, or this one, into a fresh database; compare every table; verify the ledger.

    Raises: Stop, when the copy is not the original.
    """
    source = folder or _newest() or backup()
    began = time.monotonic()
    with keeper.shared(TEST_HOME) as running:
        name = f"drill_{os.getpid()}"
        databases.make(running, name, "template1")
        try:
            options = ["--exit-on-error", "--no-owner", "--no-comments", f"--dbname={name}"]
            _program(running, "pg_restore", name, *options, str(source / "database.dump"))
            restored = time.monotonic() - began
            with contextlib.closing(psycopg2.connect(running.database.url(OWNER, name))) as link:
                _compare(json.loads((source / "rows.json").read_text()), row_counts(link))
            if databases.has_command(LEDGER_CHECK):
                databases.manage(LEDGER_CHECK, env=running.environment(name))
        finally:
            databases.drop(running, name)
    verified = "every table has its rows" + (
        ", the ledger adds up" if databases.has_command(LEDGER_CHECK) else ""
    )
    print(f"{source.name}: restored in {restored:.1f} s; {verified}")


def row_counts(link: Connection) -> dict[str, int]:
    """How many rows each of our tables has."""
    with link.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        names = [row[0] for row in cursor.fetchall()]
        counts = {}
        for name in names:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
            counts[name] = int((cursor.fetchone() or (0,))[0])
    return counts


def _compare(expected: dict[str, int], found: dict[str, int]) -> None:
    wrong = [
        f"{name}: {expected.get(name)} → {found.get(name)}"
        for name in sorted(expected | found)
        if expected.get(name) != found.get(name)
    ]
    if wrong:
        raise Stop("The restored copy differs: " + "; ".join(wrong[:10]))


def _newest() -> Path | None:
    return (
        max(BACKUPS.glob("*/rows.json"), default=BACKUPS).parent if any(BACKUPS.glob("*/rows.json")) else None
    )


def _program(running: Services, program: str, database: str, *words: str) -> None:
    """A client program of the server's own version, as the owner. The password is not in the list of processes."""
    place = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(running.database.port),
        "PGUSER": OWNER,
        "PGDATABASE": database,
    }
    secret = {"PGPASSWORD": running.database.passwords["owner"]}
    command = [str(running.database.programs / program), *words]
    done = subprocess.run(command, env=os.environ | place | secret, capture_output=True, text=True)
    if done.returncode:
        raise Stop(f"{program} failed: {done.stderr.strip()[-2000:]}")


@contextlib.contextmanager
def _platform_servers() -> Iterator[Services]:
    """The servers of the running platform, or started for the moment."""
    if not (PLATFORM_HOME / "done.json").exists():
        raise Stop("There are no data yet: ./dev up makes them.")
    running = keeper.found(PLATFORM_HOME)
    if running:
        yield running
        return
    with services.running(PLATFORM_HOME, durable=True) as started:
        yield started

"""Ledger: holds, captures, a hot budget, bulk sweeps, verification; each against a limit of the same run, at two sizes.

The same client (pgbench, prepared statements) drives both sides: TPC-B on tables of its own, and one call of a ledger
function per transaction as the application's role. The database is a fresh copy with fsync on.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg2

django.setup()

from django.utils import timezone  # noqa: E402

from points.models.ledger import Account, Digest, Transfer  # noqa: E402
from points.selectors.verification import verify_ledger  # noqa: E402
from points.services import ledger  # noqa: E402
from points.services.digests import publish_digest  # noqa: E402

SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
TPCB_SCALE = int(os.environ.get("BENCH_TPCB_SCALE", "100"))
PICK = "\\set g random(0, :n - 1)\n\\set grant :grants + :g\n\\set order :orders + :g\n"
HOLD = "SELECT transfer_id AS held FROM ledger_hold(gen_random_uuid()::text, :grant::bigint, :order::bigint, 1, 'order', 'order', :g::bigint, now())"
CAPTURE = "SELECT transfer_id FROM ledger_settle(gen_random_uuid()::text, 'capture', :held::bigint, 1, 'acceptance', 'order', :g::bigint, now());\n"
GRANT = "SELECT transfer_id FROM ledger_grant(gen_random_uuid()::text, :budget::bigint, :grant::bigint, 7, 'first', 'grant', :g::bigint, now());\n"
SCRIPTS = {
    "hold": f"{PICK}{HOLD};\n",
    "hold_capture": f"{PICK}{HOLD} \\gset\n{CAPTURE}",
    "grant": f"{PICK}{GRANT}",
}


def run() -> Iterator[dict[str, Any]]:
    """Every line of quality.md that begins with `ledger.`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, script in SCRIPTS.items():
            (Path(folder) / f"{name}.sql").write_text(script)
        yield from _holds(folder)
        yield from _hot_budget(folder)
    yield from _bulk()
    yield from _verify()


def _holds(folder: str) -> Iterator[dict[str, Any]]:
    """Limit: TPC-B, scale 100, 8 clients, before and after, because a machine's speed drifts."""
    with _TpcB(TPCB_SCALE) as tpcb:
        for size in (20_000, 200_000):
            _budget, world = _wallets(size)
            for name, target in (("hold", 0.8), ("hold_capture", 0.6)):
                before = tpcb.run(clients=8)
                value = _pgbench(8, "-f", f"{folder}/{name}.sql", variables=world)
                yield _ratio(
                    f"ledger.{name}",
                    value,
                    (before + tpcb.run(clients=8)) / 2,
                    target,
                    size=size,
                    unit="per second",
                    tpcb_scale=TPCB_SCALE,
                )


def _hot_budget(folder: str) -> Iterator[dict[str, Any]]:
    """Limit: TPC-B, scale 1 (one hot row), 16 clients. Then the end of a budget: spent exactly, nobody refused in between."""
    with _TpcB(1) as tpcb:
        for size in (20_000, 200_000):
            _budget, world = _wallets(size)
            value = _pgbench(16, "-f", f"{folder}/grant.sql", variables=world)
            yield _ratio("ledger.hot_budget", value, tpcb.run(clients=16), 1.0, size=size, unit="per second")
    for asks in (1_000, 10_000):
        yield _end_of_a_budget(folder, asks)


def _end_of_a_budget(folder: str, asks: int) -> dict[str, Any]:

    points = 7 * asks * 4 + 3  # a quarter of what sixteen clients ask for
    budget, world = _wallets(1_000, budget_points=points, filled=False)
    began = time.perf_counter()
    _pgbench(16, "-t", str(asks), "-f", f"{folder}/grant.sql", variables=world)
    spent = time.perf_counter() - began
    granted = ledger.balance(budget).posted_debit
    return {
        "name": "ledger.end_of_budget", "size": 16 * asks, "value": granted, "limit": points - 3, "ratio": granted / (points - 3),
        "target": "= 1", "ok": granted == points - 3, "unit": "points", "seconds": round(spent, 1),
    }  # fmt: skip


def _bulk() -> Iterator[dict[str, Any]]:
    for size in (10_000, 100_000):
        yield from _bulk_of(size)


def _bulk_of(size: int) -> Iterator[dict[str, Any]]:
    budget, world = _wallets(size, filled=False)
    first, at = world["grants"], timezone.now()
    grants = [ledger.NewGrant(first + n, 30_000, f"bulk:{first + n}", n) for n in range(size)]
    spent = _timed(
        lambda: ledger.grant_many(
            budget_account_id=budget, grants=grants, reason="first", cause_type="grant", at=at
        )
    )
    yield _seconds("ledger.bulk_grants", spent, 2.0 * size / 100_000, size)
    lapsing = [ledger.Lapsing(first + n, f"lapse:{first + n}", n) for n in range(size)]
    spent = _timed(
        lambda: ledger.lapse_many(lapsing=lapsing, reason="return_3_months", cause_type="grant", at=at)
    )
    yield _seconds("ledger.bulk_lapses", spent, 3.0 * size / 100_000, size)


def _verify() -> Iterator[dict[str, Any]]:
    """Limit: `SELECT sum(points)` over the same rows. What the other groups moved is checked too."""
    yield _verified()
    size = 100_000
    budget, world = _wallets(size, filled=False)
    while (rows := Transfer.objects.count()) < 2_000_000:
        grants = [ledger.NewGrant(world["grants"] + n, 7, f"fill:{rows}:{n}", n) for n in range(size)]
        ledger.grant_many(
            budget_account_id=budget, grants=grants, reason="first", cause_type="grant", at=timezone.now()
        )
    yield _verified()


def _verified() -> dict[str, Any]:
    _execute("VACUUM ANALYZE points_transfer, points_account, points_hold", owner=True)
    publish_digest(at=timezone.now())
    rows = Transfer.objects.count()
    limit = min(_timed(lambda: _execute("SELECT sum(points) FROM points_transfer")) for _turn in range(5))
    faults: list[Any] = []
    spent = _timed(lambda: faults.extend(verify_ledger()))
    ratio = round(spent / limit, 1)
    return {
        "name": "ledger.verify", "size": rows, "value": round(spent, 3), "limit": round(limit, 3), "ratio": ratio, "target": "<= 10",
        "ok": ratio <= 10 and not faults, "unit": "seconds", "faults": len(faults), "digests": Digest.objects.count(),
    }  # fmt: skip


def _wallets(size: int, *, budget_points: int = 10**12, filled: bool = True) -> tuple[int, dict[str, int]]:
    """A budget and `size` grants and orders on it, whose accounts have consecutive numbers."""

    at, source = timezone.now(), int(time.time() * 1000) % 10**12
    budget = ledger.open_account(Account.Kind.BUDGET, budget_source_id=source)
    ledger.appropriate(
        budget_account_id=budget,
        points=budget_points,
        key=f"a{source}",
        reason="bench",
        cause=("bench", 1),
        at=at,
    )
    statement = """
        INSERT INTO points_account (kind, posted_credit, posted_debit, pending_debit, capped, budget_source_id)
        SELECT %s, 0, 0, 0, true, %s FROM generate_series(1, %s) RETURNING id"""
    grants, orders = (
        min(row[0] for row in _execute(statement, [kind, source, size], owner=True))
        for kind in ("grant", "claimable")
    )
    if filled:
        many = [ledger.NewGrant(grants + n, 1_000_000, f"w{grants + n}", n) for n in range(size)]
        ledger.grant_many(budget_account_id=budget, grants=many, reason="bench", cause_type="bench", at=at)
    _execute("VACUUM ANALYZE points_account, points_transfer", owner=True)
    _execute("CHECKPOINT", owner=True, may_fail=True)
    return budget, {"grants": grants, "orders": orders, "budget": budget, "n": size}


class _TpcB:
    """A database of its own with pgbench's tables."""

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.name = f"bench_tpcb_{scale}"

    def __enter__(self) -> _TpcB:
        _execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)", owner=True)
        _execute(f"CREATE DATABASE {self.name}", owner=True)
        _program("pgbench", "-i", "-q", "-s", str(self.scale), self.name, owner=True)
        return self

    def run(self, *, clients: int) -> float:
        return _rate(
            _program(
                "pgbench",
                "-n",
                "-M",
                "prepared",
                "-c",
                str(clients),
                "-j",
                "2",
                "-T",
                str(SECONDS),
                self.name,
                owner=True,
            )
        )

    def __exit__(self, *_problem: object) -> None:
        _execute(f"DROP DATABASE {self.name} WITH (FORCE)", owner=True)


def _pgbench(clients: int, *words: str, variables: dict[str, int]) -> float:
    defines = [f"-D{name}={value}" for name, value in variables.items()]
    length = [] if "-t" in words else ["-T", str(SECONDS)]
    name = urlsplit(os.environ["DATABASE_URL"]).path[1:]
    return _rate(
        _program(
            "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", *length, *defines, *words, name
        )
    )


def _program(program: str, *words: str, owner: bool = False) -> str:
    address = urlsplit(os.environ["DATABASE_OWNER_URL" if owner else "DATABASE_URL"])
    env = {
        **os.environ, "PGHOST": str(address.hostname), "PGPORT": str(address.port), "PGUSER": str(address.username),
        "PGPASSWORD": str(address.password), "LC_ALL": "C",
    }  # fmt: skip
    done = subprocess.run(
        [Path(os.environ["POSTGRES_PROGRAMS"]) / program, *words], env=env, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{program} {' '.join(words)}: {done.stderr[-1500:]}")
    return done.stdout


def _rate(said: str) -> float:
    found = re.search(r"tps = ([0-9.]+)", said)
    failed = re.search(r"number of failed transactions: (\d+)", said)
    if found is None or (failed and int(failed[1])):
        raise RuntimeError(said)
    return float(found[1])


def _execute(
    statement: str, values: list[Any] | None = None, *, owner: bool = False, may_fail: bool = False
) -> list[Any]:
    link = psycopg2.connect(os.environ["DATABASE_OWNER_URL" if owner else "DATABASE_URL"])
    link.autocommit = True
    try:
        with link.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []
    except psycopg2.Error:
        if not may_fail:
            raise
        return []
    finally:
        link.close()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ratio(name: str, value: float, limit: float, target: float, **more: Any) -> dict[str, Any]:
    ratio = round(value / limit, 2)
    return {
        "name": name,
        "value": round(value),
        "limit": round(limit),
        "ratio": ratio,
        "target": f">= {target}",
        "ok": ratio >= target,
        **more,
    }


def _seconds(name: str, value: float, target: float, size: int) -> dict[str, Any]:
    return {
        "name": name, "size": size, "value": round(value, 2), "limit": None, "ratio": round(value / size * 1e6, 1),
        "ratio_unit": "microseconds a row", "target": f"<= {target:g} s", "ok": value <= target, "unit": "seconds",
    }  # fmt: skip

"""The tax register's open data, 1.7 million generated rows: first load, daily reload, memory, and how the cost per row grows.

The limit is COPY of the same file into an unindexed table of the same server in the same run.
Needs DATABASE_URL (the application imports) and DATABASE_OWNER_URL (the plain table is made, the snapshot emptied).
"""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2

from outside.sandbox.country import write_register
from outside.sandbox.enterprise import OPERATING

SIZES = (170_000, 1_700_000)
FIRST_TARGET, RELOAD_TARGET, MEMORY_MB = 8.0, 4.0, 200
CHANGED_PER_MILLE, GONE_PER_MILLE = 10, 2  # of one day; the real register moves less
COPY_ROUNDS = 2
ROOT = Path(__file__).resolve().parent.parent
_COLUMNS = ", ".join(f"c{number} text" for number in range(16))
_CHILD = """
import json, os, resource, sys, time
import django
django.setup()
from pathlib import Path
from organisations.clock import now
from organisations.services.registry_import import import_tax_registry
started = time.perf_counter()
run = import_tax_registry(Path(sys.argv[1]), at=now())
seconds = time.perf_counter() - started
print(run.rows_new, run.rows_changed, run.rows_gone, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def run() -> Iterator[dict[str, object]]:
    """First load and daily reload at both sizes; the larger one carries the targets."""
    for size in SIZES:
        with TemporaryDirectory() as folder, _emptied():
            yield from _measure(Path(folder), size)


def _measure(folder: Path, size: int) -> Iterator[dict[str, object]]:
    file, tomorrow = folder / "BGMOPEN1.csv", folder / "tomorrow.csv"
    write_register(file, size)
    changed, gone = _next_day(file, tomorrow)
    suffix = "" if size == SIZES[-1] else f".{size}"
    copies = [_copy_seconds(file) for _ in range(COPY_ROUNDS)]
    first = _import(file)
    copies += [
        _copy_seconds(file) for _ in range(COPY_ROUNDS)
    ]  # before and after, so that both see the same machine
    limit = sum(copies) / len(copies)
    if first["new"] != size:
        raise AssertionError(f"{first['new']} of {size} {OPERATING} rows arrived")
    yield _line(f"registry.import{suffix}", first["seconds"], limit, FIRST_TARGET) | {"rows": size}
    again = _import(file)
    yield _line(f"registry.reload_same{suffix}", again["seconds"], limit, RELOAD_TARGET) | {"rows": size}
    reload = _import(tomorrow)
    if (reload["changed"], reload["gone"]) != (changed, gone):
        raise AssertionError(f"{reload} instead of {changed} changed and {gone} gone")
    yield _line(f"registry.reload{suffix}", reload["seconds"], limit, RELOAD_TARGET) | {
        "rows": size,
        "changed": changed,
    }
    memory = max(each["memory_mb"] for each in (first, again, reload))
    yield _line(f"registry.memory_mb{suffix}", memory, MEMORY_MB, 1.0)


def _next_day(file: Path, tomorrow: Path) -> tuple[int, int]:
    """Write the next day's file: some rows changed, some gone. How many of each."""
    draw = random.Random(1)
    changed = gone = 0
    with file.open("rb") as today, tomorrow.open("wb") as target:
        target.write(today.readline())
        target.write(today.readline().replace(b"31-DEC-25", b"01-JAN-26"))
        for line in today:
            lot = draw.randrange(1000)
            if lot < GONE_PER_MILLE:
                gone += 1
                continue
            if lot < GONE_PER_MILLE + CHANGED_PER_MILLE:
                changed += 1
                line = line.replace(b",N,", b",Y,", 1) if b",N," in line else line.replace(b",Y,", b",N,", 1)
            target.write(line)
    return changed, gone


def _copy_seconds(file: Path) -> float:
    with _owner() as link, link.cursor() as cursor, file.open("rb") as source:
        cursor.execute(f"DROP TABLE IF EXISTS bench_copy; CREATE TABLE bench_copy ({_COLUMNS})")
        link.commit()
        started = time.perf_counter()
        cursor.copy_expert("COPY bench_copy FROM STDIN (FORMAT csv, HEADER)", source, size=1 << 18)
        link.commit()
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_copy")
        link.commit()
    return seconds


def _import(file: Path) -> dict[str, float]:
    """In a process of its own, as the application's role."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(file)],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    new, changed, gone, seconds, memory = done.stdout.split()[-5:]
    return {
        "new": int(new),
        "changed": int(changed),
        "gone": int(gone),
        "seconds": float(seconds),
        "memory_mb": int(memory),
    }


@contextlib.contextmanager
def _emptied() -> Iterator[None]:
    """An empty snapshot before and after."""
    _execute("TRUNCATE organisations_registryrecord, organisations_registryimport, organisations_refusedrow")
    try:
        yield
    finally:
        _execute(
            "TRUNCATE organisations_registryrecord, organisations_registryimport, organisations_refusedrow"
        )


def _execute(sql: str) -> None:
    with _owner() as link, link.cursor() as cursor:
        cursor.execute(sql)
        link.commit()


@contextlib.contextmanager
def _owner() -> Iterator["psycopg2.extensions.connection"]:
    with contextlib.closing(psycopg2.connect(os.environ["DATABASE_OWNER_URL"])) as link:
        yield link


def _line(name: str, value: float, limit: float, target: float) -> dict[str, object]:
    ratio = value / limit
    return {
        "name": name,
        "value": round(value, 3),
        "limit": round(limit, 3),
        "ratio": round(ratio, 2),
        "target": target,
        "ok": ratio <= target,
    }

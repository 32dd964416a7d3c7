"""One million rows × 11 columns as CSV, XLSX and ODS, against psql's COPY of the same rows in the same run.

Each file is written by a process of its own, so that its peak memory is its own; figures include the query.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import psycopg2

from papers.columns import About, Column, Kind
from papers.rows import TAIPEI, CopiedRows
from papers.tables import FORMATS, table_file

TARGETS = {"csv": 2.0, "xlsx": 15.0, "ods": 20.0}
MEMORY_MB = 100
SIZES = (100_000, 1_000_000)
ROUNDS = 3
COLUMNS = [
    Column("number", "訂單編號"),
    Column("ubn", "統一編號"),
    Column("organisation", "企業名稱"),
    Column("county", "縣市"),
    Column("solution", "解決方案"),
    Column("ordered_at", "下單時間", Kind.DATETIME),
    Column("paid_date", "撥款日期", Kind.DATE),
    Column("months", "月數", Kind.INTEGER),
    Column("price_twd", "價格", Kind.TWD),
    Column("points", "點數", Kind.POINTS),
    Column("rate_bp", "補助比例", Kind.PERCENT),
]
_FILL = """
    CREATE TABLE bench_export AS
    SELECT n AS id, 'O115' || lpad(n::text, 16, '0') AS number, lpad((n::bigint * 7919 %% 99999999)::text, 8, '0') AS ubn,
        (ARRAY['好鄰','大同','永和','日新','阿里'])[1 + n %% 5] || (ARRAY['小吃店','工業有限公司','& Sons 商行','=加減行'])[1 + n %% 4]
            AS organisation,
        (ARRAY['臺北市','新北市','桃園市','臺中市','臺南市','高雄市','屏東縣'])[1 + n %% 7] AS county,
        '雲端進銷存 ' || n %% 3000 AS solution,
        timestamptz '2026-01-01 09:00+08' + n * interval '31 seconds' AS ordered_at,
        CASE WHEN n %% 10 > 0 THEN date '2026-02-01' + n %% 365 END AS paid_date,
        12 AS months, 1200 + n %% 48000 AS price_twd, 600 + n %% 24000 AS points, 5000 AS rate_bp
    FROM generate_series(1, %s) AS n"""
_NAMES = ", ".join(column.name for column in COLUMNS)


def run() -> Iterator[dict[str, object]]:
    """One line per format and size; the larger size carries the target.

    Needs the environment's DATABASE_OWNER_URL (or DATABASE_URL) to make and drop the table `bench_export`.
    """
    for size in SIZES:
        _execute("DROP TABLE IF EXISTS bench_export")
        _execute(_FILL, size)
        _execute("VACUUM ANALYZE bench_export")
        try:
            yield from _measure(size)
        finally:
            _execute("DROP TABLE IF EXISTS bench_export")


def _measure(size: int) -> Iterator[dict[str, object]]:
    """Limit and files in turn, so that a busy minute of the machine meets them alike."""
    limits: list[float] = []
    shots: dict[str, list[dict[str, float]]] = {fmt: [] for fmt in FORMATS}
    with TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for fmt in FORMATS:
                limits.append(_copy_seconds(folder))
                shots[fmt].append(_export(fmt, folder))
    suffix = "" if size == SIZES[-1] else f".{size}"
    for fmt in FORMATS:
        seconds = min(shot["seconds"] for shot in shots[fmt])
        memory = max(shot["memory_mb"] for shot in shots[fmt])
        extent = {"rows": size, "file_mb": shots[fmt][0]["file_mb"]}
        yield _line(f"export.{fmt}{suffix}", seconds, min(limits), TARGETS[fmt]) | extent
        yield _line(f"export.{fmt}.memory_mb{suffix}", memory, MEMORY_MB, 1.0)


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


def _database() -> str:
    return os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]


def _execute(sql: str, *parameters: object) -> None:
    connection = psycopg2.connect(_database())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
    connection.close()


def _copy_seconds(folder: str) -> float:
    """psql where there is one, else the same protocol through psycopg2."""
    statement = f"COPY (SELECT {_NAMES} FROM bench_export ORDER BY id) TO STDOUT WITH (FORMAT csv)"
    psql = shutil.which("psql")
    target = Path(folder) / "limit.csv"
    start = time.perf_counter()
    with target.open("wb") as out:
        if psql:
            subprocess.run([psql, "-qX", "-d", _database(), "-c", statement], stdout=out, check=True)
        else:
            connection = psycopg2.connect(_database())
            connection.cursor().copy_expert(statement, out)
            connection.close()
    return time.perf_counter() - start


def _export(fmt: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.export", fmt, str(Path(folder) / f"out.{fmt}")]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ)
    shot: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return shot


def _export_here(fmt: str, target: str) -> None:
    """What the child does: one file, its seconds and this process's peak memory."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    at = datetime(2026, 11, 23, 9, tzinfo=TAIPEI)
    about = About(as_of=at, made_by="bench", made_at=at)
    start = time.perf_counter()
    connection = psycopg2.connect(_database())
    rows = CopiedRows(connection.cursor(), f"SELECT {_NAMES} FROM bench_export ORDER BY id")
    with open(target, "wb") as out:
        table_file(fmt, "訂單", COLUMNS, rows, "zh-hant", out, about=about, with_totals=True)
    seconds = time.perf_counter() - start
    connection.close()
    shot = {
        "seconds": seconds,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "file_mb": round(Path(target).stat().st_size / 1e6, 1),
    }
    sys.stdout.write(json.dumps(shot) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _export_here(sys.argv[1], sys.argv[2])
    else:
        for line in run():
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
            sys.stdout.flush()

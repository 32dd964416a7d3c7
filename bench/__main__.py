"""`./dev bench [group …]`: measure against limits of the same run, one JSON object a line, the machine first.

A group is a module here with `run() -> Iterator[dict]`; each works on a fresh copy of the migrated database, with fsync on.
Its variables: DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL, SANDBOX_URL and POSTGRES_PROGRAMS (the folder of psql and pgbench).
"""

from __future__ import annotations

import json
import os
import pkgutil
import platform as machine
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from portal.runtime import databases, services
from portal.runtime.places import BENCH_HOME, ROOT
from portal.runtime.processes import Stop, try_lock
from portal.runtime.services import Services


def main(words: list[str]) -> int:
    """Run the groups named, or all. Exit code 1 when a target is missed."""
    known = [
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if module.name != "__main__"
    ]
    unknown = [word for word in words if word not in known]
    if unknown:
        raise Stop(f"There is no bench {', '.join(unknown)}; there are: {', '.join(known)}.")
    if try_lock(BENCH_HOME / "bench.lock") is None:
        raise Stop("A bench already runs from this folder; two at once would measure each other.")
    missed = 0
    with services.running(BENCH_HOME, durable=True) as running:
        print(json.dumps(_machine(running), ensure_ascii=False), flush=True)
        source = databases.template(running)
        for group in words or known:
            for line in _lines(running, group, source):
                print(json.dumps(line, ensure_ascii=False), flush=True)
                missed += line.get("ok") is False
    return 1 if missed else 0


def _lines(running: Services, group: str, source: str) -> Iterator[dict[str, object]]:
    name = f"bench_{group}"
    databases.make(running, name, source)
    os.environ.update(running.environment(name, owner=True))
    os.environ.update(
        DJANGO_SETTINGS_MODULE="portal.settings", POSTGRES_PROGRAMS=str(running.database.programs)
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "bench", "--inside", group], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for line in child.stdout:
        yield json.loads(line)
    if child.wait():
        yield {"name": group, "ok": False, "error": f"ended with code {child.returncode}"}
    databases.drop(running, name)


def _inside(group: str) -> int:
    """One group in a process of its own: its settings and its memory are nobody else's."""
    for line in import_module(f"bench.{group}").run():
        print(json.dumps(line, ensure_ascii=False, default=str), flush=True)
    return 0


def _machine(running: Services) -> dict[str, object]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "machine": _processor(),
        "cores": os.cpu_count(),
        "memory_mb": memory,
        "python": machine.python_version(),
        "postgres": _version(running),
        "commit": commit,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return machine.processor() or machine.machine()


def _version(running: Services) -> str:
    link = running.database.connect("platform_app")
    version = link.server_version
    link.close()
    return f"{version // 10000}.{version % 10000}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(_inside(sys.argv[2]))
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit(str(stop))

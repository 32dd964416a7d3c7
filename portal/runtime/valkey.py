"""An embedded Valkey: broker of the jobs and cache."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import redis

from portal.runtime import binaries
from portal.runtime.processes import Stop, end, free_port, start

DATABASES = 64  # one per test worker


@contextlib.contextmanager
def running(home: Path, passwords: Mapping[str, str], *, durable: bool) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Start the server; yields its port. Jobs in the queue survive a restart when durable."""
    folder = home / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {passwords['redis']}", "dir ./", 'save ""', f"databases {DATABASES}"]
    lines += ["appendonly yes", "appendfsync everysec"] if durable else ["appendonly no"]
    child = start(
        [binaries.valkey_program(), "-"],
        log=home / "valkey.log",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        cwd=folder,
        at_death=signal.SIGTERM,
        stdin=subprocess.PIPE,
    )
    try:
        assert child.stdin is not None
        with child.stdin:
            child.stdin.write("\n".join([*lines, ""]).encode())  # through stdin, so that the password is in no list of processes
        _wait(port, passwords["redis"], child, home / "valkey.log")
        yield port, child
    finally:
        end(child, signal.SIGTERM, within_seconds=15)


def _wait(port: int, password: str, child: subprocess.Popen[bytes], log: Path) -> None:
    client = redis.Redis(port=port, password=password)
    try:
        for _attempt in range(600):
            if child.poll() is not None:
                raise Stop(f"Valkey stopped while starting; the end of {log} says why:\n{log.read_text(errors='replace')[-800:]}")
            with contextlib.suppress(redis.ConnectionError, redis.exceptions.BusyLoadingError):
                client.ping()
                return
            time.sleep(0.05)
    finally:
        client.close()
    raise Stop(f"Valkey did not answer within 30 seconds; {log} may say why.")

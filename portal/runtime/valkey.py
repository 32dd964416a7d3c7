"""An embedded Valkey: broker of the jobs and cache."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import redis

from portal.runtime import binaries
from portal.runtime.processes import Stop, free_port, start
from portal.runtime.supervisor import Child

DATABASES = 64  # one per test worker


@contextlib.contextmanager
def running(home: Path, passwords: Mapping[str, str], *, durable: bool) -> Iterator[tuple[int, Child]]:
    """Start the server; yields its port. Jobs in the queue survive a restart when durable."""
    folder = home / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {passwords['redis']}",
        "dir ./",
        'save ""',
        f"databases {DATABASES}",
    ]
    lines += ["appendonly yes", "appendfsync everysec"] if durable else ["appendonly no"]
    log = home / "valkey.log"

    def spawn() -> subprocess.Popen[bytes]:
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
        process = start([binaries.valkey_program(), "-"], log=log, env=env, cwd=folder, stdin=subprocess.PIPE)
        assert process.stdin is not None
        with process.stdin:  # not as arguments, so that the password is in no list of processes
            process.stdin.write("\n".join([*lines, ""]).encode())
        _wait(port, passwords["redis"], process, log)
        return process

    child = Child("Valkey", spawn, log)
    try:
        child.start()
        yield port, child
    finally:
        child.stop()


def _wait(port: int, password: str, child: subprocess.Popen[bytes], log: Path) -> None:
    client = redis.Redis(port=port, password=password)
    try:
        for _attempt in range(600):
            if child.poll() is not None:
                raise Stop(
                    f"Valkey stopped while starting; the end of {log} says why:\n{log.read_text(errors='replace')[-800:]}"
                )
            with contextlib.suppress(redis.ConnectionError, redis.exceptions.BusyLoadingError):
                client.ping()
                return
            time.sleep(0.05)
    finally:
        client.close()
    raise Stop(f"Valkey did not answer within 30 seconds; {log} may say why.")

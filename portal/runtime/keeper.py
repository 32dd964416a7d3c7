"""The servers of the tests: started by the first who needs them, shared by all, stopped when nobody does.

A keeper process owns the servers. Everybody who uses them holds a shared lock that the kernel gives back when
they end, however they end; the keeper stops when it could take that lock alone for some seconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from portal.runtime import binaries, postgres, services
from portal.runtime.passwords import passwords_of
from portal.runtime.places import ROOT, TEST_HOME
from portal.runtime.processes import Stop, answers, try_lock
from portal.runtime.services import Services

IDLE_SECONDS = 10


@contextlib.contextmanager
def shared(home: Path = TEST_HOME, *, inherit: bool = False) -> Iterator[Services]:
    """The servers of the tests, started when they do not run. With `inherit` a program that replaces us keeps them."""
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits while a keeper is stopping
        os.set_inheritable(descriptor, inherit)
        yield found(home) or _start_keeper(home)
    finally:
        os.close(descriptor)


def found(home: Path) -> Services | None:
    """The servers that run on this folder, if any do."""
    file = home / "running.json"
    try:
        said = json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    if not (_is_alive(said["pid"]) and answers(said["postgres"]) and answers(said["valkey"])):
        return None
    passwords = passwords_of(home)
    programs = binaries.postgres_folder(
        postgres.data_folder(home, binaries.server_account()), binaries.server_account()
    )
    database = postgres.Database(said["postgres"], passwords, programs)
    return Services(home, database, f"redis://:{passwords['redis']}@127.0.0.1:{said['valkey']}/0", ())


def announce(running: Services) -> None:
    """Write down where the servers of this folder answer, for `found`."""
    valkey_port = int(running.redis_url.rsplit(":", 1)[1].split("/")[0])
    draft = running.home / "running.new"
    draft.write_text(
        json.dumps({"pid": os.getpid(), "postgres": running.database.port, "valkey": valkey_port})
    )
    draft.replace(running.home / "running.json")


def keep(home: Path) -> None:
    """Run the servers until nobody has used them for a while. The main program of the keeper process."""
    alone = try_lock(home / "keeper.lock")
    if alone is None:
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with services.running(home, durable=False) as running:
        announce(running)
        try:
            _watch(home, running)
        finally:
            (home / "running.json").unlink(missing_ok=True)


def _watch(home: Path, running: Services) -> None:
    free_since = time.monotonic()
    while all(child.is_alive for child in running.children) and home.exists():
        time.sleep(0.5)
        users = try_lock(home / "users.lock")
        if users is None:
            free_since = time.monotonic()
        elif time.monotonic() - free_since > IDLE_SECONDS:
            return  # still holding the lock: whoever comes now waits until we are gone, then starts anew
        else:
            os.close(users)


def _start_keeper(home: Path) -> Services:
    log = home / "keeper.log"
    with open(log, "wb") as sink:
        child = subprocess.Popen(
            [sys.executable, "-m", "portal.runtime", "keep", str(home)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    for _attempt in range(900):
        running = found(home)
        if running:
            return running
        if child.poll():
            raise Stop(log.read_text(errors="replace").strip() or "The servers for the tests did not start.")
        time.sleep(0.1)
    raise Stop(f"The servers for the tests did not start within 90 seconds; {log} may say why.")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

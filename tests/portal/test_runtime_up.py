"""`./dev up` itself, in a folder of its own: first start, second start, deaths, sentences instead of tracebacks."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.runtime import keeper, postgres
from portal.runtime.passwords import passwords_of
from portal.runtime.places import ROOT, TEST_HOME
from portal.runtime.postgres import APP, OWNER, Database
from portal.runtime.processes import free_port, try_lock

pytestmark = pytest.mark.xdist_group("dev-up")


@dataclass
class Started:
    """A `./dev up` that runs: its process, where it answers, what it prints."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    seconds: float

    def said(self) -> str:
        """Everything it printed."""
        return self.log.read_text()

    def members(self) -> dict[int, str]:
        """Every living process below it, by number, with its command."""
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                parents[int(folder.name)] = (
                    parent,
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(),
                )
        below = {self.process.pid}
        while more := {pid for pid, (parent, _command) in parents.items() if parent in below} - below:
            below |= more
        return {pid: parents[pid][1] for pid in below - {self.process.pid}}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """An empty folder for the platform's data."""
    folder = TEST_HOME / f"up-{os.getpid()}"
    folder.mkdir(parents=True)
    yield folder
    for _attempt in range(50):  # the drill's servers write until they see that their folder is gone
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.2)


def call(home: Path, name: str, **variables: str) -> tuple[subprocess.Popen[bytes], Path]:
    """`./dev up` without demonstration data, its words in a file."""
    log = home / f"{name}.txt"
    unwanted = (
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "DATABASE_APP_ROLE",
        "SANDBOX_URL",
    )
    env = {name: value for name, value in os.environ.items() if name not in unwanted}
    env |= {"PLATFORM_RUN_DIR": str(home), "PLATFORM_MODE": "development", **variables}
    with log.open("wb") as out:
        return subprocess.Popen(["./dev", "up"], cwd=ROOT, env=env, stdout=out, stderr=out), log


def dev(home: Path, verb: str, *, code: int) -> str:
    """What another verb of `./dev` says about this folder."""
    env = os.environ | {"PLATFORM_RUN_DIR": str(home)}
    done = subprocess.run(["./dev", verb], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextlib.contextmanager
def up(home: Path, **variables: str) -> Iterator[Started]:
    """A start that ends with Ctrl-C."""
    began, port = time.monotonic(), free_port()
    process, log = call(home, f"said-{port}", PORT=str(port), **variables)
    while "Ctrl-C stops" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() - began < 240, log.read_text()
        time.sleep(0.05)
    started = Started(process, port, log, time.monotonic() - began)
    try:
        yield started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def answers(port: int, path: str = "/healthz") -> bool:
    """Whether the web process answers."""
    try:
        with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def first(home: Path) -> Started:
    """A first start, stopped again, with one row written while it ran."""
    with up(home) as started:
        assert answers(started.port, "/")
        with contextlib.closing(database_of(home).connect(APP)) as link, link.cursor() as cursor:
            cursor.execute("INSERT INTO django_session VALUES ('kept', '', now())")
        assert started.members()
    return started


@pytest.fixture(scope="module")
def second(home: Path, first: Started) -> Iterator[Started]:
    """A second start on the same data, for all the tests below."""
    with up(home) as started:
        yield started


def database_of(home: Path) -> Database:
    """The running platform's database server."""
    running = keeper.found(home / "data")
    assert running is not None
    return running.database


def test_first_start_prints_one_address_and_stops_in_order(first: Started) -> None:
    assert re.findall(r"https?://\S+", first.said()) == [f"http://localhost:{first.port}"]
    assert "tables …" in first.said()
    assert "stopping, in order" in first.said()
    assert first.process.returncode == 0
    assert not answers(first.port)


def test_second_start_keeps_the_data_and_does_nothing_twice(home: Path, second: Started) -> None:
    assert "tables …" not in second.said()
    assert "reference data …" not in second.said()
    assert second.seconds < 30  # under 10 on a quiet machine; this one may be busy
    with contextlib.closing(database_of(home).connect(APP)) as link, link.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session WHERE session_key = 'kept'")
        assert cursor.fetchone() == (1,)


def test_secrets_are_read_by_their_owner_only(home: Path, first: Started) -> None:
    assert (home / "data/secrets").stat().st_mode & 0o777 == 0o600


def test_a_second_platform_in_the_same_folder_is_refused(home: Path, second: Started) -> None:
    process, log = call(home, "again")
    assert process.wait(60) == 1
    assert "already runs from this folder" in log.read_text()


def test_a_backup_can_be_restored_and_a_false_one_is_told(home: Path, second: Started) -> None:
    assert "are in" in dev(home, "backup", code=0)
    said = dev(home, "restore-drill", code=0)
    assert "every table has its rows" in said
    (counts,) = (home / "backups").glob("*/rows.json")
    counts.write_text(counts.read_text().replace('"django_session": 1', '"django_session": 2'))
    assert "django_session: 2 → 1" in dev(home, "restore-drill", code=1)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("gunicorn", "Web"),
        ("-n interactive@", "Worker"),
        (" beat -s", "Beat"),
        ("bin/postgres -D", "PostgreSQL"),
        ("valkey-server", "Valkey"),
    ],
)
def test_a_killed_process_is_started_again(
    second: Started, wait_for: Callable[..., None], word: str, name: str
) -> None:
    number = min(pid for pid, command in second.members().items() if word in command)
    os.kill(number, signal.SIGKILL)
    wait_for(lambda: f"{name} stopped unexpectedly (killed by SIGKILL); starting it again" in second.said())
    wait_for(lambda: answers(second.port, "/readyz"), within_seconds=60)


def is_let_go(data: Path) -> bool:
    """Whether nobody holds the folder of the platform's data."""
    lock = try_lock(data / "up.lock")
    if lock is not None:
        os.close(lock)
    return lock is not None


def test_nothing_outlives_a_killed_supervisor(
    home: Path, second: Started, wait_for: Callable[..., None]
) -> None:
    members = second.members()
    assert len(members) > 6
    second.process.kill()
    wait_for(lambda: not [pid for pid in members if is_alive(pid)], within_seconds=60)
    wait_for(
        lambda: is_let_go(home / "data"), within_seconds=60
    )  # also by one that was just being started again
    wait_for(lambda: keeper.found(home / "data") is None, within_seconds=60)


def test_a_busy_port_gets_a_plain_sentence(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process, log = call(home, "busy", PORT=str(port))
        assert process.wait(60) == 1
        assert f"Port {port} is in use" in log.read_text()
        assert "Traceback" not in log.read_text()


def test_data_of_newer_code_get_a_plain_sentence(home: Path, first: Started) -> None:
    data = home / "data"
    with (
        postgres.running(data, passwords_of(data), postgres.DURABLE) as (database, _child),
        contextlib.closing(database.connect(OWNER)) as link,
        link.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('points', '9999_later', now())"
        )
    process, log = call(home, "newer")
    assert process.wait(60) == 1
    assert "written by newer code" in log.read_text()
    assert "points 9999_later" in log.read_text()
    assert "Traceback" not in log.read_text()


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False

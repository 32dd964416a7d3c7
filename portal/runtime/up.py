"""`./dev up`: from an empty folder to a page that answers, with a line for every step."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from portal.runtime import keeper, platform, postgres, translations, valkey
from portal.runtime.databases import has_command
from portal.runtime.passwords import passwords_of
from portal.runtime.places import (
    APPS,
    PLATFORM_HOME,
    ROOT,
    fingerprint,
    migration_files,
    reference_files,
    static_files,
)
from portal.runtime.processes import Stop, can_listen, free_port, try_lock
from portal.runtime.services import Services
from portal.runtime.supervisor import Child, watch

FREE_BYTES_NEEDED = 500_000_000
FIRST_PORT = 8000


@dataclass
class Steps:
    """Lines of progress: number, words, seconds."""

    number: int = 1
    began: float = field(default_factory=time.monotonic)

    @contextlib.contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Say that a step begins, and how long it took."""
        self.number += 1
        print(f"{self.number:<2} {words} …", end=" ", flush=True)
        began = time.monotonic()
        try:
            yield
        except BaseException:
            print(flush=True)
            raise
        print(f"{time.monotonic() - began:.1f} s", flush=True)


@dataclass(frozen=True)
class Stamps:
    """What was done in this folder, and with which inputs, so that a second start does not do it again."""

    file: Path

    def is_done(self, step: str, inputs: str) -> bool:
        """Whether the step was finished with the same inputs."""
        return self._read().get(step) == inputs

    def note(self, step: str, inputs: str) -> None:
        """Write down that it was."""
        self.file.write_text(json.dumps(self._read() | {step: inputs}))

    def forget(self) -> None:
        """An empty database: nothing was done."""
        self.file.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            return dict(json.loads(self.file.read_text()))
        except (FileNotFoundError, ValueError):
            return {}


@dataclass(frozen=True)
class Servers:
    """Addresses of database and broker, ours or given, and the children to keep alive."""

    app: dict[str, str]
    owner: dict[str, str]
    children: tuple[Child, ...]


def up(home: Path = PLATFORM_HOME) -> int:
    """Start everything, keep it alive, stop it in order. Exit code 0 after Ctrl-C."""
    _refuse_a_second_one(home)
    _refuse_full_disk(home)
    port = _port()
    for name in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # SIGINT too: a shell starts what runs in its background deaf to it
        signal.signal(name, _interrupt)
    steps = Steps()
    with contextlib.ExitStack() as stack:
        stack.callback(_say_stopped)
        try:
            _run(home, port, steps, stack)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            print("\nstopping, in order …", flush=True)
    return 0


def _run(home: Path, port: int, steps: Steps, stack: contextlib.ExitStack) -> None:
    with steps.step("PostgreSQL and Valkey"):
        servers = _servers(home, stack)
    if servers.app["DATABASE_URL"] == servers.owner["DATABASE_URL"]:
        print(
            "   single-role mode: only DATABASE_URL is given, so the application owns its tables and the guard on ledger and audit trail is weaker"
        )
    values = {
        **servers.app,
        "PLATFORM_MODE": _mode(),
        "PUBLIC_ORIGIN": f"http://localhost:{port}",
        "MEDIA_ROOT": str(home / "media"),
        "STATIC_ROOT": str(home / "static"),
    }
    sandbox_port = free_port()
    twin = platform.sandbox(home, sandbox_port)
    if twin:
        values["SANDBOX_URL"] = f"http://127.0.0.1:{sandbox_port}"
    children = [platform.web(home, values, port), *platform.workers(home, values)]
    if twin:
        _begin(twin, stack)  # before the data: loading them may ask the registers
    _prepare(home, servers, values, steps)
    with steps.step("web, workers, beat"):
        for child in reversed(
            children
        ):  # stopped in the other order: first the web, so that nothing new comes in
            _begin(child, stack)
        platform.wait_until_answers(children[:1], port, path="/healthz", within_seconds=60)
        _warm(port)
    print(f"\nready after {time.monotonic() - steps.began:.0f} s:  http://localhost:{port}", flush=True)
    print("every role with one click: add /demo/ to it · Ctrl-C stops, the data stay", flush=True)
    everyone = [*servers.children, *([twin] if twin else []), *children]
    watch(everyone, say=lambda words: print(f"   {words}", flush=True))


def _servers(home: Path, stack: contextlib.ExitStack) -> Servers:
    """The servers that the environment names, else our own."""
    passwords = passwords_of(home)
    app_url, owner_url = os.environ.get("DATABASE_URL"), os.environ.get("DATABASE_OWNER_URL")
    redis_url = os.environ.get("REDIS_URL")
    children: list[Child] = []
    database = None
    if app_url:
        owner_url = owner_url or app_url
        _prepare_given(owner_url, app_url)
    else:
        database, child = stack.enter_context(postgres.running(home, passwords, postgres.DURABLE))
        app_url, owner_url = database.url(postgres.APP), database.url(postgres.OWNER)
        children.append(child)
    if not redis_url:
        number, child = stack.enter_context(valkey.running(home, passwords, durable=True))
        redis_url = f"redis://:{passwords['redis']}@127.0.0.1:{number}/0"
        children.append(child)
    if database and len(children) == 2:
        keeper.announce(Services(home, database, redis_url, ()))
        stack.callback((home / "running.json").unlink, missing_ok=True)
    app = {
        "DATABASE_URL": app_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or passwords["secret_key"],
    }
    if database:
        app["DATABASE_APP_ROLE"] = postgres.APP
    return Servers(
        app,
        app
        | {"DATABASE_URL": owner_url, "DATABASE_OWNER_URL": owner_url, "DATABASE_APP_ROLE": _role(app_url)},
        tuple(children),
    )


def _prepare_given(owner_url: str, app_url: str) -> None:
    """Rights on a database that was given, set by its owner before the first migration."""
    try:
        for url in {owner_url, app_url}:
            psycopg2.connect(url, connect_timeout=5).close()
        if owner_url == app_url:
            return
        with (
            contextlib.closing(psycopg2.connect(owner_url, connect_timeout=5)) as link,
            link,
            link.cursor() as cursor,
        ):
            for extension in postgres.EXTENSIONS[:3]:
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
            for statement in postgres.rights_statements(_role(owner_url), _role(app_url)):
                cursor.execute(statement)
    except psycopg2.Error as problem:
        raise Stop(f"The given database does not serve: {str(problem).strip()}") from None


def _prepare(home: Path, servers: Servers, values: dict[str, str], steps: Steps) -> None:
    """Schema, words, files, data: each only when its inputs changed."""
    stamps = Stamps(home / "done.json")
    if not _known_migrations(servers.owner["DATABASE_URL"]):
        stamps.forget()
    where = hashlib.sha256(_without_port(values["DATABASE_URL"]).encode()).hexdigest()[:8]
    if translations.compile_english():
        print("   English catalogue compiled", flush=True)
    static = fingerprint(static_files())
    collecting = None
    if not stamps.is_done("static", static):
        collecting = _spawn("collectstatic", "--noinput", "--clear", "--verbosity=0", env=values)
    migrations = fingerprint(migration_files()) + where
    if not stamps.is_done("migrations", migrations):
        with steps.step("tables"):
            _finish(_spawn("migrate", "--skip-checks", "--verbosity=0", env=values | servers.owner))
        stamps.note("migrations", migrations)
    for command, words, inputs in (
        ("load_reference_data", "reference data", fingerprint(reference_files()) + where),
        ("load_demonstration", "demonstration data", where),
    ):
        if (
            has_command(command)
            and not stamps.is_done(command, inputs)
            and (command != "load_demonstration" or _mode() == "demonstration")
        ):
            with steps.step(words):
                _finish(_spawn(command, env=values))
            stamps.note(command, inputs)
    if collecting:
        with steps.step("styles, scripts, pictures"):
            _finish(collecting)
        stamps.note("static", static)


def _spawn(*words: str, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=platform.application_environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finish(command: subprocess.Popen[str]) -> None:
    """Wait for a management command.

    Raises: Stop, with its last words.
    """
    try:
        said, _nothing = command.communicate()
    except KeyboardInterrupt:
        command.kill()
        raise
    if command.returncode:
        if "No space left on device" in said or "DiskFull" in said:
            raise Stop(
                "The disk is full. Free some space (1 GB is enough) and start again; nothing was lost."
            )
        raise Stop(f"This step failed:\n{said[-3000:].strip()}")


def _known_migrations(owner_url: str) -> set[tuple[str, str]]:
    """Migrations that the database has had.

    Raises: Stop, when one of ours is not in this code, so that older code never runs on newer data.
    """
    with contextlib.closing(psycopg2.connect(owner_url)) as link, link.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return set()
        cursor.execute("SELECT app, name FROM django_migrations")
        known = {(app, name) for app, name in cursor.fetchall()}
    newer = sorted(
        f"{app} {name}"
        for app, name in known
        if app in APPS and not (ROOT / app / "migrations" / f"{name}.py").exists()
    )
    if newer:
        raise Stop(
            f"The data were written by newer code than this (it does not have {', '.join(newer[:3])}). "
            "Check out that code again, or move .run/data away to begin afresh."
        )
    return known


def _refuse_a_second_one(home: Path) -> None:
    if try_lock(home / "up.lock") is None:
        raise Stop("The platform already runs from this folder. Stop it there with Ctrl-C first.")


def _refuse_full_disk(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < FREE_BYTES_NEEDED:
        raise Stop(
            f"The disk has {free // 1_000_000} MB left; {FREE_BYTES_NEEDED // 1_000_000} MB are needed. Free some space and start again."
        )


def _port() -> int:
    """PORT from the environment, else the first free one from 8000."""
    asked = os.environ.get("PORT")
    if asked:
        if not asked.isdigit() or not 0 < int(asked) < 65536:
            raise Stop(f"PORT={asked} is not a port; use a number such as 8000.")
        if not can_listen(int(asked)):
            raise Stop(
                f"Port {asked} is in use by another program (or not allowed). Stop that program, or choose another: PORT={int(asked) % 65000 + 1} ./dev up"
            )
        return int(asked)
    for number in range(FIRST_PORT, FIRST_PORT + 100):
        if can_listen(number):
            return number
    raise Stop(f"All ports from {FIRST_PORT} to {FIRST_PORT + 99} are in use. Choose one: PORT=9000 ./dev up")


def _mode() -> str:
    mode = os.environ.get("PLATFORM_MODE", "demonstration")
    if mode == "production":
        raise Stop(
            "./dev up is for demonstration and development. Production: docker-compose.yml and docs/settings.md."
        )
    return mode


def _begin(child: Child, stack: contextlib.ExitStack) -> None:
    stack.callback(child.stop)
    child.start()


def _warm(port: int) -> None:
    """Ask for the first page once, so that the person's own first click is quick."""
    with contextlib.suppress(OSError):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": f"localhost:{port}"})
        urllib.request.urlopen(request, timeout=20).close()


def _role(url: str) -> str:
    return url.split("://", 1)[-1].split("@", 1)[0].split(":", 1)[0]


def _without_port(url: str) -> str:
    """Our own server takes another port at each start; the data are the same."""
    return url if os.environ.get("DATABASE_URL") else "embedded"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _say_stopped() -> None:
    print("stopped; the data are kept in .run/data", flush=True)

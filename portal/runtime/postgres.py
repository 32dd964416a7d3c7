"""An embedded PostgreSQL with three roles: a superuser that stays in here, the owner of the schema, the application."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class under a small name

from portal.runtime import binaries
from portal.runtime.processes import Stop, free_port, start
from portal.runtime.supervisor import Child

SUPERUSER, OWNER, APP = "platform_superuser", "platform_owner", "platform_app"
EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent", "pg_stat_statements")
DURABLE = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "shared_preload_libraries": "pg_stat_statements",
}
# tests start from a template each time: nothing on disk has to survive a power cut
QUICK = DURABLE | {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "30min",
    "max_wal_size": "4GB",
}


@dataclass(frozen=True)
class Database:
    """A running server and who may sign in to it."""

    port: int
    passwords: Mapping[str, str]
    programs: Path

    def url(self, role: str, name: str = "platform") -> str:
        """`postgres://` address of a database for one of the three roles."""
        return f"postgres://{role}:{self._password(role)}@127.0.0.1:{self.port}/{name}"

    def connect(self, role: str, name: str = "platform") -> Connection:
        """An autocommitting connection."""
        link = psycopg2.connect(self.url(role, name), connect_timeout=5)
        link.autocommit = True
        return link

    def _password(self, role: str) -> str:
        return self.passwords[{SUPERUSER: "superuser", OWNER: "owner", APP: "app"}[role]]


@contextlib.contextmanager
def running(
    home: Path, passwords: Mapping[str, str], settings: Mapping[str, str]
) -> Iterator[tuple[Database, Child]]:
    """Start the server on the data in this folder; made at the first start; stopped in order at the end."""
    account = binaries.server_account()
    place = data_folder(home, account)
    programs = binaries.postgres_folder(place, account)
    data = place / "pg"
    if not (data / "PG_VERSION").exists():
        _make(data, programs, passwords["superuser"], account)
    _refuse_other_version(data, programs)
    _clear_stale_lock(data)
    database = Database(free_port(), passwords, programs)
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **settings}
    command: list[str | Path] = [
        programs / "postgres",
        "-D",
        data,
        "-p",
        str(database.port),
        *(part for key, value in options.items() for part in ("-c", f"{key}={value}")),
    ]
    log = home / "postgres.log"
    if log.exists() and log.stat().st_size > 20_000_000:
        log.replace(log.with_suffix(".log.1"))

    def spawn() -> subprocess.Popen[bytes]:
        env = {**_plain_environment(), "LC_ALL": "C.UTF-8"}
        process = start(command, log=log, env=env, at_death=signal.SIGINT, account=account)
        _wait(database, process, log)
        return process

    child = Child(
        "PostgreSQL", spawn, log, stop_by=signal.SIGINT, stop_seconds=30
    )  # SIGINT is its fast shutdown
    try:
        child.start()
        prepare(database)
        yield database, child
    finally:
        child.stop()


def data_folder(home: Path, account: Mapping[str, Any]) -> Path:
    """The folder for the data: `home`, or one below /var/lib when the server's account cannot reach `home`.

    Note: a checkout below a 0700 home, opened by root, is such a case.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not account:
        return home
    home.chmod(0o711)
    if binaries.may("-x", home, account):
        return home
    elsewhere = Path("/var/lib/cloudmarket-open") / str(home.resolve()).strip("/").replace("/", "-")
    elsewhere.mkdir(parents=True, exist_ok=True)
    elsewhere.chmod(0o711)
    return elsewhere


def prepare(database: Database) -> None:
    """Roles, rights and extensions, before the first migration; harmless when they are there.

    Note: rights are set in template1 as well, so that every database made later (each test's) begins with them.
    """
    with contextlib.closing(database.connect(SUPERUSER, "postgres")) as link, link.cursor() as cursor:
        for role, extra in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            words = sql.SQL(
                f"{verb} ROLE {{}} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS {extra} PASSWORD {{}}"
            )
            cursor.execute(words.format(sql.Identifier(role), sql.Literal(database._password(role))))
        cursor.execute("GRANT pg_signal_backend TO platform_owner")
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'platform'")
        is_new = cursor.fetchone() is None
    if is_new:
        _set_rights(database, "template1")
        with contextlib.closing(database.connect(SUPERUSER, "postgres")) as link, link.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE platform OWNER {OWNER}")
    with contextlib.closing(database.connect(APP)) as link, link.cursor() as cursor:
        cursor.execute("SELECT show_trgm('雲端') <> '{}'")
        if cursor.fetchone() != (True,):
            raise Stop(
                "This PostgreSQL finds nothing in Chinese text (its character type is C). It was not made by ./dev up; use another data folder."
            )


def rights_statements(owner: str, app: str) -> list[str]:
    """What the application may do with everything that the owner makes later: use rows, sequences and functions, make nothing."""
    return [
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT EXECUTE ON FUNCTIONS TO {app}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {app}",
    ]


def _set_rights(database: Database, name: str) -> None:
    with contextlib.closing(database.connect(SUPERUSER, name)) as link, link.cursor() as cursor:
        for extension in EXTENSIONS:
            cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = %s", [extension])
            if cursor.fetchone():
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        for statement in rights_statements(OWNER, APP):
            cursor.execute(statement)


def _make(data: Path, programs: Path, password: str, account: Mapping[str, Any]) -> None:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, password_file = tempfile.mkstemp()
    with os.fdopen(descriptor, "w") as out:
        out.write(password)
    if account:
        os.chown(data, account["user"], account["group"])
        os.chown(password_file, account["user"], account["group"])
    locale = [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C.UTF-8",
    ]  # with LC_CTYPE=C trigrams of Chinese are empty
    command = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        SUPERUSER,
        "-E",
        "UTF8",
        *locale,
        "-A",
        "scram-sha-256",
        "--pwfile",
        password_file,
    ]
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={**_plain_environment(), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            **account,
        )
    finally:
        os.unlink(password_file)
    if done.returncode:
        raise Stop(
            _plain_reason(done.stderr)
            or f"PostgreSQL could not make its data folder {data}: {done.stderr.strip()[-300:]}"
        )


def _plain_environment() -> dict[str, str]:
    """Without PG* settings of the person's own, which would redirect the server or its programs."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("PG") and key not in ("DATABASE_URL", "DATABASE_OWNER_URL")
    }


def _refuse_other_version(data: Path, programs: Path) -> None:
    written_by = subprocess.run(
        ["cat", str(data / "PG_VERSION")], capture_output=True, text=True
    ).stdout.strip()
    said = subprocess.run(
        [str(programs / "postgres"), "--version"], capture_output=True, text=True, cwd="/"
    ).stdout
    ours = said.split()[2].split(".")[0] if len(said.split()) > 2 else written_by
    if ours.removesuffix("devel") != written_by:
        raise Stop(
            f"The data in {data} were written by PostgreSQL {written_by}; this is PostgreSQL {ours}. "
            "Restore a backup into a new folder, or move the old folder away to begin afresh."
        )


def _clear_stale_lock(data: Path) -> None:
    """A machine that lost power leaves postmaster.pid, and after a restart that number may belong to anybody.

    Note: a number that belongs to nobody is left to PostgreSQL, which first looks whether its memory is still in use.
    """
    file = data / "postmaster.pid"
    for _attempt in range(100):
        if not file.exists():
            return
        name = Path("/proc") / file.read_text().split("\n", 1)[0] / "comm"
        if not name.exists():
            return
        if name.read_text().strip() != "postgres":
            file.unlink(missing_ok=True)
            return
        time.sleep(0.2)  # the previous server is still writing its last checkpoint


def _wait(database: Database, child: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(1200):
        if child.poll() is not None:
            last = log.read_text(errors="replace")[-1500:]
            raise Stop(
                _plain_reason(last)
                or f"PostgreSQL stopped while starting; the end of {log} says why:\n{last}"
            )
        try:
            database.connect(SUPERUSER, "postgres").close()
        except psycopg2.OperationalError as problem:
            if "password authentication failed" in str(problem):
                raise Stop(
                    f"The passwords in {log.parent / 'secrets'} do not fit the data beside it. Put the right file back, or move the folder away."
                ) from None
            time.sleep(0.05)
        else:
            return
    raise Stop(f"PostgreSQL did not answer within a minute; {log} may say why.")


def _plain_reason(text: str) -> str:
    if "No space left on device" in text:
        return "The disk is full. Free some space (1 GB is enough) and start again; nothing was lost."
    if "could not map anonymous shared memory" in text or "Cannot allocate memory" in text:
        return "There is too little memory for PostgreSQL. Close other programs and start again."
    return ""

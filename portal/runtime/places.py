"""Where things live on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RUN = Path(os.environ.get("PLATFORM_RUN_DIR", ROOT / ".run"))
PLATFORM_HOME = RUN / "data"
TEST_HOME = RUN / "test"
BENCH_HOME = RUN / "bench"
APPS = ("portal", "pmo", "youth", "advisory", "marketplace", "vendors", "points", "organisations")


def fingerprint(paths: Iterable[Path]) -> str:
    """Twelve hex digits that change when one of these files changes, comes or goes."""
    digest = hashlib.sha256()
    for path in sorted(set(paths)):
        if path.is_file():
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def migration_files() -> list[Path]:
    """Every migration of our own apps, and the lock, because third-party apps migrate too."""
    return [
        ROOT / "requirements.lock",
        *(file for app in APPS for file in (ROOT / app / "migrations").rglob("*.*") if file.suffix != ".pyc"),
    ]


def reference_files() -> list[Path]:
    """What `load_reference_data` reads: the command, its verb, each app's `data` folder."""
    data = [file for app in APPS for file in (ROOT / app / "data").rglob("*")]
    return [
        *data,
        *ROOT.glob("*/services/reference_data.py"),
        *ROOT.glob("*/management/commands/load_reference_data.py"),
    ]


def demonstration_files() -> list[Path]:
    """What `load_demonstration` reads, as far as its own files go; other verbs change without a new template."""
    places = (
        "*/management/commands/load_*.py",
        "portal/demonstration/**/*.*",
        "portal/services/*.py",
        "portal/people.py",
    )
    inside = [file for place in places for file in ROOT.glob(place)]
    return [
        *reference_files(),
        *inside,
        *ROOT.glob("outside/sandbox/content/*"),
        ROOT / "portal/runtime/databases.py",
    ]


def static_files() -> list[Path]:
    """Styles, scripts and pictures, and the lock, because third-party apps bring some."""
    folders = (ROOT / "static", *(ROOT / app / "static" for app in APPS))
    return [ROOT / "requirements.lock", *(file for folder in folders for file in folder.rglob("*"))]

"""`./dev check`: everything that can be known without running the platform, two checks at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from portal.runtime.places import ROOT

BIN = Path(sys.executable).parent
PACKAGES = (
    "portal",
    "pmo",
    "youth",
    "advisory",
    "marketplace",
    "vendors",
    "points",
    "organisations",
    "papers",
    "outside",
)
MANAGE = (sys.executable, "-W", "ignore", "manage.py")
# values that only have to be well-formed: nothing connects
PRODUCTION = {
    "PLATFORM_MODE": "production",
    "SECRET_KEY": "check-only-not-a-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "ALLOWED_HOSTS": "platform.example",
    "PUBLIC_ORIGIN": "https://platform.example",
    "EMAIL_URL": "smtp+tls://mail.example:587",
    "METRICS_TOKEN": "check-only",
    "PAYER_BANK_CODE": "0000000",
    "PAYER_ACCOUNT": "0",
    "PAYER_UBN": "00000000",
    "SANDBOX_URL": "",
}


@dataclass(frozen=True)
class Check:
    """One static check: what it is called and the command."""

    name: str
    command: tuple[str | Path, ...]
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a check said, and how long it took."""

    check: Check
    code: int
    said: str
    seconds: float


CHECKS = (
    Check("types (mypy)", (BIN / "mypy", "--no-error-summary")),
    Check("format (ruff)", (BIN / "ruff", "format", "--check", "--quiet", ".")),
    Check("lint (ruff)", (BIN / "ruff", "check", "--quiet", ".")),
    Check("line of apps (import-linter)", (BIN / "lint-imports",)),
    Check("templates (djlint)", (BIN / "djlint", "--lint", "--quiet", "templates")),
    Check("migrations", (*MANAGE, "makemigrations", "--check", "--dry-run")),
    Check("words (messages)", (*MANAGE, "messages")),
    Check("security (bandit)", (BIN / "bandit", "-q", "-lll", "-c", "pyproject.toml", "-r", *PACKAGES)),
    Check(
        "production settings",
        (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
        tuple(PRODUCTION.items()),
    ),
)


def check(names: Iterable[str] = ()) -> int:
    """Run all of them, or those whose name contains one of these words. Exit code 1 when one fails."""
    wanted = [each for each in CHECKS if not list(names) or any(word in each.name for word in names)]
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        outcomes = []
        for outcome in pool.map(_carry_out, wanted):
            print(
                f"{'ok  ' if outcome.code == 0 else 'FAIL'} {outcome.check.name:<32} {outcome.seconds:5.1f} s",
                flush=True,
            )
            outcomes.append(outcome)
    failed = [outcome for outcome in outcomes if outcome.code]
    for outcome in failed:
        print(f"\n--- {outcome.check.name}\n{outcome.said[-12_000:].rstrip()}")
    words = f"{len(failed)} of {len(outcomes)} checks failed" if failed else f"{len(outcomes)} checks passed"
    print(f"\n{words} in {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


def _carry_out(each: Check) -> Outcome:
    began = time.monotonic()
    own = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")
    }  # nothing else may change the answer
    env = own | {"PYTHONPATH": str(ROOT), "PLATFORM_MODE": "development"} | dict(each.env)
    done = subprocess.run(
        [str(part) for part in each.command], cwd=ROOT, env=env, capture_output=True, text=True
    )
    return Outcome(each, done.returncode, done.stdout + done.stderr, time.monotonic() - began)

"""`./dev soak`: everything in one long run, and its report."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass

from portal.runtime.places import ROOT, RUN

REPORT = ROOT / "docs/soak.md"


@dataclass(frozen=True)
class Part:
    """One part of the run: what it is called, its exit code, its last lines, how long it took."""

    name: str
    code: int
    lines: list[str]
    seconds: float


def soak() -> int:
    """Static checks, every test including the long ones, every measurement. Exit code 1 when a part fails."""
    verb = [sys.executable, "-m", "portal.runtime"]
    parts = [
        _part("check", [*verb, "check"]),
        _part(
            "tests",
            [
                *verb,
                "pytest",
                "-m",
                "soak or not soak",
                "-q",
                "-n",
                "2",
                "--dist",
                "loadfile",
                "--durations",
                "10",
            ],
        ),
        _part("bench", [*verb, "bench"]),
        _part("restore drill", [*verb, "restore-drill"]),
    ]
    REPORT.write_text(_report(parts))
    print(f"report: {REPORT.relative_to(ROOT)}")
    return 1 if any(part.code for part in parts) else 0


def _part(name: str, command: list[str]) -> Part:
    print(f"{name} …", flush=True)
    began, log = time.monotonic(), RUN / f"soak-{name.replace(' ', '-')}.log"
    with log.open("w") as out:
        code = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT).returncode
    return Part(name, code, log.read_text(errors="replace").splitlines(), time.monotonic() - began)


def _report(parts: list[Part]) -> str:
    rows = [
        f"| {part.name} | {'ok' if not part.code else 'failed'} | {part.seconds:.0f} s | {part.lines[-1] if part.lines else ''} |"
        for part in parts
    ]
    measured = [
        json.loads(line)
        for part in parts
        if part.name == "bench"
        for line in part.lines
        if line.startswith("{")
    ]
    figures = [
        f"| {line['name']} | {line.get('value')} | {line.get('limit')} | {line.get('ratio')} | {line.get('target')} | {line.get('ok')} |"
        for line in measured
        if "name" in line
    ]
    machine = json.dumps(next((line for line in measured if "machine" in line), {}), ensure_ascii=False)
    head = ["# Soak report", "", f"{time.strftime('%Y-%m-%d %H:%M')} · {machine}", ""]
    table = ["| part | outcome | time | last line |", "|---|---|---|---|", *rows, ""]
    return "\n".join(
        [
            *head,
            *table,
            "| figure | value | limit | ratio | target | ok |",
            "|---|---|---|---|---|---|",
            *figures,
            "",
        ]
    )

"""The processes of the platform: web, two workers, beat, and the sandbox that plays the outside world."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from portal.runtime.places import ROOT
from portal.runtime.processes import Stop, answers, start
from portal.runtime.supervisor import Child

THREADS = 8  # two idle connections froze two sync workers for half a minute; threads do not mind them


def application_environment(values: Mapping[str, str]) -> dict[str, str]:
    """The environment of web, workers and beat: ours without what only the schema's owner may have."""
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DATABASE_OWNER_URL", "PLATFORM_TEST_RUN")
    }
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **values}


def sandbox(home: Path, port: int) -> Child | None:
    """The twin of every outside system, one server. None until the repository has it."""
    if not (ROOT / "outside/sandbox/__main__.py").exists():
        return None
    data = home / "sandbox"
    data.mkdir(parents=True, exist_ok=True)
    return python_child(
        "Sandbox", home, {}, "-m", "outside.sandbox", "--port", str(port), "--data", str(data)
    )


def web(home: Path, values: Mapping[str, str], port: int) -> Child:
    """gunicorn with threads on the loopback address."""
    words = [
        "-m",
        "gunicorn",
        "portal.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--worker-class",
        "portal.runtime.web_worker.PatientWorker",
    ]
    words += [
        "--workers",
        "1",
        "--threads",
        str(THREADS),
        "--keep-alive",
        "5",
        "--timeout",
        "60",
        "--graceful-timeout",
        "10",
    ]
    words += ["--no-control-socket", "--log-level", "warning"]
    if os.access("/dev/shm", os.W_OK):
        words += ["--worker-tmp-dir", "/dev/shm"]
    return python_child("Web", home, values, *words)


def workers(home: Path, values: Mapping[str, str]) -> list[Child]:
    """A worker of its own for what people wait for, one for the rest, and beat."""
    celery = ["-m", "celery", "-A", "portal.celery:app"]
    quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    return [
        python_child(
            "Worker",
            home,
            values,
            *celery,
            "worker",
            "-n",
            "interactive@%h",
            "-Q",
            "interactive",
            "-c",
            "2",
            *quiet,
        ),
        python_child(
            "Bulk worker",
            home,
            values,
            *celery,
            "worker",
            "-n",
            "bulk@%h",
            "-Q",
            "bulk,reports",
            "-c",
            "1",
            *quiet,
        ),
        python_child(
            "Beat",
            home,
            values,
            *celery,
            "beat",
            "-s",
            str(home / "beat"),
            "--pidfile",
            "",
            "--loglevel",
            "WARNING",
        ),
    ]


def wait_until_listens(child: Child, port: int, *, within_seconds: float) -> None:
    """Wait until a process takes connections.

    Raises: Stop, with the end of its log.
    """
    last = time.monotonic() + within_seconds
    while not answers(port):
        if not child.is_alive or time.monotonic() > last:
            raise Stop(f"{child.name} did not start. The end of {child.log} says why:\n{child.last_words()}")
        time.sleep(0.05)


def wait_until_answers(children: Sequence[Child], port: int, *, path: str, within_seconds: float) -> None:
    """Wait for a page of the web process.

    Raises: Stop, with the end of a log, when one of the processes ends or the page stays away.
    """
    last = time.monotonic() + within_seconds
    said = ""
    while time.monotonic() < last:
        for child in children:
            if not child.is_alive:
                raise Stop(
                    f"{child.name} stopped while starting. {child.log} says why:\n{child.last_words()}"
                )
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10):
                return
        except urllib.error.HTTPError as answer:
            said = answer.read(400).decode(errors="replace")
        except OSError as problem:
            said = str(problem)
        time.sleep(0.1)
    raise Stop(
        f"{path} was not ready within {within_seconds:.0f} seconds: {said}\n{children[0].last_words()}"
    )


def python_child(name: str, home: Path, values: Mapping[str, str], *words: str) -> Child:
    """A Python process of ours, with a log of its own in `home`."""
    log = home / f"{name.lower().replace(' ', '-')}.log"

    def spawn() -> subprocess.Popen[bytes]:
        if log.exists() and log.stat().st_size > 20_000_000:
            log.replace(log.with_suffix(".log.1"))
        return start([sys.executable, *words], log=log, env=application_environment(values), cwd=ROOT)

    return Child(name, spawn, log)

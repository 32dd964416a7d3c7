"""`python -m portal.runtime VERB …`, behind `./dev`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from portal.runtime import backups, chromium, keeper, translations
from portal.runtime import check as static_checks
from portal.runtime import soak as long_run
from portal.runtime import up as start_everything
from portal.runtime.places import PLATFORM_HOME, ROOT, TEST_HOME
from portal.runtime.processes import Stop, die_with_parent


def up(_words: list[str]) -> int:
    """Everything, until Ctrl-C."""
    return start_everything.up()


def services(_words: list[str]) -> int:
    """Hold the servers of the tests and print their variables, until Ctrl-C."""
    with keeper.shared() as running:
        for name, value in running.environment(owner=True).items():
            print(f"export {name}={value}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


def run(words: list[str]) -> int:
    """Replace this process by a command that has the variables of the running platform, else of the tests' servers."""
    if not words:
        raise Stop("./dev run COMMAND …")
    platform = keeper.found(PLATFORM_HOME)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    if platform:
        print("(on the running platform)", file=sys.stderr)
        os.environ.update(
            platform.environment(owner=True), PLATFORM_MODE=os.environ.get("PLATFORM_MODE", "demonstration")
        )
        os.execvp(words[0], words)
    with keeper.shared(inherit=True) as running:
        os.environ.update(running.environment(owner=True))
        os.execvp(words[0], words)


def manage(words: list[str]) -> int:
    """`manage.py` with the variables of `run`."""
    return run([sys.executable, str(ROOT / "manage.py"), *words])


def pytest(words: list[str]) -> int:
    """pytest alone, on the servers of the tests; takes our place, so that Ctrl-C and kill reach it."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])


def check(words: list[str]) -> int:
    """What can be known without running the platform."""
    return static_checks.check(words)


def test(words: list[str]) -> int:
    """`check`, then pytest in two processes; its words come last. Words of your own go to pytest."""
    chromium.ensure()
    translations.compile_english()
    checked = static_checks.check()
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", *words]
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=die_with_parent(signal.SIGINT)) as tests:
        return checked or tests.wait()


def shell(words: list[str]) -> int:
    """Python with the models, on the running platform, else on the tests' servers."""
    return manage(["shell", *words])


def bench(words: list[str]) -> int:
    """Measure, on servers of its own with fsync on."""
    return subprocess.run([sys.executable, "-m", "bench", *words], cwd=ROOT).returncode


def soak(_words: list[str]) -> int:
    """Everything long: all checks, all tests, all measurements; the report goes to docs/soak.md."""
    return long_run.soak()


def backup(_words: list[str]) -> int:
    """Copy database and files."""
    backups.backup()
    return 0


def restore_drill(words: list[str]) -> int:
    """Prove that a copy can be restored."""
    backups.restore_drill(Path(words[0]) if words else None)
    return 0


def keep(words: list[str]) -> int:
    """Inner verb: the process that owns the servers of the tests."""
    keeper.keep(Path(words[0]) if words else TEST_HOME)
    return 0


VERBS: dict[str, Callable[[list[str]], int]] = {
    "up": up,
    "test": test,
    "check": check,
    "services": services,
    "run": run,
    "manage": manage,
    "pytest": pytest,
    "shell": shell,
    "bench": bench,
    "soak": soak,
    "backup": backup,
    "restore-drill": restore_drill,
    "keep": keep,
}


def main(arguments: list[str]) -> int:
    """Carry out one verb; a plain sentence instead of a traceback for what is expected to go wrong."""
    verb = VERBS.get(arguments[0]) if arguments else None
    if verb is None:
        print("./dev " + " · ".join(name for name in VERBS if name != "keep"), file=sys.stderr)
        return 2
    try:
        return verb(arguments[1:])
    except Stop as stop:
        print(stop, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

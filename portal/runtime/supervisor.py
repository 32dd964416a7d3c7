"""A process that we started, know how to stop, and start again when it dies."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portal.runtime.processes import Stop, end

DEATHS_ALLOWED, WITHIN_SECONDS = 5, 60.0


@dataclass
class Child:
    """One process: its name for people, how it is started, how it is asked to stop."""

    name: str
    spawn: Callable[[], subprocess.Popen[bytes]]
    log: Path
    stop_by: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start the process, for the first time or again."""
        self.process = self.spawn()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode if self.process is not None else None
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def stop(self) -> None:
        """Ask it to stop, and insist."""
        if self.process is not None:
            end(self.process, self.stop_by, within_seconds=self.stop_seconds)

    def revive(self) -> None:
        """Start a dead process again.

        Raises: Stop, when it has died too often to hope.
        """
        now = time.monotonic()
        self.deaths = [moment for moment in self.deaths if now - moment < WITHIN_SECONDS] + [now]
        if len(self.deaths) > DEATHS_ALLOWED:
            raise Stop(
                f"{self.name} stopped {len(self.deaths)} times within a minute. The end of {self.log} says why:\n{self.last_words()}"
            )
        self.start()

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-1500:].strip() if self.log.exists() else ""


def watch(children: Sequence[Child], *, say: Callable[[str], None]) -> None:
    """Keep all of them alive until the person stops us. Returns never; ends by KeyboardInterrupt or Stop."""
    while True:
        for child in children:
            if not child.is_alive:
                say(f"{child.name} stopped unexpectedly ({child.ending}); starting it again")
                child.revive()
        time.sleep(0.3)

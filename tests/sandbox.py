"""The twin of the outside world for tests: a real server on a real socket. Import the two fixtures into a conftest."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from django.core.cache import cache
from pytest_django import Settings

from outside.sandbox.server import start_in_thread


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The running twin."""

    url: str
    data: Path

    def misbehave(self, system: str, mode: str, *, seconds: float = 30) -> None:
        """Let a system be slow, 500, garbage, empty or truncated; "off" ends it."""
        body = {"system": system, "mode": mode, "seconds": seconds}
        urlopen(Request(f"{self.url}/faults", json.dumps(body).encode())).close()

    def calls(self, system: str) -> int:
        """How many requests the system has had since the server's start."""
        with urlopen(f"{self.url}/calls") as answer:
            return int(json.load(answer).get(system, 0))


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One server for the whole test process."""
    data = tmp_path_factory.mktemp("sandbox")
    url, stop = start_in_thread(data)
    yield Sandbox(url, data)
    stop()


@pytest.fixture
def sandbox(sandbox_server: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    """The twin, well-behaved, with the settings pointing to it, short waits and no open circuit."""
    settings.SANDBOX_URL = sandbox_server.url
    settings.OUTSIDE_TIMEOUT_SECONDS = 2
    settings.OUTSIDE_FIRST_WAIT_SECONDS = 0.01
    cache.clear()
    yield sandbox_server
    sandbox_server.misbehave("all", "off")
    cache.clear()

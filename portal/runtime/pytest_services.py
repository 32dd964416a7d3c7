"""pytest plugin (`-p portal.runtime.pytest_services`): settings of a test process point at servers of the tests before Django reads them."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass

import pytest
import redis

from portal.runtime import databases, keeper
from portal.runtime.processes import Stop, try_lock
from portal.runtime.services import Services
from portal.runtime.valkey import DATABASES


@dataclass(frozen=True)
class TestPlace:
    """What one test process has for itself: the name of a database and a numbered Redis database."""

    __test__ = False

    services: Services
    database: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Variables for a process that is to work on the same data."""
        media = str(databases.media_of(self.services, self.database))
        return self.services.environment(self.database) | {"REDIS_URL": self.redis_url, "MEDIA_ROOT": media}


place_key: pytest.StashKey[TestPlace] = pytest.StashKey()
stack_key: pytest.StashKey[contextlib.ExitStack] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """A wrapper, because it runs before pytest-django loads the settings."""
    stack = contextlib.ExitStack()
    try:
        running = stack.enter_context(keeper.shared())
    except Stop as stop:
        raise pytest.UsageError(str(stop)) from None
    os.environ.setdefault("PLATFORM_TEST_RUN", str(os.getpid()))  # the workers of xdist inherit it
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if worker in ("main", "gw0"):
        databases.sweep(running)
    name = f"run_{os.environ['PLATFORM_TEST_RUN']}_{worker}"
    place = TestPlace(running, name, _own_redis(running, stack))
    os.environ.update(place.environment(), PLATFORM_MODE=os.environ.get("PLATFORM_MODE", "development"))
    os.environ.pop("DATABASE_OWNER_URL", None)
    early_config.stash[place_key] = place
    early_config.stash[stack_key] = stack
    yield


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the shared servers back, and throw away the files that tests wrote."""
    place = config.stash.get(place_key, None)
    if place is not None:
        shutil.rmtree(databases.media_of(place.services, place.database), ignore_errors=True)
    stack = config.stash.get(stack_key, None)
    if stack is not None:
        stack.close()


def _own_redis(running: Services, stack: contextlib.ExitStack) -> str:
    """Address of a numbered Redis database that nobody else in this checkout uses now."""
    for number in range(1, DATABASES):
        descriptor = try_lock(running.home / "redis" / f"{number}.lock")
        if descriptor is not None:
            stack.callback(os.close, descriptor)
            url = running.redis_url.rsplit("/", 1)[0] + f"/{number}"
            with contextlib.closing(redis.Redis.from_url(url)) as client:
                client.flushdb()
            return url
    raise pytest.UsageError(f"More than {DATABASES - 1} test processes run at once on these servers.")

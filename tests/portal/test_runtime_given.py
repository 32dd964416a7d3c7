"""Servers that are given are used; with one address only, the weaker guard is said aloud."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.runtime import databases
from portal.runtime.places import TEST_HOME
from portal.runtime.postgres import OWNER
from portal.runtime.pytest_services import TestPlace
from tests.portal.test_runtime_up import answers, up

pytestmark = pytest.mark.xdist_group("dev-up")


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty folder for the platform's data."""
    folder = TEST_HOME / f"given-{os.getpid()}"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def given(place: TestPlace) -> Iterator[dict[str, str]]:
    """Addresses of a database that is already there."""
    name = f"{place.database}_given"
    databases.make(place.services, name, databases.template(place.services))
    yield place.services.environment(name, owner=True) | {"REDIS_URL": place.redis_url}
    databases.drop(place.services, name)


@pytest.mark.parametrize("is_single", [False, True])
def test_given_servers_are_used(
    home: Path, given: dict[str, str], place: TestPlace, is_single: bool, wait_for: Callable[..., None]
) -> None:
    if is_single:
        del given["DATABASE_OWNER_URL"]
        given["DATABASE_URL"] = place.services.database.url(OWNER, f"{place.database}_given")
    with up(home, **given) as started:
        wait_for(lambda: answers(started.port, "/readyz"), within_seconds=60)
        assert ("single-role mode" in started.said()) is is_single
        commands = started.members().values()
        assert not [
            command for command in commands if "bin/postgres" in command or "valkey-server" in command
        ]
    assert not (home / "data/pg").exists()

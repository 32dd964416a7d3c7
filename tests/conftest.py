"""Real PostgreSQL and Redis for every test, a real worker or the whole platform for those that ask for it.

One template database is built as the schema's owner; each test process gets a copy of it and connects as the
application. A test in a transaction rolls back; a transactional test leaves a fresh copy behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase, override_settings
from django.utils import translation
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class under a small name

from portal.runtime import chromium, databases, platform, translations
from portal.runtime.places import TEST_HOME
from portal.runtime.postgres import OWNER
from portal.runtime.processes import free_port
from portal.runtime.pytest_services import TestPlace, place_key
from portal.runtime.supervisor import Child

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.plugin import DjangoDbBlocker


worker_key: pytest.StashKey[Child] = pytest.StashKey()


@dataclass(frozen=True)
class LivePlatform:
    """A running platform with the demonstration's data, on the database that this test process sees."""

    url: str
    sandbox_url: str
    home: Path
    children: dict[str, Child]


def pytest_configure(config: pytest.Config) -> None:
    """Quick passwords, English words compiled."""
    settings.PASSWORD_HASHERS = ["tests.passwords.QuickHasher", *settings.PASSWORD_HASHERS]
    if not hasattr(config, "workerinput"):
        translations.compile_english()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one module that share a live platform run in one process, in their order."""
    for item in items:
        if "live_platform" in getattr(item, "fixturenames", ()) and not item.get_closest_marker(
            "xdist_group"
        ):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    """Every test begins in the language of the source, whatever the one before it spoke."""
    with translation.override("zh-hant"):
        yield


@pytest.fixture(autouse=True)
def _own_connection(request: pytest.FixtureRequest) -> None:
    """A transactional test opens its own connection: the one before it may have ended with its database."""
    marker = request.node.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames:
        connections.close_all()


@pytest.fixture(scope="session")
def place(pytestconfig: pytest.Config) -> TestPlace:
    """The servers, the database and the Redis number of this test process."""
    return pytestconfig.stash[place_key]


@pytest.fixture(scope="session")
def django_db_setup(place: TestPlace) -> Iterator[None]:
    """A copy of the template instead of Django's own test database, which the application's role could not make."""
    source = databases.template(place.services)

    def start_afresh(_case: TransactionTestCase) -> None:
        connections.close_all()
        databases.make(place.services, place.database, source)

    databases.make(place.services, place.database, source)
    flush = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = start_afresh  # the application's role may not TRUNCATE
    yield
    TransactionTestCase._fixture_teardown = flush
    connections.close_all()
    databases.drop(place.services, place.database)


@pytest.fixture
def owner_connection(place: TestPlace, transactional_db: None) -> Iterator[Connection]:
    """The same database, as the schema's owner. For asserting what the application's role cannot see or do."""
    with contextlib.closing(psycopg2.connect(place.services.database.url(OWNER, place.database))) as link:
        yield link


@pytest.fixture(scope="session")
def _worker_process(pytestconfig: pytest.Config, place: TestPlace, django_db_setup: None) -> Iterator[Child]:
    home = TEST_HOME / place.database
    home.mkdir(parents=True, exist_ok=True)
    queues = [
        "-Q",
        "interactive,bulk,reports",
        "-c",
        "2",
        "--loglevel",
        "WARNING",
        "--without-gossip",
        "--without-mingle",
    ]
    child = platform.python_child(
        "Worker", home, place.environment(), "-m", "celery", "-A", "portal.celery:app", "worker", *queues
    )
    pytestconfig.stash[worker_key] = child
    child.start()
    yield child
    child.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def celery_worker(_worker_process: Child, transactional_db: None) -> Child:
    """A real worker over Redis, on this test's database; tasks sent with `delay` are carried out by it."""
    if not _worker_process.is_alive:
        _worker_process.start()
    return _worker_process


@pytest.fixture(scope="session")
def sandbox_url(place: TestPlace) -> Iterator[str]:
    """The twin of the outside world as a real server; `settings.SANDBOX_URL` points at it from now on."""
    home = TEST_HOME / f"{place.database}_sandbox"
    with _twin(home) as url:
        settings.SANDBOX_URL = url
        yield url
    settings.SANDBOX_URL = ""


@pytest.fixture(scope="module")
def live_platform(
    request: pytest.FixtureRequest,
    place: TestPlace,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[LivePlatform]:
    """Web, workers, beat and sandbox on a database of this module's own, with the demonstration in it.

    Note: a test that takes it takes no `db`: it may use the ORM freely, and what it writes stays for the next test.
    """
    if worker_key in request.config.stash:
        request.config.stash[worker_key].stop()  # it would take tasks of this platform to the other database
    home, name, port = TEST_HOME / f"{place.database}_live", f"{place.database}_live", free_port()
    source = databases.template(place.services, demonstration=True)
    databases.make(place.services, name, source)
    media, written = home / "media", databases.media_of(place.services, source)
    if written.exists():
        shutil.copytree(written, media)
    with contextlib.closing(redis.Redis.from_url(place.redis_url)) as client:
        client.flushdb()
    with contextlib.ExitStack() as stack:
        twin_url = stack.enter_context(_twin(home / "outside"))
        values = (
            place.environment()
            | place.services.environment(name)
            | {
                "REDIS_URL": place.redis_url,
                "PLATFORM_MODE": "demonstration",
                "PUBLIC_ORIGIN": f"http://localhost:{port}",
                "SANDBOX_URL": twin_url,
                "MEDIA_ROOT": str(media),
            }
        )
        values["STATIC_ROOT"] = str(databases.collected_static(TEST_HOME, values))
        children = [platform.web(home, values, port), *platform.workers(home, values)]
        for child in reversed(children):
            stack.callback(child.stop)
            child.start()
        stack.callback(_tell_all_to_stop, children)
        platform.wait_until_answers(children, port, path="/readyz", within_seconds=90)
        same = override_settings(MEDIA_ROOT=media, SEAL_FOLDER=media / "seal", SANDBOX_URL=twin_url)
        stack.enter_context(same)  # files and outside world as the platform sees them
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(_connected_to(name))
        yield LivePlatform(
            f"http://localhost:{port}", twin_url, home, {child.name: child for child in children}
        )
    databases.drop(place.services, name)
    if not request.session.testsfailed:  # else the logs in there may say why
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")  # its own event loop must not outlive the module: others call asyncio.run
def browser() -> Iterator[Browser]:
    """The machine's Chromium, through Playwright. `browser.new_context(viewport=…, locale=…, color_scheme=…)` per person."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - half a second, for browser tests only

    program = chromium.program()
    if program is None:
        pytest.fail("no Chromium on the PATH; install it once: sudo apt install chromium")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "true"  # Playwright's own loop runs in this thread beside the ORM
    )
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
        yield launched
        launched.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object]], None]:
    """Wait until a question answers yes, for what a worker does in its own time; fails after 20 seconds."""

    def wait(question: Callable[[], object], within_seconds: float = 20) -> None:
        last = time.monotonic() + within_seconds
        while not question():
            assert time.monotonic() < last, f"still not so after {within_seconds} s"
            time.sleep(0.05)

    return wait


@contextlib.contextmanager
def _twin(home: Path) -> Iterator[str]:
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    child = platform.sandbox(home, port)
    assert child is not None
    child.start()
    try:
        platform.wait_until_listens(child, port, within_seconds=30)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.stop()
        shutil.rmtree(home, ignore_errors=True)


def _tell_all_to_stop(children: list[Child]) -> None:
    """All at once: nobody's work has to be kept here."""
    for child in children:
        if child.process is not None and child.is_alive:
            child.process.terminate()


@contextlib.contextmanager
def _connected_to(name: str) -> Iterator[None]:
    """The ORM of this process works on another database for a while."""
    link = connections["default"]
    before = link.settings_dict["NAME"]
    link.close()
    link.settings_dict["NAME"] = name
    try:
        yield
    finally:
        link.close()
        link.settings_dict["NAME"] = before

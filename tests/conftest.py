"""Real PostgreSQL and Redis for every test.

One template database is built as the schema's owner; each test process gets a copy of it and connects as the
application. A test in a transaction rolls back; a transactional test leaves a fresh copy behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg2
import pytest
from django.db import connections
from django.test import TransactionTestCase
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class under a small name

from portal.runtime import databases
from portal.runtime.postgres import OWNER
from portal.runtime.pytest_services import TestPlace, place_key


@pytest.fixture(scope="session")
def place(pytestconfig: pytest.Config) -> TestPlace:
    """The servers, the database and the Redis number of this test process."""
    return pytestconfig.stash[place_key]


@pytest.fixture(scope="session")
def django_db_setup(place: TestPlace, django_db_blocker: object) -> Iterator[None]:
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

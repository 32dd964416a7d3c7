"""The application's role can use rows and make nothing."""

from __future__ import annotations

from collections.abc import Callable

import psycopg2
import pytest
from django.contrib.sessions.models import Session
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone
from psycopg2.extensions import connection as Connection  # noqa: N812

from portal.celery import QUEUES, app
from portal.runtime.supervisor import Child

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE sneaky ()",
        "TRUNCATE django_session",
        "DROP TABLE django_session",
        "CREATE SCHEMA sneaky",
        "CREATE ROLE sneaky",
    ],
)
def test_application_role_cannot_define_data(statement: str) -> None:
    with (
        pytest.raises((ProgrammingError, psycopg2.Error)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_application_role_is_an_ordinary_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("platform_app", False, False, False, False)


def test_tables_belong_to_the_owner(owner_connection: Connection) -> None:
    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchall() == [("platform_owner",)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 2])
def test_a_transactional_test_begins_with_a_fresh_database(number: int) -> None:
    assert not Session.objects.exists()
    Session.objects.create(session_key=f"s{number}", session_data="", expire_date=timezone.now())


def test_a_worker_takes_from_every_queue(celery_worker: Child, wait_for: Callable[..., None]) -> None:
    queues: set[str] = set()

    def all_are_served() -> bool:
        for consumed in (app.control.inspect(timeout=2).active_queues() or {}).values():
            queues.update(queue["name"] for queue in consumed)
        return queues == set(QUEUES)

    wait_for(all_are_served, within_seconds=40)
    assert celery_worker.is_alive


def test_chinese_has_trigrams() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT show_trgm('雲端') <> '{}'")
        assert cursor.fetchone() == (True,)

"""The application's role can use rows and make nothing."""

from __future__ import annotations

import psycopg2
import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg2.extensions import connection as Connection  # noqa: N812

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


def test_chinese_has_trigrams() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT show_trgm('雲端') <> '{}'")
        assert cursor.fetchone() == (True,)

"""What somebody who has the application's password can do to the ledger: read it, and call its verbs."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import DatabaseError

from tests.points.ledger_world import hold, new_purchase

pytestmark = pytest.mark.django_db

STATEMENTS = [
    "UPDATE points_transfer SET points = 1",
    "DELETE FROM points_transfer",
    "TRUNCATE points_transfer",
    "INSERT INTO points_transfer (idempotency_key, operation, debit, credit, points, reason, cause_type, cause_id, event_at)"
    " VALUES ('x', 'pay', 1, 2, 5, 'x', 'x', 1, now())",
    "UPDATE points_account SET posted_credit = posted_credit + 1",
    "INSERT INTO points_account (kind, posted_credit, posted_debit, pending_debit, capped) VALUES ('grant', 5, 0, 0, true)",
    "DELETE FROM points_account",
    "TRUNCATE points_account CASCADE",
    "UPDATE points_hold SET captured = 0",
    "DELETE FROM points_hold",
    "UPDATE points_digest SET sha256 = 'x'",
    "DELETE FROM points_digest",
    "TRUNCATE points_digest",
    "ALTER TABLE points_transfer DISABLE TRIGGER transfer_append_only",
    "ALTER TABLE points_transfer DISABLE TRIGGER ALL",
    "ALTER TABLE points_account DROP CONSTRAINT account_never_overdrawn",
    "DROP TABLE points_transfer",
    "DROP TRIGGER transfer_append_only ON points_transfer",
    "ALTER TABLE points_transfer OWNER TO CURRENT_USER",
    "SET session_replication_role = replica",
    "SET ROLE platform_owner",
    "SET SESSION AUTHORIZATION platform_owner",
    "GRANT UPDATE ON points_account TO CURRENT_USER; UPDATE points_account SET posted_debit = 0",
    "CREATE OR REPLACE FUNCTION ledger_flows(text, text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION public.now_what() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION ledger_hold SET search_path = pg_temp",
    "SELECT ledger_shift(1, 2, 5, 'x', 1, now())",
    "SELECT ledger_gather(1, 5, 'x', 1, now())",
    "SELECT setval(pg_get_serial_sequence('points_transfer', 'id'), 1)",
    "LOCK TABLE points_transfer IN ACCESS EXCLUSIVE MODE",
    "SELECT * FROM points_account FOR UPDATE",
    "WITH gone AS (DELETE FROM points_transfer RETURNING 1) SELECT * FROM gone",
    "MERGE INTO points_account a USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET posted_debit = 0",
    "COPY points_transfer FROM STDIN",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_applications_role_cannot(statement: str) -> None:
    purchase = new_purchase()
    hold(purchase, 100, "kept")
    before = everything()
    with (
        pytest.raises(
            (ProgrammingError, DatabaseError), match=r"permission denied|must be owner|must be able to|cannot"
        ),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert everything() == before


def test_a_table_in_front_of_the_real_one_does_not_deceive_the_functions() -> None:
    """A function that may do more than its caller must not look where its caller tells it to."""
    purchase = new_purchase(1_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE points_account AS SELECT id, kind, 1000000000::bigint AS posted_credit FROM public.points_account"
        )
        cursor.execute("SET search_path = pg_temp, public")
        cursor.execute(
            "SELECT refusal FROM ledger_hold('big', %s, %s, 5000, 'x', 'x', 1, now())",
            [purchase.grant, purchase.claimable],
        )
        assert cursor.fetchone() == ("insufficient_points",)
        cursor.execute("SET search_path = public")
        cursor.execute("DROP TABLE pg_temp.points_account")


def test_every_function_of_the_ledger_has_a_fixed_search_path_or_is_out_of_reach() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'ledger\\_%%' AND has_function_privilege(oid, 'EXECUTE')"
            " AND NOT (prosecdef AND coalesce(array_to_string(proconfig, ','), '') LIKE '%%search_path=pg_catalog%%')"
        )
        assert cursor.fetchall() == []


def everything() -> list[tuple[object, ...]]:
    """The ledger as it is."""
    rows: list[tuple[object, ...]] = []
    with connection.cursor() as cursor:
        for table in ("points_account", "points_transfer", "points_hold", "points_digest"):
            cursor.execute(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY id), '')) FROM public.{table} t"
            )
            rows += cursor.fetchall()
    return rows

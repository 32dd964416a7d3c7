"""The audit trail: every change has a who and a when, and nobody with the application's password can change that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.http import HttpResponse
from django.test import RequestFactory

from organisations import audit
from organisations.models.organisation import BankAccount, Organisation
from points.models.audit import AuditContext, AuditEvent
from portal.middleware_audit import AuditMiddleware
from tests.points.conftest import AT

pytestmark = pytest.mark.django_db(transaction=True)


def new_organisation() -> Organisation:
    return Organisation.objects.create(
        ubn="12345675", name="阿英麵店", kind="sole", address="臺南市", joined_at=AT
    )


def events(table: str = "organisations_organisation") -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(table_name=table).order_by("id"))


def context_of(event: AuditEvent) -> AuditContext:
    return AuditContext.objects.get(pk=event.context_id)


def test_an_insert_an_update_and_a_delete_are_written_with_what_changed() -> None:
    organisation = new_organisation()
    organisation.name = "阿英牛肉麵"
    organisation.save()
    organisation.delete()
    insert, update, delete = events()
    assert [insert.action, update.action, delete.action] == ["insert", "update", "delete"]
    assert insert.new["ubn"] == delete.old["ubn"] == "12345675"
    assert (update.old, update.new) == ({"name": "阿英麵店"}, {"name": "阿英牛肉麵"})
    assert {event.row_id for event in (insert, update, delete)} == {str(insert.new["id"])}


def test_a_save_that_changes_nothing_writes_nothing() -> None:
    organisation = new_organisation()
    organisation.save()
    assert len(events()) == 1


def test_passwords_are_never_kept() -> None:
    person = get_user_model().objects.create(username="p", password="secret")
    person.set_password("other")
    person.save()
    assert "secret" not in str([event.new for event in events("portal_user")])
    assert len(events("portal_user")) == 1


def test_a_request_is_named_with_person_address_and_page() -> None:
    person = get_user_model().objects.create(username="p", display_name="林秀英")
    request = RequestFactory().post("/my/bank/", REMOTE_ADDR="203.0.113.7")
    request.user = person

    def view(_request: Any) -> HttpResponse:
        organisation = new_organisation()
        with transaction.atomic():
            BankAccount.objects.create(
                organisation=organisation,
                bank_code="0040123",
                account_number="1",
                account_name="x",
                valid_from=AT,
            )
        return HttpResponse()

    AuditMiddleware(view)(request)
    for table in ("organisations_organisation", "organisations_bankaccount"):
        context = context_of(events(table)[0])
        assert (context.actor_id, context.actor_kind, context.ip, context.surface) == (
            person.pk,
            "person",
            "203.0.113.7",
            "POST /my/bank/",
        )
        assert context.database_role == "platform_app"


def test_what_nobody_asked_for_is_put_down_to_the_platform_even_after_a_request() -> None:
    request = RequestFactory().get("/")
    request.user = get_user_model().objects.create(username="p")
    AuditMiddleware(lambda _request: HttpResponse(new_organisation().name))(request)
    Organisation.objects.update(name="x")
    by_person, by_platform = (context_of(event) for event in events())
    assert (by_person.actor_kind, by_platform.actor_kind) == ("person", "platform")


def test_who_acts_is_fixed_by_the_first_change_of_a_transaction() -> None:
    with transaction.atomic(), audit.acting(lambda: {"actor_id": 7, "actor_kind": "person"}):
        organisation = new_organisation()
        with connection.cursor() as cursor:
            cursor.execute('SET LOCAL platform.audit = \'{"actor_id": 8, "actor_kind": "person"}\'')
        with audit.acting(lambda: {"actor_id": 9, "actor_kind": "person"}):
            organisation.name = "x"
            organisation.save()
    assert [context_of(event).actor_id for event in events()] == [7, 7]


def test_a_statement_with_a_percent_sign_and_no_parameters_still_works() -> None:
    new_organisation()
    with audit.acting(lambda: {"actor_kind": "person"}), connection.cursor() as cursor:
        cursor.execute("UPDATE organisations_organisation SET name = '50%' WHERE name LIKE '%麵%'")
        assert cursor.rowcount == 1
    assert Organisation.objects.get().name == "50%"


def test_many_rows_and_returned_ids_work_while_somebody_acts() -> None:
    with audit.acting(lambda: {"actor_id": 7, "actor_kind": "person"}):
        made = get_user_model().objects.bulk_create(
            [get_user_model()(username=f"u{number}") for number in range(3)]
        )
        assert all(person.pk for person in made)
        assert get_user_model().objects.filter(username__startswith="u").update(display_name="x") == 3
    assert {context_of(event).actor_id for event in events("portal_user")} == {7}


def test_every_audited_table_that_exists_is_watched_by_a_trigger_that_always_fires() -> None:
    existing = set(connection.introspection.table_names()) & set(audit.AUDITED)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit' AND tgenabled = 'A'"
        )
        assert {row[0] for row in cursor.fetchall()} == existing
    assert {"organisations_organisation", "points_grant", "marketplace_order", "vendors_vendor"} <= existing


BYPASSES = [
    "UPDATE points_auditevent SET new = '{}'",
    "DELETE FROM points_auditevent",
    "TRUNCATE points_auditevent",
    "INSERT INTO points_auditevent (context_id, at, table_name, row_id, action) VALUES (1, now(), 'x', '1', 'insert')",
    "UPDATE points_auditcontext SET actor_id = 1",
    "DELETE FROM points_auditcontext",
    "TRUNCATE points_auditcontext",
    "INSERT INTO points_auditcontext (transaction_id, started_at, actor_kind, request_id, surface, database_role)"
    " VALUES (pg_current_xact_id()::text::bigint, now(), 'person', '', '', 'x')",
    "SELECT audit_context_id()",
    "ALTER TABLE organisations_organisation DISABLE TRIGGER audit",
    "ALTER TABLE organisations_organisation DISABLE TRIGGER ALL",
    "DROP TRIGGER audit ON organisations_organisation",
    "TRUNCATE organisations_organisation CASCADE",
    "SET session_replication_role = replica",
    "SET LOCAL session_replication_role = replica",
    "SET ROLE platform_owner",
    "CREATE OR REPLACE FUNCTION audit_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
]


@pytest.mark.parametrize("statement", BYPASSES)
def test_the_applications_role_cannot(statement: str) -> None:
    new_organisation()
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner|must be able to|cannot"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert len(events()) == 1


def test_ignoring_triggers_as_pgtrigger_does_ignores_none_of_these() -> None:
    organisation = new_organisation()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL pgtrigger.ignore = '{organisations_organisation:audit,points_auditevent:audit_event_append_only}'"
        )
        organisation.name = "x"
        organisation.save()
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("DELETE FROM points_auditevent")
    assert len(events()) == 2


def test_a_false_setting_cannot_change_what_was_written() -> None:
    new_organisation()
    before = AuditContext.objects.values_list("actor_id", "actor_kind").get(pk=events()[0].context_id)
    with connection.cursor() as cursor:
        cursor.execute("SET platform.audit = '{\"actor_id\": 1}'")
        cursor.execute("RESET platform.audit")
    assert AuditContext.objects.values_list("actor_id", "actor_kind").get(pk=events()[0].context_id) == before

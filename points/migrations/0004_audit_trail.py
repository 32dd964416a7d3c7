"""The audit trail: two tables, the function that writes them, and SELECT as the application's only right."""

from pathlib import Path

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQL = Path(__file__).parent / "sql"
TABLES = ("points_auditcontext", "points_auditevent")


def set_rights(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The triggers write with their owner's rights; the application only reads."""
    role = settings.DATABASE_APP_ROLE
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("REVOKE ALL ON FUNCTION audit_context_id, audit_write FROM PUBLIC")
        cursor.execute("SELECT current_user, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role])
        owner, exists = cursor.fetchone()
        if not exists or role == owner:
            return
        name = schema_editor.quote_name(role)
        cursor.execute(f"REVOKE ALL ON FUNCTION audit_context_id, audit_write FROM {name}")
        cursor.execute(f"REVOKE ALL ON {', '.join(TABLES)} FROM {name}, PUBLIC")
        cursor.execute(f"GRANT SELECT ON {', '.join(TABLES)} TO {name}")
        for table in TABLES:
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            cursor.execute(f"REVOKE ALL ON SEQUENCE {cursor.fetchone()[0]} FROM {name}, PUBLIC")


class Migration(migrations.Migration):
    dependencies = [("points", "0003_ask_again_after_a_grant")]

    operations = [
        migrations.CreateModel(
            name="AuditContext",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("transaction_id", models.BigIntegerField()),
                ("started_at", models.DateTimeField()),
                (
                    "actor_id",
                    models.BigIntegerField(
                        help_text="the user; empty = nobody signed in, or the platform itself", null=True
                    ),
                ),
                ("actor_kind", models.CharField(help_text="person, visitor or platform", max_length=10)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("ip", models.GenericIPAddressField(null=True)),
                (
                    "surface",
                    models.CharField(blank=True, help_text="method and path, or the task", max_length=200),
                ),
                ("database_role", models.CharField(max_length=63)),
            ],
            options={
                "indexes": [models.Index(fields=["actor_id", "started_at"], name="audit_actor")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("transaction_id", "started_at"), name="audit_context_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("context_id", models.BigIntegerField(db_index=True)),
                ("at", models.DateTimeField(help_text="real time")),
                ("table_name", models.CharField(max_length=63)),
                ("row_id", models.CharField(max_length=64)),
                ("action", models.CharField(help_text="insert, update or delete", max_length=6)),
                ("old", models.JSONField(null=True)),
                ("new", models.JSONField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["table_name", "row_id", "id"], name="audit_row"),
                    models.Index(fields=["at"], name="audit_at"),
                ],
            },
        ),
        migrations.RunSQL(
            (SQL / "audit.sql").read_text("utf-8"), (SQL / "audit_undo.sql").read_text("utf-8")
        ),
        migrations.RunPython(set_rights, migrations.RunPython.noop),
    ]

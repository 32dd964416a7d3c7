"""The ledger's triggers and functions, and what the application's role may do with them."""

from pathlib import Path

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQL = Path(__file__).parent / "sql"
TABLES = ("points_account", "points_transfer", "points_hold", "points_digest")
FUNCTIONS = (
    "ledger_open",
    "ledger_open_grants",
    "ledger_transfer",
    "ledger_appropriate",
    "ledger_rebalance",
    "ledger_grant",
    "ledger_hold",
    "ledger_settle",
    "ledger_grant_many",
    "ledger_lapse_many",
    "ledger_digest",
)
INNER = (
    "ledger_known",
    "ledger_flows",
    "ledger_shift",
    "ledger_spread",
    "ledger_gather",
    "ledger_refuse_change",
)


def set_rights(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SELECT on the tables, EXECUTE on the verbs, nothing else. In single-role mode the owner keeps its rights."""
    role = settings.DATABASE_APP_ROLE
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role])
        owner, exists = cursor.fetchone()
        cursor.execute(f"REVOKE ALL ON FUNCTION {', '.join(FUNCTIONS + INNER)} FROM PUBLIC")
        if not exists or role == owner:
            return
        name = schema_editor.quote_name(role)
        cursor.execute(f"REVOKE ALL ON {', '.join(TABLES)} FROM {name}, PUBLIC")
        cursor.execute(f"GRANT SELECT ON {', '.join(TABLES)} TO {name}")
        for table in ("points_account", "points_transfer", "points_digest"):
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            cursor.execute(f"REVOKE ALL ON SEQUENCE {cursor.fetchone()[0]} FROM {name}, PUBLIC")
        cursor.execute(f"REVOKE ALL ON FUNCTION {', '.join(FUNCTIONS + INNER)} FROM {name}")
        cursor.execute(f"GRANT EXECUTE ON FUNCTION {', '.join(FUNCTIONS)} TO {name}")


class Migration(migrations.Migration):
    dependencies = [("points", "0001_tables")]

    operations = [
        migrations.RunSQL(
            (SQL / "ledger.sql").read_text("utf-8"), (SQL / "ledger_undo.sql").read_text("utf-8")
        ),
        migrations.RunPython(set_rights, migrations.RunPython.noop),
    ]

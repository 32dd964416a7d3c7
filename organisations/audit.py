"""The audit trail from Python: which tables are watched, who is acting now, and how the database is told.

The database writes the events (`points/migrations/sql/audit.sql`); no code of ours can forget one. Before every statement
that changes rows, the connection says who acts, for this transaction only. The first change of a transaction fixes
it; what is said later in the same transaction no longer counts.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

# table → columns that are never kept. Not watched row by row: RegistryRecord, Account, UsageDay, Outbox, roll-ups.
AUDITED: Mapping[str, tuple[str, ...]] = {
    "portal_user": ("password", "last_login"),
    "organisations_organisation": ("checked_at",),
    "organisations_bankaccount": (),
    "organisations_membership": (),
    "organisations_staffrole": (),
    "organisations_identityproof": ("id_hash", "evidence"),
    "organisations_apikey": ("key_hash", "last_used_at"),
    "organisations_agency": (),
    "organisations_clock": (),
    "organisations_document": (),
    "points_programme": (),
    "points_subprogramme": (),
    "points_budgetsource": (),
    "points_zone": (),
    "points_zoneversion": (),
    "points_zonebudget": (),
    "points_application": (),
    "points_decision": (),
    "points_grant": (),
    "points_subsidyrecord": (),
    "points_regulation": (),
    "points_clause": (),
    "vendors_vendor": (),
    "vendors_solution": (),
    "vendors_solutionversion": (),
    "vendors_plan": (),
    "marketplace_order": (),
    "marketplace_contract": (),
    "marketplace_signature": (),
    "marketplace_rating": (),
    "marketplace_claim": (),
    "marketplace_claimcheck": (),
    "marketplace_invoice": (),
    "marketplace_payoutbatch": (),
    "marketplace_payout": (),
}

Actor = Callable[[], dict[str, Any]]
WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "COPY")
SAY = "SELECT set_config('platform.audit', %s, true)"
_actor: ContextVar[Actor | None] = ContextVar("audit_actor", default=None)


@contextlib.contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Within, changes are put down to what `actor()` answers: actor_id, actor_kind, request_id, ip, surface.

    It is asked only when something is written, so that a page that only reads need not load its user.
    """
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def attach(**_signal: Any) -> None:
    """Watch every audited table that exists; run by the schema's owner after each migration, as often as one likes."""
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_proc WHERE proname = 'audit_write'")
        if cursor.fetchone() is None:
            return
        for table, hidden in AUDITED.items():
            if table in existing:
                words = ", ".join(f"'{column}'" for column in hidden)
                name = connection.ops.quote_name(table)
                cursor.execute(
                    f"CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON {name}"
                    f" FOR EACH ROW EXECUTE FUNCTION audit_write({words}); ALTER TABLE {name} ENABLE ALWAYS TRIGGER audit"
                )


def install() -> None:
    """Tell the database who acts on every connection that is opened from now on."""
    connection_created.connect(_listen, dispatch_uid="organisations.audit")


def _listen(*, connection: Any, **_signal: Any) -> None:
    if connection.vendor == "postgresql" and _say not in connection.execute_wrappers:
        connection.execute_wrappers.append(_say)


def _say(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """In the same message as the statement, so that it holds for its transaction even without an open one."""
    actor = _actor.get()
    if actor is None or not isinstance(sql, str) or not sql.lstrip()[:6].upper().startswith(WRITES):
        return execute(sql, params, many, context)
    with acting(_nobody):  # asking who it is may itself touch the database
        said = json.dumps(actor())
    if many:
        with context["connection"].cursor() as cursor:
            cursor.execute(SAY, [said])
        return execute(sql, params, many, context)
    if params is None:  # then a per cent sign in the statement is only a sign
        return execute(f"{SAY}; {sql.replace('%', '%%')}", [said], many, context)
    if isinstance(params, Mapping):
        return execute(
            f"SELECT set_config('platform.audit', %(platform_audit)s, true); {sql}",
            {**params, "platform_audit": said},
            many,
            context,
        )
    return execute(f"{SAY}; {sql}", [said, *params], many, context)


def _nobody() -> dict[str, Any]:
    return {}

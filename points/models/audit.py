"""Who changed what: written by the database itself, readable by the application, changeable by nobody.

Why not django-pghistory's event tables: tried as an ordinary role its "who" can be rewritten and its events deleted under
`pgtrigger.ignore()`, and each app would carry event models in its own migrations. One trigger function that runs with the
owner's rights and two tables on which the application only has SELECT do the same for every noun.
The list of nouns and the Python side are in `organisations.audit`.
"""

from __future__ import annotations

from django.db import models


class AuditContext(models.Model):
    """Who acted in one transaction, written once with the first change; nothing that is said later in it counts.

    `started_at` is the transaction's beginning: numbers of transactions begin anew in a restored copy.
    """

    transaction_id = models.BigIntegerField()
    started_at = models.DateTimeField()
    actor_id = models.BigIntegerField(
        null=True, help_text="the user; empty = nobody signed in, or the platform itself"
    )
    actor_kind = models.CharField(max_length=10, help_text="person, visitor or platform")
    request_id = models.CharField(max_length=64, blank=True)
    ip = models.GenericIPAddressField(null=True)
    surface = models.CharField(max_length=200, blank=True, help_text="method and path, or the task")
    database_role = models.CharField(max_length=63)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transaction_id", "started_at"], name="audit_context_once")
        ]
        indexes = [models.Index(fields=["actor_id", "started_at"], name="audit_actor")]


class AuditEvent(models.Model):
    """One row of an audited table, inserted, updated or deleted. Of an update only what changed is kept, before and after."""

    context_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField(help_text="real time")
    table_name = models.CharField(max_length=63)
    row_id = models.CharField(max_length=64)
    action = models.CharField(max_length=6, help_text="insert, update or delete")
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["table_name", "row_id", "id"], name="audit_row"),
            models.Index(fields=["at"], name="audit_at"),
        ]

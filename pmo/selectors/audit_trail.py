"""Who changed what: the database's own events beside the person or task that caused them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from points.models.audit import AuditContext, AuditEvent

LONGEST_VALUE = 80


@dataclass(frozen=True)
class TrailLine:
    """One event as an auditor reads it. `changes` are (field, before, after)."""

    event: AuditEvent
    actor: str
    context: AuditContext | None
    changes: list[tuple[str, str, str]]


def audit_events(*, table: str = "", row_id: str = "", actor_id: str = "") -> QuerySet[AuditEvent]:
    """The events, newest first, narrowed by table, row or person."""
    events = AuditEvent.objects.order_by("-id")
    if table:
        events = events.filter(table_name=table)
    if row_id:
        events = events.filter(row_id=row_id)
    if actor_id.isdigit():
        events = events.filter(
            context_id__in=AuditContext.objects.filter(actor_id=int(actor_id)).values("pk")
        )
    return events


def trail_lines(events: list[AuditEvent]) -> list[TrailLine]:
    """A page of events with names and differences, in two queries."""
    contexts = AuditContext.objects.in_bulk([event.context_id for event in events])
    people = get_user_model().objects.in_bulk([each.actor_id for each in contexts.values() if each.actor_id])
    return [_line(event, contexts.get(event.context_id), people) for event in events]


def _line(event: AuditEvent, context: AuditContext | None, people: dict[Any, Any]) -> TrailLine:
    person = people.get(context.actor_id) if context else None
    return TrailLine(event, str(person) if person else "", context, _changes(event))


def _changes(event: AuditEvent) -> list[tuple[str, str, str]]:
    old, new = event.old or {}, event.new or {}
    return [(name, _short(old.get(name)), _short(new.get(name))) for name in sorted({*old, *new})]


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"

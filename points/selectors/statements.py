"""Every movement of an organisation's points, up to any day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from organisations.models.organisation import Organisation
from points.models.grants import Grant
from points.models.ledger import Transfer

Operation = Transfer.Operation


@dataclass(frozen=True)
class Line:
    """One movement. Units: points; exactly one of in and out is above zero. `balance_points` is what could be ordered with afterwards."""

    at: datetime
    operation: str
    what: str
    reference: str
    in_points: int
    out_points: int
    balance_points: int


@dataclass(frozen=True)
class Statement:
    """All lines up to a moment, oldest first, and what they come to. Units: points."""

    until: datetime
    lines: Sequence[Line]
    available_points: int
    held_points: int


def statement(*, organisation: Organisation, until: datetime) -> Statement:
    """The statement as it was at `until` on the platform's clock: grants and releases in; holds, lapses and reclaims out.

    Note: a capture changes nothing that can be ordered with, the hold took it out before; it lowers what is held.
    """
    accounts = set(Grant.objects.filter(organisation=organisation).values_list("account_id", flat=True))
    rows = Transfer.objects.filter(
        Q(debit__in=accounts) | Q(credit__in=accounts), event_at__lte=until
    ).order_by("event_at", "id")
    lines: list[Line] = []
    balance = held = 0
    for row in rows:
        if row.operation == Operation.CAPTURE:
            held -= row.points
            continue
        comes = row.operation == Operation.RELEASE or row.credit in accounts
        balance += row.points if comes else -row.points
        held += {Operation.HOLD: row.points, Operation.RELEASE: -row.points}.get(Operation(row.operation), 0)
        reference = f"{row.cause_type}:{row.cause_id}"
        what = str(Operation(row.operation).label)
        lines.append(
            Line(
                row.event_at,
                row.operation,
                what,
                reference,
                row.points * comes,
                row.points * (not comes),
                balance,
            )
        )
    return Statement(until, lines, balance, held)

"""News for apps above: one row for each thing that happened, written in the transaction in which it happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from organisations.models.jobs import Outbox


def publish(topic: str, payload: dict[str, Any], *, at: datetime) -> None:
    """Say that something happened. Topics are `noun.happened`; the payload holds ids, no personal data."""
    Outbox.objects.create(topic=topic, payload=payload, at=at)

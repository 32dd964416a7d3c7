"""News for apps above: written in the same transaction as what it tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from organisations.models.jobs import Outbox


def publish(topic: str, payload: dict[str, Any], *, at: datetime) -> Outbox:
    """Append a piece of news. Readers see it in order once it is committed."""
    return Outbox.objects.create(topic=topic, payload=payload, at=at)

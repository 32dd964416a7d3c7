"""Jobs of points. The row is the message, the queue a nudge, the beat's sweep finds what was missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.schedules import crontab

from organisations.clock import now
from points.models.grants import Application
from points.services import notices
from points.services.digests import publish_digest
from points.services.grants import DECIDE_TASK, decide_application, lapse_grants

BATCH = 500


@shared_task(name=DECIDE_TASK)
def decide(*, application_id: int) -> str:
    """Decide one application."""
    return decide_application(Application.objects.get(pk=application_id), at=now()).state


@shared_task
def decide_missed() -> int:
    """Decide applications whose nudge was lost, and those that wait for a budget, the oldest first."""
    at = now()
    open_ones = Application.objects.filter(
        state__in=[Application.State.CHECKING, Application.State.WAITING],
        applied_at__lte=at - timedelta(seconds=20),
    )
    found = list(open_ones.order_by("applied_at", "pk")[:BATCH])
    for application in found:
        decide_application(application, at=at)
    return len(found)


@shared_task
def lapse() -> int:
    """Take back what was not ordered in time."""
    return lapse_grants(at=now())


@shared_task
def digest() -> str:
    """Publish the day's digest of the ledger."""
    made = publish_digest(at=now())
    return made.sha256 if made else ""


@shared_task
def warn() -> int:
    """Warn before points lapse."""
    return notices.warn_of_lapses(at=now())


@shared_task(name=notices.TASK)
def send_notices() -> int:
    """Send what people are to be told."""
    return notices.send_notices(at=now())


BEAT: dict[str, dict[str, Any]] = {
    "points: decide what was missed": {
        "task": "points.tasks.decide_missed",
        "schedule": timedelta(seconds=30),
    },
    "points: lapse": {"task": "points.tasks.lapse", "schedule": crontab(minute=10)},
    "points: warn": {"task": "points.tasks.warn", "schedule": crontab(minute=20)},
    "points: send notices": {"task": notices.TASK, "schedule": timedelta(seconds=60)},
    "points: digest": {"task": "points.tasks.digest", "schedule": crontab(hour=0, minute=20)},
}

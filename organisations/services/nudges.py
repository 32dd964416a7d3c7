"""The row is the message, the queue a nudge: sent after commit, and its loss costs only the time until the next sweep."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def nudge(task: str, *, queue: str, **arguments: Any) -> None:
    """Ask for a task by its name once the rows are committed. A broker that is down is logged: a sweep finds the row."""
    transaction.on_commit(partial(_send, task, queue, arguments), robust=True)


def _send(task: str, queue: str, arguments: dict[str, Any]) -> None:
    try:
        current_app.send_task(task, kwargs=arguments, queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("nudge_lost", task=task, why=str(error))

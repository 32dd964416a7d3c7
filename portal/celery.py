"""Jobs: three queues, the beat schedule, and the sign of life that `/readyz` reads."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery, signals
from django.core.cache import cache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

QUEUES = ("interactive", "bulk", "reports")
HEARD_SECONDS = 60

app = Celery("platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def heard_key(name: str) -> str:
    """Cache key under which a worker says that it lives."""
    return f"worker-heard:{name}"


@signals.worker_ready.connect
@signals.heartbeat_sent.connect
def say_alive(**_kwargs: Any) -> None:
    """Every two seconds in the worker's main process: written down for each queue that it takes from."""
    for queue in app.amqp.queues.consume_from:
        cache.set(heard_key(queue), time.time(), HEARD_SECONDS)

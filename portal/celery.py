"""Jobs: three queues, the beat schedule, and the sign of life that `/readyz` reads."""

from __future__ import annotations

import os
import pkgutil
import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from celery import Celery, signals
from django.core.cache import cache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

APPS = ("portal", "pmo", "youth", "advisory", "marketplace", "vendors", "points", "organisations")
QUEUES = ("interactive", "bulk", "reports")
HEARD_SECONDS = 20

app = Celery("platform")
app.config_from_object("django.conf:settings", namespace="CELERY")


def task_modules() -> list[str]:
    """`<app>.tasks` of each app and, where that is a folder, each module in it."""
    found = []
    for name in (f"{each}.tasks" for each in APPS):
        place = find_spec(name)
        if place is not None:
            found += [
                name,
                *(
                    f"{name}.{module.name}"
                    for module in pkgutil.iter_modules(place.submodule_search_locations or [])
                ),
            ]
    return found


def beat_schedule() -> dict[str, dict[str, Any]]:
    """What runs by the clock: the `BEAT` of every tasks module."""
    entries: dict[str, dict[str, Any]] = {}
    for name in task_modules():
        entries |= getattr(import_module(name), "BEAT", {})
    return entries


@signals.import_modules.connect
def load_tasks(**_kwargs: Any) -> None:
    """When a worker or beat starts, after Django is set up."""
    app.conf.beat_schedule = beat_schedule()


def heard_key(name: str) -> str:
    """Cache key under which a worker says that it lives."""
    return f"worker-heard:{name}"


@signals.worker_ready.connect
@signals.heartbeat_sent.connect
def say_alive(**_kwargs: Any) -> None:
    """Every two seconds in the worker's main process: written down for each queue that it takes from."""
    for queue in app.amqp.queues.consume_from:
        cache.set(heard_key(queue), time.time(), HEARD_SECONDS)

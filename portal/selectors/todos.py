"""A person's to-do list, collected from every app."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings

from organisations.todo import Todo

APPS = ("organisations", "points", "vendors", "marketplace", "pmo")


def todos_of(user: Any, *, at: datetime, desk: str | None = None) -> list[Todo]:
    """What waits for `user`, the soonest first; only one desk's when named."""
    found = [todo for app in APPS for todo in _todos_of_app(app, user, at) if desk in (None, todo.desk)]
    return sorted(found, key=lambda todo: (not todo.is_turn, todo.due_date or date.max))


def _todos_of_app(app: str, user: Any, at: datetime) -> Iterator[Todo]:
    if app in settings.INSTALLED_APPS and find_spec(f"{app}.todos"):
        yield from import_module(f"{app}.todos").todos(user, at=at)

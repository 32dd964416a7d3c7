"""One line of somebody's to-do list. Each app answers `todos(user, *, at)`; the desks collect them, so a list clears itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise


@dataclass(frozen=True)
class Todo:
    """What waits for a person.

    Units: `count` is how many rows stand behind the line; `due_date` is the last day, None when there is no hurry.
    """

    sentence: str | Promise
    url: str
    desk: str  # "my", "vendor", "office", "audit"
    detail: str | Promise = ""
    due_date: date | None = None
    count: int = 1
    is_turn: bool = True

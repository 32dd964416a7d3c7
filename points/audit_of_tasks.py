"""Says which job is behind a change, for the audit trail: the platform itself, by name and number of the task."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from organisations import audit

_open: dict[str, AbstractContextManager[None]] = {}


def begin(*, task_id: str, task: Any, **_signal: Any) -> None:
    """Before a task."""
    said = {"actor_id": None, "actor_kind": "platform", "request_id": task_id, "surface": f"task {task.name}"}
    _open[task_id] = audit.acting(lambda: said)
    _open[task_id].__enter__()


def end(*, task_id: str, **_signal: Any) -> None:
    """After it."""
    scope = _open.pop(task_id, None)
    if scope is not None:
        scope.__exit__(None, None, None)

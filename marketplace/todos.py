"""What waits for whom in buying, delivering and paying."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marketplace.claim_todos import claim_todos
from marketplace.order_todos import order_todos
from organisations.todo import Todo


def todos(user: Any, *, at: datetime) -> list[Todo]:
    """Orders first, then claims."""
    return [*order_todos(user, at=at), *claim_todos(user, at=at)]

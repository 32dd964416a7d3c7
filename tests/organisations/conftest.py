"""People and the twin for this app's tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from organisations.models.people import StaffRole
from organisations.services.reference_data import load_reference_data
from tests.sandbox import Sandbox, sandbox_server
from tests.sandbox import sandbox as quick_sandbox

__all__ = ["quick_sandbox", "sandbox_server"]
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    """A Monday morning in Taipei."""
    return AT


@pytest.fixture
def sandbox(quick_sandbox: Sandbox, settings: Any) -> Sandbox:
    """The twin, given time to make cards while the machine is busy."""
    settings.OUTSIDE_TIMEOUT_SECONDS = 20
    return quick_sandbox


@pytest.fixture
def lists(db: None) -> None:
    """Townships, trades and the other official lists (the template database has them; loading again is harmless)."""
    load_reference_data()


@pytest.fixture
def person(db: None) -> Callable[..., Any]:
    """Makes a person with an account, and an office role if named."""

    def make(name: str, role: str = "") -> Any:
        user = get_user_model().objects.create_user(
            username=name, email=f"{name}@example.org", password="a-long-password", display_name=name
        )
        if role:
            StaffRole.objects.create(user=user, role=role, given_at=AT)
        return user

    return make

"""The demonstration with a small past, for modules that look at figures: grown once a module and rolled back after it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connections, transaction

from portal.services import demonstration

AT = datetime(2026, 11, 18, 15, 30, tzinfo=ZoneInfo("Asia/Taipei"))
ENTERPRISES = 150


@pytest.fixture(scope="module")
def grown(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Everything that `load_demonstration` loads, with 150 enterprises, as it stands on 18 November 115."""
    with django_db_blocker.unblock(), _rolled_back():
        held, demonstration.HISTORY_ENTERPRISES = demonstration.HISTORY_ENTERPRISES, ENTERPRISES
        try:
            demonstration.load_demonstration(at=AT)
            yield
        finally:
            demonstration.HISTORY_ENTERPRISES = held


@contextlib.contextmanager
def _rolled_back() -> Iterator[None]:
    with contextlib.suppress(_Enough), transaction.atomic():
        yield
        raise _Enough
    connections.close_all()


class _Enough(Exception):
    """Ends the module's transaction."""

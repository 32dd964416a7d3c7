"""The one place where time is read. Surfaces and tasks call `now()`; verbs are told `at`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from organisations.models.clock import Clock


def now() -> datetime:
    """The moment it is on the platform: real time, plus what the demonstration clock was advanced by."""
    if not settings.DEMONSTRATION:
        return timezone.now()
    return timezone.now() + advanced_by()


def today() -> date:
    """The calendar day in Taipei on the platform's clock."""
    return timezone.localdate(now())


def advanced_by() -> timedelta:
    """How far the demonstration clock runs ahead of real time."""
    return Clock.objects.values_list("ahead", flat=True).filter(pk=1).first() or timedelta(0)

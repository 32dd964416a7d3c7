"""The demonstration clock: move it and do what the nights in between would have done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from organisations import clock
from organisations.models.clock import Clock
from organisations.refusals import Refused
from portal.celery import task_modules

MOST_DAYS = 366
# In the order in which a night runs: orders that end give points back before points lapse.
NIGHTLY_APPS = ("organisations", "marketplace", "points", "vendors", "pmo")


def advance_clock(*, days: int) -> datetime:
    """Move the clock forward day by day and run each day's sweeps; answers the new time.

    Raises: Refused("clock_is_real") outside the demonstration, Refused("clock_step") for a step it does not take.
    """
    if not settings.DEMONSTRATION:
        raise Refused("clock_is_real", _("正式環境的時間不能移動。"))
    if not 0 < days <= MOST_DAYS:
        raise Refused("clock_step", _("一次可以前進1到366天。"), remedy=_("請選一天、一週或一個月。"))
    for _day in range(days):
        _tick()
        run_nightly_sweeps(at=clock.now())
    return clock.now()


def run_nightly_sweeps(*, at: datetime) -> None:
    """Every app's daily sweeps once, for the day that `at` is in. Each may run twice without harm."""
    for sweep in nightly_sweeps():
        sweep(at=at)


def nightly_sweeps() -> list[Callable[..., object]]:
    """The verbs that apps name in the `NIGHTLY` of their task modules, in the order of a night."""
    modules = [name for app in NIGHTLY_APPS for name in task_modules() if name.split(".")[0] == app]
    return [sweep for name in modules for sweep in getattr(import_module(name), "NIGHTLY", [])]


def _tick() -> None:
    with transaction.atomic():
        row, _made = Clock.objects.select_for_update().get_or_create(pk=1)
        row.ahead += timedelta(days=1)
        row.save()

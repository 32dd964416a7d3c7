"""Working days of the government's office calendar. Source: 行政院人事行政總處."""

from __future__ import annotations

from datetime import date, timedelta

from organisations.models.places import OfficeDay

ONE_DAY = timedelta(days=1)
LONGEST_HOLIDAY_DAYS = 20


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day` (before it, for a negative count); `day` itself does not count.

    Note: where the calendar is not loaded, Saturdays and Sundays are off.
    """
    step = ONE_DAY if count >= 0 else -ONE_DAY
    left, here = abs(count), day
    days_off = _days_off(day, day + step * (left * 2 + LONGEST_HOLIDAY_DAYS))
    while left:
        here += step
        if not days_off.get(here, here.weekday() >= 5):
            left -= 1
    return here


def is_working_day(day: date) -> bool:
    """Whether offices are open on this day."""
    known = OfficeDay.objects.filter(pk=day).values_list("is_off", flat=True).first()
    return day.weekday() < 5 if known is None else not known


def working_days_between(start: date, end: date) -> int:
    """Working days after `start` up to and including `end`; 0 when `end` is not later."""
    days_off = _days_off(start, end)
    span = (start + ONE_DAY * n for n in range(1, (end - start).days + 1))
    return sum(not days_off.get(day, day.weekday() >= 5) for day in span)


def _days_off(one: date, other: date) -> dict[date, bool]:
    first, last = sorted((one, other))
    return dict(OfficeDay.objects.filter(date__range=(first, last)).values_list("date", "is_off"))

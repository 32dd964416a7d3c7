"""Working days, counted in the government's office calendar."""

from __future__ import annotations

from datetime import date, timedelta

from organisations.models.places import OfficeDay

LOOK_AHEAD = 4  # four calendar days hold a working day more often than not; long holidays are looked at again
LONGEST = 60


def add_working_days(day: date, days: int) -> date:
    """The `days`-th working day after `day`.

    Days the calendar does not hold count as working days from Monday to Friday. Source: 政府行政機關辦公日曆表.
    """
    span = days * LOOK_AHEAD + LONGEST
    known = dict(OfficeDay.objects.filter(date__gt=day, date__lte=day + timedelta(days=span)).values_list("date", "is_off"))
    while days > 0:
        day += timedelta(days=1)
        if not known.get(day, day.weekday() >= 5):
            days -= 1
    return day

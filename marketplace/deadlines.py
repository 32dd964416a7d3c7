"""The days that matter in an order. Source: rules R4-4 to R4-8 and R5-2; zone versions set the figures they may set."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from organisations.services.office_days import add_working_days
from points.models.grants import Grant

COPAY_DAYS = 14
CONFIRM_DAYS = 14
MEND_DAYS = 7
DRAFT_DAYS = 14
DEFAULTS = {"answer_within_working_days": 5, "use_days_before_claim": 30, "default_activation_days": 14}


def end_of_month(day: date) -> date:
    """The last day of the calendar month: a signed order is activated by then."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def copay_due(day: date) -> date:
    """The last day for the buyer's own share of an order signed on `day`: 14 days, within the month of signing."""
    return min(day + timedelta(days=COPAY_DAYS), end_of_month(day))


def answer_due(day: date, grant: Grant | None) -> date:
    """The last day for the vendor's answer: some working days, within the month in which it has to be activated."""
    return min(add_working_days(day, days_of(grant, "answer_within_working_days")), end_of_month(day))


def last_day_of_term(day: date, months: int) -> date:
    """The last day of a term of whole months that begins on `day`."""
    total = day.month - 1 + months
    year, month = day.year + total // 12, total % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1])) - timedelta(days=1)


def days_of(grant: Grant | None, name: str) -> int:
    """A figure of the zone version that the points came from; an order without points takes the general one."""
    return int(getattr(grant.zone_version, name)) if grant else DEFAULTS[name]

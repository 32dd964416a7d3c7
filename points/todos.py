"""What waits for whom in points."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from organisations.models.organisation import Organisation
from organisations.models.people import StaffRole
from organisations.selectors.access import memberships_of, staff_roles_of
from organisations.todo import Todo
from points.models.grants import Application
from points.selectors.purse import purse_of

SOON = timedelta(days=30)
OPEN = (Application.State.CHECKING, Application.State.WAITING)


def todos(user: Any, *, at: datetime) -> list[Todo]:
    """Points to be ordered with or asked for; for the programme office, applications that wait for a budget."""
    lines = [line for membership in memberships_of(user) for line in _own(membership.organisation, at)]
    return [*lines, *_office(user)]


def _own(organisation: Organisation, at: datetime) -> Iterator[Todo]:
    purse = purse_of(organisation, at=at)
    if purse.free and purse.use_by_date:
        yield Todo(
            sentence=_("用%(points)s點選方案") % {"points": f"{purse.free:,}"},
            url=f"{reverse('points:my_points')}#pt",
            desk="my",
            detail=organisation.name,
            due_date=purse.use_by_date,
            is_turn=purse.use_by_date - timezone.localdate(at) <= SOON,
        )
    elif (
        not purse.granted
        and not Application.objects.filter(organisation=organisation, state__in=OPEN).exists()
    ):
        yield Todo(
            sentence=_("申請點數"), url=reverse("points:my_points"), desk="my", detail=organisation.name
        )


def _office(user: Any) -> Iterator[Todo]:
    if StaffRole.Role.PMO not in staff_roles_of(user):
        return
    count = Application.objects.filter(state=Application.State.WAITING).count()
    if count:
        yield Todo(
            sentence=_("%(count)s件申請等預算") % {"count": count},
            url=reverse("points:budgets"),
            desk="office",
            detail=_("預算用完的專區有人候補。"),
            count=count,
            is_turn=False,
        )

"""What waits for whom in this app."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from organisations.models.people import Membership, MembershipRequest, StaffRole
from organisations.models.registry import RegistryCheck
from organisations.selectors.access import staff_roles_of
from organisations.services.office_days import add_working_days
from organisations.todo import Todo

ANSWER_DAYS = 1  # working days in which an officer looks at a certificate


def todos(user: Any, *, at: datetime) -> list[Todo]:
    """Requests for the acceptor, checks for the officer, certificates for the person who asked."""
    return [*_requests(user), *_checks(user), *_own_checks(user)]


def _requests(user: Any) -> Iterator[Todo]:
    organisations = Membership.objects.filter(user=user, role=Membership.Role.ACCEPTOR, ended_at=None)
    count = MembershipRequest.objects.filter(
        decided_at=None, organisation__in=organisations.values("organisation")
    ).count()
    if count:
        yield Todo(
            sentence=ngettext("%(count)s個人想加入", "%(count)s個人想加入", count) % {"count": count},
            url=reverse("organisations:people"),
            desk="my",
            detail=_("認識的人才讓他加入。"),
        )


def _checks(user: Any) -> Iterator[Todo]:
    if StaffRole.Role.OFFICER not in staff_roles_of(user):
        return
    rows = RegistryCheck.objects.filter(state=RegistryCheck.State.OFFICER)
    first = rows.order_by("asked_at").values_list("asked_at", flat=True).first()
    if first is not None:
        yield Todo(
            sentence=_("登記確認"),
            url=reverse("organisations:registry_queue"),
            desk="office",
            due_date=add_working_days(first.date(), ANSWER_DAYS),
            count=rows.count(),
        )


def _own_checks(user: Any) -> Iterator[Todo]:
    rows = RegistryCheck.objects.filter(
        asked_by=user, purpose=RegistryCheck.Purpose.JOIN, state=RegistryCheck.State.OFFICER, document=None
    )
    for check in rows.order_by("-asked_at")[:3]:
        yield Todo(
            sentence=_("上傳登記證明"),
            url=reverse("organisations:join_found", args=[check.ubn]),
            desk="my",
            detail=_("統一編號%(ubn)s的登記資料連不上或查不到，請承辦人看證明。") % {"ubn": check.ubn},
        )

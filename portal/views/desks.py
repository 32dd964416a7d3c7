"""The first page of each desk: what waits, where things stand."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from organisations import clock
from organisations.models.people import StaffRole
from organisations.views.access import member_required, staff_required
from portal.desks import OFFICE_ROLES
from portal.selectors.desks import my_summary, office_summary, vendor_summary
from portal.selectors.todos import todos_of


@member_required()
def my_desk(request: HttpRequest) -> HttpResponse:
    """The owner's or clerk's first page: one figure, one next act, what waits."""
    organisation = request.organisation  # type: ignore[attr-defined]
    if hasattr(organisation, "vendor") and not organisation.grants.exists():
        return redirect("portal:vendor")
    return _desk(request, "my", my_summary(organisation, at=clock.now()))


@member_required()
def vendor_desk(request: HttpRequest) -> HttpResponse:
    """The vendor's first page: orders to answer, money on its way."""
    organisation = request.organisation  # type: ignore[attr-defined]
    if not hasattr(organisation, "vendor"):
        raise Http404
    return _desk(request, "vendor", vendor_summary(organisation.vendor, at=clock.now()))


@staff_required(*OFFICE_ROLES)
def office_desk(request: HttpRequest) -> HttpResponse:
    """The office's first page: the urgent first."""
    return _desk(request, "office", office_summary(at=clock.now()))


@staff_required(StaffRole.Role.AUDITOR)
def audit_desk(request: HttpRequest) -> HttpResponse:
    """The auditor's first page: what can be read and drawn."""
    return _desk(request, "audit", office_summary(at=clock.now()))


def _desk(request: HttpRequest, code: str, summary: dict[str, Any]) -> HttpResponse:
    todos = todos_of(request.user, at=clock.now(), desk=code)
    return render(request, f"portal/desk_{code}.html", {"todos": todos, **summary})

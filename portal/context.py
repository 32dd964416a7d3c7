"""What every page needs to know about the reader: desk, menu, waiting work, demonstration."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from organisations import clock
from organisations.selectors.access import memberships_of, staff_roles_of
from organisations.views.access import acting_membership
from portal.desks import DESKS, Desk, Place, desk_of_path
from portal.selectors.todos import todos_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of base templates: `desk`, `desks`, `account`, `todo_count`, `demonstration`, `platform_now`."""
    context: dict[str, Any] = {"demonstration": settings.DEMONSTRATION, "production": settings.PRODUCTION}
    if settings.DEMONSTRATION:
        context["platform_now"] = clock.now()
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    membership = acting_membership(request)
    roles = staff_roles_of(user)
    context |= {
        "acting": membership,
        "acting_choices": list(memberships_of(user)),
        "desks": desks_for(roles, membership),
    }
    desk = desk_of_path(request.path)
    if desk is not None:
        waiting = todos_of(user, at=clock.now(), desk=desk.code)
        context |= {
            "desk": menu(desk, roles, request.path),
            "todo_count": sum(each.count for each in waiting),
        }
    return context


def desks_for(roles: set[str], membership: Any) -> list[dict[str, Any]]:
    """The desks a person may sit at: name and address."""
    own = [desk for desk in DESKS.values() if desk.roles & roles]
    if membership is not None:
        own.insert(0, DESKS["vendor"] if hasattr(membership.organisation, "vendor") else DESKS["my"])
    return [{"name": desk.name, "url": Place(desk.name, desk.home).url, "code": desk.code} for desk in own]


def menu(desk: Desk, roles: set[str], path: str) -> dict[str, Any]:
    """A desk's menu as templates print it; entries for other roles are left out."""
    sections = []
    for label, places in desk.sections:
        items = [
            {"label": place.label, "url": place.url, "icon": place.icon, "current": place.url == path}
            for place in places
            if place.url and (not place.roles or place.roles & roles)
        ]
        if items:
            sections.append({"label": label, "items": items})
    return {"code": desk.code, "name": desk.name, "sections": sections}

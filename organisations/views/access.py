"""Guards of pages: a stranger sees 404, a member or colleague without the role 403."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from organisations.models.organisation import Organisation
from organisations.models.people import Membership
from organisations.selectors.access import has_rank, memberships_of, staff_roles_of

ACTING_KEY = "acting_organisation"
View = Callable[..., HttpResponseBase]


def acting_membership(request: HttpRequest) -> Membership | None:
    """The membership that this session works under: the chosen one, else the first."""
    own = list(memberships_of(request.user))
    chosen = request.session.get(ACTING_KEY)
    return next((each for each in own if each.organisation_id == chosen), own[0] if own else None)


def member_required(role: str = Membership.Role.VIEWER) -> Callable[[View], View]:
    """Page of an organisation's desk: sets `request.membership` and `request.organisation`; without any, on to joining."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            membership = acting_membership(request)
            if membership is None:
                return redirect("organisations:join")
            if not has_rank(membership, role):
                raise PermissionDenied
            request.membership = membership  # type: ignore[attr-defined]
            request.organisation = membership.organisation  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def staff_required(*roles: str) -> Callable[[View], View]:
    """Page of the office: 404 for people without any office role, 403 for colleagues without one of `roles`."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            own = staff_roles_of(request.user)
            if not own:
                raise Http404
            if not own & set(roles):
                raise PermissionDenied
            request.staff_roles = own  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def own_or_404(organisation: Organisation | None, request: HttpRequest) -> None:
    """Another organisation's row does not exist for this person."""
    if organisation is None or organisation.pk != request.organisation.pk:  # type: ignore[attr-defined]
        raise Http404

"""Staff and auditors do nothing without a second factor; those who have none are shown how to set one up."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from organisations.selectors.access import staff_roles_of

GUARDED = ("office", "audit", "review")


class SecondFactorMiddleware:
    """Sends a colleague who signed in with a password alone to the page for passkeys and authenticator apps."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Lets everything through but office pages opened with one factor."""
        if self._needs_second_factor(request):
            return redirect(f"{reverse('mfa_index')}?next={request.path}")
        return self.get_response(request)

    def _needs_second_factor(self, request: HttpRequest) -> bool:
        words = [word for word in request.path.split("/") if word and word != "en"]
        if words[:1] == [] or words[0] not in GUARDED or not request.user.is_authenticated:
            return False
        used = {each.get("method") for each in request.session.get("account_authentication_methods", [])}
        return "mfa" not in used and bool(staff_roles_of(request.user))

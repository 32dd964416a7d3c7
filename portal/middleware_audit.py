"""Says who is behind a request, for the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from organisations import audit


class AuditMiddleware:
    """Puts down what a request changes to its person, number, address and page. Stands after the authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit.acting(lambda: _actor(request)):
            return self.get_response(request)


def _actor(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    is_person = user is not None and user.is_authenticated
    return {
        "actor_id": user.pk if user is not None and is_person else None,
        "actor_kind": "person" if is_person else "visitor",
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
        "ip": request.META.get("REMOTE_ADDR") or None,
        "surface": f"{request.method} {request.path}",
    }

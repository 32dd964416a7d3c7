"""Around every request: a number to find it by, one host name, an end to forgotten sessions."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponse]
GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
LAST_SEEN = "last_seen"


class RequestIdMiddleware:
    """Gives each request a number (the proxy's own, if it sent one), in every log line and in the answer's `X-Request-ID`."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.log = structlog.get_logger("request")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        number = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        began = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=number):
            response = self.get_response(request)
            if not request.path.startswith(("/static/", "/healthz", "/readyz", "/metrics")):
                spent = round((time.monotonic() - began) * 1000)
                self.log.info(
                    "answered",
                    method=request.method,
                    path=request.path,
                    status=response.status_code,
                    milliseconds=spent,
                )
        response["X-Request-ID"] = number
        return response


class LocalhostMiddleware:
    """Sends 127.0.0.1 to localhost outside production: passkeys are bound to a host name, and an address is none."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host, _colon, port = request.get_host().partition(":")
        if (
            not settings.PRODUCTION
            and host == "127.0.0.1"
            and request.method in ("GET", "HEAD")
            and not _is_for_machines(request.path)
        ):
            return HttpResponseRedirect(f"http://localhost:{port or 80}{request.get_full_path()}")
        return self.get_response(request)


class IdleMiddleware:
    """Signs a person out after IDLE_MINUTES without a request. Writes the session at most once a minute."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now, seen = time.time(), request.session.get(LAST_SEEN)
            if seen is not None and now - seen > settings.IDLE_MINUTES * 60:
                logout(request)
                messages.info(
                    request, _("您有一段時間沒有操作，為了保護資料，系統已經將您登出。請重新登入。")
                )
            elif seen is None or now - seen > 60:
                request.session[LAST_SEEN] = now
        return self.get_response(request)


def _is_for_machines(path: str) -> bool:
    return path.startswith(("/api/", "/healthz", "/readyz", "/metrics"))

"""Failures that a view answers without a page get one: what happened, what is kept, what to do."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

WITH_PAGE = frozenset({400, 403, 405, 429, 503})
FOR_MACHINES = ("/api/", "/healthz", "/readyz", "/metrics", "/static/")


class ErrorPageMiddleware:
    """Gives an empty refusal, such as `require_POST`'s, the page of its status; status and headers stay."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in WITH_PAGE and self._wants_page(request, response):
            response.content = render_to_string(f"{response.status_code}.html", request=request).encode()
            response["Content-Type"] = "text/html; charset=utf-8"
        return response

    @staticmethod
    def _wants_page(request: HttpRequest, response: HttpResponse) -> bool:
        if response.streaming or response.content or request.path.startswith(FOR_MACHINES):
            return False
        return "HX-Request" not in request.headers and request.accepts("text/html")

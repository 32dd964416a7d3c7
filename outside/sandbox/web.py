"""The twin's small routing: a request, an answer, and a table of routes."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from outside.sandbox.store import Store


class Unfit(Exception):
    """The request does not follow the protocol; answered with status 400 and this sentence."""


@dataclass(frozen=True, slots=True)
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, method: str, target: str, headers: dict[str, str], body: bytes) -> "Request":
        """Take a request target apart."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return cls(method, unquote(parts.path), query, headers, body)

    def data(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises: Unfit.
        """
        try:
            data = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Unfit("the body is not JSON") from error
        if not isinstance(data, dict):
            raise Unfit("the body is not a JSON object")
        return data

    def text(self, *names: str) -> list[str]:
        """Required text fields of the body.

        Raises: Unfit.
        """
        data = self.data()
        missing = [name for name in names if not isinstance(data.get(name), str) or not data[name]]
        if missing:
            raise Unfit(f"missing: {', '.join(missing)}")
        return [data[name] for name in names]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"


def as_json(data: object, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(data, ensure_ascii=False).encode())


@dataclass(slots=True)
class Twin:
    """What every handler may use: where data lie, and how many enterprises of the country are known."""

    data: Path
    store: Store
    limit: int
    address: str = ""
    kept: dict[str, Any] = field(default_factory=dict)


Handler = Callable[..., Reply]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register a handler; `<name>` in the path is handed over by name."""
    pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path) + r"\Z")

    def register(handler: Handler) -> Handler:
        ROUTES.append((method, pattern, handler))
        return handler

    return register


def answer(twin: Twin, request: Request) -> Reply:
    """Find the handler and ask it."""
    found = [
        (method, match, handler)
        for method, pattern, handler in ROUTES
        if (match := pattern.match(request.path))
    ]
    for method, match, handler in found:
        if method == request.method:
            try:
                return handler(twin, request, **match.groupdict())
            except Unfit as error:
                return as_json({"error": str(error)}, 400)
    return as_json({"error": "no such address" if not found else "method not allowed"}, 405 if found else 404)

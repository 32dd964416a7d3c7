"""The guarded HTTP client: the only way out of the house, with time-outs, a size limit, retries and a circuit breaker."""

import hashlib
import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
import tenacity
from django.conf import settings

from outside import breaker

log = structlog.get_logger(__name__)
logging.getLogger("httpx").setLevel(
    logging.WARNING
)  # our own lines say what failed; addresses may hold what is private
ATTEMPTS = 3
LIMIT_BYTES = 5_000_000
USER_AGENT = "cloudmarket-open"


class OutsideDown(Exception):
    """The system cannot be reached or is not able to answer now: try again later."""

    def __init__(self, system: str, why: str) -> None:
        super().__init__(f"{system}: {why}")
        self.system, self.why = system, why


class OutsideAnswerBroken(Exception):
    """The system answered, but not in its own protocol: trying again soon is not likely to help."""

    def __init__(self, system: str, why: str) -> None:
        super().__init__(f"{system}: {why}")
        self.system, self.why = system, why


class _Truncated(Exception):
    """The answer ended too early."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    system: str
    status: int
    body: bytes
    content_type: str

    def data(self) -> Any:
        """The body as JSON.

        Raises: OutsideAnswerBroken for anything that is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise OutsideAnswerBroken(self.system, f"not JSON: {self.body[:60]!r}") from error

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises: OutsideAnswerBroken for anything else.
        """
        data = self.data()
        if not isinstance(data, dict):
            raise OutsideAnswerBroken(self.system, f"expected an object, got {type(data).__name__}")
        return data


def get(
    system: str, url: str, *, params: Mapping[str, str] | None = None, accept: tuple[int, ...] = (200,)
) -> Answer:
    """Fetch a page of an outside system.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    return call(system, "GET", url, params=params, accept=accept)


def post(
    system: str, url: str, *, key: str = "", accept: tuple[int, ...] = (200, 201), **body: Any
) -> Answer:
    """Send something. With a `key` the receiver recognises a repetition, so that it may be sent again after a time-out.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    headers = {"Idempotency-Key": idempotency_key(key)} if key else {}
    return call(system, "POST", url, accept=accept, headers=headers, repeatable=bool(key), **body)


def idempotency_key(key: str) -> str:
    """A header value that is the same for the same key and tells nothing about it."""
    return hashlib.sha256(key.encode()).hexdigest()


def call(
    system: str,
    method: str,
    url: str,
    *,
    accept: tuple[int, ...] = (200,),
    repeatable: bool = True,
    limit_bytes: int = LIMIT_BYTES,
    **request: Any,
) -> Answer:
    """One call with everything that guards it. Other statuses than `accept` below 500 count as a broken answer.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    circuit = f"{system}:{urlsplit(url).netloc}"
    if breaker.is_open(circuit):
        raise OutsideDown(system, "several calls failed just now; waiting before the next")
    try:
        answer = _attempts(repeatable)(_once, system, method, url, limit_bytes, **request)
    except (OutsideDown, _Truncated) as error:
        breaker.failed(circuit)
        log.warning("outside_call_failed", system=system, why=str(error))
        if isinstance(error, _Truncated):
            raise OutsideAnswerBroken(system, f"the answer ended too early: {error}") from error
        raise
    breaker.worked(circuit)
    if answer.status not in accept:
        raise OutsideAnswerBroken(system, f"status {answer.status}")
    return answer


def _attempts(repeatable: bool) -> tenacity.Retrying:
    again = (OutsideDown, _Truncated) if repeatable else _NotSent
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(again),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_exponential_jitter(
            multiplier=_setting("OUTSIDE_FIRST_WAIT_SECONDS", 0.2), max=3, jitter=0.2
        ),
        reraise=True,
    )


class _NotSent(OutsideDown):
    """The connection failed before anything was sent: sending again cannot double it."""


def _once(system: str, method: str, url: str, limit_bytes: int, **request: Any) -> Answer:
    try:
        with _client() as client, client.stream(method, url, **_with_agent(request)) as response:
            body = _limited(system, response, limit_bytes)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise _NotSent(system, f"no connection: {error}") from error
    except httpx.RemoteProtocolError as error:
        raise _Truncated(str(error)) from error
    except httpx.TimeoutException as error:
        raise OutsideDown(system, "no answer in time") from error
    except httpx.TransportError as error:
        raise OutsideDown(system, f"connection broken: {error}") from error
    if response.status_code >= 500 or response.status_code == 429:
        raise OutsideDown(system, f"status {response.status_code}")
    return Answer(system, response.status_code, body, _type_of(response))


def _client() -> httpx.Client:
    return httpx.Client(verify=_trust(), timeout=_timeout(), follow_redirects=False, trust_env=False)


@cache
def _trust() -> ssl.SSLContext:
    """Made once: reading the certificate authorities takes longer than most calls."""
    return httpx.create_ssl_context(trust_env=False)


def _limited(system: str, response: httpx.Response, limit_bytes: int) -> bytes:
    """The body, read until the limit or the deadline: a server that drips bytes must not hold a worker."""
    deadline = time.monotonic() + 4 * _setting("OUTSIDE_TIMEOUT_SECONDS", 5.0)
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > limit_bytes:
            raise OutsideAnswerBroken(system, f"more than {limit_bytes} bytes")
        if time.monotonic() > deadline:
            raise OutsideDown(system, "the answer comes too slowly")
        parts.append(part)
    return b"".join(parts)


def _with_agent(request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "headers": {"User-Agent": USER_AGENT, **request.get("headers", {})}}


def _type_of(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip()


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(
        _setting("OUTSIDE_TIMEOUT_SECONDS", 5.0), connect=_setting("OUTSIDE_CONNECT_SECONDS", 2.0)
    )


def _setting(name: str, default: float) -> float:
    return float(getattr(settings, name, default))

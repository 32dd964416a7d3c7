"""Pages at addresses that vendors typed: fetched so that no private network can be reached through us."""

import ipaddress
import socket
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from outside.http import (
    LIMIT_BYTES,
    USER_AGENT,
    Answer,
    OutsideAnswerBroken,
    OutsideDown,
)

SYSTEM = "vendor-page"
REDIRECTS = 3
PORTS = {80, 443}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def guarded_get(url: str, *, limit_bytes: int = LIMIT_BYTES) -> Answer:
    """Fetch a public page; each hop is checked anew and the connection goes to the very address that was checked.

    Raises: OutsideAnswerBroken for an address that is not allowed, OutsideDown when it does not answer.
    """
    for _ in range(REDIRECTS + 1):
        response, body = _fetch(url, limit_bytes)
        if not response.is_redirect:
            return Answer(SYSTEM, response.status_code, body, response.headers.get("content-type", ""))
        url = urljoin(url, response.headers.get("location", ""))
    raise OutsideAnswerBroken(SYSTEM, "too many redirects")


def _fetch(url: str, limit_bytes: int) -> tuple[httpx.Response, bytes]:
    host, port = _host_and_port(url)
    address = public_address(host, port)
    try:
        pinned = httpx.Client(transport=_PinnedTransport(address), timeout=5, trust_env=False)
        with pinned as client, client.stream("GET", url, headers={"User-Agent": USER_AGENT}) as response:
            return response, _limited(response, limit_bytes)
    except httpx.HTTPError as error:
        raise OutsideDown(SYSTEM, str(error)) from error


def _limited(response: httpx.Response, limit_bytes: int) -> bytes:
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) > limit_bytes:
            raise OutsideAnswerBroken(SYSTEM, f"more than {limit_bytes} bytes")
    return body


def _host_and_port(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise OutsideAnswerBroken(SYSTEM, "not an address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or port not in PORTS:
        raise OutsideAnswerBroken(SYSTEM, "only plain http and https addresses on their usual ports")
    return parts.hostname, port


def public_address(host: str, port: int) -> str:
    """One address of the host, when *all* of its addresses are public.

    Raises: OutsideAnswerBroken if any is not, OutsideDown if the name is not known.
    """
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise OutsideDown(SYSTEM, f"name not found: {host}") from error
    for text in found:
        if not _is_public(ipaddress.ip_address(text.partition("%")[0])):
            raise OutsideAnswerBroken(SYSTEM, f"{host} leads to a private network")
    return sorted(found, key=lambda text: ":" in text)[0]


def _is_public(address: Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is None and isinstance(address, ipaddress.IPv6Address) and address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return _is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved)


NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _PinnedBackend(httpcore.SyncBackend):
    """Connects to the checked address whatever the name says now, so that a second DNS answer changes nothing."""

    def __init__(self, address: str) -> None:
        self.address = address

    def connect_tcp(self, host: str, port: int, **options: object) -> httpcore.NetworkStream:  # type: ignore[override]
        return super().connect_tcp(self.address, port, **options)  # type: ignore[arg-type]


class _PinnedTransport(httpx.HTTPTransport):
    """The certificate is still checked against the name in the address."""

    def __init__(self, address: str) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False), network_backend=_PinnedBackend(address)
        )

"""The guarded client, and pages at addresses that vendors typed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from outside import http, vendor_pages
from outside.addresses import SANDBOX_PATHS, address_of
from tests.sandbox import Sandbox


@contextmanager
def serving(*replies: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[str]]]:
    """A small server that gives these replies in turn, the last one for ever; and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = replies[min(len(asked), len(replies) - 1)]
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, format: str, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_failing_server_is_asked_again_until_it_answers(sandbox: Sandbox) -> None:
    with serving((503, {}, b""), (503, {}, b""), (200, {}, b'{"ok": 1}')) as (url, asked):
        assert http.get("x", url).mapping() == {"ok": 1}
        assert len(asked) == 3


def test_a_plain_post_is_never_repeated(sandbox: Sandbox) -> None:
    with serving((503, {}, b"")) as (url, asked):
        with pytest.raises(http.OutsideDown):
            http.post("x", url, json={})
        assert len(asked) == 1


def test_a_post_with_a_key_is_repeated_under_that_key(sandbox: Sandbox) -> None:
    with serving((503, {}, b""), (200, {}, b"{}")) as (url, asked):
        http.post("x", url, key="王小明 A123456789", json={})
        assert len(asked) == 2


def test_too_many_requests_is_an_outage_and_other_errors_are_broken_answers(sandbox: Sandbox) -> None:
    with serving((429, {}, b"")) as (url, _), pytest.raises(http.OutsideDown):
        http.get("x", url)
    with serving((403, {}, b"")) as (url, asked):
        with pytest.raises(http.OutsideAnswerBroken, match="403"):
            http.get("x", url)
        assert len(asked) == 1


def test_an_answer_above_the_limit_is_not_read(sandbox: Sandbox) -> None:
    with (
        serving((200, {}, b"x" * 300_000)) as (url, _),
        pytest.raises(http.OutsideAnswerBroken, match="bytes"),
    ):
        http.call("x", "GET", url, limit_bytes=100_000)


def test_redirects_are_not_followed(sandbox: Sandbox) -> None:
    inwards = (302, {"Location": "http://127.0.0.1:9/"}, b"")
    with serving(inwards) as (url, _), pytest.raises(http.OutsideAnswerBroken, match="302"):
        http.get("x", url)


@pytest.mark.parametrize("name", SANDBOX_PATHS)
def test_every_system_has_an_address_of_its_own(settings: Settings, name: str) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:1/"
    assert address_of(name) == f"http://127.0.0.1:1{SANDBOX_PATHS[name]}"
    setattr(settings, name, "https://real.example/")
    assert address_of(name) == "https://real.example"


def test_production_refuses_the_sandbox(settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    settings.PRODUCTION = True
    with pytest.raises(ImproperlyConfigured):
        address_of("BANK_URL")
    assert address_of("GCIS_URL") == "https://data.gcis.nat.gov.tw"


def test_without_any_address_the_setting_to_make_is_named(settings: Settings) -> None:
    settings.SANDBOX_URL = ""
    with pytest.raises(ImproperlyConfigured, match="SMS_URL"):
        address_of("SMS_URL")


# ---- addresses that vendors typed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://224.0.0.1/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "http://8.8.8.8:22/",
        "http://user:pass@8.8.8.8/",
        "http://8.8.8.8:99999/",
        "//8.8.8.8/",
        "",
    ],
)
def test_an_address_in_a_private_network_or_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(http.OutsideAnswerBroken):
        vendor_pages.guarded_get(url)


def answers(monkeypatch: pytest.MonkeyPatch, *turns: list[str]) -> list[int]:
    """A name server that gives these addresses in turn."""
    asked: list[int] = []

    def resolve(host: str, port: int, *args: object, **options: object) -> list[tuple[object, ...]]:
        turn = turns[min(len(asked), len(turns) - 1)]
        asked.append(1)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in turn]

    monkeypatch.setattr(vendor_pages.socket, "getaddrinfo", resolve)
    return asked


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch, ["93.184.216.34", "10.0.0.5"])
    with pytest.raises(http.OutsideAnswerBroken, match="private"):
        vendor_pages.guarded_get("http://vendor.example/")


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers differently the second time (rebinding) changes nothing."""
    asked = answers(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    seen: list[str] = []

    def connect(self: object, host: str, port: int, **options: object) -> object:
        seen.append(host)
        raise vendor_pages.httpcore.ConnectError("not reachable from here")

    monkeypatch.setattr(vendor_pages.httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(http.OutsideDown):
        vendor_pages.guarded_get("https://vendor.example/")
    assert seen == ["93.184.216.34"]
    assert len(asked) == 1


def test_a_public_page_is_fetched_and_a_redirect_inwards_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback address plays a public one; the client, the socket and the server are real."""
    real = vendor_pages._is_public
    monkeypatch.setattr(vendor_pages, "PORTS", range(1, 65_536))
    monkeypatch.setattr(
        vendor_pages, "_is_public", lambda address: str(address) == "127.0.0.1" or real(address)
    )
    with serving((200, {"Content-Type": "text/html"}, b"<h1>hello")) as (url, _):
        assert vendor_pages.guarded_get(url).body == b"<h1>hello"
        with pytest.raises(http.OutsideAnswerBroken, match="bytes"):
            vendor_pages.guarded_get(url, limit_bytes=3)
    inwards = (302, {"Location": "http://192.168.0.1/admin"}, b"")
    with serving(inwards) as (url, _), pytest.raises(http.OutsideAnswerBroken, match="private"):
        vendor_pages.guarded_get(url)
    with serving((302, {"Location": "/again"}, b"")) as (url, asked):
        with pytest.raises(http.OutsideAnswerBroken, match="redirects"):
            vendor_pages.guarded_get(url)
        assert len(asked) == vendor_pages.REDIRECTS + 1


def test_a_name_that_does_not_exist_is_an_outage() -> None:
    with pytest.raises(http.OutsideDown):
        vendor_pages.guarded_get("http://nowhere.invalid/")

"""The running platform: signs of life, headers, roles, idle connections, processes that die."""

from __future__ import annotations

import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import LivePlatform


def ask(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of a page."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, dict(answer.headers), answer.read().decode()


def environment_of(pid: int) -> dict[str, str]:
    """The variables that a process was started with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def test_home_page_is_chinese_and_has_a_strict_policy(live_platform: LivePlatform) -> None:
    status, headers, text = ask(live_platform.url + "/")
    assert status == 200
    assert 'lang="zh-Hant-TW"' in text
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert len(headers["X-Request-ID"]) >= 8


def test_english_stands_below_en(live_platform: LivePlatform) -> None:
    status, _headers, text = ask(live_platform.url + "/en/")
    assert status == 200
    assert '<html lang="en"' in text


def test_healthz_and_readyz_answer_ok(live_platform: LivePlatform) -> None:
    assert ask(live_platform.url + "/healthz")[0] == 200
    status, _headers, text = ask(live_platform.url + "/readyz")
    assert status == 200, text
    assert '"workers": "ok"' in text


def test_metrics_count_requests(live_platform: LivePlatform) -> None:
    status, _headers, text = ask(live_platform.url + "/metrics")
    assert status == 200
    assert "django_http_requests_total_by_method_total" in text


def test_an_address_is_sent_to_the_host_name(live_platform: LivePlatform) -> None:
    port = int(live_platform.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(b"GET /en/?a=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port)
        answer = link.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 302")
    assert f"Location: http://localhost:{port}/en/?a=1" in answer


@pytest.mark.parametrize("idle", [2, 40])
def test_idle_connections_do_not_hold_up_others(live_platform: LivePlatform, idle: int) -> None:
    port = int(live_platform.url.rsplit(":", 1)[1])
    links = [socket.create_connection(("127.0.0.1", port)) for _ in range(idle)]
    try:
        time.sleep(0.5)
        began = time.monotonic()
        assert ask(live_platform.url + "/healthz")[0] == 200
        assert time.monotonic() - began < 2
    finally:
        for link in links:
            link.close()


@pytest.mark.parametrize("name", ["Web", "Worker", "Bulk worker", "Beat"])
def test_no_process_of_the_platform_knows_the_owner(live_platform: LivePlatform, name: str) -> None:
    process = live_platform.children[name].process
    assert process is not None
    variables = environment_of(process.pid)
    assert "DATABASE_OWNER_URL" not in variables
    assert "platform_app" in variables["DATABASE_URL"]
    assert not [
        key for key, value in variables.items() if "platform_owner" in value or "platform_superuser" in value
    ]


def test_readyz_names_a_queue_that_nobody_serves(
    live_platform: LivePlatform, wait_for: Callable[..., None]
) -> None:
    worker = live_platform.children["Bulk worker"]
    assert worker.process is not None
    os.killpg(worker.process.pid, signal.SIGKILL)
    wait_for(lambda: not worker.is_alive)

    def is_missed() -> bool:
        status, _headers, text = ask(live_platform.url + "/readyz")
        return status == 503 and "silent: bulk, reports" in text

    wait_for(is_missed, within_seconds=40)
    worker.revive()
    wait_for(lambda: ask(live_platform.url + "/readyz")[0] == 200, within_seconds=40)

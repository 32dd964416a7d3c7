"""The twin as a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from outside.sandbox.samples import sample
from outside.sandbox.server import start_in_thread

ROOT = Path(__file__).parents[2]


def start(data: Path) -> tuple[subprocess.Popen[str], str]:
    """Start it without any settings and read its one line."""
    command = [sys.executable, "-W", "error", "-m", "outside.sandbox", "--port", "0", "--data", str(data)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=data.parent, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"ready on port (\d+)", line)
    assert found, line
    return process, f"http://127.0.0.1:{found[1]}"


def test_it_runs_without_settings_and_keeps_what_it_knows(tmp_path: Path) -> None:
    data = tmp_path / "twin"
    process, url = start(data)
    card = {"card": f"moeaca-revoked-{sample('restaurant').ubn}", "pin": "123456", "content": "eA=="}
    httpx.post(
        f"{url}/sms/messages", json={"to": "0911222333", "text": "留著"}, trust_env=False
    ).raise_for_status()
    httpx.post(f"{url}/faults", json={"system": "gcis", "mode": "500"}, trust_env=False).raise_for_status()
    httpx.post(f"{url}/card-reader/sign", json=card, trust_env=False).raise_for_status()
    root = httpx.get(f"{url}/pki/roots.pem", trust_env=False).content
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")

    process, url = start(data)
    texts = httpx.get(f"{url}/sms/messages", params={"phone": "0911222333"}, trust_env=False).json()[
        "messages"
    ]
    assert [one["text"] for one in texts] == ["留著"]
    assert httpx.get(f"{url}/faults", trust_env=False).json()["gcis"]["mode"] == "500"
    assert httpx.get(f"{url}/pki/roots.pem", trust_env=False).content == root
    process.kill()
    process.communicate()


def test_a_killed_twin_has_lost_nothing_it_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "twin"
    process, url = start(data)
    for number in range(20):
        body = {"to": "0911222333", "text": str(number)}
        httpx.post(f"{url}/sms/messages", json=body, trust_env=False).raise_for_status()
    process.kill()
    process.communicate()
    url, stop = start_in_thread(data)
    texts = httpx.get(f"{url}/sms/messages", params={"phone": "0911222333"}, trust_env=False).json()[
        "messages"
    ]
    stop()
    assert [one["text"] for one in texts] == [str(number) for number in reversed(range(20))]


def test_it_listens_to_this_machine_only(tmp_path: Path) -> None:
    url, stop = start_in_thread(tmp_path)
    stop()
    assert url.startswith("http://127.0.0.1:")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    address, stop = start_in_thread(tmp_path)
    yield address
    stop()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", b"", 404),
        ("POST", "/healthz", b"", 405),
        ("POST", "/faults", b"{", 400),
        ("POST", "/faults", b'{"system": "moon", "mode": "500"}', 400),
        ("POST", "/faults", b'{"system": "gcis", "mode": "sulk"}', 400),
        ("POST", "/sms/messages", b'{"to": "0911222333"}', 400),
        ("POST", "/sms/messages", b"[]", 400),
        ("POST", "/mail/messages", b'{"to": "a@example.org"}', 400),
        ("GET", "/card-reader/cards?ubn=1", b"", 400),
        ("POST", "/card-reader/sign", b'{"card": "x", "pin": "123456", "content": "eA=="}', 400),
        ("GET", "/crl/moon.crl", b"", 404),
        ("GET", "/fido/requests/none", b"", 404),
    ],
)
def test_it_answers_what_it_does_not_understand_with_a_status(
    url: str, method: str, path: str, body: bytes, status: int
) -> None:
    answer = httpx.request(method, url + path, content=body, trust_env=False)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_idle_connections_do_not_hold_others_up(url: str) -> None:
    port = int(url.rpartition(":")[2])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    assert httpx.get(f"{url}/healthz", timeout=2, trust_env=False).json() == {"ok": True}
    for one in idle:
        one.close()

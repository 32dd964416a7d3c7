"""The twin's server: binds the local machine only, keeps its state in one folder, and can be told to misbehave."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from outside.sandbox import bank, card_reader, phones, registers
from outside.sandbox.card_reader import authorities
from outside.sandbox.country import country
from outside.sandbox.store import Store
from outside.sandbox.web import Reply, Request, Twin, Unfit, answer, as_json, route

HOST = "127.0.0.1"
MAX_BODY = 20_000_000
SYSTEMS = ("tax-registry", "gcis", "sms", "mail", "mobile-id", "fido", "bank", "card-reader", "crl")
MODES = ("slow", "500", "garbage", "empty", "truncated", "off")
PARTS = (registers, card_reader, phones, bank)  # importing them has registered their routes
KNOWN_ENTERPRISES = 20_000


@route("POST", "/faults")
def plan_fault(twin: Twin, request: Request) -> Reply:
    """Make one system misbehave, or ("off") behave again; "all" with "off" ends everything. `seconds` says how slow "slow" is."""
    system, mode = request.text("system", "mode")
    if system == "all" and mode == "off":
        for each in SYSTEMS:
            twin.store.take("fault", each)
    elif system not in SYSTEMS or mode not in MODES:
        raise Unfit(f"system is one of {', '.join(SYSTEMS)}; mode is one of {', '.join(MODES)}")
    elif mode == "off":
        twin.store.take("fault", system)
    else:
        twin.store.put(
            "fault", system, {"mode": mode, "seconds": float(request.data().get("seconds", 30)), "calls": 0}
        )
    return as_json({"system": system, "mode": mode})


@route("GET", "/faults")
def planned_faults(twin: Twin, request: Request) -> Reply:
    """The systems that misbehave now."""
    return as_json(
        {one["name"]: {"mode": one["mode"], "seconds": one["seconds"]} for one in twin.store.all("fault")}
    )


@route("GET", "/calls")
def calls(twin: Twin, request: Request) -> Reply:
    """How many requests each system has received since the start."""
    return as_json(twin.kept.get("calls", {}))


@route("GET", "/healthz")
def health(twin: Twin, request: Request) -> Reply:
    """Whether the twin is up."""
    return as_json({"ok": True})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815 - the library's name

    def _serve(self) -> None:
        size = self.headers.get("Content-Length", "0")
        if not size.isdigit() or int(size) > MAX_BODY:
            self._send(as_json({"error": "too large"}, 413))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request.of(self.command, self.path, headers, self.rfile.read(int(size)))
        system = request.path.split("/")[1]
        if system in SYSTEMS:
            self._count(system)
            if fault := self.server.twin.store.get("fault", system):
                self._misbehave(fault, request)
                return
        self._send(answer(self.server.twin, request))

    def _count(self, system: str) -> None:
        with self.server.counting:
            counts = self.server.twin.kept.setdefault("calls", {})
            counts[system] = counts.get(system, 0) + 1

    def _misbehave(self, fault: dict[str, Any], request: Request) -> None:
        mode = fault["mode"]
        if mode == "slow":
            self.server.stopping.wait(fault["seconds"])
            self._send(answer(self.server.twin, request))
        elif mode == "truncated":
            body = b'[{"Business_Accounting_NO":"'
            self._send(Reply(200, body), declared=len(body) + 400)
        else:
            replies = {
                "500": as_json({"error": "internal"}, 500),
                "garbage": Reply(200, b"<html><body>\xff\xfe maintenance {[", "text/html"),
                "empty": Reply(200, b""),
            }
            self._send(replies[mode])

    def _send(self, reply: Reply, declared: int | None = None) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body) if declared is None else declared))
            if declared is not None:
                self.close_connection = True
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the one line at the start is all that the twin prints."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, twin: Twin, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.twin = twin
        self.stopping = threading.Event()
        self.counting = threading.Lock()
        twin.address = f"http://{HOST}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def make_server(data: Path, port: int = 0, *, limit: int = KNOWN_ENTERPRISES) -> _Server:
    """A server that is bound and not yet serving. Port 0 takes any free one."""
    data.mkdir(parents=True, exist_ok=True)
    return _Server(Twin(data, Store(data / "twin.sqlite3"), limit), port)


def start_in_thread(data_dir: Path, port: int = 0) -> tuple[str, Callable[[], None]]:
    """Start the twin beside the caller; returns its address and the function that stops it."""
    server = make_server(Path(data_dir), port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def stop() -> None:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
        server.twin.store.close()

    return server.twin.address, stop


def serve(data: Path, port: int) -> None:
    """Serve until interrupted."""
    started = time.monotonic()
    server = make_server(data, port)
    threading.Thread(target=_warm, args=(server.twin,), daemon=True).start()
    print(f"sandbox ready on port {server.server_port} after {time.monotonic() - started:.1f} s", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()
    server.twin.store.close()


def _warm(twin: Twin) -> None:
    """Draw the word pools and make the test hierarchy before anybody asks."""
    country()
    authorities(twin)

# SPDX-License-Identifier: Apache-2.0
"""The dashboard's page and its doors, on this machine only: an order in words, a simulated sensor's switch, a fault to inject.

Listens on 127.0.0.1. Whoever drives a robot through a browser must not be a page of somebody else that is open in the same
browser: requests must name this host (against DNS rebinding), and orders must come from this page (Origin) as JSON, which
a foreign page cannot send without asking first. Knows neither ROS nor Rerun.
"""

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mm_nav import share
from mm_nav.core.command import MAX_CHARS
from mm_nav.errors import ConfigError

HOST = "127.0.0.1"
FOLDER = "dashboard"  # in launch/
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"), "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"), "/icon.svg": ("icon.svg", "image/svg+xml"),
}  # fmt: skip
MOST_BYTES = 4 * MAX_CHARS + 256  # of a request's body
PATIENCE_S = 5.0  # with a client that does not go on
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
          f"frame-src http://{HOST}:*; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
}  # fmt: skip

Door = Callable[[dict[str, Any]], str]  # takes the JSON that was sent; '' or why it is refused


class Dashboard:
    """A server in threads of its own.

    Args:
        port: where; another one where it is taken.
        state: what the page shows, as plain values; called from the server's threads, as are the doors.
        doors: path -> what takes the JSON objects that are sent there.

    Raises:
        ConfigError: the page's files are not installed, or no port is free.
    """

    def __init__(self, port: int, state: Callable[[], Mapping[str, Any]], doors: Mapping[str, Door]) -> None:
        pages = {path: (_read(name), kind) for path, (name, kind) in FILES.items()}
        page: Any = type("Page", (_Page,), {"pages": pages, "state": staticmethod(state), "doors": dict(doors)})
        self._server = _serve(port, page)
        self.port = page.port = self._server.server_port
        self.url = f"http://{HOST}:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="dashboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _serve(port: int, page: "type[_Page]") -> ThreadingHTTPServer:
    for wanted in (port, 0):
        try:
            return _Server((HOST, wanted), page)
        except OSError:
            continue
    raise ConfigError(f"the dashboard finds no free port on {HOST}; give another with dashboard_port")


def _read(name: str) -> bytes:
    path = share.find("launch", f"{FOLDER}/{name}")
    if path is None:
        raise ConfigError(f"launch/{FOLDER}/{name} is not installed; install mm_nav with pip or colcon, not by copying the folder")
    return path.read_bytes()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that went away is no fault of ours."""


class _Page(BaseHTTPRequestHandler):
    """Answers one request; nothing but ``FILES``, ``/state`` and the doors is there."""

    pages: Mapping[str, tuple[bytes, str]]
    state: Callable[[], Mapping[str, Any]]
    doors: Mapping[str, Door]
    port: int
    timeout = PATIENCE_S
    server_version, sys_version = "mm_nav", ""

    def do_GET(self) -> None:
        """The page, its parts, and the state."""
        if not self._is_us():
            self._refuse(HTTPStatus.FORBIDDEN, f"open http://{HOST}:{self.port}/ itself")
        elif self.path == "/state":
            self._answer(HTTPStatus.OK, json.dumps(self.state(), ensure_ascii=False).encode(), "application/json")
        elif self.path in self.pages:
            self._answer(HTTPStatus.OK, *self.pages[self.path])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        """An order, a switch or a fault."""
        text = self.headers.get("Content-Length", "")
        length = int(text[:18]) if text.isascii() and text.isdigit() else None
        body = self.rfile.read(length) if length is not None and length <= MOST_BYTES else b""  # read before it is refused: else it may not hear why
        if not self._is_us() or self.headers.get("Origin", "") not in self._origins():
            self._refuse(HTTPStatus.FORBIDDEN, "orders are taken from this machine's own page only")
        elif self.path not in self.doors:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such door")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
        elif length is None:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "say how long it is")
        elif length > MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes")
        else:
            self._take(body)

    def _take(self, body: bytes) -> None:
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            sent = None
        if not isinstance(sent, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "send one JSON object")
            return
        why = self.doors[self.path](sent)
        if why:
            self._refuse(HTTPStatus.BAD_REQUEST, why)
        else:
            self._answer(HTTPStatus.ACCEPTED, b"{}", "application/json")

    def _origins(self) -> list[str]:
        return [f"http://{name}:{self.port}" for name in (HOST, "localhost")]

    def _is_us(self) -> bool:
        return [f"http://{host}" for host in self.headers.get_all("Host", [])] in [[origin] for origin in self._origins()]

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True  # what it may still send is not read
        self._answer(status, json.dumps({"refused": why}).encode(), "application/json")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Nothing: what a client sends must not reach the log raw."""

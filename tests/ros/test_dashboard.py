# SPDX-License-Identifier: Apache-2.0
"""The dashboard's server by plain HTTP: what it gives, what it takes, and above all from whom."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from mm_nav.ros.board import KEPT, Board
from mm_nav.ros.dashboard import FILES, MOST_BYTES, Dashboard


class Client:
    """Speaks HTTP to a dashboard; headers with the value None are left out."""

    def __init__(self, page: Dashboard, sent: list[dict[str, Any]]) -> None:
        self.page, self.sent = page, sent
        self.here = f"127.0.0.1:{page.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str | None) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.page.port, timeout=10)
        stock: dict[str, str | None] = {"Host": self.here}
        if body is not None:
            stock |= {"Origin": f"http://{self.here}", "Content-Type": "application/json", "Content-Length": str(len(body))}
        given = stock | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in given.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    def order(self, value: Any, path: str = "/command", **headers: str | None) -> int:
        return self.ask("POST", path, json.dumps(value).encode(), **headers)[0]


@pytest.fixture
def client() -> Iterator[Client]:
    sent: list[dict[str, Any]] = []

    def take(value: dict[str, Any]) -> str:
        sent.append(value)
        return "" if value.get("text") else "no text"

    board = Board(robot="/r1")
    board.say("command", "<b>去红色锥桶</b>")
    page = Dashboard(0, board.snapshot, {"/command": take})
    yield Client(page, sent)
    page.close()


@pytest.mark.parametrize("path", list(FILES))
def test_the_page_and_its_parts_are_there_and_may_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    status, headers, body = client.ask("GET", path)
    assert (status, headers["Content-Type"]) == (200, FILES[path][1])
    assert b"http:" not in body.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"https:" not in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(("said", "now"), [("lidar stuck; camera/front off", {"lidar": "stuck", "camera/front": "off"}), ("all ok", {}), ("", {})])
def test_what_the_fault_injector_says_is_read_as_fault_by_source(said: str, now: dict[str, str]) -> None:
    assert Board(spoiled=said).snapshot()["spoiled"] == now


def test_the_page_has_no_script_or_style_in_it_and_sets_texts_as_text() -> None:
    from mm_nav import share

    folder = share.find("launch", "dashboard")
    assert folder is not None
    page, script = (folder / "index.html").read_text("utf-8"), (folder / "page.js").read_text("utf-8")
    assert page.count("<script") == page.count("<script src=")
    assert "style=" not in page
    assert "onclick" not in page
    assert "innerHTML" not in script
    assert "eval(" not in script


def test_the_state_is_json_in_any_script(client: Client) -> None:
    status, headers, body = client.ask("GET", "/state")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    state = json.loads(body)
    assert state["robot"] == "/r1"
    assert state["lines"][0]["text"] == "<b>去红色锥桶</b>"


@pytest.mark.parametrize("path", ["/../params.yaml", "/etc/passwd", "/page.js/..", "/state?x", "/command", "/index.html"])
def test_nothing_else_can_be_read(client: Client, path: str) -> None:
    assert client.ask("GET", path)[0] == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
def test_no_other_method_is_known(client: Client, method: str) -> None:
    assert client.ask(method, "/command")[0] == 501


def test_an_order_of_the_page_is_taken(client: Client) -> None:
    assert client.order({"text": "go to the red cone"}) == 202
    assert client.order({"text": "停"}, Origin=f"http://localhost:{client.page.port}", Host=f"localhost:{client.page.port}") == 202
    assert client.sent == [{"text": "go to the red cone"}, {"text": "停"}]


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://127.0.0.1"])
def test_an_order_of_another_page_is_refused(client: Client, origin: str | None) -> None:
    assert client.order({"text": "go"}, Origin=origin and origin.format(port=client.page.port)) == 403
    assert client.sent == []


@pytest.mark.parametrize("host", [None, "evil.example:{port}", "127.0.0.1", "127.0.0.1:{port}.evil.example"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_name_of_this_machine_is_refused(client: Client, host: str | None, method: str) -> None:
    named = host and host.format(port=client.page.port)
    status = client.order({"text": "go"}, Host=named) if method == "POST" else client.ask("GET", "/state", Host=named)[0]
    assert status == 403
    assert client.sent == []


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_without_asking_is_refused(client: Client, kind: str | None) -> None:
    assert client.order({"text": "go"}, Content_Type=kind) == 415
    assert client.sent == []


@pytest.mark.parametrize(
    ("body", "length", "status"),
    [(b"[]", None, 411), (b"{}", "-1", 411), (b"{}", "abc", 411), (b"{}", str(MOST_BYTES + 1), 413), (b"{}", "99999999999999", 413), (b"not json", "8", 400),
     (b'["go"]', "6", 400), (b'"' * 9, "9", 400), (b"[" * 2000, "2000", 400), (b"\xff\xfe{}", "4", 400), (b"{}", "2", 400)],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(client: Client, body: bytes, length: str | None, status: int) -> None:
    assert client.ask("POST", "/command", body, Content_Length=length)[0] == status
    assert client.sent in ([], [{}])


def test_another_door_is_not_there(client: Client) -> None:
    assert client.order({"text": "go"}, path="/switch") == 404


def test_it_listens_on_this_machine_alone(client: Client) -> None:
    assert client.page._server.server_address[0] == "127.0.0.1"
    assert client.page.url == f"http://127.0.0.1:{client.page.port}/"


def test_a_port_that_is_taken_is_replaced(client: Client) -> None:
    second = Dashboard(client.page.port, dict, {})
    assert second.port != client.page.port
    second.close()


def test_a_client_that_hangs_does_not_stop_the_others(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.page.port), timeout=5) as hanging:
        hanging.sendall(b"POST /command HTTP/1.1\r\n")
        assert client.ask("GET", "/state")[0] == 200


def test_the_board_keeps_the_newest_lines_and_tells_news_from_repetition() -> None:
    board = Board()
    for i in range(KEPT + 5):
        board.say("command", str(i))
    assert [line["text"] for line in board.snapshot()["lines"]] == [str(i) for i in range(5, KEPT + 5)]
    board.say("command", str(KEPT + 4))
    assert board.snapshot()["lines"][-1]["times"] == 2
    assert board.sees({"lidar": "silent"}, "drive", 1)
    assert not board.sees({"lidar": "silent for 2 s"}, "drive", 1)
    assert board.snapshot()["sensors"] == [{"name": "lidar", "on": False, "why": "silent for 2 s"}]
    assert board.sees({"lidar": ""}, "drive", 0)
    assert board.told("fusion", 1, "slow")
    assert not board.told("fusion", 1, "slower")
    assert board.snapshot()["faults"] == [{"name": "fusion", "level": 1, "text": "slower"}]
    assert board.told("fusion", 0, "ok")
    assert board.snapshot()["faults"] == []

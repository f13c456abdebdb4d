# SPDX-License-Identifier: Apache-2.0
"""The mailbox keeps the newest, and nothing raises out of a callback."""

import sys
import threading
from collections.abc import Callable

import pytest

from mm_nav.errors import MessageError
from mm_nav.ros.guard import LOG_PERIOD_S, Guard, one_line
from mm_nav.ros.runner import Chore, Mailbox, Worker, event_loop


def test_without_an_events_executor_the_single_threaded_one_calls_back(domain: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
    for name in ("rclpy.experimental", "rclpy.experimental.events_executor"):  # as in Jazzy; the latter may be loaded already
        monkeypatch.setitem(sys.modules, name, None)
    context = rclpy.Context()
    rclpy.init(args=[], context=context)
    try:
        executor = event_loop(context)
        assert type(executor).__name__ == "SingleThreadedExecutor"
        executor.shutdown()
    finally:
        context.try_shutdown()


def test_a_chore_ends_as_soon_as_nobody_wants_it_any_more() -> None:
    begun, went_on = threading.Event(), list[bool]()

    def work(wanted: Callable[[], bool]) -> None:
        while wanted():
            begun.set()
        went_on.append(wanted())

    chore = Chore(work, "chore")
    assert begun.wait(10.0)
    assert chore.close()
    assert went_on == [False]


def test_the_newest_item_wins_and_the_others_are_counted() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for number in (1, 2, 3):
        mailbox.put(number)
    assert mailbox.take() == 3
    assert mailbox.skipped == 2


def test_urgent_items_come_first_in_order_and_are_never_dropped() -> None:
    mailbox: Mailbox[str] = Mailbox()
    mailbox.put("frame")
    mailbox.put_urgent("go")
    mailbox.put_urgent("stop")
    mailbox.clear()
    mailbox.put("newer frame")
    assert [mailbox.take() for _ in range(3)] == ["go", "stop", "newer frame"]


@pytest.mark.fault("Q06", "G05")
def test_a_slow_worker_drops_frames_and_builds_no_lag() -> None:
    started, go_on, done = threading.Event(), threading.Event(), threading.Event()
    worked: list[int] = []

    def work(number: int) -> None:
        worked.append(number)
        started.set()
        go_on.wait(5.0)
        if number == 9:
            done.set()

    worker = Worker(work, "test")
    worker.mailbox.put(0)
    assert started.wait(5.0)
    for number in range(1, 10):
        worker.mailbox.put(number)
    go_on.set()
    assert done.wait(5.0)
    assert worker.close()
    assert worked == [0, 9]


def test_closing_wakes_a_worker_that_waits() -> None:
    worker: Worker[int] = Worker(lambda _: None, "test")
    assert worker.close()


def test_the_guard_counts_by_reason_and_logs_without_flooding() -> None:
    now, lines = [100.0], list[str]()
    guard = Guard(lines.append, clock=lambda: now[0])

    def fail() -> None:
        raise MessageError("short_data", "image of 3 bytes\nneeds 9")

    for _ in range(50):
        assert guard.call("camera", fail) is None
    assert guard.count("camera", "short_data") == 50
    assert lines == ["camera: short_data (1 so far): image of 3 bytes needs 9"]
    now[0] += LOG_PERIOD_S + 0.1
    guard.call("camera", fail)
    assert lines[1].startswith("camera: short_data (51 so far)")
    assert guard.report("camera") == {"dropped.short_data": "51: image of 3 bytes needs 9"}
    assert guard.report("lidar") == {}


@pytest.mark.fault("P01")
def test_an_unexpected_exception_is_caught_and_says_where_it_was() -> None:
    lines: list[str] = []
    guard = Guard(lines.append)
    assert guard.wrap("timer", lambda: 1 // 0)() is None
    assert "ZeroDivisionError" in lines[0]
    assert "test_runner" in lines[0]
    assert guard.recent("timer") == ["internal"]


@pytest.mark.fault("C06")
def test_control_characters_never_reach_a_log() -> None:
    assert one_line("a\x1b[31mb\r\nc", 100) == "a [31mb  c"
    assert len(one_line("x" * 10_000)) == 200

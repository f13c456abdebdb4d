# SPDX-License-Identifier: Apache-2.0
"""Running the demo: when the plug is pulled, how failures are told, and that real topics are recorded."""

import io
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("open3d")

from rich.console import Console

from mm_nav import demo
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.demo import DemoConfig, run
from mm_nav.errors import BundleError, ConfigError
from mm_nav.wire import Encoded, encode_string


class Speaker:
    """What the watcher needs of the recorder."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.said: list[tuple[str, str]] = []

    def say(self, topic: str, encoded: Encoded) -> None:
        """Keep it."""
        self.said.append((topic, encoded.fields["data"]))


@pytest.fixture
def quiet() -> Console:
    """A console that shows nothing."""
    return Console(file=io.StringIO())


@pytest.fixture
def graph() -> Iterator[None]:
    """What ``run`` changes in the environment is put back afterwards."""
    saved = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(saved)


def odometry(time_s: float, speed: float) -> Any:
    """A nav_msgs/Odometry as far as the watcher looks."""
    stamp = SimpleNamespace(sec=int(time_s), nanosec=round(time_s % 1 * 1e9))
    twist = SimpleNamespace(twist=SimpleNamespace(linear=SimpleNamespace(x=speed)))
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp), twist=twist)


def test_the_plug_is_pulled_on_the_way_and_put_back(quiet: Console) -> None:
    with run._progress(quiet) as progress:
        watcher = run._Watcher(DemoConfig(switch_off="radar"), progress)
        node: Any = Speaker()
        nodes: Any = SimpleNamespace(poll=lambda: None)
        said_at: dict[str, float] = {}
        for k in range(200):
            time_s = 1000 + 0.1 * k
            watcher.watch["odom"](odometry(time_s, 0.0 if time_s < 1003 else 0.5))
            assert watcher.step(node, nodes)
            for _, text in node.said:
                said_at.setdefault(text, time_s)
    assert [topic for topic, _ in node.said] == ["sensor_switch"] * 2
    assert said_at["radar off"] == pytest.approx(1003 + run.OFF_AFTER_S, abs=0.11)
    assert said_at["radar on"] == pytest.approx(1003 + run.OFF_AFTER_S + run.OFF_FOR_S, abs=0.11)


def test_a_demo_that_is_watched_starts_the_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not any(word.startswith("rerun:=") for word in run._command(DemoConfig()))
    assert "rerun:=web" in run._command(DemoConfig(rerun="web"))
    assert f"rerun:={tmp_path}/drive.rrd" in run._command(DemoConfig(rerun="drive.rrd"))


def test_no_plug_is_pulled_where_none_is_named(quiet: Console) -> None:
    with run._progress(quiet) as progress:
        watcher = run._Watcher(DemoConfig(switch_off=""), progress)
        node: Any = Speaker()
        nodes: Any = SimpleNamespace(poll=lambda: None)
        for k in range(100):
            watcher.watch["odom"](odometry(1000 + 0.1 * k, 0.5))
            watcher.step(node, nodes)
    assert node.said == []


def test_recording_ends_a_moment_after_the_nodes(quiet: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with run._progress(quiet) as progress:
        watcher = run._Watcher(DemoConfig(), progress)
        node: Any = Speaker()
        ended: Any = SimpleNamespace(poll=lambda: 0)
        assert watcher.step(node, ended)
        clock[0] += run.LAST_WORDS_S / 2
        assert watcher.step(node, ended)
        clock[0] += run.LAST_WORDS_S
        assert not watcher.step(node, ended)


@pytest.mark.usefixtures("graph")
def test_nodes_that_end_without_a_result_are_quoted(
    tmp_path: Path, quiet: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [sys.executable, "-c", "print('one line'); print('no such parameter: sede')"]
    monkeypatch.setattr(run, "_command", lambda config: broken)
    with pytest.raises(ConfigError, match=r"without a result, the last they said: one line \| no such parameter: sede"):
        run.run(DemoConfig(out=tmp_path), quiet)


@pytest.mark.usefixtures("graph")
def test_what_is_on_the_graph_is_recorded_byte_for_byte(tmp_path: Path) -> None:
    from mm_nav.ros.recorder_node import record

    run._private_graph(tmp_path)
    heard: list[str] = []
    with BagWriter(tmp_path / "bag") as writer:

        def step(node: Any) -> bool:
            node.say("chatter", encode_string("去红色锥桶旁边"))
            return len(heard) < 3

        counts = record(writer, {"chatter": lambda message: heard.append(message.data)}, step)
    assert set(heard) == {"去红色锥桶旁边"}
    assert counts["/chatter"] == len(heard)
    with BagReader(tmp_path / "bag") as reader:
        kept = [(m.topic, m.msg.data) for m in reader.messages()]
    assert kept == [("/chatter", "去红色锥桶旁边")] * len(heard)


def test_a_missing_bundle_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        demo.main(DemoConfig(out=tmp_path / "demo", bundle=str(tmp_path / "nothing")))
    assert not (tmp_path / "demo").exists()


def test_a_failed_run_is_told_as_one(quiet: Console) -> None:
    summary = {"success": False, "reason": "collision with wall", "collided": True, "command": "go", "time_s": 3.0,
               "distance_m": 1.0, "shortest_m": 4.0, "target_distance_m": 3.2, "latency_ms": {"p50": None, "p95": None},
               "outages": [], "messages": 0}  # fmt: skip
    figures = {label: (value, good) for label, value, good in demo.figures(summary)}
    assert figures["goal"] == ("collision with wall", False)
    assert figures["collisions"] == ("1", False)
    assert figures["latency p50 / p95"] == ("n/a", None)
    quiet.print(demo.table(summary))


@pytest.mark.parametrize(
    ("config", "seed"),
    [(DemoConfig(), demo.WORLD), (DemoConfig(seed=7, say="go to the red cone"), 7), (DemoConfig(say="turn left"), demo.WORLD)],
    ids=["its own order", "a world that was named", "an order that needs no thing"],
)
def test_the_demo_drives_in_the_world_that_was_named_or_in_its_own(config: DemoConfig, seed: int) -> None:
    assert demo._world(config, Console(file=io.StringIO())) == seed


def test_the_demo_looks_for_a_world_that_has_what_is_said() -> None:
    assert demo._world(DemoConfig(say="take me to the person in blue"), Console(file=io.StringIO())) >= demo.WORLD

# SPDX-License-Identifier: Apache-2.0
"""Starts the simulation's launch file, records all its topics, pulls a sensor's plug on the way. Draws nothing.

The nodes are child processes of ``mm_nav up``; discovery stays on this machine, in a domain of this run's own.
"""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from mm_nav.bags.writer import BagWriter
from mm_nav.errors import ConfigError
from mm_nav.ros.domain import free_domain
from mm_nav.sim.rig import Rig
from mm_nav.wire import encode_string, encode_transforms

if TYPE_CHECKING:
    from mm_nav.demo import DemoConfig
    from mm_nav.ros.recorder_node import RecorderNode

LAUNCH = "sim.launch.xml"
MOVING = 0.05  # m/s
OFF_AFTER_S, OFF_FOR_S = 2.5, 3.0  # simulated time after the robot began to move
LAST_WORDS_S = 0.4  # recording goes on so long after the nodes ended
START_UP_S = 60.0  # wall time that is allowed besides the run's own
QUOTED_LINES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a run: the simulator's result, messages by topic, and wall time."""

    result: dict[str, Any]
    messages: dict[str, int]
    wall_s: float


def run(config: "DemoConfig", console: Console) -> Done:
    """Drive once and leave ``out/bag``.

    Raises:
        ConfigError: the nodes ended without a result; their last lines are quoted.
    """
    from mm_nav.ros.recorder_node import record

    started = time.monotonic()
    _private_graph(config.out)
    with (config.out / "nodes.log").open("w", encoding="utf-8") as log, _progress(console) as progress:
        watcher = _Watcher(config, progress)
        nodes = subprocess.Popen(_command(config), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)  # noqa: S603 - ourselves
        try:
            with BagWriter(config.out / "bag") as writer:
                _write_mountings(writer)
                messages = record(writer, watcher.watch, lambda node: watcher.step(node, nodes))
        finally:
            _end(nodes)
    result = config.out / "result.json"
    if not result.is_file():
        last = (config.out / "nodes.log").read_text(encoding="utf-8").strip().splitlines()[-QUOTED_LINES:]
        raise ConfigError(f"the nodes ended without a result, the last they said: {' | '.join(last) or 'nothing'}; "
                          "`mm_nav doctor` and the README's requirements may tell what is missing")  # fmt: skip
    return Done(result=json.loads(result.read_text(encoding="utf-8")), messages=messages, wall_s=time.monotonic() - started)


def _private_graph(out: Path) -> None:
    """This process and its children: a domain that nobody uses by habit, seen from this machine only."""
    os.environ["ROS_DOMAIN_ID"] = str(free_domain())
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["ROS_LOG_DIR"] = str((out / "log").resolve())


def _command(config: "DemoConfig") -> list[str]:
    arguments = {
        "seed": config.seed, "bundle": config.bundle, "real_time_factor": config.real_time_factor,
        "time_limit_s": config.time_limit_s, "exit_when_done": "true",
        "result_file": (config.out / "result.json").resolve(), "discovery": "LOCALHOST",
    }  # fmt: skip
    if config.say:
        arguments["say"] = config.say
    if config.rerun:
        arguments["rerun"] = str(Path(config.rerun).resolve()) if config.rerun.endswith(".rrd") else config.rerun
    return [sys.executable, "-m", "mm_nav", "up", LAUNCH, *(f"{name}:={value}" for name, value in arguments.items())]


def _write_mountings(writer: BagWriter) -> None:
    """/tf_static, which rclpy from PyPI cannot publish: a recording should say where its sensors sat."""
    mounts = [("base_link", frame, T) for frame, T in Rig().transforms.items()]
    writer.write("/tf_static", encode_transforms(mounts, 0), time.time_ns())


def _end(nodes: "subprocess.Popen[bytes]") -> None:
    for number, patience_s in ((signal.SIGINT, 4.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        if nodes.poll() is not None:
            return
        nodes.send_signal(number)
        try:
            nodes.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue


@dataclass(slots=True)
class _Seen:
    first_ns: int | None = None
    now_ns: int = 0
    moving_since_ns: int | None = None
    speed: float = 0.0
    target_id: int | None = None
    distance_m: float | None = None
    first_distance_m: float | None = None
    state: str = "starting the nodes"
    ended_s: float | None = None
    switched: list[str] = field(default_factory=list)


class _Watcher:
    """Follows the run by a few of its topics: progress, the time to pull the plug, the end."""

    def __init__(self, config: "DemoConfig", progress: Progress) -> None:
        self._config, self._progress, self._seen = config, progress, _Seen()
        self._bar = progress.add_task("", total=1.0, state=self._seen.state, speed="", messages="")
        self._deadline_s = time.monotonic() + START_UP_S + 3 * config.time_limit_s / config.real_time_factor
        self.watch = {
            "odom": self._hear_odometry, "fusion_status": self._hear_state, "ground_truth/target": self._hear_target,
            "ground_truth/objects": self._hear_objects,
        }  # fmt: skip

    def step(self, node: "RecorderNode", nodes: "subprocess.Popen[bytes]") -> bool:
        """Called many times a second; False ends the recording."""
        self._switch(node)
        self._show(sum(node.counts.values()))
        if self._seen.ended_s is None and nodes.poll() is not None:
            self._seen.ended_s = time.monotonic()
        if time.monotonic() > self._deadline_s:
            return False
        return self._seen.ended_s is None or time.monotonic() - self._seen.ended_s < LAST_WORDS_S

    def _hear_odometry(self, message: Any) -> None:
        seen = self._seen
        seen.now_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        seen.first_ns = seen.now_ns if seen.first_ns is None else seen.first_ns
        seen.speed = message.twist.twist.linear.x
        if seen.moving_since_ns is None and abs(seen.speed) > MOVING:
            seen.moving_since_ns = seen.now_ns

    def _hear_state(self, message: Any) -> None:
        self._seen.state = str(message.message).replace("_", " ")

    def _hear_target(self, message: Any) -> None:
        self._seen.target_id = json.loads(message.data).get("id")

    def _hear_objects(self, message: Any) -> None:
        for marker in message.markers:
            if marker.action == 0 and marker.id == self._seen.target_id:
                self._seen.distance_m = math.hypot(marker.pose.position.x, marker.pose.position.y)
                self._seen.first_distance_m = self._seen.first_distance_m or self._seen.distance_m

    def _switch(self, node: "RecorderNode") -> None:
        seen, sensor = self._seen, self._config.switch_off
        if not sensor or seen.moving_since_ns is None:
            return
        moved_s = (seen.now_ns - seen.moving_since_ns) * 1e-9
        for word, at_s in (("off", OFF_AFTER_S), ("on", OFF_AFTER_S + OFF_FOR_S)):
            if moved_s >= at_s and word not in seen.switched:
                seen.switched.append(word)
                node.say("sensor_switch", encode_string(f"{sensor} {word}"))

    def _show(self, messages: int) -> None:
        seen = self._seen
        time_s = 0.0 if seen.first_ns is None else (seen.now_ns - seen.first_ns) * 1e-9
        done = time_s / self._config.time_limit_s
        if seen.distance_m is not None and seen.first_distance_m:
            done = max(0.0, 1.0 - max(0.0, seen.distance_m - 1.0) / max(seen.first_distance_m - 1.0, 0.1))
        off = f", {self._config.switch_off} is off" if seen.switched == ["off"] else ""
        self._progress.update(self._bar, completed=min(done, 1.0), state=f"{seen.state}{off}",
                              speed=f"{time_s:.1f} s  {seen.speed:.2f} m/s", messages=f"{messages} messages")  # fmt: skip


def _progress(console: Console) -> Progress:
    fields = [TextColumn("{task.fields[" + name + "]}") for name in ("speed", "messages", "state")]
    return Progress(TextColumn("driving"), BarColumn(), *fields, TimeElapsedColumn(), console=console, disable=not console.is_terminal)

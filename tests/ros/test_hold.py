# SPDX-License-Identifier: Apache-2.0
"""The fusion node says HOLD when nothing is known, or what it must have is missing; and goes on by itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS, Robot

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")


class Ears:
    """What a navigator hears of the fusion node: its last words on each topic."""

    def __init__(self, graph: Graph) -> None:
        self.states = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "fusion_status")
        self.plans = graph.heard("nav_msgs/msg/Path", "plan")
        self.grids = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")

    def forget(self) -> None:
        for said in (self.states, self.plans, self.grids):
            said.clear()

    def held(self, words: str) -> bool:
        """Whether all three last said that nothing is known, and why."""
        if not (self.states and self.plans and self.grids):
            return False
        state, unknown = self.states[-1], (np.asarray(self.grids[-1].data) == -1).all()
        return state.level == b"\x02" and words in state.message and not self.plans[-1].poses and bool(unknown)

    def free(self) -> bool:
        return bool(self.states) and self.states[-1].level < b"\x02" and bool(self.grids)


@pytest.fixture
def start(graph: Graph, bundle: Path) -> Callable[..., Ears]:
    def started(**values: Any) -> Ears:
        from mm_nav.ros.fusion_node import FusionNode

        ears = Ears(graph)
        graph.add(FusionNode(parameter_overrides=parameters(bundle=str(bundle), **EXTRINSICS, **values)))
        return ears

    return started


@pytest.mark.fault("S04")
def test_when_all_sensors_stop_nothing_is_known_until_they_speak_again(graph: Graph, start: Callable[..., Ears]) -> None:
    ears = start()
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and ears.free(), "a robot that sees")
    stamps = {g.header.stamp.sec for g in ears.grids}
    graph.until(lambda: ears.held("no instant for 1."), "HOLD")
    assert ears.grids[-1].header.stamp.sec in stamps  # stamped as what was seen last, not as now
    ears.forget()
    graph.until(lambda: robot.instant() and ears.free(), "sight again")


@pytest.mark.fault("S02")
@pytest.mark.parametrize(("required", "topic"), [("lidar", "lidar/points"), ("camera/front", "camera/front/image"), ("radar", "radar/points")])
def test_without_a_required_sensor_the_robot_stands_though_it_sees(
    graph: Graph, start: Callable[..., Ears], required: str, topic: str
) -> None:
    ears = start(required=[required])
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and ears.free(), "a robot that sees")
    silent = robot.say.pop(topic)
    graph.until(lambda: robot.instant() and ears.held("is required and missing"), "HOLD")
    robot.say[topic] = silent
    graph.until(lambda: robot.instant() and ears.free(), "sight again")


@pytest.mark.fault("S01", "S02", "S03")
@pytest.mark.parametrize(("topic", "source"), [("lidar/points", "lidar"), ("camera/front/image", "camera/front"), ("radar/points", "radar")])
def test_without_a_sensor_that_is_not_required_it_goes_on_and_says_so(
    graph: Graph, start: Callable[..., Ears], topic: str, source: str
) -> None:
    ears = start()
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and ears.free() and ears.states[-1].level == b"\x00", "a robot that sees")
    robot.say.pop(topic)
    ears.forget()

    def degraded() -> bool:
        robot.instant()
        return ears.free() and ears.states[-1].level == b"\x01" and [v.key for v in ears.states[-1].values] == [f"missing.{source}"]

    graph.until(degraded, f"instants without {source}")

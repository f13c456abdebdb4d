# SPDX-License-Identifier: Apache-2.0
"""The play node and launch/replay.launch.xml: a recording reaches the real nodes, and all ends when it has been played."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mm_nav.bags.writer import BagWriter
from mm_nav.wire import encode_string
from tests.ros.conftest import Graph, parameters
from tests.ros.robot import PERIOD_NS, TOPICS

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

ROOT = Path(__file__).parent.parent.parent
START_NS = 1_000_000_000_000
INSTANTS = 10
SENSORS = """
/**:
  ros__parameters:
    extrinsics.cam: [0.1, 0.0, 0.6, -0.5, 0.5, -0.5, 0.5]
    extrinsics.lidar: [0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0]
    extrinsics.radar: [0.2, 0.0, 0.4, 0.0, 0.0, 0.0, 1.0]
"""


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Two seconds of all sensors and a command."""
    path = tmp_path / "bag"
    with BagWriter(path) as writer:
        for number in range(INSTANTS):
            stamp_ns = START_NS + number * PERIOD_NS
            for topic, (_, encode) in TOPICS.items():
                writer.write(f"/{topic}", encode(stamp_ns), stamp_ns)
        writer.write("/command", encode_string("go to the red cone"), stamp_ns + 1)
    return path


def player(graph: Graph, bag: Path, **values: Any) -> Any:
    from mm_nav.ros.play_node import PlayNode

    return graph.add(PlayNode(parameter_overrides=parameters(bag=str(bag), **values)))


def test_it_waits_for_listeners_then_plays_all_with_a_clock_and_ends(graph: Graph, bag: Path) -> None:
    clouds = graph.heard("sensor_msgs/msg/PointCloud2", "lidar/points")
    clock = graph.heard("rosgraph_msgs/msg/Clock", "/clock")
    for topic, (type_name, _) in TOPICS.items():
        if topic != "lidar/points":
            graph.heard(type_name, topic)
    node = player(graph, bag, rate=20.0)
    graph.until(lambda: node._player.unheard() == ["command"], "listeners to all topics but one")
    assert graph.spin(20)
    assert node._thread is None
    orders = graph.heard("std_msgs/msg/String", "command")
    graph.until(lambda: node.exit_code is not None, "the end of the recording")
    graph.until(lambda: len(clouds) == INSTANTS and orders, "everything")
    assert node.exit_code == 0
    assert [c.header.stamp.sec for c in clouds] == sorted(c.header.stamp.sec for c in clouds)
    assert clock[-1].clock.sec == (START_NS + (INSTANTS - 1) * PERIOD_NS) // 1_000_000_000


def test_it_begins_again_when_it_is_told_to_and_stops_when_it_is_closed(graph: Graph, bag: Path) -> None:
    heard = graph.heard("nav_msgs/msg/Odometry", "odom")
    node = player(graph, bag, rate=50.0, loop=True, wait_s=0.0)
    graph.until(lambda: len(heard) > 2 * INSTANTS, "a second and a third time")
    thread = node._thread
    node.close()
    assert not thread.is_alive()
    assert node.exit_code is None


def test_without_a_recording_it_refuses_with_the_remedy(graph: Graph, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from mm_nav.ros.play_node import PlayNode

    assert player(graph, tmp_path / "none").exit_code == 2
    assert graph.add(PlayNode()).exit_code == 2
    assert "parameter 'bag' is empty; give the recording, as in bag:=PATH" in capfd.readouterr().err


def test_parameters_written_for_a_recording_without_mountings_are_read_by_the_nodes(bag: Path, tmp_path: Path) -> None:
    from mm_nav.ros.params import FusionConfig, load
    from mm_nav.ros.params_file import read_blocks
    from mm_nav.ros.play import PlayConfig, main

    out = tmp_path / "fits.yaml"
    assert main(PlayConfig(bag=bag, write_params=out)) == 0
    assert [block.pattern for block in read_blocks(out)] == ["/**"]
    given = yaml.safe_load(out.read_text())["/**"]["ros__parameters"]
    assert given.pop("extrinsics") == {}
    assert load(FusionConfig, {**given, "extrinsics": None}).cameras == ("front",)  # as rcl reads it


def test_the_launch_file_plays_a_recording_through_fusion_and_navigator(graph: Graph, bag: Path, bundle: Path, tmp_path: Path) -> None:
    sensors, log = tmp_path / "sensors.yaml", tmp_path / "up.log"
    sensors.write_text(SENSORS)
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "/r1/occupancy")
    answers = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "/r1/command_status", latched=True)
    velocities = graph.heard("geometry_msgs/msg/TwistStamped", "/r1/cmd_vel")
    words = [sys.executable, "-m", "mm_nav", "up", str(ROOT / "launch" / "replay.launch.xml"), f"bag:={bag}", f"bundle:={bundle}"]
    with log.open("wb") as out:
        process = subprocess.Popen([*words, f"sensors_file:={sensors}", "namespace:=r1"], stdout=out, stderr=subprocess.STDOUT)
    try:
        graph.until(lambda: process.poll() is not None, "the end of the recording")
    finally:
        process.kill()
    said = log.read_text()
    assert process.returncode == 0, said
    assert occupancy, said
    assert occupancy[0].header.frame_id == "base_link"
    assert START_NS <= occupancy[0].header.stamp.sec * 1_000_000_000 < START_NS + 3_000_000_000
    assert answers, said
    assert not velocities
    assert "played 51 messages" in said
    assert "Traceback" not in said

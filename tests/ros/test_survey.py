# SPDX-License-Identifier: Apache-2.0
"""``mm_nav doctor`` about running nodes: live ones, of which something is wrong each time."""

import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mm_nav import cli
from mm_nav.doctor import graph as doctor
from mm_nav.doctor.finding import Finding
from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS, TOPICS, Robot

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")


class Stranger:
    """A node as if in another process: a participant knows a topic with one type only."""

    def __init__(self, name: str) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.node import Node

        self.context = rclpy.Context()
        rclpy.init(args=[], context=self.context)
        self.node: Any = Node(name, context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def close(self) -> None:
        self.executor.remove_node(self.node)
        self.node.destroy_node()
        self.executor.shutdown()
        self.context.try_shutdown()


class Doctor:
    """Looks at the graph of a test through a node of its own, until something is found."""

    def __init__(self, graph: Graph) -> None:
        from mm_nav.ros.survey import Surveyor

        self._graph, self._self = graph, Stranger("mm_nav_doctor")
        self._surveyor = Surveyor(self._self.node)

    def until(self, wanted: Callable[[list[Finding]], Any], what: str, meanwhile: Callable[[], Any] = lambda: None) -> Any:
        """Findings are made again and again until ``wanted`` returns something true, which comes back."""
        found: list[Any] = []

        def look() -> bool:
            meanwhile()
            self._surveyor.look()
            for _ in range(5):
                self._self.executor.spin_once(timeout_sec=0.0)
            seen = self._surveyor.seen()
            if seen.answered and (one := wanted(doctor.judge(seen))):
                found.append(one)
            return bool(found)

        self._graph.until(look, what)
        return found[0]

    def close(self) -> None:
        self._self.close()


@pytest.fixture
def surgeon(graph: Graph) -> Iterator[Doctor]:
    made = Doctor(graph)
    yield made
    made.close()


@pytest.fixture
def stranger(graph: Graph) -> Iterator[Any]:
    """Another process's node."""
    made = Stranger("stranger")
    yield made.node
    made.close()


@pytest.fixture
def fusion(graph: Graph, bundle: Path) -> Callable[..., Any]:
    """Start a fusion node in this process."""

    def made(**values: Any) -> Any:
        from mm_nav.ros.fusion_node import FusionNode

        return graph.add(FusionNode(parameter_overrides=parameters(bundle=str(bundle), **{**EXTRINSICS, **values})))

    return made


def one(found: list[Finding], check: str, words: str = "", subject: str = "") -> Finding | None:
    """The finding of a check whose text has these words and whose subject ends so."""
    return next((f for f in found if f.check == check and words in f.text and f.subject.endswith(subject)), None)


def test_a_robot_that_runs_has_no_fault(graph: Graph, surgeon: Doctor, fusion: Callable[..., Any]) -> None:
    fusion()
    robot = Robot(graph)

    def healthy(found: list[Finding]) -> list[Finding] | None:
        heard = all(f.values and f.values["rate_hz"] > 0 for f in found if f.check == "input" and f.subject.rpartition("/")[2] in ("points", "image", "odom"))
        running = one(found, "model", "constant")
        return found if heard and running and len([f for f in found if f.check == "mounting"]) == 3 else None

    found = surgeon.until(healthy, "rates, mountings and the model", robot.instant)
    assert [f for f in found if f.level == "fault" and f.check != "diagnostics"] == []  # the small robot says the same again and again, and frozen sensors are told
    assert one(found, "node", "fusion node, active", "/fusion")
    assert {f.subject for f in found if f.check == "input"} >= {f"/fusion reads /{topic}" for topic in TOPICS}
    mounted = one(found, "mounting", "'lidar' at x 0.00, y 0.00, z 0.50 m in base_link")
    assert mounted is not None
    model = one(found, "model")
    assert model is not None
    assert model.values is not None
    assert model.values["backend"] in model.text
    outputs = one(found, "outputs", "nobody listens to")
    assert outputs is not None
    assert "/occupancy" in outputs.text


def test_a_sensor_that_nobody_publishes_is_a_fault_and_says_what_to_do(graph: Graph, surgeon: Doctor, fusion: Callable[..., Any]) -> None:
    fusion()
    Robot(graph, left_out=("radar/points",))
    found = surgeon.until(lambda f: one(f, "input", "nobody publishes it", "/radar/points") and one(f, "input", " by /probe", "/lidar/points") and f, "inputs")
    radar = one(found, "input", subject="/radar/points")
    assert radar is not None
    assert radar.level == "fault"
    assert "take it out" in radar.remedy
    spoken = one(found, "input", subject="/command")
    assert spoken is not None
    assert spoken.level == "ok"  # nobody needs to speak


def test_a_topic_of_another_type_is_a_fault(surgeon: Doctor, fusion: Callable[..., Any], stranger: Any) -> None:
    from mm_nav.ros.messages import message_class

    fusion()
    stranger.create_publisher(message_class("sensor_msgs/msg/LaserScan"), "lidar/points", 1)
    found = surgeon.until(lambda f: one(f, "input", "published as sensor_msgs/msg/LaserScan", "/lidar/points"), "the wrong type")
    assert found.level == "fault"
    assert "read as sensor_msgs/msg/PointCloud2" in found.text


@pytest.mark.fault("Q01")
def test_an_incompatible_quality_of_service_names_the_policy_and_the_parameter(graph: Graph, surgeon: Doctor, fusion: Callable[..., Any]) -> None:
    fusion(**{"qos_overrides./lidar/points.subscription.reliability": "reliable"})
    from rclpy.qos import qos_profile_sensor_data

    from mm_nav.ros.messages import message_class

    graph.probe.create_publisher(message_class("sensor_msgs/msg/PointCloud2"), "lidar/points", qos_profile_sensor_data)
    found = surgeon.until(lambda f: one(f, "input", "never reaches it", "/lidar/points"), "the mismatch")
    assert found.level == "fault"
    assert "reliable" in found.text.lower()
    assert "qos_overrides./lidar/points.subscription" in found.remedy


def test_parameters_that_differ_are_named_with_their_values(graph: Graph, surgeon: Doctor, fusion: Callable[..., Any]) -> None:
    fusion(max_speed=0.5, lidars=["lidar/points", "rear/points"])
    found = surgeon.until(lambda f: one(f, "parameters"), "parameters")
    assert "max_speed: 0.5" in found.text
    assert "lidars: ['lidar/points', 'rear/points']" in found.text
    assert "max_reverse" not in found.text
    assert found.values["applied"]["max_reverse"] == 0.3
    assert "extrinsics.lidar" in found.values["differing"]


def test_a_frame_without_a_mounting_is_a_fault(graph: Graph, surgeon: Doctor, fusion: Callable[..., Any]) -> None:
    fusion(frame_id__lidar="velodyne")
    robot = Robot(graph)
    found = surgeon.until(lambda f: one(f, "mounting", "'velodyne' has no mounting"), "the mounting", robot.instant)
    assert found.level == "fault"
    assert found.remedy.startswith("extrinsics.velodyne:")


@pytest.mark.fault("O06")
def test_two_who_drive_a_base_of_another_type_a_namesake_and_a_missing_clock_are_faults(graph: Graph, surgeon: Doctor, stranger: Any) -> None:
    from mm_nav.ros.messages import message_class
    from mm_nav.ros.navigator_node import NavigatorNode

    stranger.create_subscription(message_class("geometry_msgs/msg/Twist"), "cmd_vel", lambda _: None, 1)
    graph.speaker("geometry_msgs/msg/TwistStamped", "cmd_vel", listeners=0)
    for _ in range(2):
        graph.add(NavigatorNode(parameter_overrides=parameters(enable_cmd_vel=True, use_sim_time=True)))

    def all_of_it(found: list[Finding]) -> Any:
        wanted = (("node", "2 nodes"), ("cmd_vel", "also published by /probe"), ("time", "nobody publishes /clock"),
                  ("output", "listens for geometry_msgs/msg/Twist"))  # fmt: skip
        return all(one(found, check, text) for check, text in wanted) and found

    found = surgeon.until(all_of_it, "namesakes, rivals and clock")
    rival = one(found, "output", "listens for geometry_msgs/msg/Twist")
    assert rival is not None
    assert rival.remedy == "set enable_stamped_cmd_vel: false"
    assert {f.level for f in found if f.check in ("node", "cmd_vel", "time", "output")} == {"fault"}


def test_a_node_that_waits_for_its_manager_is_told(graph: Graph, surgeon: Doctor, fusion: Callable[..., Any]) -> None:
    fusion(autostart=False)
    found = surgeon.until(lambda f: one(f, "node", "unconfigured"), "the state")
    assert found.level == "fault"
    assert "ros2 lifecycle set /fusion configure" in found.remedy


def test_the_command_looks_at_the_graph_and_its_status_says_whether_there_is_a_fault(
    graph: Graph, fusion: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, codes = tmp_path / "found.json", []
    fusion(autostart=True)
    looking = threading.Thread(target=lambda: codes.append(cli.main(["doctor", "--look-s", "8", "--json", str(out)])))
    looking.start()
    graph.until(lambda: not looking.is_alive(), "the doctor")
    found = json.loads(out.read_text(encoding="utf-8"))
    assert codes == [1]  # no sensor is there
    assert any(f["subject"] == "/fusion reads /lidar/points" and f["level"] == "fault" for f in found["findings"])
    assert any(f["check"] == "libraries" for f in found["findings"])
    assert f"{found['faults']} fault(s)" in capsys.readouterr().out


def test_an_empty_graph_is_a_note(graph: Graph) -> None:
    (found,) = doctor.checkup(look_s=0.3)
    assert (found.level, found.check) == ("note", "nodes")
    assert "ROS_DOMAIN_ID" in found.remedy


def test_without_rclpy_one_note_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (found,) = doctor.checkup(look_s=0.0)
    assert found.level == "note"
    assert "mm_nav[ros]" in found.remedy


def test_an_environment_in_which_ros_cannot_start_is_one_line(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "seven")
    (found,) = doctor.checkup(look_s=0.0)
    assert found.level == "fault"
    assert "ROS_DOMAIN_ID" in found.text

# SPDX-License-Identifier: Apache-2.0
"""The fusion node on real topics: what it says, and that nothing it hears can end it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav.core.types import CameraImage
from mm_nav.wire import Encoded, decode_occupancy, encode_image, encode_string
from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS, PERIOD_NS, TOPICS, Robot, cloud, image, odometry

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")


@pytest.fixture
def start(graph: Graph, bundle: Path) -> Callable[..., Any]:
    """Start a fusion node in this process."""

    def made(namespace: str = "", **values: Any) -> Any:
        from mm_nav.ros.fusion_node import FusionNode

        overrides = parameters(**{"bundle": str(bundle), **EXTRINSICS, **values})
        return graph.add(FusionNode(parameter_overrides=overrides, namespace=namespace))

    return made


def status(diagnostics: list[Any], name: str) -> Any:
    """The newest diagnostic whose name ends so."""
    return next((s for array in reversed(diagnostics) for s in array.status if s.name.endswith(f": {name}")), None)


def values(diagnostics: list[Any], name: str) -> dict[str, str]:
    found = status(diagnostics, name)
    return {} if found is None else {v.key: v.value for v in found.values}


@pytest.mark.fault("O05", "P14")
def test_sensors_in_become_occupancy_plan_obstacles_and_diagnostics_out(graph: Graph, start: Callable[..., Any]) -> None:
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    plans = graph.heard("nav_msgs/msg/Path", "plan")
    objects = graph.heard("visualization_msgs/msg/MarkerArray", "objects")
    obstacles = graph.heard("sensor_msgs/msg/PointCloud2", "obstacles")
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start()
    robot = Robot(graph)

    def all_said() -> bool:
        robot.instant()
        return all((occupancy, plans, objects, obstacles)) and values(diagnostics, "fusion").get("frames", "0") != "0"

    graph.until(all_said, "outputs of the fusion node")
    stamp_ns, frame, grid, _ = decode_occupancy(occupancy[-1])
    assert (frame, grid.columns, grid.rows) == ("base_link", 24, 24)
    assert (stamp_ns - 1_000_000_000_000) % PERIOD_NS == 0  # stamped as its sensors, not as now
    assert plans[-1].header.frame_id == "odom"
    assert status(diagnostics, "input lidar/points").level == b"\x00"
    about = values(diagnostics, "fusion")
    assert about["backend"].startswith(("ort", "onnxruntime", "openvino", "tensorrt")), about["backend"]
    assert float(about["ms.network"]) >= 0


@pytest.mark.fault("S01", "S03")
def test_a_robot_without_camera_and_radar_still_sees(graph: Graph, start: Callable[..., Any]) -> None:
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    states = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "fusion_status")
    start()
    robot = Robot(graph, left_out=("camera/front/image", "camera/front/camera_info", "radar/points"))
    graph.until(lambda: robot.instant() and occupancy and states, "occupancy from LiDAR alone")
    assert {v.key for v in states[-1].values} == {"missing.camera/front", "missing.radar"}


@pytest.mark.fault("S01", "S02", "S03")
def test_sensors_that_fall_silent_are_announced_before_an_instant_lacks_them(graph: Graph, start: Callable[..., Any]) -> None:
    states = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "fusion_status")
    node = start()
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and len(states) >= 6 and states[-1].level == b"\x00", "instants with all sensors")
    wanted = {"missing.camera/front", "missing.lidar", "missing.radar"}
    graph.until(lambda: wanted <= {v.key for v in states[-1].values}, "the announcement, although no instant comes any more")
    assert states[-1].level == b"\x01"
    assert all("overdue: silent for" in v.value for v in states[-1].values)
    graph.until(lambda: robot.instant() and states[-1].level == b"\x00", "all well again")
    assert node.guard.count("timer") == 0


def picture(rgb: np.ndarray) -> Callable[[int], Encoded]:
    return lambda stamp_ns: encode_image(CameraImage(stamp_ns=stamp_ns, frame_id="cam", rgb=rgb.astype(np.uint8)))


@pytest.mark.fault("S09")
def test_a_camera_in_fog_is_told_of_and_still_fused(
    graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = np.kron(np.random.default_rng(0).integers(20, 235, (4, 8)), np.ones((24, 24)))[..., None].repeat(3, axis=2)
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    monkeypatch.setitem(TOPICS, "camera/front/image", ("sensor_msgs/msg/Image", picture(0.08 * blocks + 0.92 * 170)))
    start()
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and "contrast.camera/front" in values(diagnostics, "fusion"), "the camera's contrast")
    graph.until(lambda: robot.instant() and "low contrast in camera/front" in status(diagnostics, "fusion").message, "a warning")
    assert status(diagnostics, "fusion").level == b"\x01"
    assert float(values(diagnostics, "fusion")["contrast.camera/front"]) < 0.2
    assert "missing.camera/front" not in values(diagnostics, "fusion")


@pytest.mark.fault("S09")
def test_a_covered_camera_is_missing_until_it_sees_again(graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    states = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "fusion_status")
    seeing = TOPICS["camera/front/image"]
    monkeypatch.setitem(TOPICS, "camera/front/image", ("sensor_msgs/msg/Image", picture(np.full((96, 192, 3), 3))))
    start()
    robot = Robot(graph)

    def missing() -> str:
        return {v.key: v.value for v in states[-1].values}.get("missing.camera/front", "") if states else ""

    graph.until(lambda: robot.instant() and missing().startswith("blind"), "the covered camera")
    monkeypatch.setitem(TOPICS, "camera/front/image", seeing)
    graph.until(lambda: robot.instant() and not missing(), "the camera again")


def nothing_but(field: str, value: Any) -> Encoded:
    encoded = cloud(1_000_000_000)
    return Encoded(encoded.type_name, {**encoded.fields, field: value})


BAD = {
    "a corrupt image": ("camera/front/image", Encoded("sensor_msgs/msg/Image", {**image(10**9).fields, "data": np.zeros(7, np.uint8)}), "short_data"),
    "an unknown encoding": ("camera/front/image", Encoded("sensor_msgs/msg/Image", {**image(10**9).fields, "encoding": "yuv9"}), "encoding"),
    "a cloud without xyz": (
        "lidar/points", nothing_but("fields", [{"name": "intensity", "offset": 0, "datatype": 7, "count": 1}]), "no_xyz"),
    "a cloud cut short": ("lidar/points", nothing_but("data", np.zeros(11, np.uint8)), "short_data"),
    "an absurd cloud": ("lidar/points", nothing_but("width", 4_000_000_000), "bad_layout|short_data"),
    "a zero stamp": ("lidar/points", cloud(0), "zero_stamp"),
    "odometry without rotation": ("odom", Encoded("nav_msgs/msg/Odometry", {
        "header": {"stamp": {"sec": 1}}, "pose": {"pose": {"orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 0.0}}}}), "bad_quaternion"),
}  # fmt: skip


@pytest.mark.fault("M01", "M06", "M09", "M15", "M17", "M27", "T01")
def test_bad_messages_are_counted_with_their_reason_and_the_node_goes_on(graph: Graph, start: Callable[..., Any]) -> None:
    import re

    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    start()
    robot = Robot(graph)
    for what, (topic, encoded, reason) in BAD.items():

        def counted(topic: str = topic, encoded: Encoded = encoded, reason: str = reason) -> bool:
            robot.say[topic](encoded)
            graph.spin()
            return any(re.search(rf"^dropped\.\w*({reason})", key) for key in values(diagnostics, f"input {topic}"))

        graph.until(counted, what)
    occupancy.clear()
    graph.until(lambda: robot.instant() and occupancy, "occupancy after all that")


def test_a_cloud_of_nan_points_is_an_empty_one_and_named(graph: Graph, start: Callable[..., Any]) -> None:
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    start()
    robot = Robot(graph, left_out=("camera/front/image", "camera/front/camera_info", "radar/points"))
    nan = np.full(200 * 4, np.nan, np.float32).view(np.uint8)

    def said() -> bool:
        robot.stamp_ns += PERIOD_NS
        encoded = cloud(robot.stamp_ns)
        robot.say["lidar/points"](Encoded(encoded.type_name, {**encoded.fields, "data": nan}))
        robot.say["odom"](odometry(robot.stamp_ns))
        found = status(diagnostics, "input lidar/points")
        return bool(occupancy) and found is not None and "none of 200 points is finite" in found.message

    graph.until(said, "the NaN cloud in diagnostics")


@pytest.mark.fault("Q08")
def test_a_wrong_type_on_a_topic_is_named_in_diagnostics(graph: Graph, start: Callable[..., Any]) -> None:
    import rclpy
    from rclpy.node import Node

    from mm_nav.ros.messages import message_class

    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start()
    context = rclpy.Context()  # one participant cannot know a topic by two types
    rclpy.init(context=context, args=[])
    other = Node("other", context=context)
    other.create_publisher(message_class("std_msgs/msg/String"), "lidar/points", 1)

    def named() -> bool:
        found = status(diagnostics, "input lidar/points")
        return found is not None and "published as std_msgs/msg/String, expected sensor_msgs/msg/PointCloud2" in found.message

    try:
        graph.until(named, "the wrong type in diagnostics")
    finally:
        other.destroy_node()
        rclpy.shutdown(context=context)


@pytest.mark.parametrize(
    ("text", "answer", "reason"),
    [("go to the red cone", "accepted", ""), ("", "rejected", "empty"), ("go " * 3334, "rejected", "too_long"),
     ("\x1b[31m\x00", "rejected", "")],
)  # fmt: skip
@pytest.mark.fault("X01", "X05")
def test_every_command_is_answered(graph: Graph, start: Callable[..., Any], text: str, answer: str, reason: str) -> None:
    answers = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "command_status", latched=True)
    start()
    speak = graph.speaker("std_msgs/msg/String", "command")
    speak(encode_string(text))
    graph.until(lambda: answers, "an answer to the command")
    said = {v.key: v.value for v in answers[0].values}
    assert answers[0].message == answer
    assert said.get("reason", "").startswith(reason)
    assert all(len(value) < 300 and value.isprintable() for value in said.values())


@pytest.mark.fault("Q01")
def test_a_publisher_of_incompatible_quality_is_named_in_diagnostics(graph: Graph, start: Callable[..., Any]) -> None:
    from rclpy.qos import QoSProfile, ReliabilityPolicy

    from mm_nav.ros.messages import message_class

    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start()
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    graph.probe.create_publisher(message_class("std_msgs/msg/String"), "command", best_effort)
    graph.until(
        lambda: "RELIABILITY" in values(diagnostics, "input command").get("dropped.incompatible_qos", ""), "the policy"
    )


@pytest.mark.fault("T05")
def test_simulated_time_without_a_clock_is_waited_for_by_name(graph: Graph, start: Callable[..., Any]) -> None:
    diagnostics = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    start(use_sim_time=True, cameras=[], radars=[])
    graph.until(lambda: "/clock" in getattr(status(diagnostics, "fusion"), "message", ""), "the clock among what is waited for")


@pytest.mark.fault("Q11")
def test_two_robots_share_a_graph_in_their_namespaces(graph: Graph, start: Callable[..., Any]) -> None:
    start(namespace="r1")
    start(namespace="r2")
    graph.until(lambda: "/r2/plan" in dict(graph.probe.get_topic_names_and_types()), "topics of the second robot")
    names = set(dict(graph.probe.get_topic_names_and_types()))
    for robot in ("r1", "r2"):
        assert {f"/{robot}/{t}" for t in ("plan", "occupancy", "lidar/points", "command", "camera/front/image")} <= names
    assert not {"/plan", "/occupancy", "/lidar/points", "/command"} & names


@pytest.mark.fault("P10")
def test_a_deactivated_node_is_silent_and_comes_back(graph: Graph, start: Callable[..., Any]) -> None:
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    node = start()
    robot = Robot(graph)
    graph.until(lambda: robot.instant() and occupancy, "occupancy while active")
    node.trigger_deactivate()
    seen = node._frames
    for _ in range(20):
        robot.instant()
    assert node._frames <= seen + 1  # one that was in hand
    node.trigger_activate()
    occupancy.clear()
    graph.until(lambda: robot.instant() and occupancy, "occupancy after activating again")


@pytest.mark.fault("P14", "E01")
def test_a_managed_node_survives_a_missing_bundle_and_can_be_cleaned_up_and_configured(graph: Graph, bundle: Path) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn

    from mm_nav.ros.fusion_node import FusionNode

    node = graph.add(FusionNode(parameter_overrides=parameters(autostart=False, bundle="no_such_bundle")))
    assert node.exit_code is None
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert node._state_machine.current_state[1] == "unconfigured"
    other = graph.add(FusionNode(parameter_overrides=parameters(autostart=False, bundle=str(bundle)), namespace="other"))
    for _ in range(2):
        assert other.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert other.trigger_cleanup() == TransitionCallbackReturn.SUCCESS


@pytest.mark.parametrize("harm", ["missing", "altered"])
@pytest.mark.fault("E01", "E04")
def test_a_missing_or_altered_network_is_one_line_with_a_remedy_and_a_failing_exit(domain: int, bundle: Path, tmp_path: Path, harm: str) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(bundle, broken)
    if harm == "missing":
        (broken / "model.onnx").unlink()
    else:
        (broken / "model.onnx").write_bytes((broken / "model.onnx").read_bytes()[:-1] + b"x")
    done = subprocess.run(
        [sys.executable, "-m", "mm_nav.ros.node", "fusion_node", "--ros-args", "-p", f"bundle:={broken}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "model.onnx" in done.stderr
    assert "Traceback" not in done.stderr

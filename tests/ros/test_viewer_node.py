# SPDX-License-Identifier: Apache-2.0
"""The viewer node on real topics: what it shows of a robot and of the fusion node, and what its page can say."""

import json
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import se2
from mm_nav.core.types import Command, Goal, Intent, Missing, ObjectBox, Plan, Scene, Velocity
from mm_nav.ros.outputs import encode_answer, encode_state, outcome_messages
from mm_nav.wire import Status, encode_diagnostics, encode_string, encode_velocity
from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS, PERIOD_NS, Robot

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
pytest.importorskip("rerun", reason="rerun-sdk is not installed; pip install 'mm_nav[viz]'")

STATUS = "diagnostic_msgs/msg/DiagnosticStatus"
GRID = BevGrid()


@pytest.fixture
def start(graph: Graph, tmp_path: Path) -> Callable[..., Any]:
    """Start a viewer in this process that records into ``drive.rrd``."""

    def made(**values: Any) -> Any:
        from mm_nav.ros.viewer_node import ViewerNode

        given = {"rerun": str(tmp_path / "drive.rrd"), "max_rate_hz": 50.0, **EXTRINSICS, **values}
        return graph.add(ViewerNode(parameter_overrides=parameters(**given)))

    return made


def speak_as_fusion(graph: Graph) -> Callable[[int], bool]:
    """All that the other nodes say, at a stamp."""
    from mm_nav.ros.managed import LATCHED_QOS
    from mm_nav.ros.messages import message_class, to_message

    cone = ObjectBox(label="cone", score=0.9, center=np.array([4.1, 0.1, 0.3]), size=np.array([0.4, 0.4, 0.6]), yaw=0.3, velocity=np.zeros(2))
    occupancy = np.zeros((GRID.rows, GRID.columns), np.float32)
    occupancy[48, 52] = 1.0
    goal = Goal(xy=np.array([4.1, 0.1]), confidence=0.8, seen_now=True)
    path = np.column_stack([np.linspace(0, 3, 7), np.zeros(7)])

    def said(stamp_ns: int) -> dict[str, Any]:
        scene = Scene(stamp_ns=stamp_ns, occupancy=occupancy, motion=np.zeros((2, GRID.rows, GRID.columns), np.float32), objects=(cone,), goal=goal)
        plan = Plan(stamp_ns=stamp_ns, path=path, stop=False, state="drive", T_odom_base=se2(1, 0, 0))
        made = {topic: encode() for topic, encode in outcome_messages(scene, plan, GRID, "base_link", "odom").items()}
        own = Status(name="/fusion: fusion", level=1, message="slow", values={"bundle": "base", "backend": "ort", "ms.network": "12.5"})
        return made | {
            "fusion_status": encode_state("drive", [Missing(name="radar", reason="silent")]),
            "command": encode_string("go to the red cone\x1b[2J"),
            "command_status": encode_answer(Command(intent=Intent.GO_TO, text="go to the red cone", phrase="red cone")),
            "cmd_vel": encode_velocity(Velocity(linear=0.5, angular=0.1), stamp_ns, True, "base_link"),
            "/diagnostics": encode_diagnostics([own], stamp_ns),
        }

    speakers = {topic: graph.speaker(encoded.type_name, topic) for topic, encoded in said(1).items() if topic != "command_status"}
    answers = graph.probe.create_publisher(message_class(STATUS), "command_status", LATCHED_QOS)
    speakers["command_status"] = lambda encoded: answers.publish(to_message(encoded)) is None

    def speak(stamp_ns: int) -> bool:
        for topic, encoded in said(stamp_ns).items():
            speakers[topic](encoded)
            graph.spin()
        return True

    return speak


def test_inputs_and_outputs_are_recorded_with_their_stamps(graph: Graph, start: Callable[..., Any], tmp_path: Path) -> None:
    from tests.viz.recorded import rows

    node = start()
    robot, others = Robot(graph), speak_as_fusion(graph)
    board = node._board
    shown = node._viewing._shown_s
    wanted = {"camera/front/image", "lidar/points", "radar/points", "odom", "occupancy", "plan", "goal_pose", "objects", "obstacles", "cmd_vel"}

    def all_shown() -> bool:
        return wanted <= set(shown) and {line["who"] for line in board.snapshot()["lines"]} == {"command", "answer"} and bool(board.about)

    graph.until(lambda: robot.instant() and others(robot.stamp_ns) and all_shown(), "everything on the view")
    node.close()
    found = rows(tmp_path / "drive.rrd")
    assert set(found) >= {
        "/world/robot", "/world/robot/camera/front", "/world/robot/lidar", "/world/robot/radar", "/world/robot/occupancy", "/world/plan",
        "/world/goal", "/world/robot/objects", "/world/robot/obstacles", "/plots/velocity/linear", "/plots/stage_ms/network",
        "/plots/sensors/radar", "/plots/sensors/lidar", "/log/command", "/log/answer", "/log/fusion",
    }  # fmt: skip
    assert any("image_from_camera" in row for row in found["/world/robot/camera/front"])  # a pinhole: others are projected into it
    assert found["/log/answer"][0]["text"] == ["accepted: go to red cone"]
    assert "\x1b" not in found["/log/command"][0]["text"][0]
    assert found["/plots/sensors/radar"][0]["scalars"] == [0.0]
    stamps = {row["stamp"] for row in found["/world/robot/occupancy"]}
    assert all((stamp - 1_000_000_000_000) % PERIOD_NS == 0 for stamp in stamps)
    assert board.snapshot()["sensors"] == [
        {"name": "camera/front", "on": True, "why": ""}, {"name": "lidar", "on": True, "why": ""}, {"name": "radar", "on": False, "why": "silent"},
    ]  # fmt: skip


def test_a_fast_sensor_is_thinned_before_it_is_decoded(graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from mm_nav.ros import viewing

    node = start(max_rate_hz=0.1)
    decoded: list[str] = []
    decode = viewing.decode
    monkeypatch.setattr(viewing, "decode", lambda kind, *args, **more: decoded.append(kind) or decode(kind, *args, **more))
    robot = Robot(graph)
    heard = graph.heard("nav_msgs/msg/Odometry", "odom")
    graph.until(lambda: robot.instant() and len(heard) > 30, "thirty instants")
    assert decoded.count("nav_msgs/msg/Odometry") <= 2
    assert decoded.count("sensor_msgs/msg/Image") <= 2
    assert node.active


@pytest.mark.fault("C06")
def test_the_page_speaks_and_switches_sensors_and_nothing_else(graph: Graph, start: Callable[..., Any]) -> None:
    node = start(dashboard=True, dashboard_port=18090)
    orders, switches = graph.heard("std_msgs/msg/String", "command"), graph.heard("std_msgs/msg/String", "sensor_switch")
    graph.until(lambda: node.wanted("command") and node.wanted("sensor_switch"), "listeners")
    page = node._dashboard
    faults = graph.heard("std_msgs/msg/String", "fault")
    graph.until(lambda: node._board.injected, "the page knows of the fault injector")

    def post(path: str, value: Any) -> int:
        connection = HTTPConnection("127.0.0.1", page.port, timeout=10)
        connection.request("POST", path, json.dumps(value), {"Origin": page.url.rstrip("/"), "Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status

    assert post("/command", {"text": " 去红色锥桶 "}) == 202
    assert post("/switch", {"sensor": "lidar", "on": False}) == 202
    assert post("/fault", {"source": "lidar", "fault": "stuck"}) == 202
    graph.until(lambda: orders and switches and faults, "the order, the switch and the fault")
    assert faults[0].data == "lidar stuck"
    assert orders[0].data == "去红色锥桶"
    assert switches[0].data == "lidar off"
    for path, value in (("/command", {"text": ""}), ("/command", {"text": "x" * 513}), ("/command", {"text": 5}), ("/command", {"text": "go", "topic": "x"}),
                        ("/switch", {"sensor": "brakes", "on": False}), ("/switch", {"sensor": "lidar", "on": "off"}), ("/switch", {"sensor": ["lidar"], "on": True}),
                        ("/fault", {"source": "brakes", "fault": "off"}), ("/fault", {"source": "clock", "fault": "garbage"}), ("/fault", {"source": ["lidar"], "fault": "off"}),
                        ("/fault", {"source": "lidar"})):  # fmt: skip
        assert post(path, value) == 400, value
    assert [post("/command", {"text": "go"}) for _ in range(20)].count(400) >= 4  # nobody published them yet
    port = page.port
    node.close()
    with pytest.raises(OSError, match="refused"):
        HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/")


def test_a_viewer_that_was_closed_ends_the_node(graph: Graph, start: Callable[..., Any]) -> None:
    node = start(rerun="web")
    node._viewer.process.terminate()
    graph.until(lambda: node.exit_code == 0, "the end")


def test_without_rerun_the_node_refuses_with_what_to_install(graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mm_nav.viz.live", None)
    logged: list[str] = []
    from mm_nav.ros.viewer_node import ViewerNode

    monkeypatch.setattr(ViewerNode, "get_logger", lambda self: type("Log", (), {"error": logged.append, "info": logged.append, "warning": logged.append})())
    node = start()
    assert node.exit_code == 2
    assert "mm_nav[viz]" in logged[0]

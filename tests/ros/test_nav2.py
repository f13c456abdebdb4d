# SPDX-License-Identifier: Apache-2.0
"""What launch/nav2* and docs/nav2.md say, held to each other and to our parameters and outputs. Nav2 itself is not here."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mm_nav.core.config import BevGrid
from mm_nav.core.types import Scene
from mm_nav.ros.launch_xml import NodeSpec, describe, read
from mm_nav.ros.outputs import OFFERS
from mm_nav.ros.params import FusionConfig, NavigatorConfig
from mm_nav.ros.transport import share_dir
from mm_nav.wire import encode_obstacles

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

LAUNCH = share_dir() / "launch"
FILE = LAUNCH / "nav2_params.yaml"
PAGE = Path(__file__).parents[2] / "docs" / "nav2.md"
COSTMAPS = ("local_costmap", "global_costmap")
DRIVES = {"nav2": {"enable_cmd_vel": "true"}, "mm_nav": {"enable_cmd_vel": "true", "nav2_drives": "false"}}


def section(*names: str) -> dict[str, Any]:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for name in names:
        content = content[name]
    return dict(content["ros__parameters"])


def costmap(name: str) -> dict[str, Any]:
    return section(name, name)


def nodes(**arguments: str) -> dict[str, NodeSpec]:
    return {node.name or node.executable: node for node in read(LAUNCH / "nav2.launch.xml", arguments, {})}


def inline(node: NodeSpec) -> dict[str, Any]:
    return {key: value for given in node.params if isinstance(given, dict) for key, value in given.items()}


# ---------------------------------------------------------------- the files


def test_every_argument_of_the_launch_file_is_described() -> None:
    told = describe(LAUNCH / "nav2.launch.xml")
    assert told
    assert all(text for _, text in told.values())
    assert all(text for _, text in describe(LAUNCH / "robot.launch.xml").values())


@pytest.mark.parametrize("driver", DRIVES)
def test_one_driver_speaks_on_cmd_vel_nav_and_the_monitor_alone_on_cmd_vel(driver: str) -> None:
    started = nodes(**DRIVES[driver])
    to = {name: dict(node.remaps).get("cmd_vel") for name, node in started.items()}
    speak = {"controller_server", "behavior_server"} & set(started)
    if inline(started["navigator"])["enable_cmd_vel"]:
        speak.add("navigator")
    assert speak == ({"controller_server", "behavior_server"} if driver == "nav2" else {"navigator"})
    assert {to[name] for name in speak} == {"cmd_vel_nav"}
    assert to["velocity_smoother"] == "cmd_vel_nav"  # it listens there
    monitor = section("collision_monitor")
    assert (monitor["cmd_vel_in_topic"], monitor["cmd_vel_out_topic"]) == ("cmd_vel_smoothed", "cmd_vel")


@pytest.mark.parametrize("nav2_drives", ["true", "false"])
def test_nothing_can_reach_the_wheels_unless_it_is_enabled(nav2_drives: str) -> None:
    started = nodes(nav2_drives=nav2_drives)
    assert not {"velocity_smoother", "collision_monitor"} & set(started)
    assert inline(started["navigator"])["enable_cmd_vel"] is False


@pytest.mark.parametrize("driver", DRIVES)
def test_every_managed_node_is_started_by_one_manager_and_by_nothing_else(driver: str) -> None:
    started = nodes(**DRIVES[driver])
    managers = {name for name in started if name.startswith("lifecycle_manager")}
    managed = [name for manager in managers for name in section(manager)["node_names"]]
    assert sorted(managed) == sorted(set(started) - managers)
    assert all(inline(started[manager])["autostart"] is True for manager in managers)
    assert all(inline(started[name])["autostart"] is False for name in ("fusion", "navigator"))
    held = nodes(**DRIVES[driver], autostart="false")
    assert not any(inline(held[name])["autostart"] for name in (*managers, "fusion", "navigator"))


def test_only_the_manager_of_our_nodes_goes_without_bonds() -> None:
    timeouts = {name: section(name)["bond_timeout"] for name in yaml.safe_load(FILE.read_text("utf-8")) if "manager" in name}
    assert {name for name, timeout in timeouts.items() if timeout == 0.0} == {"lifecycle_manager_mm_nav"}
    assert section("lifecycle_manager_mm_nav")["node_names"] == ["fusion", "navigator"]


def test_while_nav2_drives_goals_go_by_action_and_no_topic_of_ours_is_taken_for_nav2s() -> None:
    started = nodes()
    for name in ("fusion", "navigator"):
        assert dict(started[name].remaps)["plan"] == "mm_nav/plan"
        assert started[name].params[2] == FILE  # after the robot's and the sensors'
    assert dict(started["fusion"].remaps)["goal_pose"] == "mm_nav/goal_pose"
    assert section("fusion") == {"nav2_action": section("bt_navigator")["navigators"][0]}
    alone = nodes(nav2_drives="false")
    assert FILE not in alone["fusion"].params
    assert FusionConfig().nav2_action == ""


def test_all_agree_on_the_type_of_velocities_and_on_frames() -> None:
    for name in ("controller_server", "behavior_server", "velocity_smoother", "collision_monitor"):
        assert section(name)["enable_stamped_cmd_vel"] is NavigatorConfig().enable_stamped_cmd_vel
    base = FusionConfig().base_frame
    assert {costmap(name)["robot_base_frame"] for name in COSTMAPS} == {base}
    assert {section("bt_navigator")["robot_base_frame"], section("collision_monitor")["base_frame_id"]} == {base}
    assert {costmap(name)["global_frame"] for name in COSTMAPS} == {"odom", section("bt_navigator")["global_frame"]}


def test_speeds_of_the_smoother_are_the_robots_and_it_does_not_delay_braking() -> None:
    limits, smoother = NavigatorConfig(), section("velocity_smoother")
    assert smoother["max_velocity"] == [limits.max_speed, 0.0, limits.max_yaw_rate]
    assert smoother["min_velocity"] == [-limits.max_reverse, 0.0, -limits.max_yaw_rate]
    assert smoother["max_accel"] == [limits.max_accel, 0.0, limits.max_yaw_accel]
    assert smoother["max_decel"][0] < -limits.max_accel
    assert smoother["velocity_timeout"] > 3.0 / limits.rate_hz
    assert {costmap(name)["robot_radius"] for name in COSTMAPS} == {limits.robot_radius}


def test_points_are_neither_too_high_nor_too_far_nor_too_few_to_be_seen() -> None:
    grid = BevGrid()
    occupied = np.zeros((grid.rows, grid.columns), np.float32)
    occupied[3, 5] = 1.0
    motion = np.zeros((2, grid.rows, grid.columns), np.float32)
    cloud = encode_obstacles(Scene(stamp_ns=10**9, occupancy=occupied, motion=motion, objects=(), goal=None), grid)
    points = np.frombuffer(bytes(cloud.fields["data"]), "<f4").reshape(-1, 3)
    assert len(points) == 1
    for name in COSTMAPS:
        window, source = costmap(name), costmap(name)["obstacle_layer"]["obstacles"]
        assert source["min_obstacle_height"] <= points[0, 2] <= source["max_obstacle_height"]
        assert source["obstacle_max_range"] >= np.hypot(window["width"], window["height"]) / 2 or source["obstacle_max_range"] >= 12.8
        assert source["raytrace_max_range"] >= source["obstacle_max_range"]
    monitor = section("collision_monitor")
    assert monitor["obstacles"]["min_height"] <= points[0, 2] <= monitor["obstacles"]["max_height"]
    assert monitor["near"]["min_points"] == len(points)  # one cell is one point


def test_rcl_reads_the_parameter_file(domain: int) -> None:
    import rclpy
    from rclpy.node import Node

    context = rclpy.Context()
    rclpy.init(context=context, args=["--ros-args", "--params-file", str(FILE)])
    try:
        for name in yaml.safe_load(FILE.read_text("utf-8")):
            space = name if name in COSTMAPS else ""
            node = Node(name, namespace=space, context=context, automatically_declare_parameters_from_overrides=True)
            wanted = flat(costmap(name) if space else section(name))
            assert {key: as_list(node.get_parameter(key).value) for key in wanted} == wanted
            node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


def test_our_nodes_read_their_part_of_the_file_after_the_robots_own(domain: int) -> None:
    import rclpy
    from rclpy.node import Node

    context = rclpy.Context()
    rclpy.init(context=context, args=["--ros-args", "--params-file", str(LAUNCH / "params.yaml"), "--params-file", str(FILE)])
    try:
        for name, action in (("fusion", "navigate_to_pose"), ("navigator", "")):
            node = Node(name, context=context)
            assert node.declare_parameter("nav2_action", "unread").value == action
            node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def as_list(value: Any) -> Any:
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


# ---------------------------------------------------------------- the page


def rows() -> list[tuple[str, str, str, str]]:
    """Topic, type, frame and parameter of the page's table of outputs."""
    pattern = re.compile(r"^\| `(\w+)` \| (\w+/msg/\w+) \| (\w+) \|.*\| (?:`([\w.]+)`|none) \|$", re.MULTILINE)
    return [(topic, kind, frame, parameter or "") for topic, kind, frame, parameter in pattern.findall(PAGE.read_text("utf-8"))]


def test_the_page_names_outputs_and_parameters_that_are_there() -> None:
    assert {row[0] for row in rows()} == {"obstacles", "occupancy", "goal_pose", "plan"}
    for topic, kind, _, parameter in rows():
        assert OFFERS[topic] == kind
        if parameter:
            given = flat(section("collision_monitor")) | flat(costmap("local_costmap"))
            assert given[parameter] == f"/{topic}", parameter


def test_the_page_says_which_manager_has_which_nodes() -> None:
    text = PAGE.read_text("utf-8")
    for name in ("lifecycle_manager_mm_nav", "lifecycle_manager_navigation", "lifecycle_manager_velocity"):
        given = section(name)
        assert f"| {name} | {', '.join(given['node_names'])} | {given['bond_timeout']} |" in text


def test_the_page_says_that_it_was_not_run_against_nav2() -> None:
    assert "none of this was run against Nav2" in PAGE.read_text("utf-8")

# SPDX-License-Identifier: Apache-2.0
"""The fault injector on real topics: hands on what it reads, spoils it when told to, and refuses to start unasked."""

from typing import Any

import pytest

from mm_nav.wire import encode_string
from tests.ros.conftest import Graph, parameters
from tests.ros.robot import cloud, odometry

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")


def injector(graph: Graph, **values: Any) -> Any:
    from mm_nav.ros.injector_node import InjectorNode

    return graph.add(InjectorNode(parameter_overrides=parameters(**values)))


def test_it_refuses_to_start_unless_it_is_wanted(graph: Graph) -> None:
    assert injector(graph).exit_code == 2


def test_data_pass_until_a_fault_is_ordered_and_again_after_it(graph: Graph) -> None:
    clouds = graph.heard("sensor_msgs/msg/PointCloud2", "lidar/points")
    poses = graph.heard("nav_msgs/msg/Odometry", "odom")
    told = graph.heard("std_msgs/msg/String", "fault_status", latched=True)
    injector(graph, enable=True)
    sense, order = graph.speaker("sensor_msgs/msg/PointCloud2", "real/lidar/points"), graph.speaker("std_msgs/msg/String", "fault")
    move = graph.speaker("nav_msgs/msg/Odometry", "real/odom")
    sent = cloud(10**12)
    graph.until(lambda: sense(sent) and graph.spin() and clouds, "a cloud that passes")
    assert bytes(clouds[-1].data) == sent.fields["data"].tobytes()
    order(encode_string("lidar off"))
    graph.until(lambda: told and told[-1].data == "lidar off", "the fault")
    clouds.clear()
    poses.clear()
    graph.until(lambda: sense(sent) and move(odometry(10**12)) and graph.spin() and len(poses) > 5, "odometry, which still passes")
    assert not clouds
    order(encode_string("lidar nothing"))  # refused: it stays as it is
    order(encode_string("lidar ok"))
    graph.until(lambda: told[-1].data == "all ok", "the end of the fault")
    graph.until(lambda: sense(sent) and graph.spin() and clouds, "a cloud that passes again")
    assert [m.data for m in told] == ["lidar off", "all ok"]

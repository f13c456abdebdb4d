# SPDX-License-Identifier: Apache-2.0
"""Structures become rclpy messages, whole and fast, and back again."""

from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import se2
from mm_nav.core.types import CameraImage, CameraModel, Odometry, Plan, PointCloud, Velocity
from mm_nav.errors import ConfigError, MessageError
from mm_nav.wire import (
    Encoded,
    Status,
    decode,
    decode_path,
    encode_camera_info,
    encode_diagnostics,
    encode_image,
    encode_odometry,
    encode_plan,
    encode_point_cloud,
    encode_velocity,
)
from tests.ros.conftest import Graph

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

from mm_nav.ros.messages import build, has_type, message_class, to_message


def cloud(count: int = 5) -> PointCloud:
    xyz = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    ones = np.ones(count, np.float32)
    return PointCloud(stamp_ns=1_500_000_000, frame_id="lidar", xyz=xyz, intensity=ones, velocity=np.full_like(ones, np.nan))


@pytest.mark.parametrize(
    ("reading", "encoded"),
    [
        (r := CameraImage(stamp_ns=3, frame_id="c", rgb=np.arange(60, dtype=np.uint8).reshape(4, 5, 3)), encode_image(r)),
        (m := CameraModel(frame_id="c", width=5, height=4, K=np.diag([2.0, 3.0, 1.0]), distortion_model="plumb_bob", D=np.array([0.1, 0.2, 0.0, 0.0, 0.3])), encode_camera_info(m, 3)),
        (p := cloud(), encode_point_cloud(p, radar=False)),
        (e := cloud(0), encode_point_cloud(e, radar=False)),
        (o := Odometry(stamp_ns=9, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(1.0, 2.0, 0.5),
                       linear=np.array([0.4, 0, 0]), angular=np.array([0, 0, 0.2])), encode_odometry(o)),
    ],
)  # fmt: skip
def test_a_reading_survives_the_way_through_an_rclpy_message(reading: Any, encoded: Encoded) -> None:
    back = decode(encoded.type_name, to_message(encoded))
    for name in reading.__slots__:
        given, got = getattr(reading, name), getattr(back, name)
        if isinstance(given, np.ndarray):
            np.testing.assert_allclose(got, given, atol=1e-12)
        else:
            assert got == given, name


def test_large_data_is_an_array_array_and_not_a_list() -> None:
    message = to_message(encode_point_cloud(cloud(1000), radar=False))
    assert isinstance(message.data, array)
    assert message.data.typecode == "B"
    assert len(message.data) == 16_000


def test_nested_messages_bytes_and_fixed_arrays_are_filled() -> None:
    diagnostics = to_message(encode_diagnostics([Status(name="a", level=2, message="b", values={"k": "v"})], 5))
    assert diagnostics.status[0].level == b"\x02"
    assert (diagnostics.status[0].values[0].key, diagnostics.status[0].values[0].value) == ("k", "v")
    odometry = build("nav_msgs/msg/Odometry", {"pose": {"covariance": np.arange(36)}})
    assert odometry.pose.covariance[35] == 35.0


def test_a_plan_and_both_kinds_of_velocity_become_messages() -> None:
    plan = Plan(stamp_ns=7, path=np.array([[0.0, 0.0], [1.0, 0.5]]), stop=False, state="drive")
    stamp_ns, frame, xy = decode_path(to_message(encode_plan(plan)))
    assert (stamp_ns, frame) == (7, "base_link")
    np.testing.assert_allclose(xy, plan.path)
    velocity = Velocity(linear=0.5, angular=-0.25)
    assert to_message(encode_velocity(velocity, 1, stamped=True)).twist.linear.x == 0.5
    assert to_message(encode_velocity(velocity, 1, stamped=False)).angular.z == -0.25


def test_any_object_with_the_attributes_will_do() -> None:
    stamp = SimpleNamespace(sec=4, nanosec=5)
    source = SimpleNamespace(header=SimpleNamespace(stamp=stamp, frame_id="x", seq=9), ranges=np.array([1, 2], np.float32))
    scan = build("sensor_msgs/LaserScan", source)
    assert (scan.header.stamp.sec, scan.header.frame_id, list(scan.ranges), list(scan.intensities)) == (4, "x", [1.0, 2.0], [])


@pytest.mark.fault("M28")
def test_a_misspelt_field_and_a_wrong_value_are_named() -> None:
    with pytest.raises(MessageError, match="has no field 'datta'"):
        to_message(Encoded("std_msgs/msg/String", {"datta": "x"}))
    with pytest.raises(MessageError, match=r"Header\.stamp|Time\.sec") as caught:
        build("std_msgs/msg/Header", {"stamp": {"sec": "soon"}})
    assert caught.value.reason == "bad_field"


def test_a_type_that_is_not_installed_is_named_with_its_remedy() -> None:
    assert not has_type("no_such_msgs/msg/Thing")
    with pytest.raises(ConfigError, match=r"'no_such_msgs/msg/Thing' is not installed"):
        message_class("no_such_msgs/msg/Thing")
    with pytest.raises(ConfigError, match="malformed"):
        message_class("String")


def test_both_spellings_of_a_type_name_give_the_same_class() -> None:
    assert message_class("sensor_msgs/Image") is message_class("sensor_msgs/msg/Image")


def test_a_grid_of_int8_keeps_minus_one() -> None:
    grid = BevGrid(columns=3, rows=2)
    from mm_nav.wire import encode_grid

    probability = np.array([[0.0, 1.0, np.nan], [0.5, np.nan, 0.25]], np.float32)
    assert list(to_message(encode_grid(probability, grid, 0, "base_link")).data) == [0, 100, -1, 50, -1, 25]


@pytest.mark.fault("X04")
@pytest.mark.parametrize(("text", "sent"), [("half \ud83d of a pair", "half ? of a pair"), ("\udcff.bag", "?.bag"), ("走到 🚩", "走到 🚩")])
def test_text_that_is_no_text_leaves_as_what_can_be_sent(graph: Graph, text: str, sent: str) -> None:
    from mm_nav.ros.managed import WORDS_QOS
    from mm_nav.wire import Status, encode_diagnostics, encode_string

    heard, told = graph.heard("std_msgs/msg/String", "words"), graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
    for type_name, topic, encoded in (
        ("std_msgs/msg/String", "words", encode_string(text)),
        ("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics", encode_diagnostics([Status(name=text, level=0, message=text, values={text: text})], 1)),
    ):
        publisher = graph.probe.create_publisher(message_class(type_name), topic, WORDS_QOS)
        graph.until(lambda p=publisher: p.get_subscription_count(), "a listener")
        publisher.publish(to_message(encoded))
    graph.until(lambda: heard and told, "both messages")
    assert heard[0].data == sent
    status = told[0].status[0]
    assert {status.name, status.message, status.values[0].key, status.values[0].value} == {sent}

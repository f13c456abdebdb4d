# SPDX-License-Identifier: Apache-2.0
"""Odometry, transforms, text, grids and paths."""

import numpy as np
import pytest

from mm_nav.core.geometry import se2, se3, to_quaternion
from mm_nav.core.types import Utterance
from mm_nav.errors import MessageError
from mm_nav.wire import decode, decode_odometry, decode_path, decode_transforms

HEADER = {"stamp": {"sec": 2, "nanosec": 0}, "frame_id": "/odom"}


def vector(x=0.0, y=0.0, z=0.0):
    return {"x": x, "y": y, "z": z}


def odometry(scale: float = 1.0, **pose):
    x, y, z, w = scale * to_quaternion(se2(0, 0, 0.5))
    rotation = {"x": x, "y": y, "z": z, "w": w}
    return {
        "header": HEADER,
        "child_frame_id": "/base_link",
        "pose": {"pose": {"position": vector(1, 2, 0), "orientation": rotation, **pose}},
        "twist": {"twist": {"linear": vector(0.5), "angular": vector(0, 0, 0.1)}},
    }


def test_odometry_becomes_a_pose_and_a_twist(message):
    found = decode_odometry(message(odometry()))
    np.testing.assert_allclose(found.T_odom_base, se2(1, 2, 0.5), atol=1e-12)
    assert (found.linear[0], found.angular[2]) == (0.5, 0.1)
    assert (found.frame_id, found.child_frame_id, found.stamp_ns) == ("odom", "base_link", 2_000_000_000)


@pytest.mark.fault("M27")
def test_a_quaternion_that_is_nearly_one_is_normalised(message):
    found = decode_odometry(message(odometry(scale=1.0009)))
    np.testing.assert_allclose(found.T_odom_base, se2(1, 2, 0.5), atol=1e-12)


@pytest.mark.parametrize("scale", [0.0, 0.98, 1.02, -2.0])
@pytest.mark.fault("M27")
def test_a_quaternion_that_is_not_one_is_refused(message, scale):
    with pytest.raises(MessageError, match="norm") as caught:
        decode_odometry(message(odometry(scale=scale)))
    assert caught.value.reason == "bad_quaternion"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.fault("M27")
def test_odometry_that_is_not_finite_is_refused(message, bad):
    with pytest.raises(MessageError, match="odometry: position"):
        decode_odometry(message(odometry(position=vector(bad))))
    fields = odometry()
    fields["twist"] = {"twist": {"linear": vector(bad), "angular": vector()}}
    with pytest.raises(MessageError, match="twist"):
        decode_odometry(message(fields))


def test_transforms_come_with_plain_frame_names(message):
    T = se3((1, 2, 3), (0.1, 0.2, 0.3))
    x, y, z, w = to_quaternion(T)
    stamped = {
        "header": HEADER,
        "child_frame_id": "/lidar",
        "transform": {"translation": vector(1, 2, 3), "rotation": {"x": x, "y": y, "z": z, "w": w}},
    }
    [(parent, child, found, stamp_ns)] = decode_transforms(message({"transforms": [stamped]}))
    assert (parent, child, stamp_ns) == ("odom", "lidar", 2_000_000_000)
    np.testing.assert_allclose(found, T, atol=1e-12)


@pytest.mark.fault("F05")
def test_a_transform_that_is_no_rotation_names_both_frames(message):
    stamped = {
        "header": HEADER,
        "child_frame_id": "lidar",
        "transform": {"translation": vector(), "rotation": {"x": 0, "y": 0, "z": 0, "w": 0}},
    }
    with pytest.raises(MessageError, match="odom <- lidar"):
        decode_transforms(message({"transforms": [stamped]}))


def test_text_takes_the_time_it_was_heard(message):
    assert decode("std_msgs/msg/String", message({"data": "go"}), stamp_ns=9) == Utterance(stamp_ns=9, text="go")


def test_an_unknown_type_is_named_with_those_that_are_read(message):
    with pytest.raises(MessageError, match=r"sensor_msgs/msg/Imu is not read; use one of .*LaserScan"):
        decode("sensor_msgs/msg/Imu", message({}))


def test_a_path_that_is_not_finite_is_refused(message):
    pose = {"pose": {"position": vector(np.nan)}}
    with pytest.raises(MessageError, match="path of 1 poses"):
        decode_path(message({"header": HEADER, "poses": [pose]}))

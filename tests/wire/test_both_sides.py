# SPDX-License-Identifier: Apache-2.0
"""One message, read by rclpy and by rosbags, decodes to the same arrays."""

import dataclasses
import importlib

import cv2
import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from mm_nav import wire
from mm_nav.bags.writer import BagWriter
from mm_nav.core.geometry import se3
from mm_nav.core.types import CameraImage, CameraModel, Odometry, PointCloud

serialization = pytest.importorskip("rclpy.serialization", reason="rclpy is not installed")
STORE = get_typestore(Stores.ROS2_KILTED)
RNG = np.random.default_rng(7)
IMAGE = CameraImage(stamp_ns=123_456_789_012, frame_id="c", rgb=RNG.integers(0, 256, (9, 13, 3), np.uint8))
CLOUD = PointCloud(
    stamp_ns=123_456_789_012,
    frame_id="l",
    xyz=RNG.normal(size=(50, 3)).astype(np.float32),
    intensity=RNG.random(50, np.float32),
    velocity=RNG.normal(size=50).astype(np.float32),
)
ODOMETRY = Odometry(
    stamp_ns=5, frame_id="odom", child_frame_id="base_link", T_odom_base=se3((1, 2, 3), (0.1, 0.2, 0.3)),
    linear=np.array([1.0, 0, 0]), angular=np.array([0, 0, 0.5]),
)  # fmt: skip
K = np.array([[500.0, 0, 6], [0, 500, 4], [0, 0, 1]])
JPEG = wire.Encoded(
    "sensor_msgs/msg/CompressedImage",
    {
        "header": {"stamp": {"sec": 1, "nanosec": 2}, "frame_id": "c"},
        "format": "jpeg",
        "data": cv2.imencode(".jpg", IMAGE.rgb)[1].reshape(-1),
    },
)
SCAN = wire.Encoded(
    "sensor_msgs/msg/LaserScan",
    {"angle_min": -1.0, "angle_increment": 0.1, "range_max": 9.0, "ranges": RNG.random(20, np.float32)},
)
MESSAGES = {
    "image": wire.encode_image(IMAGE),
    "jpeg": JPEG,
    "camera_info": wire.encode_camera_info(CameraModel(frame_id="c", width=13, height=9, K=K, D=np.ones(5)), 5),
    "lidar": wire.encode_point_cloud(CLOUD, radar=False),
    "radar": wire.encode_point_cloud(CLOUD, radar=True),
    "scan": SCAN,
    "odometry": wire.encode_odometry(ODOMETRY),
    "command": wire.encode_string("走到红色锥桶"),
}


def plain(reading):
    """A reading as comparable values."""
    return {k: (v.tobytes(), v.shape, v.dtype) if isinstance(v, np.ndarray) else v
            for k, v in dataclasses.asdict(reading).items()}  # fmt: skip


@pytest.fixture
def as_cdr(tmp_path):
    """What the bag writer stores of an encoded message."""
    writer = BagWriter(tmp_path / "bag")
    yield lambda encoded: bytes(
        STORE.serialize_cdr(writer._message(encoded.type_name, encoded.fields), encoded.type_name)
    )
    writer.write("command", wire.encode_string(""), 0)
    writer.close()


@pytest.mark.parametrize("name", MESSAGES)
def test_rclpy_and_rosbags_messages_decode_to_the_same_arrays(as_cdr, name):
    encoded = MESSAGES[name]
    package, _, short = encoded.type_name.split("/")
    live_type = getattr(importlib.import_module(f"{package}.msg"), short)
    data = as_cdr(encoded)
    live = serialization.deserialize_message(data, live_type)
    again = bytes(serialization.serialize_message(live))
    from_topic = wire.decode(encoded.type_name, live, stamp_ns=4)
    from_bag = wire.decode(encoded.type_name, STORE.deserialize_cdr(again, encoded.type_name), stamp_ns=4)
    assert plain(from_topic) == plain(from_bag)


def test_what_was_encoded_comes_back_unchanged(as_cdr):
    for name, reading in {"image": IMAGE, "radar": CLOUD}.items():
        encoded = MESSAGES[name]
        found = wire.decode(encoded.type_name, STORE.deserialize_cdr(as_cdr(encoded), encoded.type_name))
        assert plain(found) == plain(reading)
    found = wire.decode_odometry(STORE.deserialize_cdr(as_cdr(MESSAGES["odometry"]), "nav_msgs/msg/Odometry"))
    np.testing.assert_allclose(found.T_odom_base, ODOMETRY.T_odom_base, atol=1e-12)

# SPDX-License-Identifier: Apache-2.0
"""A small robot that talks: one camera, LiDAR, radar and odometry on real topics."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mm_nav.core.geometry import se2
from mm_nav.core.types import CameraImage, CameraModel, Odometry, PointCloud
from mm_nav.wire import Encoded, encode_camera_info, encode_image, encode_odometry, encode_point_cloud

PERIOD_NS = 200_000_000
EXTRINSICS = {
    "extrinsics__cam": [0.1, 0.0, 0.6, -0.5, 0.5, -0.5, 0.5],
    "extrinsics__lidar": [0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0],
    "extrinsics__radar": [0.2, 0.0, 0.4, 0.0, 0.0, 0.0, 1.0],
}


def image(stamp_ns: int) -> Encoded:
    return encode_image(CameraImage(stamp_ns=stamp_ns, frame_id="cam", rgb=np.arange(16 * 32 * 3).reshape(16, 32, 3).astype(np.uint8)))


def camera_info(stamp_ns: int) -> Encoded:
    K = np.array([[16.0, 0, 16], [0, 16, 8], [0, 0, 1]])
    return encode_camera_info(CameraModel(frame_id="cam", width=32, height=16, K=K), stamp_ns)


def cloud(stamp_ns: int, frame_id: str = "lidar", count: int = 200) -> Encoded:
    rng = np.random.default_rng(0)
    xyz = rng.uniform(-5, 5, (count, 3)).astype(np.float32)
    ones = np.ones(count, np.float32)
    made = PointCloud(stamp_ns=stamp_ns, frame_id=frame_id, xyz=xyz, intensity=ones, velocity=ones)
    return encode_point_cloud(made, radar=frame_id == "radar")


def odometry(stamp_ns: int) -> Encoded:
    none = np.zeros(3)
    return encode_odometry(
        Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(0, 0, 0), linear=none, angular=none)
    )


TOPICS: dict[str, tuple[str, Callable[[int], Encoded]]] = {
    "camera/front/camera_info": ("sensor_msgs/msg/CameraInfo", camera_info),
    "camera/front/image": ("sensor_msgs/msg/Image", image),
    "lidar/points": ("sensor_msgs/msg/PointCloud2", cloud),
    "radar/points": ("sensor_msgs/msg/PointCloud2", lambda stamp_ns: cloud(stamp_ns, "radar")),
    "odom": ("nav_msgs/msg/Odometry", odometry),
}


class Robot:
    """Publishes one instant after the other; ``left_out`` topics are not even advertised."""

    def __init__(self, graph: Any, left_out: tuple[str, ...] = ()) -> None:
        self.graph = graph
        self.stamp_ns = 1_000_000_000_000
        self.say = {
            topic: graph.speaker(type_name, topic, listeners=1)
            for topic, (type_name, _) in TOPICS.items()
            if topic not in left_out
        }

    def instant(self) -> bool:
        """All sensors once, at the next stamp; spins in between, for listeners keep only the newest message."""
        self.stamp_ns += PERIOD_NS
        for topic, speak in self.say.items():
            speak(TOPICS[topic][1](self.stamp_ns))
            self.graph.spin()
        return True

# SPDX-License-Identifier: Apache-2.0
"""Readings to messages, as a sensor driver (or the simulator) sends them. Inverse of decode; knows no ROS package."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from mm_nav.core.types import CameraImage, CameraModel, Odometry, PointCloud
from mm_nav.wire.message import Encoded, header_fields, pose_fields, rotation_fields, vector_fields

FLOAT32 = 7  # sensor_msgs/PointField datatypes


def encode_image(image: CameraImage) -> Encoded:
    """sensor_msgs/Image, rgb8, rows without padding."""
    height, width = image.rgb.shape[:2]
    return Encoded(
        "sensor_msgs/msg/Image",
        {
            "header": header_fields(image.stamp_ns, image.frame_id),
            "height": height,
            "width": width,
            "encoding": "rgb8",
            "is_bigendian": 0,
            "step": 3 * width,
            "data": np.ascontiguousarray(image.rgb).reshape(-1),
        },
    )


def encode_camera_info(model: CameraModel, stamp_ns: int) -> Encoded:
    """sensor_msgs/CameraInfo with R = 1 and P = [K 0]: the picture is not rectified."""
    return Encoded(
        "sensor_msgs/msg/CameraInfo",
        {
            "header": header_fields(stamp_ns, model.frame_id),
            "height": model.height,
            "width": model.width,
            "distortion_model": model.distortion_model,
            "d": np.asarray(model.D, np.float64),
            "k": np.ascontiguousarray(model.K).reshape(-1),
            "r": np.eye(3).reshape(-1),
            "p": np.hstack([model.K, np.zeros((3, 1))]).reshape(-1),
        },
    )


def encode_point_cloud(cloud: PointCloud, radar: bool) -> Encoded:
    """sensor_msgs/PointCloud2 of float32 x y z intensity (LiDAR), or x y z velocity rcs (radar)."""
    columns = {"velocity": cloud.velocity, "rcs": cloud.intensity} if radar else {"intensity": cloud.intensity}
    points = np.column_stack([cloud.xyz, *columns.values()]).astype("<f4", copy=False)
    return packed_cloud(("x", "y", "z", *columns), points, cloud.stamp_ns, cloud.frame_id)


def packed_cloud(names: Sequence[str], points: np.ndarray, stamp_ns: int, frame_id: str) -> Encoded:
    """sensor_msgs/PointCloud2 of one row of points from a little-endian float32 array [n, len(names)]."""
    count, width = points.shape
    return Encoded(
        "sensor_msgs/msg/PointCloud2",
        {
            "header": header_fields(stamp_ns, frame_id),
            "height": 1,
            "width": count,
            "fields": [{"name": n, "offset": 4 * i, "datatype": FLOAT32, "count": 1} for i, n in enumerate(names)],
            "is_bigendian": False,
            "point_step": 4 * width,
            "row_step": 4 * width * count,
            "data": np.ascontiguousarray(points, "<f4").reshape(-1).view(np.uint8),
            "is_dense": bool(np.isfinite(points).all()),
        },
    )


def encode_odometry(odometry: Odometry) -> Encoded:
    """nav_msgs/Odometry; covariances stay zero, which means unknown."""
    return Encoded(
        "nav_msgs/msg/Odometry",
        {
            "header": header_fields(odometry.stamp_ns, odometry.frame_id),
            "child_frame_id": odometry.child_frame_id,
            "pose": {"pose": pose_fields(odometry.T_odom_base)},
            "twist": {"twist": {"linear": vector_fields(odometry.linear), "angular": vector_fields(odometry.angular)}},
        },
    )


def encode_string(text: str) -> Encoded:
    """std_msgs/String."""
    return Encoded("std_msgs/msg/String", {"data": text})


def encode_transforms(transforms: Sequence[tuple[str, str, Float64[np.ndarray, "4 4"]]], stamp_ns: int) -> Encoded:
    """tf2_msgs/TFMessage of (parent, child, T_parent_child)."""
    stamped: list[dict[str, Any]] = [
        {
            "header": header_fields(stamp_ns, parent),
            "child_frame_id": child,
            "transform": {"translation": vector_fields(T[:3, 3]), "rotation": rotation_fields(T)},
        }
        for parent, child, T in transforms
    ]
    return Encoded("tf2_msgs/msg/TFMessage", {"transforms": stamped})

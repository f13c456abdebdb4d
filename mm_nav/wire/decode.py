# SPDX-License-Identifier: Apache-2.0
"""Messages to readings, by attribute names alone, so that rclpy and rosbags messages take the same way."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.types import Odometry, Reading, Utterance
from mm_nav.errors import MessageError
from mm_nav.wire.cloud import decode_laser_scan, decode_point_cloud, decode_radar_scan, decode_radar_tracks
from mm_nav.wire.image import decode_camera_info, decode_compressed_image, decode_image
from mm_nav.wire.message import check_reach, frame_of, stamp_of, transform_of


def decode_odometry(msg: Any) -> Odometry:
    """A nav_msgs/Odometry.

    Raises:
        MessageError: ``not_finite`` or ``bad_quaternion``.
    """
    pose, twist = msg.pose.pose, msg.twist.twist
    linear = np.array([twist.linear.x, twist.linear.y, twist.linear.z], np.float64)
    angular = np.array([twist.angular.x, twist.angular.y, twist.angular.z], np.float64)
    if not (np.isfinite(linear).all() and np.isfinite(angular).all()):
        text = f"odometry twist {linear.tolist()}, {angular.tolist()} is not finite; check the odometry source"
        raise MessageError("not_finite", text)
    return Odometry(
        stamp_ns=stamp_of(msg.header),
        frame_id=frame_of(msg.header),
        child_frame_id=str(msg.child_frame_id).lstrip("/"),
        T_odom_base=transform_of(pose.position, pose.orientation, "odometry"),
        linear=linear,
        angular=angular,
    )


def decode_string(msg: Any, stamp_ns: int) -> Utterance:
    """A std_msgs/String heard at ``stamp_ns`` (the message has no stamp of its own)."""
    return Utterance(stamp_ns=stamp_ns, text=str(msg.data))


def decode_transforms(msg: Any) -> list[tuple[str, str, Float64[np.ndarray, "4 4"], int]]:
    """A tf2_msgs/TFMessage as (parent, child, T_parent_child, stamp_ns).

    Raises:
        MessageError: ``not_finite`` or ``bad_quaternion``, naming both frames.
    """
    listed = []
    for stamped in msg.transforms:
        parent, child = frame_of(stamped.header), str(stamped.child_frame_id).lstrip("/")
        T = transform_of(stamped.transform.translation, stamped.transform.rotation, f"transform {parent} <- {child}")
        listed.append((parent, child, T, stamp_of(stamped.header)))
    return listed


def decode_occupancy(msg: Any) -> tuple[int, str, BevGrid, Float32[np.ndarray, "y x"]]:
    """A nav_msgs/OccupancyGrid: stamp, frame, grid, and probabilities with NaN where it is unknown.

    Raises:
        MessageError: ``bad_layout`` for a rotated or empty grid, ``short_data``, ``not_finite``.
    """
    info = msg.info
    T = transform_of(info.origin.position, info.origin.orientation, "occupancy origin")
    rows, columns, cell = int(info.height), int(info.width), round(float(info.resolution), 6)
    if not np.allclose(T[:3, :3], np.eye(3), atol=1e-6) or not rows or not columns or not cell > 0:
        raise MessageError(
            "bad_layout", f"occupancy of {rows}x{columns} cells of {cell} m is empty or rotated; send it unrotated"
        )
    values = np.asarray(msg.data, np.int8)
    if len(values) != rows * columns:
        raise MessageError(
            "short_data", f"occupancy holds {len(values)} cells, {rows}x{columns} needs {rows * columns}"
        )
    known = values.reshape(rows, columns).astype(np.float32)
    grid = BevGrid(x_min=float(T[0, 3]), y_min=float(T[1, 3]), cell=cell, columns=columns, rows=rows)
    return stamp_of(msg.header), frame_of(msg.header), grid, np.where(known < 0, np.float32(np.nan), known / 100)


def decode_path(msg: Any) -> tuple[int, str, Float64[np.ndarray, "n 2"]]:
    """A nav_msgs/Path: stamp, frame and positions in metres.

    Raises:
        MessageError: ``not_finite`` or ``too_far``.
    """
    xy = np.array([[p.pose.position.x, p.pose.position.y] for p in msg.poses], np.float64).reshape(-1, 2)
    if not np.isfinite(xy).all():
        raise MessageError("not_finite", f"path of {len(xy)} poses is not finite; check the planner")
    check_reach(xy, "path")
    return stamp_of(msg.header), frame_of(msg.header), xy


DECODERS: dict[str, Callable[[Any], Reading]] = {
    "sensor_msgs/msg/Image": decode_image,
    "sensor_msgs/msg/CompressedImage": decode_compressed_image,
    "sensor_msgs/msg/CameraInfo": decode_camera_info,
    "sensor_msgs/msg/PointCloud2": decode_point_cloud,
    "sensor_msgs/msg/LaserScan": decode_laser_scan,
    "sensor_msgs/msg/MultiEchoLaserScan": decode_laser_scan,
    "radar_msgs/msg/RadarScan": decode_radar_scan,
    "radar_msgs/msg/RadarTracks": decode_radar_tracks,
    "nav_msgs/msg/Odometry": decode_odometry,
}


def decode(type_name: str, msg: Any, *, stamp_ns: int = 0, instead: Callable[[Any], Reading] | None = None) -> Reading:
    """Any message that mm_nav reads; ``stamp_ns`` is used for std_msgs/String alone, which has no header.

    Args:
        instead: what reads this topic in place of its type's decoder: a picture may be a radar's, or depth.

    Raises:
        MessageError: ``unknown_type``, or what the decoder of that type raises.
    """
    if type_name == "std_msgs/msg/String":
        return decode_string(msg, stamp_ns)
    if type_name not in DECODERS:
        raise MessageError("unknown_type", f"{type_name} is not read; use one of {[*DECODERS, 'std_msgs/msg/String']}")
    if instead is not None:
        return instead(msg)
    return DECODERS[type_name](msg)

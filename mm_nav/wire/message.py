# SPDX-License-Identifier: Apache-2.0
"""What a ROS message looks like from here: nested plain values with the ROS field names. Knows no ROS package."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from mm_nav.core.geometry import from_quaternion, to_quaternion
from mm_nav.errors import MessageError

NS_PER_S = 1_000_000_000
MAX_STAMP_NS = 2**31 * NS_PER_S - 1  # builtin_interfaces/Time counts seconds in an int32
QUATERNION_TOLERANCE = 1e-2
FARTHEST_M = 1e8  # of any coordinate; UTM's largest is 1e7


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message to be: its type and its fields.

    ``fields`` holds nested dicts, lists of dicts, 1-D numpy arrays and scalars under exactly the ROS field names. A
    field that is left out keeps its zero value. A ROS ``byte`` is an ``int`` here.
    """

    type_name: str
    fields: dict[str, Any]


def time_fields(stamp_ns: int) -> dict[str, int]:
    """builtin_interfaces/Time of integer nanoseconds.

    Raises:
        MessageError: ``bad_stamp`` when the time does not fit (negative, or after 2038).
    """
    if not 0 <= stamp_ns <= MAX_STAMP_NS:
        raise MessageError("bad_stamp", f"stamp {stamp_ns} ns does not fit a ROS time; use 0..{MAX_STAMP_NS} ns")
    sec, nanosec = divmod(int(stamp_ns), NS_PER_S)
    return {"sec": sec, "nanosec": nanosec}


def header_fields(stamp_ns: int, frame_id: str) -> dict[str, Any]:
    """std_msgs/Header."""
    return {"stamp": time_fields(stamp_ns), "frame_id": frame_id}


def vector_fields(xyz: Any) -> dict[str, float]:
    """geometry_msgs/Vector3 or Point.

    Raises:
        MessageError: ``not_finite`` for NaN or infinity, which must never leave mm_nav.
    """
    x, y, z = (float(v) for v in xyz)
    if not np.isfinite((x, y, z)).all():
        raise MessageError("not_finite", f"({x}, {y}, {z}) is not finite and is not published; check its source")
    return {"x": x, "y": y, "z": z}


def rotation_fields(T: Float64[np.ndarray, "4 4"]) -> dict[str, float]:
    """geometry_msgs/Quaternion of a transform's rotation."""
    x, y, z, w = (float(v) for v in to_quaternion(T))
    return {"x": x, "y": y, "z": z, "w": w}


def pose_fields(T: Float64[np.ndarray, "4 4"]) -> dict[str, Any]:
    """geometry_msgs/Pose of a rigid transform."""
    return {"position": vector_fields(T[:3, 3]), "orientation": rotation_fields(T)}


def stamp_of(header: Any) -> int:
    """Header stamp in nanoseconds; 0 stays 0, the caller decides what a missing stamp means.

    Raises:
        MessageError: ``bad_stamp`` for a time before 1970 or a nanosec part of a second or more.
    """
    sec, nanosec = int(header.stamp.sec), int(header.stamp.nanosec)
    if sec < 0 or not 0 <= nanosec < NS_PER_S:
        raise MessageError("bad_stamp", f"header stamp {sec} s {nanosec} ns is no time; check the driver's clock")
    return sec * NS_PER_S + nanosec


def frame_of(header: Any) -> str:
    """Frame name without the leading '/' that old drivers write."""
    return str(header.frame_id).lstrip("/")


def bytes_of(data: Any) -> UInt8[np.ndarray, " n"]:
    """A view of a uint8[] field: array.array and bytes from rclpy, numpy from rosbags. Copies nothing."""
    if isinstance(data, np.ndarray):
        return data.reshape(-1).view(np.uint8)
    return np.frombuffer(data, np.uint8) if len(data) else np.zeros(0, np.uint8)


def transform_of(translation: Any, rotation: Any, what: str) -> Float64[np.ndarray, "4 4"]:
    """Rigid transform of a message's position and quaternion; ``what`` names it in errors.

    A quaternion whose norm is within 1e-2 of one is normalised.

    Raises:
        MessageError: ``not_finite``, ``too_far`` or ``bad_quaternion``.
    """
    xyz = np.array([translation.x, translation.y, translation.z], np.float64)
    xyzw = np.array([rotation.x, rotation.y, rotation.z, rotation.w], np.float64)
    if not (np.isfinite(xyz).all() and np.isfinite(xyzw).all()):
        raise MessageError("not_finite", f"{what}: position {xyz.tolist()}, rotation {xyzw.tolist()}; check the sender")
    check_reach(xyz, what)
    norm = float(np.linalg.norm(xyzw))
    if abs(norm - 1.0) > QUATERNION_TOLERANCE:
        raise MessageError("bad_quaternion", f"{what}: quaternion {xyzw.tolist()} has norm {norm:.4g}; send a unit one")
    return from_quaternion(xyz, xyzw / norm)


def check_reach(xyz: Float64[np.ndarray, "..."], what: str) -> None:
    """Refuse what no coordinate on Earth is: its squares would no longer be numbers.

    Raises:
        MessageError: ``too_far``.
    """
    if xyz.size and (farthest := float(np.abs(xyz).max())) > FARTHEST_M:
        raise MessageError("too_far", f"{what}: a coordinate of {farthest:.3g} m is nowhere; check the sender")

# SPDX-License-Identifier: Apache-2.0
"""What a ROS message looks like from here: nested plain values with the ROS field names. Knows no ROS package."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from mm_nav.core.geometry import to_quaternion
from mm_nav.errors import MessageError

NS_PER_S = 1_000_000_000
MAX_STAMP_NS = 2**31 * NS_PER_S - 1  # builtin_interfaces/Time counts seconds in an int32


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message to be: its type and its fields.

    ``fields`` holds nested dicts, lists of dicts, 1-D numpy arrays and scalars under exactly the ROS field names. A field
    that is left out keeps its zero value. A ROS ``byte`` is an ``int`` here.
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

# SPDX-License-Identifier: Apache-2.0
"""Scene, Plan, Velocity and status as the messages that leave mm_nav, all finite. Knows no ROS package."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers, se2, se3, to_quaternion
from mm_nav.core.types import Plan, Scene, Velocity
from mm_nav.errors import MessageError
from mm_nav.wire.encode import packed_cloud
from mm_nav.wire.message import Encoded, header_fields, pose_fields, time_fields, vector_fields

CUBE = 1  # visualization_msgs/Marker type
ADD, DELETEALL = 0, 3  # visualization_msgs/Marker actions
OCCUPIED = 0.5  # probability from which a cell is an obstacle
OBSTACLE_HEIGHT = 0.3  # metres; inside the height band of Nav2's obstacle layer
COMMAND_WORDS = ("accepted", "rejected", "reached", "not_found", "searching")
PALETTE = ((0.9, 0.3, 0.2), (0.2, 0.6, 0.9), (0.3, 0.8, 0.3), (0.9, 0.7, 0.1), (0.7, 0.4, 0.9), (0.5, 0.5, 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledBox:
    """A box to show: metres and radians in the frame of its message; ``rgb`` 0..1."""

    id: int
    label: str  # class word; the marker's namespace
    text: str
    center: Float64[np.ndarray, "3"]
    size: Float64[np.ndarray, "3"]  # length, width, height
    yaw: float
    rgb: tuple[float, float, float] = PALETTE[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One diagnostic: ``level`` 0 ok, 1 warning, 2 error, 3 stale."""

    name: str
    level: int
    message: str
    values: dict[str, str] = field(default_factory=dict)


def encode_grid(probability: Float32[np.ndarray, "y x"], grid: BevGrid, stamp_ns: int, frame_id: str) -> Encoded:
    """nav_msgs/OccupancyGrid: NaN is -1 (unknown), 0..1 is 0..100.

    Raises:
        MessageError: ``bad_layout`` when the array is not the grid's size.
    """
    if probability.shape != (grid.rows, grid.columns):
        raise MessageError("bad_layout", f"occupancy is {probability.shape}, its grid is {(grid.rows, grid.columns)}")
    known = np.isfinite(probability)
    percent = np.rint(100.0 * np.clip(np.where(known, probability, 0.0), 0.0, 1.0))
    return Encoded(
        "nav_msgs/msg/OccupancyGrid",
        {
            "header": header_fields(stamp_ns, frame_id),
            "info": {
                "map_load_time": time_fields(stamp_ns),
                "resolution": grid.cell,
                "width": grid.columns,
                "height": grid.rows,
                "origin": pose_fields(se2(grid.x_min, grid.y_min, 0.0)),
            },
            "data": np.where(known, percent, -1).astype(np.int8).reshape(-1),
        },
    )


def encode_occupancy(scene: Scene, grid: BevGrid, frame_id: str = "base_link") -> Encoded:
    """nav_msgs/OccupancyGrid of a scene."""
    return encode_grid(scene.occupancy, grid, scene.stamp_ns, frame_id)


def encode_boxes(boxes: Sequence[LabelledBox], stamp_ns: int, frame_id: str = "base_link") -> Encoded:
    """visualization_msgs/MarkerArray: a DELETEALL, then one cube per box that carries its text."""
    header = header_fields(stamp_ns, frame_id)
    markers: list[dict[str, Any]] = [{"header": header, "action": DELETEALL, "pose": pose_fields(np.eye(4))}]
    for box in boxes:
        x, y, z = (float(v) for v in box.center)
        red, green, blue = (float(v) for v in box.rgb)
        markers.append(
            {
                "header": header,
                "ns": box.label,
                "id": box.id,
                "type": CUBE,
                "action": ADD,
                "pose": pose_fields(se3((x, y, z), (0.0, 0.0, box.yaw))),
                "scale": vector_fields(box.size),
                "color": {"r": red, "g": green, "b": blue, "a": 0.8},
                "text": box.text,
            }
        )
    return Encoded("visualization_msgs/msg/MarkerArray", {"markers": markers})


def encode_objects(scene: Scene, frame_id: str = "base_link") -> Encoded:
    """visualization_msgs/MarkerArray of the detected objects; the text is ``label score``."""
    labels = sorted({o.label for o in scene.objects})
    boxes = [
        LabelledBox(
            id=i,
            label=o.label,
            text=f"{o.label} {o.score:.2f}",
            center=o.center,
            size=o.size,
            yaw=o.yaw,
            rgb=PALETTE[labels.index(o.label) % len(PALETTE)],
        )
        for i, o in enumerate(scene.objects)
    ]
    return encode_boxes(boxes, scene.stamp_ns, frame_id)


def encode_goal_pose(goal_xy: Float64[np.ndarray, "2"], stamp_ns: int, frame_id: str) -> Encoded:
    """geometry_msgs/PoseStamped, what Nav2 takes; it looks away from the frame's origin."""
    x, y = (float(v) for v in goal_xy)
    vector_fields((x, y, 0.0))  # refuse NaN before a heading is made of it
    pose = pose_fields(se2(x, y, float(np.arctan2(y, x))))
    return Encoded("geometry_msgs/msg/PoseStamped", {"header": header_fields(stamp_ns, frame_id), "pose": pose})


def encode_plan(plan: Plan, frame_id: str = "base_link", odom_frame_id: str = "odom") -> Encoded:
    """nav_msgs/Path; in the odometry frame when the plan carries its pose, so that it stays right while driving."""
    headings = np.zeros(len(plan.path))
    if len(plan.path) > 1:
        steps = np.diff(plan.path, axis=0)
        headings[:-1] = np.arctan2(steps[:, 1], steps[:, 0])
        headings[-1] = headings[-2]
    frame = frame_id if plan.T_odom_base is None else odom_frame_id
    move = np.eye(4) if plan.T_odom_base is None else plan.T_odom_base
    header = header_fields(plan.stamp_ns, frame)
    poses = [{"header": header, "pose": pose} for pose in _flat_poses(move, plan.path, headings)]
    return Encoded("nav_msgs/msg/Path", {"header": header, "poses": poses})


def _flat_poses(
    move: Float64[np.ndarray, "4 4"], xy: Float64[np.ndarray, "n 2"], headings: Float64[np.ndarray, " n"]
) -> list[dict[str, dict[str, float]]]:
    """``move @ se2(x, y, heading)`` of each as geometry_msgs/Pose, all at once.

    Raises:
        MessageError: ``not_finite``.
    """
    if not np.isfinite(xy).all():
        vector_fields((*xy[~np.isfinite(xy).all(axis=1)][0], 0.0))  # says which
    at = xy @ move[:3, :2].T + move[:3, 3]
    mx, my, mz, mw = to_quaternion(move)
    s, c = np.sin(headings / 2), np.cos(headings / 2)
    turn = np.stack([mx * c + my * s, my * c - mx * s, mz * c + mw * s, mw * c - mz * s], axis=1)  # Hamilton product
    turn[turn[:, 3] < 0] *= -1.0
    if not np.isfinite(at).all():
        vector_fields(at[~np.isfinite(at).all(axis=1)][0])
    return [
        {"position": {"x": x, "y": y, "z": z}, "orientation": {"x": qx, "y": qy, "z": qz, "w": qw}}
        for (x, y, z), (qx, qy, qz, qw) in zip(at.tolist(), turn.tolist(), strict=True)
    ]


def encode_velocity(velocity: Velocity, stamp_ns: int, stamped: bool, frame_id: str = "base_link") -> Encoded:
    """geometry_msgs/TwistStamped, or Twist for older bases.

    Raises:
        MessageError: ``not_finite``; send zero instead.
    """
    twist = {"linear": vector_fields((velocity.linear, 0, 0)), "angular": vector_fields((0, 0, velocity.angular))}
    if not stamped:
        return Encoded("geometry_msgs/msg/Twist", dict(twist))
    return Encoded("geometry_msgs/msg/TwistStamped", {"header": header_fields(stamp_ns, frame_id), "twist": twist})


def encode_obstacles(scene: Scene, grid: BevGrid, frame_id: str = "base_link") -> Encoded:
    """sensor_msgs/PointCloud2 of the centres of occupied cells, for Nav2's obstacle layer."""
    rows, columns = np.nonzero(np.nan_to_num(scene.occupancy, nan=0.0) >= OCCUPIED)
    ys, xs = cell_centers(grid)
    points = np.column_stack([xs[columns], ys[rows], np.full(len(rows), OBSTACLE_HEIGHT)]).astype("<f4")
    return packed_cloud(("x", "y", "z"), points, scene.stamp_ns, frame_id)


def encode_diagnostics(statuses: Sequence[Status], stamp_ns: int) -> Encoded:
    """diagnostic_msgs/DiagnosticArray."""
    listed = [_status_fields(status) for status in statuses]
    return Encoded("diagnostic_msgs/msg/DiagnosticArray", {"header": header_fields(stamp_ns, ""), "status": listed})


def encode_command_status(status: Status) -> Encoded:
    """diagnostic_msgs/DiagnosticStatus named ``command``; its message is one of COMMAND_WORDS.

    Raises:
        MessageError: ``bad_status`` for another word.
    """
    if status.message not in COMMAND_WORDS:
        raise MessageError("bad_status", f"command status {status.message!r} is unknown; use one of {COMMAND_WORDS}")
    fields = _status_fields(dataclasses.replace(status, name="command"))
    return Encoded("diagnostic_msgs/msg/DiagnosticStatus", fields)


def _status_fields(status: Status) -> dict[str, Any]:
    if not 0 <= status.level <= 3:
        raise MessageError("bad_status", f"diagnostic level {status.level} is unknown; use 0..3")
    values = [{"key": key, "value": value} for key, value in status.values.items()]
    return {"level": status.level, "name": status.name, "message": status.message, "values": values}

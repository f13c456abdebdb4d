# SPDX-License-Identifier: Apache-2.0
"""What a bag says about each of its frames: truth where it was recorded, self-made labels where it was not.

Waypoints come from the robot's own future odometry. Objects and occupancy come from ground-truth topics if the bag
has them; else occupancy comes from LiDAR returns, and objects stay unlabelled (their losses are masked).
"""

import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav import wire
from mm_nav.bags.reader import BagReader
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import from_quaternion, inverse, project, transform, yaw_of
from mm_nav.core.preprocess import OBSTACLE_Z, SLICES
from mm_nav.core.types import Odometry, SensorFrame

MAX_OBJECTS = 24
MIN_HITS = 3  # LiDAR returns inside a box before it counts as seen
STOP_DISTANCE_M = 1.0  # from the robot's centre to the target's surface


@dataclass(slots=True)
class Truth:
    """Ground-truth and odometry topics of one bag, by stamp."""

    odometry: dict[int, Odometry] = field(default_factory=dict)
    exact: dict[int, Odometry] = field(default_factory=dict)
    objects: dict[int, list[Any]] = field(default_factory=dict)
    occupancy: dict[int, np.ndarray] = field(default_factory=dict)
    target_id: int | None = None
    phrases: dict[int, list[str]] = field(default_factory=dict)


def read_truth(path: Path) -> Truth:
    """Collect what supervises training from a bag; topics that are not there leave their part empty."""
    truth = Truth()
    with BagReader(path) as reader:
        for message in reader.messages():
            name = message.topic.strip("/")
            if message.type == "nav_msgs/msg/Odometry":
                odometry = wire.decode_odometry(message.msg)
                (truth.exact if name.startswith("ground_truth") else truth.odometry)[odometry.stamp_ns] = odometry
            elif name == "ground_truth/objects":
                markers = [m for m in message.msg.markers if m.action == 0]
                if markers:
                    stamp = markers[0].header.stamp
                    truth.objects[stamp.sec * 10**9 + stamp.nanosec] = markers
            elif name == "ground_truth/occupancy":
                stamp_ns, _, _, cells = wire.decode_occupancy(message.msg)
                truth.occupancy[stamp_ns] = cells
            elif name == "ground_truth/target":
                said = json.loads(message.msg.data)
                truth.target_id = said.get("id")
                truth.phrases = {int(k): list(v) for k, v in said.get("phrases", {}).items()}
    return truth


def waypoints(truth: Truth, stamp_ns: int, spec: ModelSpec) -> tuple[np.ndarray, np.ndarray]:
    """Future positions (T, 2) in base_link now, and which of them (T,) the recording still covers."""
    path = truth.exact or truth.odometry
    stamps = sorted(path)
    out = np.zeros((spec.waypoint_count, 2), np.float32)
    known = np.zeros(spec.waypoint_count, np.float32)
    now = _nearest(stamps, stamp_ns, 100_000_000)
    if now is None:
        return out, known
    T_base_odom = inverse(path[now].T_odom_base)
    for i in range(spec.waypoint_count):
        wanted = stamp_ns + int((i + 1) * spec.waypoint_dt_s * 1e9)
        later = bisect_left(stamps, wanted)
        if later == 0 or later == len(stamps):
            continue
        a, b = stamps[later - 1], stamps[later]
        share = (wanted - a) / (b - a)
        world = (1 - share) * path[a].T_odom_base[:3, 3] + share * path[b].T_odom_base[:3, 3]
        out[i] = (T_base_odom[:3, :3] @ world + T_base_odom[:3, 3])[:2]
        known[i] = 1
    return out, known


def boxes(truth: Truth, frame: SensorFrame, spec: ModelSpec) -> dict[str, np.ndarray]:
    """Objects around the robot: rows of x y z l w h yaw vx vy, LiDAR returns inside, whether a camera has them in view.

    Keys ``boxes`` (M, 9), ``hits`` (M,), ``in_view`` (M,), ``ids`` (M,); unused rows have id -1.
    """
    rows = np.zeros((MAX_OBJECTS, 9), np.float32)
    ids = np.full(MAX_OBJECTS, -1, np.int32)
    hits, in_view = np.zeros(MAX_OBJECTS, np.float32), np.zeros(MAX_OBJECTS, np.float32)
    stamp = _nearest(sorted(truth.objects), frame.stamp_ns, 60_000_000)
    if stamp is not None:
        cloud = _points_in_base(frame)
        near = sorted(truth.objects[stamp], key=lambda m: float(np.hypot(m.pose.position.x, m.pose.position.y)))
        for i, marker in enumerate(near[:MAX_OBJECTS]):
            p, q, s = marker.pose.position, marker.pose.orientation, marker.scale
            T = from_quaternion(np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w]))
            rows[i] = [p.x, p.y, p.z, s.x, s.y, s.z, yaw_of(T), *_velocity(truth, stamp, int(marker.id))]
            ids[i] = marker.id
            local = np.abs(transform(inverse(T), cloud))
            hits[i] = (local <= np.array([s.x, s.y, s.z]) / 2 + 0.06).all(axis=1).sum()
            in_view[i] = any(_projects_inside(view, np.array([[p.x, p.y, p.z]])) for view in frame.cameras)
    return {"boxes": rows, "hits": hits, "in_view": in_view, "ids": ids}


def occupancy(truth: Truth, frame: SensorFrame, spec: ModelSpec) -> np.ndarray:
    """Occupied 1, free 0, unknown -1 (int8, Y X)."""
    stamp = _nearest(sorted(truth.occupancy), frame.stamp_ns, 60_000_000)
    if stamp is not None:
        cells = truth.occupancy[stamp]
        return np.where(np.isnan(cells), -1, cells >= 0.5).astype(np.int8)
    out = np.full((spec.grid.rows, spec.grid.columns), -1, np.int8)
    cloud = _points_in_base(frame)
    for low, high, value in ((SLICES[0], OBSTACLE_Z, 0), (OBSTACLE_Z, SLICES[-1], 1)):
        part = cloud[(cloud[:, 2] >= low) & (cloud[:, 2] < high)]
        column = np.floor((part[:, 0] - spec.grid.x_min) / spec.grid.cell).astype(int)
        row = np.floor((part[:, 1] - spec.grid.y_min) / spec.grid.cell).astype(int)
        ok = (column >= 0) & (column < spec.grid.columns) & (row >= 0) & (row < spec.grid.rows)
        out[row[ok], column[ok]] = value
    return out


def fulfilled(truth: Truth, found: dict[str, np.ndarray]) -> float:
    """One if the robot stands at its target's surface."""
    row = np.flatnonzero(found["ids"] == truth.target_id)
    if truth.target_id is None or not len(row):
        return 0.0
    box = found["boxes"][row[0]]
    return float(np.hypot(box[0], box[1]) - max(box[3], box[4]) / 2 < STOP_DISTANCE_M)


def _nearest(stamps: list[int], wanted: int, slop_ns: int) -> int | None:
    i = bisect_right(stamps, wanted)
    near = [s for s in stamps[max(0, i - 1) : i + 1] if abs(s - wanted) <= slop_ns]
    return min(near, key=lambda s: abs(s - wanted)) if near else None


def _points_in_base(frame: SensorFrame) -> np.ndarray:
    parts = [transform(posed.T_base_sensor, posed.cloud.xyz) for posed in frame.lidars]
    return np.concatenate(parts) if parts else np.zeros((0, 3), np.float32)


def _projects_inside(view: Any, points: np.ndarray) -> bool:
    uv, depth = project(view.model.K, transform(inverse(view.T_base_cam), points))
    return bool(depth[0] > 0.2 and 0 <= uv[0, 0] < view.model.width and 0 <= uv[0, 1] < view.model.height)


def _velocity(truth: Truth, stamp: int, object_id: int) -> tuple[float, float]:
    """Velocity over ground in base_link, by differences of exact poses between this frame and its neighbour."""
    stamps = sorted(truth.objects)
    i = stamps.index(stamp)
    a, b = (stamps[i - 1], stamp) if i else (stamp, stamps[min(1, len(stamps) - 1)])
    if a == b or a not in truth.exact or b not in truth.exact or b - a > 10**9:
        return 0.0, 0.0
    world = []
    for when in (a, b):
        marker = next((m for m in truth.objects[when] if m.id == object_id), None)
        if marker is None:
            return 0.0, 0.0
        p = marker.pose.position
        T = truth.exact[when].T_odom_base
        world.append(T[:3, :3] @ np.array([p.x, p.y, 0.0]) + T[:3, 3])
    v = truth.exact[stamp].T_odom_base[:3, :3].T @ (world[1] - world[0]) / ((b - a) * 1e-9)
    return float(v[0]), float(v[1])

# SPDX-License-Identifier: Apache-2.0
"""What a bag says about each of its frames: truth where it was recorded, self-made labels where it was not.

Waypoints come from the robot's own future odometry. Objects and occupancy come from ground-truth topics if the bag
has them; else occupancy comes from LiDAR returns (of the frame alone here, over time in accumulate.py), and objects stay
unlabelled (their losses are masked). A label message that cannot be read masks its label; the robot's data still counts.
"""

import json
import logging
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav import wire
from mm_nav.bags.playback import topic_uses
from mm_nav.bags.reader import BagMessage, BagReader
from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.doppler import MOVES
from mm_nav.core.geometry import cell_centers, cells_of, from_quaternion, inverse, project, transform, yaw_of
from mm_nav.core.ground import levelled
from mm_nav.core.pillars import OBSTACLE_Z, SLICES
from mm_nav.core.types import Odometry, PosedCloud, SensorFrame, Utterance
from mm_nav.errors import BagError, MessageError
from mm_nav.train.accumulate import Surroundings
from mm_nav.train.track import Track, into

log = logging.getLogger(__name__)
MAX_OBJECTS = 24
MAX_MOVING = 32  # cells per frame in which radar sees something move
MIN_HITS = 3  # LiDAR returns inside a box before it counts as seen
STOP_DISTANCE_M = 1.0  # from the robot's centre to the target's surface
CLOCKS_NS = 1_000_000_000  # a recorder's clock that is farther off than this is not the robot's
AGREE = 0.6  # m/s; a second return within AGREE_M says the same of what really moves
AGREE_M = 0.6


@dataclass(slots=True)
class Truth:
    """Ground-truth and odometry topics of one bag, by stamp; what was said, by the robot's clock."""

    odometry: dict[int, Odometry] = field(default_factory=dict)
    exact: dict[int, Odometry] = field(default_factory=dict)
    objects: dict[int, list[Any]] = field(default_factory=dict)
    occupancy: dict[int, np.ndarray] = field(default_factory=dict)
    target_id: int | None = None
    phrases: dict[int, list[str]] = field(default_factory=dict)
    commands: list[Utterance] = field(default_factory=list)
    name: str = ""  # of the bag, for messages
    grid: BevGrid | None = None  # of ``occupancy``
    _tracks: dict[tuple[bool, int], Track] = field(default_factory=dict)
    _warned: set[str] = field(default_factory=set)

    def track(self, *, exact: bool = False) -> Track:
        """Where the robot was, by its own odometry or by the true one."""
        source = self.exact if exact else self.odometry
        key = (exact, len(source))
        if key not in self._tracks:
            self._tracks[key] = Track.of(source)
        return self._tracks[key]

    def warn(self, topic: str, text: str) -> None:
        """Say once per topic that a label is masked."""
        if topic not in self._warned:
            self._warned.add(topic)
            log.warning("%s %s: %s; this label is masked, record it again or remove the topic", self.name or "bag", topic, text)


def read_truth(path: Path) -> Truth:
    """Collect what supervises training from a bag; topics that are not there, or cannot be read, leave their part empty.

    Raises:
        BagError: for a bag without any message.
    """
    truth = Truth(name=str(path))
    late_ns: list[int] = []  # log time minus stamp of odometry
    with BagReader(path) as reader:
        uses = {use.topic: use.kind for use in topic_uses(reader)}
        if not any(info.count for info in reader.topics.values()):
            raise BagError(f"{path} holds no message; record it again, with the robot's sensors running")
        for message in reader.messages([t for t, info in reader.topics.items() if _wanted(t, info.type, uses[t])]):
            try:
                _take(truth, message, uses[message.topic], late_ns)
            except (MessageError, ValueError, TypeError, KeyError, AttributeError) as error:
                truth.warn(message.topic, " ".join(str(error).split()) or type(error).__name__)
    shift = int(np.median(late_ns)) if late_ns else 0
    if abs(shift) > CLOCKS_NS:
        truth.commands = [Utterance(stamp_ns=u.stamp_ns - shift, text=u.text) for u in truth.commands]
    return truth


def _wanted(topic: str, kind: str, use: str) -> bool:
    name = topic.strip("/")
    return use in ("odometry", "command") or name in ("ground_truth/objects", "ground_truth/occupancy", "ground_truth/target") or (
        kind == "nav_msgs/msg/Odometry" and name.startswith("ground_truth")
    )


def _take(truth: Truth, message: BagMessage, use: str, late_ns: list[int]) -> None:
    name, msg = message.topic.strip("/"), message.msg
    if message.type == "nav_msgs/msg/Odometry":
        odometry = wire.decode_odometry(msg)
        late_ns.append(message.log_time_ns - odometry.stamp_ns if odometry.stamp_ns else 0)
        stamp_ns = odometry.stamp_ns or message.log_time_ns
        (truth.exact if name.startswith("ground_truth") else truth.odometry)[stamp_ns] = odometry
    elif use == "command":
        truth.commands.append(Utterance(stamp_ns=message.log_time_ns, text=str(msg.data)))
    elif name == "ground_truth/objects":
        markers = [m for m in msg.markers if m.action == 0]
        if not all(_sound(m) for m in markers):
            raise ValueError("a box is not finite, or has no orientation")
        if markers:
            stamp = markers[0].header.stamp
            truth.objects[stamp.sec * 10**9 + stamp.nanosec] = markers
    elif name == "ground_truth/occupancy":
        stamp_ns, _, grid, cells = wire.decode_occupancy(msg)
        truth.grid = grid
        truth.occupancy[stamp_ns] = cells
    elif name == "ground_truth/target":
        said = json.loads(msg.data)
        phrases = {int(k): [str(p) for p in v] for k, v in dict(said.get("phrases", {})).items()}
        truth.target_id = None if said.get("id") is None else int(said["id"])
        truth.phrases = phrases


def _sound(marker: Any) -> bool:
    p, q, s = marker.pose.position, marker.pose.orientation, marker.scale
    values = np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w, s.x, s.y, s.z], np.float64)
    return bool(np.isfinite(values).all() and np.linalg.norm(values[3:7]) > 0.5)


def waypoints(truth: Truth, stamp_ns: int, spec: ModelSpec) -> tuple[np.ndarray, np.ndarray]:
    """Future positions (T, 2) in base_link now, and which of them (T,) the recording still covers.

    What lies behind a gap or a jump of odometry is not covered.
    """
    out = np.zeros((spec.waypoint_count, 2), np.float32)
    known = np.zeros(spec.waypoint_count, np.float32)
    track = truth.track(exact=bool(truth.exact))
    now = track.at(stamp_ns)
    if now is None:
        return out, known
    for i in range(spec.waypoint_count):
        wanted = stamp_ns + int((i + 1) * spec.waypoint_dt_s * 1e9)
        then = track.at(wanted) if track.covers(wanted) else None
        if then is None or then[1] != now[1]:
            break
        out[i], known[i] = into(now[0], then[0][None, :2])[0], 1
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
        cloud = _points_in_base(frame.lidars)
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


def occupancy(truth: Truth, frame: SensorFrame, spec: ModelSpec, surroundings: Surroundings | None = None) -> np.ndarray:
    """Occupied 1, free 0, unknown -1 (int8, Y X).

    Where no truth was recorded: from LiDAR over time if ``surroundings`` is given, else from the frame's own returns.
    """
    stamp = _nearest(sorted(truth.occupancy), frame.stamp_ns, 60_000_000)
    if stamp is not None and _fits(truth, truth.occupancy[stamp], spec.grid):
        cells = truth.occupancy[stamp]
        return np.where(np.isnan(cells), -1, cells >= 0.5).astype(np.int8)
    if surroundings is not None:
        return surroundings.at(frame)
    out = np.full((spec.grid.rows, spec.grid.columns), -1, np.int8)
    cloud = _points_in_base(levelled(frame.lidars))
    for low, high, value in ((SLICES[0], OBSTACLE_Z, 0), (OBSTACLE_Z, SLICES[-1], 1)):
        part = cloud[(cloud[:, 2] >= low) & (cloud[:, 2] < high)]
        row, column, inside = cells_of(spec.grid, part[:, :2])
        out[row[inside], column[inside]] = value
    return out


def _fits(truth: Truth, cells: np.ndarray, grid: BevGrid) -> bool:
    """Whether recorded cells are those of the network; said once if not."""
    at = truth.grid
    same = cells.shape == (grid.rows, grid.columns) and (
        at is None or np.allclose([at.x_min, at.y_min, at.cell], [grid.x_min, grid.y_min, grid.cell], atol=1e-3)
    )
    if not same:
        where = "" if at is None else f" of {at.cell} m from ({at.x_min:g}, {at.y_min:g})"
        truth.warn("ground_truth/occupancy", f"{cells.shape} cells{where} are not the {(grid.rows, grid.columns)} of the model's grid")
    return bool(same)


def radar_motion(frame: SensorFrame, spec: ModelSpec) -> tuple[np.ndarray, np.ndarray]:
    """Radial part of the velocity over ground (2, Y, X) in m/s where radar sees something move, and where (Y, X) that is.

    The robot's own motion is taken out; without odometry nothing is known. A return that no other one agrees with is
    taken for clutter. What moves across the line of sight is not seen: an unmarked cell says nothing.
    """
    motion = np.zeros((2, spec.grid.rows, spec.grid.columns), np.float32)
    count = np.zeros((spec.grid.rows, spec.grid.columns), np.float32)
    ego = frame.odometry
    if ego is None or not np.isfinite([*ego.linear, *ego.angular]).all():
        return motion, count
    for posed in frame.radars:
        origin = posed.T_base_sensor[:3, 3]
        points = transform(posed.T_base_sensor, posed.cloud.xyz.astype(np.float64))
        ray = points - origin
        ray /= np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-6)
        speed = posed.cloud.velocity + ray @ (ego.linear + np.cross(ego.angular, origin))
        moving = np.isfinite(speed) & (np.abs(speed) > MOVES) & (points[:, 2] > SLICES[0]) & (points[:, 2] < SLICES[-1])
        points, speed, ray = points[moving], speed[moving], ray[moving]
        apart = np.linalg.norm(points[:, None, :2] - points[None, :, :2], axis=-1)
        backed = ((apart < AGREE_M) & (np.abs(speed[:, None] - speed) < AGREE)).sum(axis=1) >= 2
        row, column, inside = cells_of(spec.grid, points[:, :2])
        keep = backed & inside
        for axis in range(2):
            np.add.at(motion[axis], (row[keep], column[keep]), (speed * ray[:, axis])[keep])
        np.add.at(count, (row[keep], column[keep]), 1)
    return motion / np.maximum(count, 1), (count > 0).astype(np.float32)


def moving(frame: SensorFrame, spec: ModelSpec) -> np.ndarray:
    """``radar_motion`` as rows of x y vx vy on (MAX_MOVING, 5): positions of cells in metres, 1 where a row is used."""
    motion, known = radar_motion(frame, spec)
    out = np.zeros((MAX_MOVING, 5), np.float32)
    row, column = (index[:MAX_MOVING] for index in np.nonzero(known))
    ys, xs = cell_centers(spec.grid)
    out[: len(row)] = np.column_stack([xs[column], ys[row], motion[:, row, column].T, np.ones(len(row))])
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


def _points_in_base(clouds: tuple[PosedCloud, ...]) -> np.ndarray:
    parts = [transform(posed.T_base_sensor, posed.cloud.xyz) for posed in clouds]
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

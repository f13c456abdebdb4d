# SPDX-License-Identifier: Apache-2.0
"""Occupancy from accumulated LiDAR in worlds of closed form: boxes and walls on flat ground."""

import time

import numpy as np
import pytest

pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cells_of, se2, se3
from mm_nav.core.types import Odometry, PointCloud, PosedCloud, SensorFrame
from mm_nav.train.accumulate import Surroundings
from mm_nav.train.sweep import ground_plane, own_cells, sweep
from mm_nav.train.track import Track

GRID = BevGrid()
TENTH = 100_000_000
Box = tuple[float, float, float, float, float, float]  # x0 x1 y0 y1 z0 z1


def scan(eye: np.ndarray, boxes: list[Box], elevations: np.ndarray, columns: int = 720) -> np.ndarray:
    """Returns (N, 3) of rays from ``eye`` on boxes and on the ground at z = 0, in the world."""
    azimuth = np.linspace(-np.pi, np.pi, columns, endpoint=False)
    e, a = np.meshgrid(elevations, azimuth, indexing="ij")
    ray = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], -1).reshape(-1, 3)
    far = np.where(ray[:, 2] < -1e-3, -eye[2] / np.minimum(ray[:, 2], -1e-3), np.inf)
    for box in boxes:
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack([(np.array(box[0::2]) - eye) / ray, (np.array(box[1::2]) - eye) / ray])
        near, last = ends.min(axis=0).max(axis=1), ends.max(axis=0).min(axis=1)
        far = np.where((near < last) & (near > 0), np.minimum(far, near), far)
    kept = far < 25
    return np.asarray(eye + ray[kept] * far[kept, None])


def posed(points_base: np.ndarray, stamp_ns: int, z: float = 1.0) -> PosedCloud:
    n = len(points_base)
    xyz = (points_base - [0, 0, z]).astype(np.float32)
    cloud = PointCloud(stamp_ns=stamp_ns, frame_id="lidar", xyz=xyz, intensity=np.zeros(n, np.float32), velocity=np.full(n, np.nan, np.float32))
    return PosedCloud(name="lidar", cloud=cloud, T_base_sensor=se3((0, 0, z)))


def odometry(stamp_ns: int, x: float, speed: float = 0.5) -> Odometry:
    return Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(x, 0, 0),
                    linear=np.array([speed, 0, 0]), angular=np.zeros(3))  # fmt: skip


def drive(boxes_at: object, steps: int = 50, elevations: np.ndarray | None = None, speed: float = 0.5) -> tuple[list[SensorFrame], dict[int, Odometry]]:
    """Straight ahead along x; ``boxes_at(seconds)`` gives the world."""
    elevations = np.deg2rad(np.linspace(-24, 4, 16)) if elevations is None else elevations
    frames, path = [], {}
    for i in range(steps):
        stamp, x = (i + 1) * TENTH, speed * 0.1 * i
        path[stamp] = odometry(stamp, x, speed)
        points = scan(np.array([x, 0, 1.0]), boxes_at(i * 0.1), elevations) - [x, 0, 0]  # type: ignore[operator]
        frames.append(SensorFrame(stamp_ns=stamp, lidars=(posed(points, stamp),)))
    return frames, path


def at(cells: np.ndarray, x: float, y: float) -> int:
    row, column, _ = cells_of(GRID, np.array([[x, y]]))
    return int(cells[row[0], column[0]])


def test_a_box_is_occupied_in_front_free_before_it_and_unknown_inside() -> None:
    frames, path = drive(lambda _: [(5.0, 6.0, -0.5, 0.5, 0.0, 1.5)])
    cells = Surroundings(frames, Track.of(path), GRID).at(frames[20])  # at x = 1
    assert cells.dtype == np.int8
    assert cells.shape == (96, 96)
    assert at(cells, 4.1, 0.1) == 1
    assert at(cells, 3.5, 0.1) == 0
    assert at(cells, 4.6, 0.1) == -1
    assert at(cells, 1.0, 2.0) == 0


def test_many_clouds_know_more_than_one() -> None:
    frames, path = drive(lambda _: [(5.0, 6.0, -0.5, 0.5, 0.0, 1.5)], elevations=np.deg2rad(np.linspace(-24, 4, 8)))
    many = Surroundings(frames, Track.of(path), GRID).at(frames[20])
    alone = Surroundings(frames[20:21], Track.of(path), GRID).at(frames[20])
    assert (many >= 0).sum() > 1.3 * (alone >= 0).sum()


def test_a_ray_over_a_low_box_does_not_clear_it() -> None:
    low_box = [(3.0, 3.6, -0.6, 0.6, 0.0, 0.35)]
    high = np.deg2rad(np.linspace(-8, 4, 8))
    frames, path = drive(lambda _: low_box, steps=30)
    for i in range(15, 30):  # later the sensor looks over it only
        x = 0.05 * i
        points = scan(np.array([x, 0, 1.0]), low_box, high) - [x, 0, 0]
        frames[i] = SensorFrame(stamp_ns=frames[i].stamp_ns, lidars=(posed(points, frames[i].stamp_ns),))
    cells = Surroundings(frames, Track.of(path), GRID).at(frames[12])
    assert at(cells, 3.05 - 0.6, 0.1) == 1


def test_what_passes_is_where_it_is_now_and_leaves_no_trail() -> None:
    """Someone crosses at 1 m/s, 4 m ahead."""
    frames, path = drive(lambda t: [(4.0, 4.4, t - 2.7, t - 2.3, 0.0, 1.7)], speed=0.0, elevations=np.deg2rad(np.linspace(-24, 4, 32)))
    cells = Surroundings(frames, Track.of(path), GRID).at(frames[25])
    assert (cells[46:50, 52:53] == 1).any()
    trail = cells[:, 51:55]
    assert not (trail[38:43] == 1).any()
    assert not (trail[53:58] == 1).any()


def test_under_a_car_nothing_is_free() -> None:
    """Rays pass below a body 0.25 m above ground."""
    frames, path = drive(lambda _: [(4.0, 7.0, -1.0, 1.0, 0.25, 1.4)])
    cells = Surroundings(frames, Track.of(path), GRID).at(frames[20])
    assert not (cells[46:50, 55:62] == 0).any()


def test_the_robots_own_body_is_no_obstacle() -> None:
    frames, path = drive(lambda _: [(9.0, 9.5, -2.0, 2.0, 0.0, 1.5)], steps=80)
    mast = np.array([[-0.6, y, z] for y in (-0.3, -0.28, 0.3) for z in (0.5, 0.7, 0.9)])
    lift = np.array([0, 0, 1.0])
    seen = [np.concatenate([f.lidars[0].cloud.xyz + lift, mast]) for f in frames]
    frames = [SensorFrame(stamp_ns=f.stamp_ns, lidars=(posed(xyz, f.stamp_ns),)) for f, xyz in zip(frames, seen, strict=True)]
    surroundings = Surroundings(frames, Track.of(path), GRID)
    assert at(surroundings.at(frames[40]), -0.6, -0.3) != 1
    assert own_cells([f.lidars[0] for f in frames]).sum() < 60


def test_without_odometry_a_frame_still_has_its_own_view() -> None:
    frames, _ = drive(lambda _: [(3.08, 4.0, -0.5, 0.5, 0.0, 1.5)], steps=3)
    cells = Surroundings(frames, Track.of({}), GRID).at(frames[1])
    assert at(cells, 3.1, 0.1) == 1
    assert (cells == 0).sum() > 100


def test_clouds_from_before_a_jump_are_left_out() -> None:
    frames, path = drive(lambda _: [(5.0, 6.0, -0.5, 0.5, 0.0, 1.5)])
    moved = {s: odometry(s, o.T_odom_base[0, 3] + 3.0 * (s > 25 * TENTH)) for s, o in path.items()}
    track = Track.of(moved)
    assert track.stretch[-1] == 1
    cells = Surroundings(frames, track, GRID).at(frames[20])
    assert at(cells, 4.1, 0.1) == 1
    assert at(cells, 7.1, 0.1) != 1


def test_a_level_scanner_marks_what_it_hits_and_clears_the_way() -> None:
    box: list[Box] = [(3.0, 3.5, -0.5, 0.5, 0.0, 1.0)]
    points = scan(np.array([0, 0, 0.3]), box, np.zeros(1))
    frame = SensorFrame(stamp_ns=TENTH, lidars=(posed(points, TENTH, z=0.3),))
    cells = Surroundings([frame], Track.of({}), GRID).at(frame)
    assert at(cells, 3.05, 0.1) == 1
    assert at(cells, 1.5, 0.1) == 0
    assert at(cells, 0.1, 4.0) == -1  # no return there: nothing is known


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.zeros((1, 3)), np.full((5, 3), 2.0)])
def test_hardly_any_return_is_no_trouble(points: np.ndarray) -> None:
    frame = SensorFrame(stamp_ns=TENTH, lidars=(posed(points, TENTH),))
    assert Surroundings([frame], Track.of({}), GRID).at(frame).shape == (96, 96)
    assert Surroundings([], Track.of({}), GRID).at(SensorFrame(stamp_ns=0)).shape == (96, 96)


def test_tilted_ground_is_no_obstacle() -> None:
    points = scan(np.array([0, 0, 1.0]), [], np.deg2rad(np.linspace(-30, -4, 32)))
    points[:, 2] += 0.02 * points[:, 0] + 0.05
    np.testing.assert_allclose(ground_plane(points.astype(np.float32)), [0.02, 0, 0.05], atol=0.01)
    assert len(sweep(posed(points, 0), 16.0).hits) == 0


def test_a_frame_of_thirty_thousand_points_takes_less_than_its_share() -> None:
    frames, path = drive(lambda _: [(5.0, 6.0, -0.5, 0.5, 0.0, 1.5)], steps=30, elevations=np.deg2rad(np.linspace(-24, 4, 48)))
    assert len(frames[0].lidars[0].cloud.xyz) > 25_000
    surroundings = Surroundings(frames, Track.of(path), GRID)
    surroundings.at(frames[0])
    start = time.process_time()
    for frame in frames[1:20]:
        surroundings.at(frame)
    assert (time.process_time() - start) / 19 < 0.12  # 60 ms are wished; slow and busy machines run tests too

# SPDX-License-Identifier: Apache-2.0
"""Scans that were taken while driving and turning become what they were at one instant."""

import time
from dataclasses import replace

import numpy as np
import pytest

from mm_nav.core.deskew import at_instant, motion
from mm_nav.core.frames import TransformTree
from mm_nav.core.geometry import se2, se3, transform
from mm_nav.core.sync import SourceSpec, Synchronizer
from mm_nav.core.types import Odometry, PointCloud, PosedCloud, SensorFrame

START = 5_000_000_000
MOUNT = se3((0.4, -0.2, 0.7), (0.05, -0.1, 0.8))


def odometry(speed: float, turn: float, stamp_ns: int = START) -> Odometry:
    return Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=np.eye(4),
                    linear=np.array([speed, 0.0, 0.0]), angular=np.array([0.0, 0.0, turn]))  # fmt: skip


def driven(speed: float, turn: float, seconds: float) -> np.ndarray:
    """Pose after an arc, integrated in ten thousand small steps."""
    x = y = heading = 0.0
    dt = seconds / 10_000
    for _ in range(10_000):
        x, y, heading = x + speed * np.cos(heading + turn * dt / 2) * dt, y + speed * np.sin(heading + turn * dt / 2) * dt, heading + turn * dt
    return se2(x, y, heading)


def cloud(xyz: np.ndarray, stamp_ns: int = START, times: np.ndarray | None = None) -> PointCloud:
    n = len(xyz)
    return PointCloud(stamp_ns=stamp_ns, frame_id="lidar", xyz=xyz.astype(np.float32), intensity=np.zeros(n, np.float32),
                      velocity=np.full(n, np.nan, np.float32), time_s=None if times is None else times.astype(np.float32))  # fmt: skip


def sweep(speed: float, turn: float, late_s: float, times: np.ndarray) -> tuple[PosedCloud, np.ndarray]:
    """A wall as a spinning LiDAR sees it from a moving robot, one point at a time; and where it stands at START."""
    wall = np.column_stack([np.full(len(times), 8.0), np.linspace(-6, 6, len(times)), np.full(len(times), 1.0)])
    seen = [np.linalg.inv(driven(speed, turn, late_s + t) @ MOUNT) @ [*p, 1.0] for p, t in zip(wall, times, strict=True)]
    posed = PosedCloud(name="lidar", cloud=cloud(np.array(seen)[:, :3], START + round(late_s * 1e9), times), T_base_sensor=MOUNT)
    return posed, wall


@pytest.mark.parametrize(("speed", "turn", "late_s"), [(0.0, 1.0, 0.0), (3.0, 1.0, 0.05), (10.0, -0.4, -0.08)])
def test_a_wall_that_was_scanned_while_turning_is_straight(speed: float, turn: float, late_s: float) -> None:
    times = np.linspace(-0.05, 0.05, 200)
    posed, wall = sweep(speed, turn, late_s, times)
    moved = at_instant(posed, odometry(speed, turn), START)
    placed = transform(moved.T_base_sensor, moved.cloud.xyz)
    np.testing.assert_allclose(placed, wall, atol=2e-3)
    assert np.abs(transform(MOUNT, posed.cloud.xyz) - wall).max() > 0.2
    assert moved.cloud.time_s is None


def test_a_scan_of_another_moment_is_moved_whole_by_its_mounting() -> None:
    posed = PosedCloud(name="rear", cloud=cloud(np.array([[4.0, 1.0, 0.0]]), START + 40_000_000), T_base_sensor=MOUNT)
    moved = at_instant(posed, odometry(2.0, 0.5), START)
    assert moved.cloud.xyz is posed.cloud.xyz
    assert moved.cloud.stamp_ns == START
    np.testing.assert_allclose(moved.T_base_sensor, driven(2.0, 0.5, 0.04) @ MOUNT, atol=1e-6)


@pytest.mark.parametrize(
    ("late_ns", "twist"), [(0, odometry(3.0, 1.0)), (40_000_000, None), (40_000_000, odometry(0.0, 0.0)), (3_000_000_000, odometry(3.0, 1.0))],
    ids=["same instant", "no odometry", "standing still", "too far apart"],
)  # fmt: skip
def test_where_nothing_is_to_be_moved_the_cloud_is_what_it_was(late_ns: int, twist: Odometry | None) -> None:
    posed = PosedCloud(name="lidar", cloud=cloud(np.ones((3, 3)), START + late_ns), T_base_sensor=MOUNT)
    assert at_instant(posed, twist, START) is posed


def test_motion_in_all_axes_is_the_product_of_many_small_ones() -> None:
    twist = replace(odometry(0, 0), linear=np.array([1.0, -0.5, 0.2]), angular=np.array([0.3, -0.7, 1.1]))
    small = np.eye(4)
    for _ in range(1000):
        small = small @ motion(twist, 0.0005)
    np.testing.assert_allclose(motion(twist, 0.5), small, atol=1e-9)


def test_two_scans_that_are_not_synchronised_agree_in_an_instant() -> None:
    """Both see a pole at (5, 1) while the robot drives at 2 m/s; the second 50 ms later."""
    tree = TransformTree()
    for frame in ("front", "rear"):
        tree.set("base_link", frame, np.eye(4))
    sync = Synchronizer([SourceSpec("front", "lidar"), SourceSpec("rear", "lidar"), SourceSpec("odom", "odometry")], slop_ns=60_000_000,
                        window_ns=120_000_000, tree=tree)  # fmt: skip
    sync.push("odom", odometry(2.0, 0.0))
    sync.push("front", replace(cloud(np.array([[5.0, 1.0, 0.5]])), frame_id="front"))
    sync.push("rear", replace(cloud(np.array([[4.9, 1.0, 0.5]]), START + 50_000_000), frame_id="rear"))
    frame = sync.flush()
    assert frame is not None
    front, rear = (transform(p.T_base_sensor, p.cloud.xyz) for p in frame.lidars)
    np.testing.assert_allclose(front, rear, atol=1e-5)


@pytest.mark.parametrize(("sweeps", "held"), [(1, 1), (3, 3), (9, 4)])
def test_earlier_sweeps_of_a_radar_are_moved_to_the_instant(sweeps: int, held: int) -> None:
    """A pole at (5, 1) in the odometry's frame, seen four times while the robot drives at 2 m/s."""
    frame = _swept(sweeps, drives=True)
    assert len(frame.radars) == held
    for posed in frame.radars:
        np.testing.assert_allclose(transform(posed.T_base_sensor, posed.cloud.xyz), [[5.0 - 2.0 * 0.15, 1.0, 0.5]], atol=1e-5)


def test_without_odometry_only_the_newest_sweep_is_held() -> None:
    assert len(_swept(3, drives=False).radars) == 1


def _swept(sweeps: int, *, drives: bool) -> SensorFrame:
    tree = TransformTree()
    tree.set("base_link", "radar", np.eye(4))
    specs = [SourceSpec("radar", "radar"), SourceSpec("odom", "odometry")]
    sync = Synchronizer(specs, slop_ns=60_000_000, window_ns=120_000_000, tree=tree, radar_sweeps=sweeps)
    frames = []
    for k in range(4):
        stamp_ns = START + k * 50_000_000
        if drives:
            sync.push("odom", odometry(2.0, 0.0, stamp_ns))
        sync.push("radar", replace(cloud(np.array([[5.0 - 0.1 * k, 1.0, 0.5]]), stamp_ns), frame_id="radar"))
        while (frame := sync.pop()) is not None:
            frames.append(frame)
    while (frame := sync.flush()) is not None:
        frames.append(frame)
    return frames[-1]


def test_a_hundred_thousand_points_take_a_few_milliseconds() -> None:
    rng = np.random.default_rng(0)
    posed = PosedCloud(name="lidar", cloud=cloud(rng.uniform(-40, 40, (100_000, 3)), START, rng.uniform(0, 0.1, 100_000)), T_base_sensor=MOUNT)
    at_instant(posed, odometry(3.0, 1.0), START)
    best = min(_timed(posed) for _ in range(5))
    assert best < 0.02, f"{1e3 * best:.1f} ms"


def _timed(posed: PosedCloud) -> float:
    start = time.perf_counter()
    at_instant(posed, odometry(3.0, 1.0), START)
    return time.perf_counter() - start

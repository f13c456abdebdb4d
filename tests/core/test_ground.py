# SPDX-License-Identifier: Apache-2.0
"""Ramps are ground, things on them and on flat floors are not, and on flat floors nothing is touched."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se3, transform
from mm_nav.core.ground import levelled
from mm_nav.core.pillars import OBSTACLE_Z
from mm_nav.core.types import PointCloud, PosedCloud
from mm_nav.train.dataset import frames

HEIGHT = 1.6  # of the LiDAR
Terrain = Callable[[np.ndarray, np.ndarray], np.ndarray]


def flat(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.zeros_like(x)


def ramp(degrees: float, start: float = 2.0) -> Terrain:
    return lambda x, y: np.tan(np.deg2rad(degrees)) * np.maximum(x - start, 0.0)


def crest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Eight degrees up for five metres, then down again."""
    return np.tan(np.deg2rad(8)) * (np.clip(x - 2, 0, 5) - np.clip(x - 7, 0, None))


def with_box(terrain: Terrain, center: tuple[float, float], size: float, tall: float) -> Terrain:
    def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        inside = (np.abs(x - center[0]) < size / 2) & (np.abs(y - center[1]) < size / 2)
        return terrain(x, y) + tall * inside

    return height


def scan(terrain: Terrain, seed: int = 0) -> PosedCloud:
    """A 32-beam LiDAR over a terrain: rays are marched in steps of 3 cm, with 1 cm of noise."""
    azimuth, elevation = (a.ravel() for a in np.meshgrid(np.deg2rad(np.arange(-180, 180, 0.7)), np.deg2rad(np.linspace(-28, 8, 32))))
    rays = np.stack([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=1)
    away, open_ = np.full(len(rays), np.nan), np.ones(len(rays), bool)
    for r in np.arange(0.5, 25.0, 0.03):
        at = np.flatnonzero(open_)
        p = rays[at] * r
        under = HEIGHT + p[:, 2] <= terrain(p[:, 0], p[:, 1])
        away[at[under]], open_[at[under]] = r, False
    hit = np.isfinite(away)
    xyz = rays[hit] * (away[hit] + np.random.default_rng(seed).normal(0, 0.01, hit.sum()))[:, None]
    n = len(xyz)
    cloud = PointCloud(stamp_ns=1, frame_id="lidar", xyz=xyz.astype(np.float32), intensity=np.ones(n, np.float32), velocity=np.full(n, np.nan, np.float32))
    return PosedCloud(name="lidar", cloud=cloud, T_base_sensor=se3((0.0, 0.0, HEIGHT)))


def heights(posed: PosedCloud) -> tuple[np.ndarray, np.ndarray]:
    """Points in base_link as they are, and their heights after levelling."""
    (after,) = levelled((posed,))
    return transform(posed.T_base_sensor, posed.cloud.xyz), transform(after.T_base_sensor, after.cloud.xyz)[:, 2]


@pytest.mark.parametrize("terrain", [ramp(10), ramp(-10), ramp(6, 4.0), crest], ids=["up", "down", "gentle", "crest"])
def test_sloped_ground_is_no_obstacle(terrain: Terrain) -> None:
    before, after = heights(scan(terrain))
    near = np.hypot(before[:, 0], before[:, 1]) < 9.0
    tilted = near & (np.abs(terrain(before[:, 0], before[:, 1])) > 0.2)
    assert tilted.sum() > 200
    assert np.abs(after[tilted]).mean() < 0.3 * np.abs(before[tilted, 2]).mean()
    assert (np.abs(after[tilted]) < OBSTACLE_Z).mean() > 0.9


@pytest.mark.parametrize("terrain", [ramp(10), ramp(-8), ramp(6, 4.0)], ids=["up", "down", "gentle"])
def test_a_box_on_a_slope_is_an_obstacle(terrain: Terrain) -> None:
    before, after = heights(scan(with_box(terrain, (6.0, 0.5), 0.8, 0.7)))
    own = (np.abs(before[:, 0] - 6.0) < 0.45) & (np.abs(before[:, 1] - 0.5) < 0.45)
    raised = own & (before[:, 2] - terrain(before[:, 0], before[:, 1]) > 0.3)
    assert raised.sum() > 15
    assert (after[raised] > OBSTACLE_Z).mean() > 0.95


@pytest.mark.parametrize(
    "terrain",
    [flat, with_box(flat, (5.0, 0.0), 3.0, 0.2), with_box(flat, (4.0, 1.0), 0.6, 0.5), with_box(flat, (6.0, 0.0), 0.5, 1.7),
     with_box(flat, (9.0, 0.0), 8.0, 2.4)],
    ids=["nothing", "a low step", "a box", "a person", "a building"],
)  # fmt: skip
def test_on_a_flat_floor_nothing_is_touched(terrain: Terrain) -> None:
    clouds = (scan(terrain),)
    assert levelled(clouds) is clouds


def test_a_planar_scan_and_a_few_points_tell_nothing() -> None:
    angle = np.linspace(-3, 3, 700)
    scanner = scan(flat)
    for xyz in (np.column_stack([4 * np.cos(angle), 4 * np.sin(angle), np.zeros(700)]), np.ones((3, 3)), np.zeros((0, 3))):
        n = len(xyz)
        cloud = PointCloud(stamp_ns=1, frame_id="scan", xyz=xyz.astype(np.float32), intensity=np.zeros(n, np.float32), velocity=np.full(n, np.nan, np.float32))
        clouds = (PosedCloud(name="scan", cloud=cloud, T_base_sensor=scanner.T_base_sensor),)
        assert levelled(clouds) is clouds
    assert levelled(()) == ()


def test_a_real_road_that_falls_away_is_free_and_real_boxes_stay(real_data: Path) -> None:
    before, after = [], []
    for frame in frames(real_data / "radiate_foggy" / "bag", ModelSpec())[::4]:
        (changed,) = levelled(frame.lidars)
        points = transform(frame.lidars[0].T_base_sensor, frame.lidars[0].cloud.xyz)
        road = (points[:, 0] > 3) & (points[:, 0] < 12.8) & (np.abs(points[:, 1]) < 2) & (points[:, 2] < 1.0)
        before.append((points[road, 2] >= OBSTACLE_Z).mean())
        after.append((transform(changed.T_base_sensor, changed.cloud.xyz)[road, 2] >= OBSTACLE_Z).mean())
    print(f"road returns taken for obstacles: {np.mean(before):.3f} before, {np.mean(after):.3f} after")
    assert np.mean(before) > 0.02
    assert np.mean(after) < 0.2 * np.mean(before)


def test_a_large_scan_takes_a_few_milliseconds() -> None:
    rng = np.random.default_rng(0)
    xyz = np.column_stack([rng.uniform(-30, 30, (131_072, 2)), rng.normal(0, 0.02, 131_072)]).astype(np.float32)
    cloud = PointCloud(stamp_ns=1, frame_id="l", xyz=xyz, intensity=np.ones(len(xyz), np.float32), velocity=np.full(len(xyz), np.nan, np.float32))
    clouds = (PosedCloud(name="l", cloud=cloud, T_base_sensor=np.eye(4)),)
    spent = []
    for _ in range(6):
        start = time.perf_counter()
        levelled(clouds)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.03, f"{1e3 * min(spent):.1f} ms"

# SPDX-License-Identifier: Apache-2.0
"""Pillars are what earlier bundles were trained on, and results stay the caller's own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.geometry import se3
from mm_nav.core.pillars import LOGGED, PillarMemory, lidar_bev, pillars
from mm_nav.core.types import PointCloud, PosedCloud
from mm_nav.sim.simulation import SimConfig, Simulation
from mm_nav.train.dataset import frames
from tests.core.former_pillars import former_lidar_bev

GRID = BevGrid()
ODD = BevGrid(x_min=-3.0, y_min=-7.0, cell=0.25, columns=70, rows=33)


def posed(xyz: np.ndarray, T: np.ndarray | None = None, seed: int = 0) -> PosedCloud:
    n = len(xyz)
    points = PointCloud(stamp_ns=0, frame_id="s", xyz=xyz.astype(np.float32), velocity=np.full(n, np.nan, np.float32),
                        intensity=np.random.default_rng(seed).uniform(0, 200, n).astype(np.float32))  # fmt: skip
    return PosedCloud(name="s", cloud=points, T_base_sensor=np.eye(4) if T is None else T)


def scattered(seed: int, count: int = 5000) -> PosedCloud:
    rng = np.random.default_rng(seed)
    return posed(rng.uniform([-14, -14, -1.5], [14, 14, 3], (count, 3)), se3((0.3, -0.2, 0.5), (0.02, -0.03, 0.7)), seed)


def simulated() -> Iterator[tuple[PosedCloud, ...]]:
    for seed in range(3):
        sim = Simulation(SimConfig(seed=seed, randomise=True))
        for k in range(4):
            sim.step(0.6, np.sin(k), 0.3)
            yield sim.sense().frame().lidars


def test_simulated_frames_give_what_networks_of_before_saw() -> None:
    memory = PillarMemory(GRID)
    seen = [clouds for clouds in simulated() if clouds]
    assert len(seen) > 5
    for clouds in seen:
        assert (former_lidar_bev(clouds, GRID)[0] > 0).sum() > 100
        np.testing.assert_allclose(lidar_bev(clouds, GRID, memory), former_lidar_bev(clouds, GRID), rtol=0, atol=1e-6)


@pytest.mark.parametrize("recording", ["radiate_foggy", "two_lidars", "dgp_scene_01"])
def test_real_scans_give_what_networks_of_before_saw(real_data: Path, recording: str) -> None:
    memory = PillarMemory(GRID)
    for frame in frames(real_data / recording / "bag", ModelSpec())[:40:8]:
        np.testing.assert_allclose(lidar_bev(frame.lidars, GRID, memory), former_lidar_bev(frame.lidars, GRID), rtol=0, atol=1e-6)


@pytest.mark.parametrize("grid", [GRID, ODD])
def test_several_lidars_and_odd_grids_add_up_as_before(grid: BevGrid) -> None:
    for clouds in ((scattered(0),), (scattered(1), scattered(2)), (), (posed(np.zeros((0, 3))),), (scattered(3, 1), scattered(4, 513))):
        np.testing.assert_allclose(lidar_bev(clouds, grid), former_lidar_bev(clouds, grid), rtol=0, atol=1e-6)


def test_a_cell_with_more_points_than_logarithms_are_kept_for() -> None:
    crowd = (posed(np.tile([[1.03, 0.05, 0.3]], (3 * LOGGED, 1))),)
    np.testing.assert_allclose(lidar_bev(crowd, GRID), former_lidar_bev(crowd, GRID), rtol=1e-6)
    assert lidar_bev(crowd, GRID)[0].max() == pytest.approx(np.log1p(3 * LOGGED), rel=1e-6)


def test_points_that_lie_anywhere_at_all_are_outside() -> None:
    far = posed(np.array([[1e30, 0, 0], [-1e30, 1e30, 0], [0, 3e9, 1], [np.nan, 0, 0], [0, 0, np.inf], [2.05, 0.05, 0.3]]))
    assert (pillars((far,), GRID)[0] > 0).sum() == 1


def test_a_strided_scan_is_read_as_it_is() -> None:
    whole = scattered(5)
    every = np.repeat(whole.cloud.xyz, 2, axis=0)[::2]
    assert not every.flags.c_contiguous
    strided = posed(whole.cloud.xyz, whole.T_base_sensor, 5)
    object.__setattr__(strided.cloud, "xyz", every)
    np.testing.assert_array_equal(lidar_bev((strided,), GRID), lidar_bev((whole,), GRID))


def test_a_result_is_not_touched_by_the_next_scan() -> None:
    memory = PillarMemory(GRID)
    first = lidar_bev((scattered(0),), GRID, memory)
    kept = first.copy()
    second = lidar_bev((scattered(1),), GRID, memory)
    np.testing.assert_array_equal(first, kept)
    assert not np.shares_memory(first, second)
    np.testing.assert_array_equal(second, lidar_bev((scattered(1),), GRID))


def test_memory_of_another_grid_is_left_alone() -> None:
    np.testing.assert_array_equal(lidar_bev((scattered(0),), ODD, PillarMemory(GRID)), lidar_bev((scattered(0),), ODD))


def test_every_number_of_a_given_array_is_written() -> None:
    out = np.full((9, GRID.rows, GRID.columns), np.nan, np.float32)
    np.testing.assert_array_equal(pillars((scattered(0),), GRID, None, out), pillars((scattered(0),), GRID))
    assert pillars((), GRID, None, out) is out
    assert not out.any()

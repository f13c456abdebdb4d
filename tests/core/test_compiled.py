# SPDX-License-Identifier: Apache-2.0
"""The compiled passes over the grid compute, bit for bit, what their formulas say in numpy."""

import numpy as np
import pytest

from mm_nav.core import local_map, planner
from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers
from mm_nav.core.local_map import FADE_S, MOST, OLD_SHARE, clearance
from mm_nav.core.planner import (
    COMFORT_COST,
    COMFORT_M,
    ESCAPE_COST,
    ESCAPE_M,
    KEEP_OFF_COST,
    LETHAL_MARGIN_M,
    LOYALTY,
    OCCUPIED,
    PERSON_COST,
    UNKNOWN_COST,
)

GRID = BevGrid(x_min=-4.0, y_min=-4.0, cell=0.1, columns=80, rows=80)
HERE, RADIUS_M = np.array([0.3, -0.2]), 0.3


@pytest.mark.parametrize("seed", range(5))
def test_costs_are_those_of_the_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    occupancy = rng.random((80, 80)).astype(np.float32) ** 6
    occupancy[rng.random(occupancy.shape) < 0.3] = np.nan
    keep_off = rng.random(occupancy.shape) < 0.1
    motion = (rng.normal(size=(2, 80, 80)) * (rng.random((80, 80)) < 0.1)).astype(np.float32)
    found = planner.cost_map(occupancy, GRID, HERE, RADIUS_M, motion, None, keep_off)

    known, blocked = np.isfinite(occupancy), occupancy >= OCCUPIED
    np.testing.assert_allclose(found.room, clearance(blocked, GRID.cell), atol=1e-5)  # OpenCV rounds it by where the array lies
    room, least = found.room, RADIUS_M + LETHAL_MARGIN_M
    nearness = np.clip(1 - (room - least) / COMFORT_M, 0, 1)
    cost = 1 + COMFORT_COST * nearness**2 + UNKNOWN_COST * ~known
    cost += PERSON_COST * planner._moving_soon(blocked, motion, GRID.cell) + KEEP_OFF_COST * keep_off
    ys, xs = cell_centers(GRID)
    near = np.hypot(xs[None] - HERE[0], ys[:, None] - HERE[1]) < ESCAPE_M
    wanted = np.where(room < least, np.where(near & ~blocked, ESCAPE_COST, np.inf), cost).astype(np.float32)
    np.testing.assert_array_equal(found.cost, wanted)


def test_the_last_path_is_cheaper_than_the_same_ground_without_it() -> None:
    free = np.zeros((80, 80), np.float32)
    path = np.column_stack([np.linspace(0.3, 3.0, 10), np.full(10, -0.2)])
    plain, loyal = (planner.cost_map(free, GRID, HERE, RADIUS_M, None, last).cost for last in (None, path))
    changed = loyal != plain
    assert 20 < changed.sum() < 200
    np.testing.assert_allclose(loyal[changed], plain[changed] * LOYALTY, rtol=1e-6)


def test_a_frame_is_remembered_as_the_formula_says() -> None:
    rng = np.random.default_rng(0)
    shape, dt_s = (80, 80), np.float32(0.2)
    evidence, unseen_s = (rng.normal(size=shape).astype(np.float32) * 3 for _ in range(2))
    fresh, seen = rng.normal(size=shape).astype(np.float32), (rng.random(shape) < 0.5).astype(np.uint8)
    moved, R = rng.normal(size=(*shape, 2)).astype(np.float32), rng.normal(size=(2, 2)).astype(np.float32)
    fade, motion = np.float32(np.exp(-dt_s / FADE_S)), np.empty((2, *shape), np.float32)
    wanted = np.clip(evidence * np.where(seen, np.float32(OLD_SHARE), fade) + fresh, -MOST, MOST)
    wanted_unseen = np.where(seen, np.float32(0), unseen_s + dt_s)
    local_map._remember(evidence, unseen_s, motion, fresh, seen, moved, R, dt_s, fade)
    np.testing.assert_array_equal(evidence, wanted)
    np.testing.assert_array_equal(unseen_s, wanted_unseen)
    np.testing.assert_array_equal(motion, np.stack([R[i, 0] * moved[..., 0] + R[i, 1] * moved[..., 1] for i in (0, 1)]))

# SPDX-License-Identifier: Apache-2.0
"""Distances seen from above, against sampled outlines."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.config import BevGrid
from mm_nav.sim import footprint

near = st.floats(-3, 3)


@settings(max_examples=60, deadline=None)
@given(near, near, st.floats(-3.1, 3.1), st.floats(0.1, 2), st.floats(0.1, 2), near, near)
def test_the_distance_to_a_rectangle_is_that_to_its_sampled_outline(
    x: float, y: float, yaw: float, length: float, width: float, px: float, py: float
) -> None:
    c, s = np.cos(yaw), np.sin(yaw)
    u = np.linspace(-0.5, 0.5, 401)
    ring = np.concatenate([np.stack([u * length, np.full(401, k * width / 2)], 1) for k in (-1, 1)]
                          + [np.stack([np.full(401, k * length / 2), u * width], 1) for k in (-1, 1)])  # fmt: skip
    outline = ring @ np.array([[c, s], [-s, c]]) + [x, y]
    wanted = np.hypot(*(outline - [px, py]).T).min()
    got = footprint.distance(footprint.rectangle(x, y, yaw, length, width, 1.0), px, py)
    local = np.array([[c, s], [-s, c]]) @ np.array([px - x, py - y])
    inside = abs(local[0]) < length / 2 and abs(local[1]) < width / 2
    assert abs(abs(got) - wanted) < 0.006
    assert (got < 0) == inside or wanted < 1e-6


def test_clearance_is_the_distance_to_the_nearest_solid() -> None:
    solids = np.stack([footprint.disc(0, 0, 0.5, 1), footprint.rectangle(4, 0, 0, 2, 2, 1)])
    np.testing.assert_allclose(footprint.clearance(solids, np.array([[1.0, 0], [2.9, 0], [0, 0]])), [0.5, 0.1, -0.5])
    assert np.isinf(footprint.clearance(solids[:0], np.zeros((1, 2)))[0])


def test_heights_lie_where_solids_stand_however_the_robot_is_turned() -> None:
    grid = BevGrid()
    solids = np.stack([footprint.disc(3.0, 1.0, 0.4, 0.7)])
    heights = footprint.heights_in(solids, (1.0, 1.0, np.pi / 2), grid)  # 2 m to the right
    rows, columns = np.nonzero(heights)
    assert heights.max() == np.float32(0.7)
    assert abs(grid.y_min + (rows.mean() + 0.5) * grid.cell + 2.0) < 0.11
    assert abs(grid.x_min + (columns.mean() + 0.5) * grid.cell) < 0.11


def test_a_wall_hides_what_is_behind_it_and_a_low_box_does_not() -> None:
    grid = BevGrid()
    wall = footprint.rectangle(2.0, 0.0, 0.0, 0.2, 4.0, 2.0)
    box = footprint.rectangle(-2.0, 0.0, 0.0, 0.2, 4.0, 0.3)
    seen = footprint.seen_from_origin(footprint.heights_in(np.stack([wall, box]), (0.0, 0.0, 0.0), grid), grid, 0.6)

    def cell(x: float, y: float) -> float:
        return float(seen[int((y - grid.y_min) / grid.cell), int((x - grid.x_min) / grid.cell)])

    assert (cell(1.5, 0.0), cell(2.0, 0.0), cell(4.0, 0.0), cell(-4.0, 0.0), cell(4.0, 8.0)) == (1, 1, 0, 1, 1)

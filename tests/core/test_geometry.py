# SPDX-License-Identifier: Apache-2.0
"""Rigid motions and projection against independent formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_nav.core import geometry
from mm_nav.core.config import BevGrid

angles = st.floats(-3.1, 3.1)
metres = st.floats(-50, 50)


@given(metres, metres, metres, angles, st.floats(-1.5, 1.5), angles)
def test_a_transform_times_its_inverse_is_identity(x: float, y: float, z: float, r: float, p: float, w: float) -> None:
    T = geometry.se3((x, y, z), (r, p, w))
    np.testing.assert_allclose(T @ geometry.inverse(T), np.eye(4), atol=1e-9)


@given(angles, st.floats(-1.5, 1.5), angles)
def test_a_quaternion_round_trip_keeps_the_rotation(r: float, p: float, w: float) -> None:
    T = geometry.se3((1, 2, 3), (r, p, w))
    q = geometry.to_quaternion(T)
    assert np.linalg.norm(q) == pytest.approx(1)
    np.testing.assert_allclose(geometry.from_quaternion(T[:3, 3], q), T, atol=1e-9)


def test_yaw_turns_x_towards_y() -> None:
    T = geometry.se2(1, 0, np.pi / 2)
    np.testing.assert_allclose(geometry.transform(T, np.array([[2.0, 0, 0]])), [[1, 2, 0]], atol=1e-12)
    assert geometry.yaw_of(T) == pytest.approx(np.pi / 2)


def test_projection_puts_a_point_right_and_below_where_pixels_grow() -> None:
    K = np.array([[100.0, 0, 64], [0, 100, 32], [0, 0, 1]])
    uv, depth = geometry.project(K, np.array([[1.0, 0.5, 2.0]]))
    np.testing.assert_allclose(uv, [[114, 57]])
    assert depth[0] == 2


def test_each_cell_centre_lies_in_its_own_cell() -> None:
    grid = BevGrid(columns=7, rows=5)
    ys, xs = geometry.cell_centers(grid)
    y, x = np.meshgrid(ys, xs, indexing="ij")
    row, column, inside = geometry.cells_of(grid, np.stack([x.ravel(), y.ravel()], 1))
    assert inside.all()
    np.testing.assert_array_equal(row.reshape(5, 7), np.arange(5)[:, None] * np.ones((1, 7)))
    np.testing.assert_array_equal(column.reshape(5, 7), np.ones((5, 1)) * np.arange(7))


@given(st.floats(-100, 100))
def test_a_wrapped_angle_points_the_same_way(angle: float) -> None:
    wrapped = geometry.wrap_angle(angle)
    assert -np.pi <= wrapped < np.pi
    assert np.cos(wrapped) == pytest.approx(np.cos(angle), abs=1e-9)

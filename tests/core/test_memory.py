# SPDX-License-Identifier: Apache-2.0
"""A past view comes back where it lies now, at the right age, and never across a jump."""

import cv2
import numpy as np

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import inverse, se2
from mm_nav.core.memory import OUTSIDE, ViewMemory, warp_grid
from mm_nav.core.types import Odometry, SensorFrame

SPEC = ModelSpec(memory_channels=2)
SECOND = 1_000_000_000


def frame(stamp_s: float, x: float = 0.0, y: float = 0.0, yaw: float = 0.0, *, tracked: bool = True) -> SensorFrame:
    odometry = Odometry(stamp_ns=int(stamp_s * SECOND), frame_id="odom", child_frame_id="base_link", T_odom_base=se2(x, y, yaw),
                        linear=np.zeros(3), angular=np.zeros(3))  # fmt: skip
    return SensorFrame(stamp_ns=int(stamp_s * SECOND), odometry=odometry if tracked else None)


def view(value: float) -> np.ndarray:
    return np.full(SPEC.memory_shape, value, np.float32)


def test_the_view_whose_age_is_nearest_to_the_wanted_one_comes_back() -> None:
    memory = ViewMemory(SPEC)
    for i in range(12):
        memory.keep(frame(0.2 * i), view(i))
    past = memory.recall(frame(0.2 * 12))
    assert past is not None
    assert past.memory[0, 0, 0] == 7  # 1.0 s ago


def test_too_young_and_too_old_views_are_none() -> None:
    memory = ViewMemory(SPEC)
    assert memory.recall(frame(0.0)) is None
    memory.keep(frame(0.0), view(1))
    assert memory.recall(frame(0.2)) is None
    assert memory.recall(frame(1.0)) is not None
    assert memory.recall(frame(3.0)) is None


def test_nothing_survives_lost_odometry_a_jump_back_in_time_or_a_reset() -> None:
    for spoil in (lambda m: m.keep(frame(0.5, tracked=False), view(2)), lambda m: m.keep(frame(-5.0), view(2)), ViewMemory.reset):
        memory = ViewMemory(SPEC)
        memory.keep(frame(0.0), view(1))
        spoil(memory)
        assert memory.recall(frame(1.0)) is None
    memory.keep(frame(0.0), view(1))
    assert memory.recall(frame(1.0, tracked=False)) is None
    nan = frame(1.0, x=np.nan)
    assert memory.recall(nan) is None


def test_a_mark_in_the_world_stays_where_it_is_when_the_robot_moves() -> None:
    g, (_, rows, columns) = SPEC.grid, SPEC.memory_shape
    step = (g.x_max - g.x_min) / columns
    mark, now = np.array([3.0, 1.0]), se2(1.1, -0.4, 0.5)
    past = np.zeros((rows, columns), np.float32)
    past[int((mark[1] - g.y_min) / step), int((mark[0] - g.x_min) / step)] = 1.0
    grid = warp_grid(now, SPEC)
    pixels = ((grid + 1) * [columns / 2, rows / 2] - 0.5).astype(np.float32)
    moved = cv2.remap(past, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR)
    row, column = np.unravel_index(int(moved.argmax()), moved.shape)
    here = (inverse(now) @ [*mark, 0, 1])[:2]
    np.testing.assert_allclose([g.x_min + (column + 0.5) * step, g.y_min + (row + 0.5) * step], here, atol=0.75 * step)
    behind = warp_grid(se2(9.0, 0.0, 0.0), SPEC)
    assert (behind[:, -1] == OUTSIDE).all()


def test_a_network_without_memory_keeps_nothing() -> None:
    memory = ViewMemory(ModelSpec())
    memory.keep(frame(0.0), np.zeros((0, 48, 48), np.float32))
    assert memory.recall(frame(1.0)) is None

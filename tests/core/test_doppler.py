# SPDX-License-Identifier: Apache-2.0
"""How fast a radar moves, by what stands still around it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.doppler import own_velocity


def scan(velocity: tuple[float, float], moving: int, seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Returns all around of which ``moving`` belong to things that drive."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-1.2, 1.2, count)
    xyz = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(count)]) * rng.uniform(2, 30, (count, 1))
    speed = -(xyz[:, :2] / np.linalg.norm(xyz, axis=1, keepdims=True)) @ velocity + rng.normal(0, 0.05, count)
    speed[:moving] += rng.uniform(1.5, 6, moving)
    return xyz.astype(np.float32), speed.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(0, 20), st.integers(0, 999))
def test_own_velocity_is_found_among_things_that_drive(vx: float, vy: float, moving: int, seed: int) -> None:
    found = own_velocity(*scan((vx, vy), moving, seed))
    assert found is not None
    np.testing.assert_allclose(found[0], (vx, vy), atol=0.3)
    assert not found[1][:moving].any()
    assert found[1][moving:].mean() > 0.9


def test_too_few_returns_or_no_doppler_say_nothing() -> None:
    xyz, speed = scan((1.0, 0.0), 0, 0)
    assert own_velocity(xyz[:5], speed[:5]) is None
    assert own_velocity(xyz, np.full_like(speed, np.nan)) is None
    assert own_velocity(xyz, np.random.default_rng(1).uniform(-40, 40, len(xyz)).astype(np.float32)) is None


def test_returns_without_speed_are_left_out() -> None:
    xyz, speed = scan((3.0, -1.0), 0, 4)
    speed[::3] = np.nan
    found = own_velocity(xyz, speed)
    assert found is not None
    assert found[0] == pytest.approx([3.0, -1.0], abs=0.1)
    assert not found[1][::3].any()

# SPDX-License-Identifier: Apache-2.0
"""How fast a radar moves, by what stands still around it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.config import BevGrid
from mm_nav.core.doppler import moving, over_ground, own_motion, own_velocity
from mm_nav.core.geometry import se3
from mm_nav.core.preprocess import radar_bev
from mm_nav.core.types import Odometry, PointCloud, PosedCloud


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


MOUNT = se3((1.5, 0.4, 0.5), (0.0, 0.0, 0.9))
TWIST = Odometry(stamp_ns=1, frame_id="odom", child_frame_id="base_link", T_odom_base=np.eye(4), linear=np.array([4.0, 0.0, 0.0]),
                 angular=np.array([0.0, 0.0, 0.5]))  # fmt: skip


def seen_from_a_turning_robot(seed: int = 0) -> tuple[PosedCloud, np.ndarray]:
    """Standing things and ten that drive away at 3 m/s, as range rates: derivatives of distances, by small differences."""
    rng = np.random.default_rng(seed)
    world = np.column_stack([rng.uniform(3, 25, 80), rng.uniform(-15, 15, 80), np.full(80, 0.5)])
    away = np.zeros(80)
    away[:10] = 3.0
    dt = 1e-5

    def radar_at(t: float) -> np.ndarray:
        heading = 0.5 * t
        base = se3((4.0 * t, 0.0, 0.0), (0.0, 0.0, heading))
        return base @ MOUNT

    local = (np.linalg.inv(radar_at(0.0)) @ np.column_stack([world, np.ones(80)]).T).T[:, :3]
    rays = (world - radar_at(0.0)[:3, 3]) / np.linalg.norm(world - radar_at(0.0)[:3, 3], axis=1, keepdims=True)
    later = np.linalg.norm(world + rays * (away * dt)[:, None] - radar_at(dt)[:3, 3], axis=1)
    rate = (later - np.linalg.norm(local, axis=1)) / dt
    cloud = PointCloud(stamp_ns=1, frame_id="radar", xyz=local.astype(np.float32), intensity=np.zeros(80, np.float32), velocity=rate.astype(np.float32))
    return PosedCloud(name="radar", cloud=cloud, T_base_sensor=MOUNT), away


@pytest.mark.parametrize("odometry", [TWIST, None], ids=["by odometry", "by what stands still"])
def test_speeds_over_ground_are_those_of_the_things(odometry: Odometry | None) -> None:
    posed, away = seen_from_a_turning_robot()
    np.testing.assert_allclose(over_ground(posed, odometry), away, atol=0.03)
    np.testing.assert_array_equal(moving(posed, odometry), away > 0)


def test_the_network_sees_the_same_with_and_without_odometry_where_most_returns_stand() -> None:
    posed, _ = seen_from_a_turning_robot()
    np.testing.assert_allclose(radar_bev((posed,), None, BevGrid()), radar_bev((posed,), TWIST, BevGrid()), atol=0.03)


def test_a_few_returns_do_not_replace_odometry() -> None:
    posed, _ = seen_from_a_turning_robot()
    few = PointCloud(stamp_ns=1, frame_id="radar", xyz=posed.cloud.xyz[12:20], intensity=posed.cloud.intensity[12:20], velocity=posed.cloud.velocity[12:20])
    lonely = PosedCloud(name="radar", cloud=few, T_base_sensor=MOUNT)
    assert own_motion(lonely, None) is None
    assert np.isnan(over_ground(lonely, None)).all()
    assert not moving(lonely, None).any()
    assert own_motion(lonely, TWIST) is not None


def test_a_real_cars_radar_sees_mostly_what_stands_still(real_data: Path) -> None:
    """288 of 308 returns of the ARS548 fit one velocity within 0.2 m/s, by the recording's own check."""
    with BagReader(real_data / "nebula_radar" / "derived_points") as reader:
        _, tree = sources(reader)
        cloud = next(r for name, r, _ in readings(reader) if name == "radar/front_center")
    posed = PosedCloud(name="radar", cloud=cloud, T_base_sensor=tree.lookup("base_link", cloud.frame_id))
    own = own_motion(posed, None)
    assert own is not None
    np.testing.assert_allclose(own[:2], [6.18, -0.03], atol=0.1)
    assert (~moving(posed, None)).sum() == pytest.approx(290, abs=8)

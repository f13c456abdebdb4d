# SPDX-License-Identifier: Apache-2.0
"""Kinematics against closed forms."""

import numpy as np
import pytest

from mm_nav.errors import ConfigError
from mm_nav.sim.footprint import disc
from mm_nav.sim.robot import Ackermann, DiffDrive, make_robot
from mm_nav.sim.sensors import WheelOdometry


def test_a_diff_drive_at_constant_speed_and_yaw_rate_drives_a_circle() -> None:
    robot = DiffDrive(x=0.0, y=0.0, yaw=0.0, v=0.5, w=0.5)
    for _ in range(100):
        robot.step(0.5, 0.5, np.pi / 100 / 0.5)
    np.testing.assert_allclose([robot.x, robot.y, robot.yaw], [0.0, 2.0, np.pi], atol=1e-9)


def test_a_diff_drive_speeds_up_no_faster_than_its_limits() -> None:
    robot = DiffDrive(x=0.0, y=0.0, yaw=0.0)
    robot.step(9.0, 9.0, 0.1)
    assert (robot.v, robot.w) == pytest.approx((0.12, 0.4))
    for _ in range(50):
        robot.step(9.0, 9.0, 0.1)
    assert (robot.v, robot.w) == (robot.max_speed, robot.max_yaw_rate)


def test_a_car_cannot_turn_on_the_spot() -> None:
    car = Ackermann(x=1.0, y=2.0, yaw=0.3)
    for _ in range(20):
        car.step(0.0, 1.0, 0.1)
    np.testing.assert_allclose([car.x, car.y, car.yaw], [1.0, 2.0, 0.3], atol=1e-12)


def test_the_rear_axle_of_a_car_in_full_lock_keeps_to_its_turning_circle() -> None:
    car = Ackermann(x=0.3, y=0.0, yaw=0.0, v=0.5, steer=0.6)
    radius = car.wheelbase / np.tan(car.max_steer)
    for _ in range(60):
        car.step(0.5, 5.0, 0.05)
        rear = np.array([car.x - car.axle * np.cos(car.yaw), car.y - car.axle * np.sin(car.yaw)])
        assert np.hypot(rear[0], rear[1] - radius) == pytest.approx(radius)


@pytest.mark.parametrize("kind", ["diff", "ackermann"])
def test_wheels_that_count_without_error_know_exactly_where_the_robot_is(kind: str) -> None:
    robot = make_robot(kind, (0.0, 0.0, 0.0))
    wheels = WheelOdometry(0.0, np.random.default_rng(0), robot.axle)
    before = robot.pose()
    for k in range(80):
        robot.step(0.6, np.sin(k / 9), 0.05)
        wheels.step(robot.v, robot.w, 0.05)
        if k == 78:
            before = robot.pose()
    reading = wheels.reading(5)
    np.testing.assert_allclose(reading.T_odom_base, robot.pose(), atol=1e-9)
    moved = (robot.pose()[:3, 3] - before[:3, 3]) / 0.05
    np.testing.assert_allclose(robot.pose()[:3, :3] @ reading.linear, moved, atol=0.03)


def test_bodies_touch_what_reaches_under_them_and_nothing_else() -> None:
    round_, car = DiffDrive(x=0.0, y=0.0, yaw=0.0), Ackermann(x=0.0, y=0.0, yaw=np.pi / 2)
    assert round_.touches(np.stack([disc(0.4, 0.0, 0.11, 1.0)]))
    assert not round_.touches(np.stack([disc(0.42, 0.0, 0.11, 1.0)]))
    assert car.touches(np.stack([disc(0.0, 0.5, 0.06, 1.0)]))  # its nose, since it looks along y
    assert not car.touches(np.stack([disc(0.35, 0.0, 0.06, 1.0)]))
    assert car.touches(np.stack([disc(0.1, 0.2, 0.01, 1.0)]))  # small and wholly under the body


def test_an_unknown_robot_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'tank' is unknown; use diff or ackermann"):
        make_robot("tank", (0.0, 0.0, 0.0))

# SPDX-License-Identifier: Apache-2.0
"""The follower stands when it cannot know where it is, or when what it hears is old whatever the arrival time says."""

import contextlib
from types import SimpleNamespace as Message

import numpy as np
import pytest

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.mission import Mission
from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import Command, FusionOutput, Intent, Odometry, Scene
from mm_nav.errors import MessageError
from mm_nav.ros.follower import Follower

GRID = BevGrid()
TICK_S = 0.125  # a number that sums without rounding


def header(stamp_ns: int, frame: str) -> Message:
    return Message(stamp=Message(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9), frame_id=frame)


def pose(x: float, y: float = 0.0) -> Message:
    return Message(position=Message(x=x, y=y, z=0.0), orientation=Message(x=0.0, y=0.0, z=0.0, w=1.0))


def path(stamp_ns: int, frame: str) -> Message:
    return Message(header=header(stamp_ns, frame), poses=[Message(header=header(stamp_ns, frame), pose=pose(x)) for x in (0.0, 1.0, 2.0)])


def occupancy(stamp_ns: int) -> Message:
    origin = pose(GRID.x_min, GRID.y_min)
    info = Message(resolution=GRID.cell, width=GRID.columns, height=GRID.rows, origin=origin)
    return Message(header=header(stamp_ns, "base_link"), info=info, data=np.zeros(GRID.rows * GRID.columns, np.int8))


def odometry(stamp_ns: int) -> Message:
    zero = Message(x=0.0, y=0.0, z=0.0)
    return Message(header=header(stamp_ns, "odom"), child_frame_id="base_link", pose=Message(pose=pose(0.0)),
                   twist=Message(twist=Message(linear=zero, angular=zero)))  # fmt: skip


def driven(plan_frame: str, *, odometry_ns: int | None) -> Follower:
    follower = Follower(DriveLimits())
    if odometry_ns is not None:
        follower.hear_odometry(odometry(10**12), 0.0)
    follower.hear_occupancy(occupancy(10**12), 0.0)
    follower.hear_plan(path(10**12, plan_frame), 0.0)
    if odometry_ns is not None:
        follower.hear_odometry(odometry(odometry_ns), 0.0)
    follower.velocity(0.05, 0.05)
    return follower


def test_fresh_inputs_are_driven_on() -> None:
    assert driven("odom", odometry_ns=10**12 + 10**8).previous.linear > 0


def test_a_plan_in_odom_is_not_followed_before_odometry_was_heard() -> None:
    follower = driven("odom", odometry_ns=None)
    assert follower.previous.linear == 0
    assert "no odometry was heard" in follower.previous.reason


def test_a_plan_that_arrives_late_is_as_old_as_its_stamp() -> None:
    follower = driven("odom", odometry_ns=10**12 + 3 * 10**9)
    assert follower.previous.linear == 0
    assert follower.previous.reason


def test_an_order_is_not_obeyed_while_nothing_is_seen() -> None:
    spec = ModelSpec()
    mission = Mission(spec)
    mission.accept(Command(intent=Intent.MOVE_BY, text="go forward 3 m", amount=3.0), 0)
    shape = (spec.grid.rows, spec.grid.columns)
    blind = Scene(stamp_ns=0, occupancy=np.full(shape, np.nan, np.float32), motion=np.zeros((2, *shape), np.float32),
                  objects=(), goal=None)  # fmt: skip
    zeros = np.zeros(shape, np.float32)
    output = FusionOutput(
        occupancy=zeros, visible=zeros, motion=np.zeros((2, *shape), np.float32), object_heat=zeros,
        object_box=np.zeros((8, *shape), np.float32), object_class=np.zeros((len(spec.classes), *shape), np.float32),
        goal_map=np.stack([zeros] * 3), goal_present=np.zeros(3, np.float32), waypoints=np.zeros((8, 2), np.float32), stop=np.zeros(1, np.float32),
    )  # fmt: skip
    here = Odometry(stamp_ns=0, frame_id="odom", child_frame_id="base_link", T_odom_base=np.eye(4), linear=np.zeros(3), angular=np.zeros(3))
    plan = mission.update(blind, here, output, np.zeros(shape, bool))
    assert plan.stop
    assert not len(plan.path)


class Drive:
    """A robot that is told all it needs eight times a second; the clock is this object's."""

    def __init__(self) -> None:
        self.follower, self.now_s = Follower(DriveLimits()), 0.0

    def go(self, ticks: int, *, without: str = "", sensors_ahead_s: float = 0.0) -> list[float]:
        """Speeds of so many ticks, with one input silent."""
        speeds = []
        for _ in range(ticks):
            self.now_s += TICK_S
            stamp_ns = 10**12 + round(self.now_s * 1e9)
            if without != "odometry":
                self.follower.hear_odometry(odometry(stamp_ns), self.now_s)
            if without != "occupancy":
                self.follower.hear_occupancy(occupancy(stamp_ns + round(sensors_ahead_s * 1e9)), self.now_s)
            if without != "plan":
                self.follower.hear_plan(path(stamp_ns + round(sensors_ahead_s * 1e9), "odom"), self.now_s)
            speeds.append(self.follower.velocity(self.now_s, TICK_S).linear)
        return speeds


@pytest.mark.fault("P13", "T03")
@pytest.mark.parametrize("silent", ["plan", "occupancy", "odometry"])
def test_silence_of_two_and_a_half_periods_stops_the_robot_and_five_plans_in_time_let_it_go_on(silent: str) -> None:
    drive = Drive()
    assert drive.go(12)[-1] > 0.5
    stopped = drive.go(6, without=silent)
    driven = 1 if silent == "odometry" else 2  # a scene of 0.2 s after the last odometry is nowhere
    assert [speed > 0 for speed in stopped] == [True] * driven + [False] * (6 - driven)
    assert drive.follower.holds == 1
    again = drive.go(8)
    assert sum(speed == 0 for speed in again) in (4, 5)  # a plan that went on coming counts at once
    assert again[-1] > 0
    assert "silent" not in drive.follower.previous.reason


@pytest.mark.fault("T02")
def test_sensors_whose_clock_is_ahead_of_the_odometry_stop_the_robot() -> None:
    drive = Drive()
    drive.go(12)
    assert drive.go(5, sensors_ahead_s=0.5)[-1] == 0.0
    assert "odometry at the time" in drive.follower.previous.reason


@pytest.mark.fault("O01", "O02")
def test_nothing_that_it_hears_makes_a_command_that_is_not_finite_or_beyond_the_limits() -> None:
    rng, limits = np.random.default_rng(0), DriveLimits()
    drive = Drive()
    for _ in range(300):
        drive.go(1, without=str(rng.choice(["", "", "plan", "occupancy", "odometry"])))
        wild = path(10**12 + round(drive.now_s * 1e9), "odom")
        for stamped in wild.poses:
            stamped.pose.position.x, stamped.pose.position.y = rng.choice([0.0, 1.0, -3.0, 1e9, -1e300], 2)
        with contextlib.suppress(MessageError):
            drive.follower.hear_plan(wild, drive.now_s)
        was = drive.follower.previous
        found = drive.follower.velocity(drive.now_s, 0.05)
        assert np.isfinite([found.linear, found.angular]).all()
        assert -limits.max_reverse <= found.linear <= limits.max_speed
        assert abs(found.angular) <= limits.max_yaw_rate
        assert abs(found.linear) <= abs(was.linear) + limits.max_accel * 0.05 + 1e-9


def test_an_instant_is_fresh_once_and_only_when_its_plan_and_its_occupancy_are_both_here() -> None:
    follower = Follower(DriveLimits())
    assert not follower.fresh()
    follower.hear_plan(path(10**12, "base_link"), 0.0)
    assert not follower.fresh()
    follower.hear_occupancy(occupancy(10**12), 0.0)
    assert [follower.fresh(), follower.fresh()] == [True, False]
    follower.hear_occupancy(occupancy(10**12 + 1), 0.1)
    assert not follower.fresh()
    follower.hear_plan(path(10**12 + 1, "base_link"), 0.1)
    assert follower.fresh()
    follower.hear_command("stop")
    assert not follower.fresh()

# SPDX-License-Identifier: Apache-2.0
"""The follower stands when it cannot know where it is, or when what it hears is old whatever the arrival time says."""

from types import SimpleNamespace as Message

import numpy as np

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.mission import Mission
from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import Command, FusionOutput, Intent, Odometry, Scene
from mm_nav.ros.follower import Follower

GRID = BevGrid()


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

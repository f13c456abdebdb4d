# SPDX-License-Identifier: Apache-2.0
"""Commands are finite, within limits, zero when anything is old, and never drive into what is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import cell_centers, se2
from mm_nav.core.safety import Ages, DriveLimits, velocity
from mm_nav.core.types import Plan, Velocity

GRID = ModelSpec().grid
YS, XS = cell_centers(GRID)
LIMITS = DriveLimits()
CAR = DriveLimits(robot_radius=0.42, min_turn_radius=0.95)
FRESH = Ages(plan_s=0.1, scene_s=0.1, odom_s=0.02)
STILL = Velocity(linear=0.0, angular=0.0)
DT = 0.05


def straight(length: float = 5.0, heading: float = 0.0) -> np.ndarray:
    s = np.arange(0, length, 0.2)
    return np.stack([s * math.cos(heading), s * math.sin(heading)], axis=1)


def plan_of(path: np.ndarray, *, turn_rad: float = 0.0, stop: bool = False, reverse: bool = False) -> Plan:
    return Plan(stamp_ns=0, path=path, stop=stop, state="drive", turn_rad=turn_rad, reverse=reverse)


def free() -> np.ndarray:
    return np.full((96, 96), 0.05, np.float32)


def with_disc(x: float, y: float, radius: float = 0.3) -> np.ndarray:
    occupancy = free()
    occupancy[np.hypot(XS[None] - x, YS[:, None] - y) < radius] = 0.95
    return occupancy


def drive(
    plan: Plan, occupancy: np.ndarray, steps: int = 100, limits: DriveLimits = LIMITS
) -> tuple[np.ndarray, list[Velocity]]:
    """Poses (x, y, yaw) and commands of an ideal robot that obeys for ``steps`` control periods."""
    poses, said = [np.zeros(3)], [STILL]
    for _ in range(steps):
        x, y, yaw = poses[-1]
        command = velocity(plan, occupancy, GRID, se2(x, y, yaw), FRESH, limits, said[-1], DT)
        yaw_mid = yaw + command.angular * DT / 2
        poses.append(poses[-1] + DT * np.array([command.linear * math.cos(yaw_mid), command.linear * math.sin(yaw_mid), command.angular]))
        said.append(command)
    return np.array(poses), said


def gap(poses: np.ndarray, x: float, y: float, radius: float) -> float:
    """Least distance between the robot's circle and a disc."""
    return float(np.hypot(poses[:, 0] - x, poses[:, 1] - y).min()) - radius - LIMITS.robot_radius


# ---------------------------------------------------------------- standing still


@pytest.mark.parametrize(
    ("ages", "word"),
    [
        (Ages(plan_s=1.1, scene_s=0.1, odom_s=0.0), "plan is 1.10 s old"),
        (Ages(plan_s=0.1, scene_s=3.0, odom_s=0.0), "scene is 3.00 s old"),
        (Ages(plan_s=0.1, scene_s=0.1, odom_s=0.6), "odometry is 0.60 s old"),
        (Ages(plan_s=math.nan, scene_s=0.1), "plan"),
        (Ages(plan_s=0.1, scene_s=math.inf), "scene"),
        (Ages(plan_s=-9.0, scene_s=0.1), "future"),
    ],
)
@pytest.mark.fault("T03")
def test_old_inputs_stop_the_robot_and_the_reason_names_them(ages: Ages, word: str) -> None:
    moving = Velocity(linear=0.8, angular=0.3)
    command = velocity(plan_of(straight()), free(), GRID, np.eye(4), ages, LIMITS, moving, DT)
    assert (command.linear, command.angular) == (0.0, 0.0)
    assert word in command.reason


def test_a_robot_without_odometry_may_drive() -> None:
    command = velocity(plan_of(straight()), free(), GRID, np.eye(4), Ages(plan_s=0.1, scene_s=0.1), LIMITS, STILL, DT)
    assert command.linear > 0


@pytest.mark.fault("S04")
def test_a_scene_that_knows_nothing_stops_the_robot() -> None:
    command = velocity(plan_of(straight()), np.full((96, 96), np.nan, np.float32), GRID, np.eye(4), FRESH, LIMITS, STILL, DT)
    assert command.linear == 0.0
    assert command.reason


@pytest.mark.parametrize("plan", [plan_of(np.zeros((0, 2))), plan_of(straight(), stop=True)])
def test_a_plan_to_stop_or_without_a_path_is_obeyed_at_once(plan: Plan) -> None:
    assert velocity(plan, free(), GRID, np.eye(4), FRESH, LIMITS, Velocity(linear=0.8, angular=0.5), DT) == STILL


# ---------------------------------------------------------------- driving


def test_an_open_path_is_driven_to_its_end_and_not_beyond() -> None:
    poses, said = drive(plan_of(straight(3.0)), free(), 120)
    assert max(c.linear for c in said) == pytest.approx(LIMITS.max_speed)
    assert poses[-1, 0] == pytest.approx(2.8, abs=0.12)
    assert said[-1].linear == 0.0


def test_a_bent_path_is_followed_closely() -> None:
    turn = np.linspace(0, math.pi / 2, 30)
    path = np.concatenate([straight(1.0), np.stack([0.8 + 1.5 * np.sin(turn), 1.5 - 1.5 * np.cos(turn)], axis=1)])
    poses, _ = drive(plan_of(path), free(), 120)
    off = [np.hypot(*(path - p[:2]).T).min() for p in poses]
    assert max(off) < 0.2
    assert np.hypot(*(poses[-1, :2] - path[-1])) < 0.15


def test_a_path_that_starts_behind_is_turned_to_on_the_spot() -> None:
    poses, said = drive(plan_of(straight(3.0, heading=2.5)), free(), 30)
    early = poses[:20]
    assert np.hypot(early[:, 0], early[:, 1]).max() < 0.05
    assert said[10].angular > 0.5


def test_a_turn_ends_where_it_should() -> None:
    poses, said = drive(plan_of(np.zeros((0, 2)), turn_rad=-math.pi / 2), free(), 100)
    assert poses[-1, 2] == pytest.approx(-math.pi / 2, abs=0.03)
    assert np.hypot(*poses[-1, :2]) == 0.0
    assert said[-1].angular == 0.0


def test_a_reverse_plan_is_driven_backwards_and_slowly() -> None:
    poses, said = drive(plan_of(straight(1.2, heading=math.pi), reverse=True), free(), 120)
    assert poses[-1, 0] == pytest.approx(-1.0, abs=0.12)
    assert abs(poses[-1, 2]) < 0.1
    assert min(c.linear for c in said) >= -LIMITS.max_reverse


def test_a_car_turns_by_driving_arcs_no_tighter_than_it_can() -> None:
    poses, said = drive(plan_of(np.zeros((0, 2)), turn_rad=math.pi / 2), free(), 200, CAR)
    assert poses[-1, 2] == pytest.approx(math.pi / 2, abs=0.12)
    for c in said:
        assert abs(c.angular) <= abs(c.linear) / CAR.min_turn_radius + 1e-6


# ---------------------------------------------------------------- obstacles


@pytest.mark.parametrize("x", [1.0, 2.0, 3.5])
@pytest.mark.fault("O03")
def test_a_wall_across_the_path_is_stopped_at(x: float) -> None:
    occupancy = free()
    occupancy[:, np.abs(XS - x) < 0.15] = 0.95
    wall = XS[np.abs(XS - x) < 0.15].min() - GRID.cell / 2
    poses, said = drive(plan_of(straight(6.0)), occupancy, 160)
    room = wall - poses[:, 0].max() - LIMITS.robot_radius
    assert 0.05 < room < 0.5
    assert said[-1].linear == 0.0
    assert said[-1].reason


@pytest.mark.parametrize("y", [-0.5, -0.25, -0.1, 0.0, 0.1, 0.25, 0.5])
def test_no_disc_on_or_near_the_path_is_touched(y: float) -> None:
    poses, _ = drive(plan_of(straight(6.0)), with_disc(2.5, y), 160)
    assert gap(poses, 2.5, y, 0.3) > 0.0


def test_an_obstacle_beside_the_path_slows_but_does_not_stop() -> None:
    occupancy = free()
    occupancy[np.abs(YS - 0.7) < 0.15, :] = 0.95
    poses, said = drive(plan_of(straight(4.0)), occupancy, 160)
    assert poses[-1, 0] > 3.0
    assert any("side" in c.reason for c in said)


def test_turning_is_allowed_right_before_an_obstacle() -> None:
    occupancy = free()
    occupancy[:, np.abs(XS - 0.7) < 0.15] = 0.95
    command = velocity(plan_of(straight(3.0, heading=2.0)), occupancy, GRID, np.eye(4), FRESH, LIMITS, STILL, 0.5)
    assert command.angular > 0.5
    assert command.linear == 0.0


def test_backing_out_is_allowed_when_the_front_touches() -> None:
    occupancy = free()
    occupancy[:, np.abs(XS - 0.45) < 0.15] = 0.95
    back = plan_of(straight(1.0, heading=math.pi), reverse=True)
    assert velocity(back, occupancy, GRID, np.eye(4), FRESH, LIMITS, STILL, DT).linear < 0
    ahead = plan_of(straight(1.0))
    assert velocity(ahead, occupancy, GRID, np.eye(4), FRESH, LIMITS, STILL, DT).linear == 0.0


def test_a_gap_that_looks_narrower_than_it_is_does_not_become_a_trap() -> None:
    occupancy = free()
    occupancy[(YS > 0.4) | (YS < -0.2), :] = 0.95  # 0.6 m free beside a robot of 0.6 m that is in it already
    occupancy[:, XS > 2.0] = 0.05
    poses, said = drive(plan_of(straight(4.0)), occupancy, 600)
    assert poses[-1, 0] > 2.5
    assert max(c.linear for c, p in zip(said, poses, strict=True) if p[0] < 1.0) <= LIMITS.creep_speed + 1e-9


def test_unknown_ground_ahead_is_entered_slowly() -> None:
    occupancy = free()
    occupancy[:, XS > 0.4] = np.nan
    _, said = drive(plan_of(straight(4.0)), occupancy, 40)
    assert 0 < max(c.linear for c in said) <= LIMITS.unknown_speed
    assert "unknown" in said[-1].reason


def test_the_obstacle_is_where_it_was_when_the_robot_has_moved_since() -> None:
    occupancy = with_disc(3.0, 0.0)
    T = se2(2.1, 0.0, 0.0)  # moved 2.1 m since the scene
    command = velocity(plan_of(straight(5.0)), occupancy, GRID, T, FRESH, LIMITS, Velocity(linear=0.5, angular=0.0), DT)
    assert command.linear < 0.3


@pytest.mark.fault("S01", "S02", "S03")
def test_a_missing_sensor_lowers_the_speed() -> None:
    fast = Velocity(linear=0.8, angular=0.0)
    command = velocity(plan_of(straight()), free(), GRID, np.eye(4), FRESH, LIMITS, fast, DT, degraded=True)
    assert 0 < command.linear <= LIMITS.degraded_speed
    assert command.reason == "a sensor is missing"


# ---------------------------------------------------------------- always

numbers = st.floats(allow_nan=True, allow_infinity=True)
metres = st.floats(-8, 8)


@settings(max_examples=80, deadline=None)
@given(
    path=st.lists(st.tuples(metres, metres), max_size=8), turn=st.floats(-10, 10), seed=st.integers(0, 99),
    share=st.floats(0, 0.3), pose=st.tuples(metres, metres, st.floats(-4, 4)), v=numbers, w=numbers,
    dt=st.one_of(numbers, st.floats(0.01, 0.5)), reverse=st.booleans(), car=st.booleans(), degraded=st.booleans(),
)  # fmt: skip
@pytest.mark.fault("O01", "O02")
def test_every_command_is_finite_and_within_limits(
    path: list[tuple[float, float]], turn: float, seed: int, share: float, pose: tuple[float, float, float], v: float,
    w: float, dt: float, reverse: bool, car: bool, degraded: bool,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    occupancy = (rng.random((96, 96)) < share).astype(np.float32)
    occupancy[rng.random((96, 96)) < share] = np.nan
    limits = CAR if car else LIMITS
    plan = plan_of(np.array(path, np.float64).reshape(-1, 2), turn_rad=turn, reverse=reverse)
    said = velocity(plan, occupancy, GRID, se2(*pose), FRESH, limits, Velocity(linear=v, angular=w), dt, degraded=degraded)
    assert math.isfinite(said.linear)
    assert math.isfinite(said.angular)
    assert -limits.max_reverse <= said.linear <= limits.max_speed
    assert abs(said.angular) <= limits.max_yaw_rate
    was = v if math.isfinite(v) else 0.0
    step = limits.max_accel * (min(max(dt, 0.0), 0.5) if math.isfinite(dt) else 0.0)
    assert abs(said.linear) <= abs(was) + step + 1e-9
    if said.linear * was < 0:
        assert abs(said.linear) <= step + 1e-9


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.fault("O01")
def test_a_path_or_pose_that_is_not_finite_gives_zero_and_a_reason(bad: float) -> None:
    path = straight()
    path[3, 1] = bad
    broken = np.eye(4)
    broken[0, 3] = bad
    for plan, T in ((plan_of(path), np.eye(4)), (plan_of(straight()), broken)):
        said = velocity(plan, free(), GRID, T, FRESH, LIMITS, STILL, DT)
        assert (said.linear, said.angular) == (0.0, 0.0)
        assert "finite" in said.reason


@pytest.mark.parametrize("scene_s", [0.05, 0.1, 0.3, 0.6, 0.99])
def test_without_odometry_it_goes_no_farther_than_the_margin_within_the_age_of_a_scene(scene_s: float) -> None:
    ages = Ages(plan_s=scene_s, scene_s=scene_s)
    fast = Velocity(linear=LIMITS.max_speed, angular=0.0)
    out = velocity(plan_of(straight()), free(), GRID, np.eye(4), ages, LIMITS, fast, DT)
    assert 0 < out.linear * scene_s <= LIMITS.stop_margin + 1e-9
    assert out.linear < LIMITS.max_speed
    assert "no odometry" in out.reason
    known = velocity(plan_of(straight()), free(), GRID, np.eye(4), Ages(plan_s=scene_s, scene_s=scene_s, odom_s=0.0), LIMITS, fast, DT)
    assert known.linear > out.linear

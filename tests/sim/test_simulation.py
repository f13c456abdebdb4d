# SPDX-License-Identifier: Apache-2.0
"""A robot in a world: repeatable, judged honestly, and with senses that can fail."""

import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.core.preprocess import preprocess
from mm_nav.errors import ConfigError
from mm_nav.sim.simulation import START_NS, SimConfig, Simulation
from mm_nav.sim.snapshot import Snapshot


def same(a: Snapshot, b: Snapshot) -> bool:
    frame_a, frame_b = preprocess(a.frame(), ModelSpec()), preprocess(b.frame(), ModelSpec())
    inputs = all(np.array_equal(getattr(frame_a, n), getattr(frame_b, n)) for n in ("camera_image", "lidar_bev", "radar_bev", "ego"))
    truth = np.array_equal(a.truth.occupancy, b.truth.occupancy, equal_nan=True)
    return inputs and truth and a.stamp_ns == b.stamp_ns


def wander(sim: Simulation) -> list[Snapshot]:
    out = []
    for k in range(4):
        sim.step(0.4, np.sin(k), 0.2)
        out.append(sim.sense())
    return out


@pytest.mark.parametrize("randomise", [False, True])
def test_the_same_config_and_commands_give_the_same_readings_bit_by_bit(randomise: bool) -> None:
    first = Simulation(SimConfig(seed=5, randomise=randomise))
    a, b = wander(first), wander(Simulation(SimConfig(seed=5, randomise=randomise)))
    first.reset()
    again = wander(first)
    assert all(same(x, y) for x, y in zip(a, b, strict=True))
    assert all(same(x, y) for x, y in zip(a, again, strict=True))
    assert not same(a[0], wander(Simulation(SimConfig(seed=6, randomise=randomise)))[0])


def test_time_is_whole_nanoseconds_from_a_fixed_start() -> None:
    sim = Simulation(SimConfig(seed=1))
    for _ in range(30):
        sim.step(0.0, 0.0, 0.1)
    assert sim.stamp_ns == START_NS + 3_000_000_000
    assert sim.sense().readings["lidar"].stamp_ns == sim.stamp_ns


def test_driving_into_a_wall_is_a_collision_that_ends_the_drive() -> None:
    sim = Simulation(SimConfig(seed=1, kind="corridor"))
    for _ in range(400):
        sim.step(1.0, 0.0, 0.1)
    assert sim.collided
    assert sim.hit_label
    assert sim.failed
    assert not sim.success
    x0, y0, x1, y1 = sim.world.bounds
    assert x0 < sim.robot.x < x1
    assert y0 < sim.robot.y < y1
    driven = sim.distance_travelled
    sim.step(-0.4, 0.0, 1.0)
    assert sim.distance_travelled == driven


def test_running_over_a_cone_is_noticed() -> None:
    sim = Simulation(SimConfig(seed=4))
    target = next(t for t in sim.things if not t.walks)
    x, y = target.x - 1.2, target.y
    sim.robot.x, sim.robot.y, sim.robot.yaw = x, y, 0.0
    for _ in range(20):
        sim.step(0.8, 0.0, 0.1)
    assert sim.collided
    assert sim.hit_label in {target.label, "wall"}


def test_a_sensor_that_is_switched_off_is_missing_with_its_reason_and_comes_back() -> None:
    sim = Simulation(SimConfig(seed=2, sensors_off=("radar",)))
    sim.set_sensor("camera/front", False)
    frame = sim.sense().frame()
    assert (len(frame.cameras), len(frame.lidars), len(frame.radars), frame.odometry is None) == (0, 1, 0, False)
    assert {(m.name, m.reason) for m in frame.missing} == {("camera/front", "switched off"), ("radar", "switched off")}
    sim.set_sensor("radar", True)
    assert len(sim.sense().frame().radars) == 1
    with pytest.raises(ConfigError, match="'sonar' is unknown; use one of camera/front"):
        sim.set_sensor("sonar", True)


def test_without_any_sensor_there_is_still_a_frame() -> None:
    frame = Simulation(SimConfig(seed=2, sensors_off=("camera/front", "lidar", "radar", "odom"))).sense().frame()
    assert len(frame.missing) == 4
    assert frame.odometry is None


@pytest.mark.parametrize("command", [(np.nan, 0.0, 0.1), (0.0, np.inf, 0.1), (0.0, 0.0, 0.0), (0.0, 0.0, -1.0)])
def test_a_step_that_means_nothing_is_refused(command: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError, match="needs finite numbers"):
        Simulation(SimConfig(seed=2)).step(*command)


def test_orders_are_heard_once_and_when_they_are_due() -> None:
    sim = Simulation(SimConfig(seed=3, task="stop"))
    assert [u.text for u in sim.hear()] == [sim.task.script[0][1]]
    assert sim.hear() == ()
    while sim.time_s < sim.task.at_s + 0.1:
        sim.step(0.0, 0.1, 0.1)
    (order,) = sim.sense().heard
    assert order.text == sim.task.text
    assert order.stamp_ns == START_NS + round(sim.task.at_s * 1e9)


def stopping(delay_s: float) -> Simulation:
    sim = Simulation(SimConfig(seed=3, task="stop"))
    while sim.time_s < sim.task.at_s + 2.5:
        sim.hear()
        sim.step(0.0, 0.5 if sim.time_s < sim.task.at_s + delay_s else 0.0, 0.1)
    return sim


def test_stopping_counts_within_a_second_and_not_later() -> None:
    in_time, late = stopping(0.3), stopping(1.4)
    assert (in_time.success, in_time.failed) == (True, False)
    assert (late.success, late.failed) == (False, True)


@pytest.mark.parametrize(("share", "wanted"), [(1.0, True), (0.5, False)])
def test_a_turn_counts_when_it_is_as_far_as_asked(share: float, wanted: bool) -> None:
    sim = Simulation(SimConfig(seed=8, task="turn"))
    sim.hear()
    while abs(sim.turned) < abs(sim.task.amount) * share - 0.05:
        sim.step(0.0, 0.5 * np.sign(sim.task.amount), 0.1)
    assert not sim.success  # it still turns
    for _ in range(5):
        sim.step(0.0, 0.0, 0.1)
    assert not sim.success  # it may go on
    for _ in range(12):
        sim.step(0.0, 0.0, 0.1)
    assert sim.success is wanted


def test_standing_at_the_goal_counts_and_passing_it_does_not() -> None:
    sim = Simulation(SimConfig(seed=9, task="goto"))
    sim.hear()
    sim.step(0.0, 0.0, 0.1)
    assert not sim.success  # it stands, but far away
    assert 0 < sim.shortest_path_m < np.inf
    assert sim.target is not None
    direction = np.array(sim.world.start[:2]) - [sim.target.x, sim.target.y]
    direction /= np.hypot(*direction)
    reach = 0.7 + max(sim.target.size[:2]) / 2
    sim.robot.x, sim.robot.y = np.array([sim.target.x, sim.target.y]) + reach * direction
    sim.robot.v = 0.5
    sim.step(0.5, 0.0, 0.01)
    assert not sim.success
    for _ in range(20):
        sim.step(0.0, 0.0, 0.1)
    assert sim.success is (not sim.wall_between)


def test_odometry_drifts_while_the_truth_does_not() -> None:
    sim = Simulation(SimConfig(seed=10, kind="room"))
    for k in range(60):
        sim.step(0.2, 1.0 if k % 20 < 10 else -1.0, 0.1)
    snapshot = sim.sense()
    odometry = snapshot.frame().odometry
    assert odometry is not None
    believed = odometry.T_odom_base[:3, 3]
    start = np.array([sim.world.start[0], sim.world.start[1]])
    c, s = np.cos(sim.world.start[2]), np.sin(sim.world.start[2])
    exact = np.array([[c, s], [-s, c]]) @ (snapshot.exact.T_odom_base[:2, 3] - start)
    assert 1e-4 < np.hypot(*(believed[:2] - exact)) < 0.4
    np.testing.assert_allclose(snapshot.exact.T_odom_base[:2, 3], [sim.robot.x, sim.robot.y])


def test_a_sensor_that_dies_is_missing_from_then_on_with_the_reason() -> None:
    sim = Simulation(SimConfig(seed=2, sensors_die=(("lidar", 0.4),)))
    assert sim.sense(with_truth=False).missing == ()
    sim.step(0.0, 0.0, 0.4)
    for _ in range(2):
        snapshot = sim.sense(with_truth=False)
        assert [(m.name, m.reason) for m in snapshot.missing] == [("lidar", "silent since 0.4 s")]
        assert "lidar" not in snapshot.readings
        assert snapshot.frame().lidars == ()
    sim.reset()
    assert "lidar" in sim.sense(with_truth=False).readings
    with pytest.raises(ConfigError, match="sensor 'sonar' is unknown"):
        Simulation(SimConfig(sensors_die=(("sonar", 1.0),)))


def test_another_order_begins_where_the_robot_is_and_time_goes_on() -> None:
    sim = Simulation(SimConfig(seed=3, task="turn"))
    sim.hear()
    while not sim.success and sim.time_s < 10.0:
        sim.step(0.0, float(np.clip(2.0 * (sim.task.amount - sim.turned), -1.0, 1.0)), 0.1)
    assert sim.success
    pose, now_ns, texts = (sim.robot.x, sim.robot.y, sim.robot.yaw), sim.stamp_ns, set()
    for seed in range(5):
        sim.go_on(seed)
        assert not sim.success
        assert sim.world.start == pose
        assert sim.stamp_ns == now_ns
        heard = sim.hear()
        assert [u.stamp_ns for u in heard] == [now_ns]
        texts.add(heard[0].text)
        assert (sim.turned, sim.advanced, sim.distance_travelled) == (0.0, 0.0, 0.0)
        assert sim.task.target_id is None or sim.shortest_path_m > 0
    assert len(texts) > 2

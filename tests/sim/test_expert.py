# SPDX-License-Identifier: Apache-2.0
"""The expert fulfils its tasks without touching anything, in every kind of world and with both robots."""

import numpy as np
import pytest

from mm_nav.sim.expert import Expert, Style
from mm_nav.sim.simulation import SimConfig, Simulation
from mm_nav.sim.world import KINDS


def drive(config: SimConfig, noise: float = 0.0, limit_s: float = 60.0) -> tuple[Simulation, Expert]:
    sim = Simulation(config)
    expert = Expert(sim, Style(noise=noise))
    while sim.time_s < limit_s and not sim.success and not sim.failed:
        sim.hear()
        sim.step(*expert.act(), 0.1)
    return sim, expert


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("robot", ["diff", "ackermann"])
def test_the_expert_reaches_its_goal(kind: str, robot: str) -> None:
    for seed in range(50, 54):
        sim, _ = drive(SimConfig(seed=seed, kind=kind, robot=robot, task="goto"))
        assert sim.success, (seed, sim.time_s, sim.hit_label, sim.target_distance_m)


def test_the_expert_recovers_from_pushes() -> None:
    for seed in range(60, 66):
        sim, _ = drive(SimConfig(seed=seed, task="goto_relation"), noise=0.3)
        assert sim.success, (seed, sim.time_s, sim.hit_label, sim.target_distance_m)


@pytest.mark.parametrize("task", ["turn", "move", "stop"])
def test_the_expert_does_what_is_not_a_goal_too(task: str) -> None:
    for seed in range(70, 74):
        sim, _ = drive(SimConfig(seed=seed, task=task), limit_s=15.0)
        assert sim.success, (seed, sim.turned, sim.advanced, sim.task)


def test_its_way_is_not_much_longer_than_the_shortest_and_ends_face_to_face() -> None:
    shares = []
    for seed in range(80, 86):
        sim, expert = drive(SimConfig(seed=seed, kind="room", task="goto"))
        shares.append(sim.shortest_path_m / max(sim.shortest_path_m, sim.distance_travelled))
        for _ in range(40):
            sim.step(*expert.act(), 0.1)
        assert sim.target is not None
        bearing = np.arctan2(sim.target.y - sim.robot.y, sim.target.x - sim.robot.x) - sim.robot.yaw
        assert np.cos(bearing) > np.cos(0.3)
        assert expert.arrived
        assert sim.target_distance_m < 1.0
    assert np.mean(shares) > 0.8


@pytest.mark.parametrize("robot", ["diff", "ackermann"])
def test_having_arrived_it_stays_where_it_is(robot: str) -> None:
    for seed in (2000, 2002, 2005):
        sim = Simulation(SimConfig(seed=seed, kind="street", robot=robot, task="goto"))
        expert = Expert(sim)
        while not expert.arrived and sim.time_s < 60:
            sim.hear()
            sim.step(*expert.act(), 0.1)
        at = (sim.robot.x, sim.robot.y)
        for _ in range(20):
            sim.step(*expert.act(), 0.1)
        assert sim.success
        assert np.hypot(sim.robot.x - at[0], sim.robot.y - at[1]) < 0.05


def test_it_waits_for_somebody_who_stands_in_its_way() -> None:
    sim, walker = next(
        (s, t) for s in (Simulation(SimConfig(seed=k, kind="corridor")) for k in range(40)) for t in s.things if t.walks
    )
    expert = Expert(sim)
    sim.robot.x, sim.robot.y, sim.robot.yaw = walker.x - 0.9, walker.y, 0.0
    assert expert._patience(1.0) == 0.0
    assert expert._patience(-1.0) == 1.0

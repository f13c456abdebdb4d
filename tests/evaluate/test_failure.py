# SPDX-License-Identifier: Apache-2.0
"""Failures get the category that says where to look for the cause."""

import pytest

pytest.importorskip("open3d")

from mm_nav.evaluate.failure import category
from mm_nav.sim.simulation import SimConfig, Simulation


def beside(sim: Simulation, thing_id: int) -> Simulation:
    """Put the robot next to a thing."""
    thing = sim.things[thing_id]
    sim.robot.x, sim.robot.y = thing.x + thing.size[0] / 2 + 0.6, thing.y
    return sim


def test_reaching_something_else_is_told_from_stopping_short() -> None:
    sim = Simulation(SimConfig(seed=3, task="goto"))
    assert sim.target is not None
    other = max((t for t in sim.things if not t.walks), key=lambda t: abs(t.x - sim.target.x) + abs(t.y - sim.target.y))  # type: ignore[union-attr]
    assert category(beside(sim, other.id), "reached", False) == "look_alike_reached"
    assert category(beside(sim, sim.target.id), "reached", False) == "stopped_short"


def test_a_turn_that_ended_elsewhere_stopped_short() -> None:
    assert category(Simulation(SimConfig(seed=3, task="turn")), "reached", False) == "stopped_short"


@pytest.mark.parametrize(
    ("status", "found"),
    [("not_found", "not_found"), ("blocked", "blocked"), ("searching", "time_limit"), ("driving", "time_limit")],
)
def test_what_the_driver_said_last_decides(status: str, found: str) -> None:
    assert category(Simulation(SimConfig(seed=3, task="goto")), status, False) == found


def test_a_collision_comes_before_everything_and_a_refused_order_before_what_was_said() -> None:
    sim = Simulation(SimConfig(seed=3, task="goto"))
    assert category(sim, "blocked", True) == "not_understood"
    sim.collided = True
    assert category(sim, "reached", True) == "collision"

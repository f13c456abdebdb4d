# SPDX-License-Identifier: Apache-2.0
"""Orders in a user's own words mean the things of a world that they are true of."""

from dataclasses import replace

import numpy as np
import pytest

from mm_nav.core import command
from mm_nav.core.types import Command
from mm_nav.sim import world
from mm_nav.sim.spoken import AHEAD_M, AHEAD_RAD, spoken_task, things_meant, world_for
from mm_nav.sim.world import Thing, World


def thing(id_: int, label: str, colour: str, x: float, y: float) -> Thing:
    old = next(t for t in world.generate(7).things if not t.walks)
    return replace(old, id=id_, label=label, colour=colour, x=x, y=y, yaw=0.0, size=(0.4, 0.4, 0.6))


@pytest.fixture(scope="module")
def here() -> World:
    """Seen from the origin, looking along x."""
    things = (thing(1, "cone", "red", 4.0, 0.0), thing(2, "box", "blue", 3.0, 0.0), thing(3, "cone", "red", 4.0, -4.0),
              thing(4, "barrel", "green", 4.0, 2.0), thing(5, "box", "white", 3.0, 5.0))  # fmt: skip
    return replace(world.generate(7), things=things, start=(0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ("go to the green barrel", [4]),
        ("去绿色的桶那里", [4]),
        ("go to the red cone", [1, 3]),
        ("go to the red cone behind the boxes", [1]),
        ("go to the cone behind the blue box", [1]),
        ("去蓝色箱子后面的红色锥桶", [1]),
        ("go to the box in front of the red cone", [2]),
        ("find the red cone between the barrel and the blue box", [1]),
        ("go to the barrel left of the red cone", [4]),
        ("go to the nearest box", [2]),
        ("go to the white door", []),
    ],
)
def test_an_order_means_the_things_that_it_is_true_of(here: World, said: str, ids: list[int]) -> None:
    heard = command.parse(said)
    assert isinstance(heard, Command)
    assert [t.id for t in things_meant(heard, here)] == ids


def test_a_task_is_judged_by_the_one_thing_that_is_meant_or_by_nothing(here: World) -> None:
    assert spoken_task(here, "go to the red cone behind the boxes").target_id == 1
    assert spoken_task(here, "go to the red cone").target_id is None
    assert spoken_task(here, "move forward 2 m").amount == pytest.approx(2.0)
    assert spoken_task(here, "turn left 90 degrees").name == "turn"


def test_a_world_is_found_in_which_an_order_means_one_thing_ahead() -> None:
    seed = world_for("go to the red cone behind the boxes", 2267)
    assert seed is not None
    task = spoken_task(world.generate(seed), "go to the red cone behind the boxes")
    meant = next(t for t in world.generate(seed).things if t.id == task.target_id)
    x, y, yaw = world.generate(seed).start
    bearing = np.angle(np.exp(1j * (np.arctan2(meant.y - y, meant.x - x) - yaw)))
    assert (meant.label, meant.colour) == ("cone", "red")
    assert np.hypot(meant.x - x, meant.y - y) < AHEAD_M
    assert abs(bearing) < AHEAD_RAD


@pytest.mark.parametrize("said", ["turn left", "go to the white door", "mumble", ""])
def test_no_world_is_looked_for_where_nothing_of_the_simulator_is_meant(said: str) -> None:
    assert world_for(said, 2267) is None

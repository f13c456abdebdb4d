# SPDX-License-Identifier: Apache-2.0
"""Relations hold where people would say so, and an unseen landmark neither confirms nor denies."""

import numpy as np
import pytest

from mm_nav.core.goal import Candidate
from mm_nav.core.relation import CONTRADICTED, FARTHER, OPEN, between, fit, holds
from mm_nav.core.types import Intent, Relation
from tests.core.flatland import Flatland, command

ROBOT = np.zeros(2)


def thing(x: float, y: float, belief: float = 0.9) -> Candidate:
    return Candidate(xy=np.array([x, y]), belief=belief)


MARK = thing(5.0, 0.0)


@pytest.mark.parametrize(
    ("relation", "xy"),
    [
        (Relation.BEHIND, (7.0, 0.3)), (Relation.IN_FRONT_OF, (3.0, -0.2)), (Relation.LEFT_OF, (5.2, 2.0)),
        (Relation.RIGHT_OF, (4.8, -2.0)), (Relation.NEXT_TO, (5.8, 0.9)),
    ],
)  # fmt: skip
def test_a_place_stands_in_one_direction_to_the_landmark_and_in_no_other(relation: Relation, xy: tuple[float, float]) -> None:
    directions = (Relation.BEHIND, Relation.IN_FRONT_OF, Relation.LEFT_OF, Relation.RIGHT_OF)
    assert holds(relation, thing(*xy), MARK, ROBOT) == 1.0
    if relation in directions:
        assert [r for r in directions if holds(r, thing(*xy), MARK, ROBOT) > 0.1] == [relation]


def test_left_and_right_swap_with_the_side_one_looks_from() -> None:
    left = thing(5.0, 2.0)
    assert holds(Relation.LEFT_OF, left, MARK, np.zeros(2)) == 1.0
    assert holds(Relation.RIGHT_OF, left, MARK, np.array([10.0, 0.0])) == 1.0


def test_what_is_far_from_the_landmark_is_not_described_by_it() -> None:
    assert holds(Relation.BEHIND, thing(12.0, 0.0), MARK, ROBOT) == 0.0
    assert holds(Relation.NEXT_TO, thing(9.0, 0.0), MARK, ROBOT) == 0.0


def test_between_needs_both_ends() -> None:
    a, b = np.array([0.0, 0.0]), np.array([6.0, 0.0])
    assert between(np.array([3.0, 0.5]), a, b) == 1.0
    assert between(np.array([8.0, 0.0]), a, b) == 0.0
    assert between(np.array([3.0, 3.0]), a, b) == 0.0


def test_fit_is_open_without_a_landmark_full_with_it_and_low_against_it() -> None:
    right, wrong = thing(7.0, 0.0), thing(3.0, 0.0)
    for candidate in (right, wrong):
        assert fit(Relation.BEHIND, candidate, [right, wrong], [[]], ROBOT) == OPEN
    assert fit(Relation.BEHIND, right, [right, wrong], [[MARK]], ROBOT) == pytest.approx(1.0)
    assert fit(Relation.BEHIND, wrong, [right, wrong], [[MARK]], ROBOT) == pytest.approx(CONTRADICTED)
    faint = thing(5.0, 0.0, belief=0.1)
    assert CONTRADICTED < fit(Relation.BEHIND, wrong, [right, wrong], [[faint]], ROBOT) < OPEN


def test_one_of_two_landmarks_is_not_enough_for_between() -> None:
    middle = thing(3.0, 0.0)
    assert fit(Relation.BETWEEN, middle, [middle], [[thing(0.5, 0.0)], []], ROBOT) == OPEN
    assert fit(Relation.BETWEEN, middle, [middle], [[thing(0.5, 0.0)], [thing(6.0, 0.0)]], ROBOT) == pytest.approx(1.0)
    assert fit(Relation.BETWEEN, middle, [middle], [[thing(0.5, 0.0), thing(6.0, 0.0)]], ROBOT) == pytest.approx(1.0)


def test_the_nearest_is_nearer_than_all_others_that_are_believed_in() -> None:
    near, far, ghost = thing(3.0, 0.0), thing(6.0, 0.0), thing(1.0, 0.0, belief=0.02)
    every = [near, far, ghost]
    assert fit(Relation.NEAREST, near, every, [], ROBOT) > 0.95
    assert fit(Relation.NEAREST, far, every, [], ROBOT) == FARTHER
    assert fit(Relation.NEAREST, far, every, [[thing(7.0, 0.0)]], ROBOT) == 1.0


def test_of_two_alike_the_robot_goes_to_the_one_that_stands_as_was_said() -> None:
    world = Flatland(goal=(4.0, 1.5, 0.3), twin=(4.0, -1.5, 0.3), landmark=(4.0, -3.0, 0.3))
    told = command(Intent.GO_TO, "cone", relation=Relation.NEXT_TO, landmarks=("box",))
    world.mission.accept(told, 0)
    assert world.run(40.0, "reached") == "reached"
    assert np.hypot(world.pose[0] - 4.0, world.pose[1] + 1.5) < 1.4

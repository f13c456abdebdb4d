# SPDX-License-Identifier: Apache-2.0
"""A robot that should drive and does not is stuck after four seconds, and backs off."""

import numpy as np

from mm_nav.core.geometry import se2
from mm_nav.core.headway import Headway

S = 1_000_000_000
HERE = se2(1.0, 2.0, 0.5)


def test_who_stays_where_he_is_for_four_seconds_is_stuck_and_backs_off_for_a_while() -> None:
    headway = Headway()
    said = [headway.backs_off(second * S, HERE) for second in range(10)]
    assert said == [False] * 5 + [True] * 3 + [False] * 2


def test_who_moves_turns_or_rests_is_not_stuck() -> None:
    headway = Headway()
    assert not any(headway.stuck(t * S, se2(0.05 * t, 0.0, 0.0)) for t in range(20))
    assert not any(headway.stuck((20 + t) * S, se2(0.0, 0.0, 0.1 * t)) for t in range(20))
    for t in range(40, 60):
        headway.rest()
        assert not headway.stuck(t * S, np.eye(4))


def test_without_a_pose_nothing_is_said() -> None:
    headway = Headway()
    assert not any(headway.backs_off(t * S, None) for t in range(20))


def test_another_command_ends_the_backing_off() -> None:
    headway = Headway()
    assert [headway.backs_off(t * S, HERE) for t in range(6)][-1]
    headway.restart()
    assert not headway.backs_off(6 * S, HERE)

# SPDX-License-Identifier: Apache-2.0
"""What the robot was told to keep away from: it steps back from it, and later ways lead around it."""

import numpy as np

from mm_nav.core.keepout import KEEP_M, MOST, Zone, ground, with_zone
from mm_nav.core.types import Intent
from tests.core.flatland import Flatland, command

BARREL = (1.2, 0.0, 0.3)


def zone(x: float, y: float) -> Zone:
    return Zone(xy=np.array([x, y]), size=(0.4, 0.4), yaw=0.0)


def test_ground_is_what_lies_within_reach_of_the_surface() -> None:
    cells = np.array([[[KEEP_M, 0.0], [KEEP_M + 0.15, 0.0], [KEEP_M + 0.25, 0.0]]])
    assert ground((zone(0, 0),), cells).tolist() == [[True, True, False]]
    assert not ground((), cells).any()


def test_a_thing_seen_again_replaces_its_zone_and_the_oldest_is_let_go() -> None:
    zones = with_zone((zone(0, 0),), zone(0.3, 0))
    assert [z.xy[0] for z in zones] == [0.3]
    for i in range(6):
        zones = with_zone(zones, zone(5.0 + 2 * i, 0))
    assert len(zones) == MOST


def test_told_to_keep_away_the_robot_moves_off_and_then_stands() -> None:
    world = Flatland(goal=BARREL)
    world.mission.accept(command(Intent.AVOID, "barrel"), 0)
    world.run(20.0)
    assert np.hypot(world.pose[0] - BARREL[0], world.pose[1] - BARREL[1]) > KEEP_M
    assert world.plans[-1].stop
    assert world.mission.status == "avoiding"
    assert world.least_gap_m > 0.1


def test_far_from_it_the_robot_stands_still() -> None:
    world = Flatland(goal=(4.0, 0.0, 0.3))
    world.mission.accept(command(Intent.AVOID, "barrel"), 0)
    world.run(3.0)
    assert np.hypot(*world.pose[:2]) < 0.05


def test_later_ways_lead_around_what_was_to_be_avoided() -> None:
    gaps = []
    for avoid in (False, True):
        world = Flatland(goal=(2.6, 0.6, 0.3))
        if avoid:
            world.mission.accept(command(Intent.AVOID, "barrel"), 0)
            world.run(1.0)
        world.mission.accept(command(Intent.MOVE_BY, amount=0.2), world.stamp_ns)
        world.run(0.4)
        world.discs, world.goal = [(2.6, 0.6, 0.3)], (5.5, 0.0, 0.3)
        world.mission.accept(command(Intent.GO_TO, "cone"), world.stamp_ns)
        assert world.run(40.0, "reached") == "reached"
        gaps.append(min(float(np.hypot(p[0] - 2.6, p[1] - 0.6)) - 0.3 for p in world.trail))
    assert gaps[1] > gaps[0] + 0.3

# SPDX-License-Identifier: Apache-2.0
"""People walk, wait for robots and turn back; they never walk into one."""

from mm_nav.sim import footprint
from mm_nav.sim.people import KEEP_M, Walkers
from mm_nav.sim.world import Thing, generate

PERSON = Thing(id=0, label="person", colour="red", rgb=(1, 0, 0), x=0.0, y=0.0, yaw=0.0, size=(0.5, 0.5, 1.7),
               waypoints=((0.0, 0.0), (4.0, 0.0)), speed=1.0)  # fmt: skip
FAR = (100.0, 100.0)


def walk(robot: tuple[float, float], seconds: float) -> list[Thing]:
    walkers, seen = Walkers((PERSON,)), []
    things: tuple[Thing, ...] = (PERSON,)
    for _ in range(int(seconds / 0.05)):
        things = walkers.step(things, robot, 0.3, 0.05)
        seen.append(things[0])
    return seen


def test_a_person_walks_to_the_next_waypoint_and_back_at_the_own_speed() -> None:
    seen = walk(FAR, 7.0)
    assert abs(seen[19].x - 1.0) < 1e-6
    assert abs(seen[19].velocity[0] - 1.0) < 1e-9
    assert max(p.x for p in seen) > 3.9
    assert abs(seen[-1].x - 1.0) < 0.2
    assert seen[-1].velocity[0] < -0.9


def test_a_person_stops_before_a_robot_in_the_way_and_then_turns_back() -> None:
    seen = walk((2.5, 0.0), 4.0)
    assert min(2.5 - p.x - 0.55 for p in seen) > KEEP_M - 0.1
    assert any(p.velocity == (0.0, 0.0) for p in seen)
    assert seen[-1].velocity[0] < 0


def test_a_robot_behind_does_not_hold_a_person_up() -> None:
    assert walk((-0.9, 0.0), 1.0)[-1].x > 0.9


def test_nobody_walks_through_anything() -> None:
    for seed in range(12):
        world = generate(seed)
        walkers, things = Walkers(world.things), world.things
        for _ in range(300):
            things = walkers.step(things, FAR, 0.3, 0.1)
            for t in (t for t in things if t.walks):
                for other in (*world.walls, *(o for o in things if not o.walks)):
                    assert footprint.distance(other.solid(), t.x, t.y) > 0.25, (seed, t, other)


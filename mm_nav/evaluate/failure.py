# SPDX-License-Identifier: Apache-2.0
"""Why an episode failed, as one of a few categories that can be counted. Knows the simulation, not who drove."""

from mm_nav.sim import footprint
from mm_nav.sim.simulation import Simulation


def category(sim: Simulation, status: str, rejected: bool) -> str:
    """Which of ``report.CATEGORIES`` an episode belongs to that ended without success.

    ``look_alike_reached`` means that it says "reached" and something else than the target is nearest to it;
    ``stopped_short`` that it says so at the target, too far away or behind a wall, or after a wrong turn or move.

    Args:
        status: what the driver said last. rejected: whether an order was refused.
    """
    if sim.collided:
        return "collision"
    if sim.failed:
        return "did_not_stop"
    if rejected:
        return "not_understood"
    if status == "reached":
        return "stopped_short" if sim.target is None or _nearest(sim) == sim.target.id else "look_alike_reached"
    return status if status in ("not_found", "blocked") else "time_limit"


def _nearest(sim: Simulation) -> int:
    """Id of the thing whose surface is nearest to the robot."""
    return min(sim.things, key=lambda t: footprint.distance(t.solid(), sim.robot.x, sim.robot.y)).id

# SPDX-License-Identifier: Apache-2.0
"""People that walk between waypoints, wait for robots and never walk into one on purpose. Knows no sensors."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from mm_nav.sim import footprint
from mm_nav.sim.world import Thing

KEEP_M = 0.8  # they stop when the robot's surface is nearer than this in the direction they go
PATIENCE_S = 2.0  # then they go elsewhere


class Walkers:
    """Moves the walking things of a world; the others are returned as they are."""

    def __init__(self, things: tuple[Thing, ...]) -> None:
        """Start everybody at their first waypoint, towards the second."""
        self._next = {t.id: 1 for t in things if t.walks}
        self._back = {t.id: False for t in things if t.walks}
        self._waited = {t.id: 0.0 for t in things if t.walks}

    def step(self, things: tuple[Thing, ...], robot_xy: tuple[float, float], robot_radius: float, dt: float) -> tuple[Thing, ...]:
        """Everybody after ``dt`` seconds."""
        return tuple(self._walk(t, things, robot_xy, robot_radius, dt) if t.walks else t for t in things)

    def _walk(
        self, person: Thing, things: tuple[Thing, ...], robot_xy: tuple[float, float], robot_radius: float, dt: float
    ) -> Thing:
        here = np.array([person.x, person.y])
        to_goal = np.array(person.waypoints[self._next[person.id]]) - here
        left = float(np.hypot(*to_goal))
        if left < 0.05:
            self._turn_to_next(person)
            return replace(person, velocity=(0.0, 0.0))
        ahead = to_goal / left
        if self._blocked(person, here, ahead, things, robot_xy, robot_radius):
            self._waited[person.id] += dt
            if self._waited[person.id] > PATIENCE_S:
                self._back[person.id] = not self._back[person.id]
                self._turn_to_next(person)
            return replace(person, velocity=(0.0, 0.0))
        self._waited[person.id] = 0.0
        go = min(person.speed * dt, left) * ahead
        return replace(person, x=person.x + float(go[0]), y=person.y + float(go[1]), yaw=float(np.arctan2(ahead[1], ahead[0])),
                       velocity=(float(go[0] / dt), float(go[1] / dt)))  # fmt: skip

    def _turn_to_next(self, person: Thing) -> None:
        """Along the waypoints and back again: each leg was checked to be free, a shortcut was not."""
        last = len(person.waypoints) - 1
        at = self._next[person.id]
        if at == last:
            self._back[person.id] = True
        if at == 0:
            self._back[person.id] = False
        self._next[person.id] = at - 1 if self._back[person.id] else at + 1
        self._waited[person.id] = 0.0

    def _blocked(
        self, person: Thing, here: Float64[np.ndarray, "2"], ahead: Float64[np.ndarray, "2"], things: tuple[Thing, ...],
        robot_xy: tuple[float, float], robot_radius: float,
    ) -> bool:  # fmt: skip
        radius = person.size[0] / 2
        gap = np.array(robot_xy) - here
        away = float(np.hypot(*gap))
        if away - radius - robot_radius < KEEP_M and float(gap @ ahead) > -0.2 * away:
            return True
        for other in things:
            if other.id == person.id or (other.label != "person" and not other.walks):
                continue
            near = footprint.distance(other.solid(), float(here[0] + 0.3 * ahead[0]), float(here[1] + 0.3 * ahead[1]))
            step = np.array([other.x, other.y]) - here
            if near < radius + 0.1 and float(step @ ahead) > 0:
                return True
        return False

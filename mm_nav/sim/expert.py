# SPDX-License-Identifier: Apache-2.0
"""A driver with privileged knowledge: shortest safe way, pure pursuit, patience with people, a stop that faces the goal.

It reads the simulation's true state and nothing of the sensors; what it does becomes training data.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from mm_nav.core.geometry import wrap_angle
from mm_nav.sim.footprint import clearance
from mm_nav.sim.robot import Ackermann, DiffDrive
from mm_nav.sim.search import Terrain
from mm_nav.sim.simulation import Simulation
from mm_nav.sim.world import APPROACH_M, PASSAGE_M, Thing

PEOPLE_RANGE_M = 4.0  # people nearer than this are driven around
PERSON_GAP_M = 0.35  # between the robot's surface and a walker
REPLAN_S = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the expert drives. ``noise`` > 0 pushes it off its way now and then, so that recordings show recoveries."""

    speed: float = 0.8
    yaw_rate: float = 1.2
    lookahead_m: float = 1.2
    stop_m: float = APPROACH_M - 0.1  # from the robot's centre to the target's surface
    car_stop_m: float = APPROACH_M + 0.1  # a car has a longer nose
    noise: float = 0.0  # share of the time that a push lasts, 0..1


class Expert:
    """Drives one simulation; ``act`` is called before each step."""

    def __init__(self, sim: Simulation, style: Style | None = None, seed: int = 0) -> None:
        """Measure the world once; people are added as they walk."""
        self.sim, self.style = sim, style or Style()
        self._rng = np.random.default_rng([sim.config.seed, seed, 7])
        self._still = np.stack([t.solid() for t in (*sim.world.walls, *(t for t in sim.things if not t.walks))])
        self._terrain = Terrain.of(self._still, sim.world.bounds)
        self._radius = min(PASSAGE_M, sim.robot.radius + 0.12)
        self._goal = self._goal_cells()
        self._open_field = self._field(self._terrain)
        self._now, self._now_field, self._planned_s = self._terrain, self._open_field, -1.0
        self._backing, self._done = False, False
        self._push, self._push_until_s = (0.0, 0.0), -1.0

    def act(self) -> tuple[float, float]:
        """Commanded speed (m/s) and yaw rate (rad/s) for now."""
        task = self.sim.task
        if task.name == "stop" and self.sim.time_s >= task.at_s:
            return 0.0, 0.0
        if task.name == "turn":
            return 0.0, _approach(task.amount - self.sim.turned, 2.0, 1.0, dead=0.03)
        if task.name == "move":
            return _approach(task.amount - self.sim.advanced, 1.2, 0.6, dead=0.04), 0.0
        v, w = self._drive_diff() if isinstance(self.sim.robot, DiffDrive) else self._drive_car()
        return self._disturbed(v, w)

    @property
    def arrived(self) -> bool:
        """Whether it stands where it wanted to."""
        if self.sim.task.has_goal and not (self._done or self._at_goal()):
            return False  # near enough to count, but only waiting
        return self.sim.still and (self.sim.success or (self.sim.task.name != "stop" and (self._done or self._at_goal()) and self._facing()))

    def path(self) -> Float64[np.ndarray, "n 2"]:
        """The way it means to take from here, world frame; empty if there is none."""
        return self._now.descend(self._now_field, self.sim.robot.x, self.sim.robot.y)

    # ---------------------------------------------------------------- planning

    def _goal_cells(self) -> Bool[np.ndarray, "y x"]:
        """Cells to stop in: near the target's surface, no wall between."""
        target = self.sim.target
        if target is None:
            return np.zeros(self._terrain.clearance.shape, bool)
        away = self._terrain.distances_to(target.solid())
        reach = self.style.stop_m if isinstance(self.sim.robot, DiffDrive) else self.style.car_stop_m
        goal = (away <= reach) & (self._terrain.clearance >= self._radius)
        rows, columns = np.nonzero(goal)
        xs, ys = self._terrain.centers()
        cells = np.stack([xs[0, columns], ys[rows, 0]], 1)
        walls = np.stack([w.solid() for w in self.sim.world.walls])
        share = np.linspace(0, 0.9, 8)
        lines = cells[:, None] + share[:, None] * (np.array([target.x, target.y]) - cells[:, None])
        blocked = clearance(walls, lines.reshape(-1, 2)).reshape(len(cells), -1).min(axis=1) <= 0
        goal[rows[blocked], columns[blocked]] = False
        return goal

    def _field(self, terrain: Terrain) -> Float64[np.ndarray, "y x"]:
        field = terrain.field(self._goal, self._radius)
        here = terrain.index(self.sim.robot.x, self.sim.robot.y)
        if not np.isfinite(field[here]):
            tight = terrain.field(self._goal, self.sim.robot.radius + 0.05)
            field = np.where(np.isfinite(field), field, tight)
        return field

    def _replan(self) -> None:
        """Walkers near the robot are obstacles for the coming moments."""
        if self.sim.time_s - self._planned_s < REPLAN_S:
            return
        self._planned_s = self.sim.time_s
        near = [t for t in self._walkers() if self._gap_to(t) < PEOPLE_RANGE_M]
        self._now, self._now_field = self._terrain, self._open_field
        if near:
            people = np.stack([t.solid() for t in near])
            xs, ys = self._terrain.centers()
            gx, gy = np.broadcast_arrays(xs, ys)
            away = clearance(people, np.stack([gx.ravel(), gy.ravel()], 1)).reshape(gx.shape)
            room = np.minimum(self._terrain.clearance, away)
            terrain = Terrain(x_min=self._terrain.x_min, y_min=self._terrain.y_min, cell=self._terrain.cell, clearance=room)
            field = self._field(terrain)
            if np.isfinite(field[terrain.index(self.sim.robot.x, self.sim.robot.y)]):
                self._now, self._now_field = terrain, field

    def _walkers(self) -> list[Thing]:
        return [t for t in self.sim.things if t.walks]

    def _gap_to(self, thing: Thing) -> float:
        robot = self.sim.robot
        return float(np.hypot(thing.x - robot.x, thing.y - robot.y)) - thing.size[0] / 2 - robot.radius

    # ---------------------------------------------------------------- driving

    def _ahead(self) -> tuple[float, float, float]:
        """Bearing of the point to drive to, distance to it and what is left to drive."""
        robot = self.sim.robot
        here = np.array([robot.x, robot.y])
        way = self.path()
        if len(way) == 0:
            return 0.0, 0.0, 0.0
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
        aim = way[min(1, len(way) - 1)]
        for point, s in zip(way[::-1], along[::-1], strict=True):
            if s <= self.style.lookahead_m and self._now.free_line(here, point, min(self._radius, self._room()) - 0.02):
                aim = point
                break
        bearing = wrap_angle(float(np.arctan2(aim[1] - robot.y, aim[0] - robot.x)) - robot.yaw)
        return bearing, float(np.hypot(*(aim - here))), float(along[-1])

    def _room(self) -> float:
        return float(self._now.clearance[self._now.index(self.sim.robot.x, self.sim.robot.y)])

    def _at_goal(self) -> bool:
        return bool(self._goal[self._terrain.index(self.sim.robot.x, self.sim.robot.y)])

    def _bearing_to_target(self) -> float:
        robot, target = self.sim.robot, self.sim.target
        if target is None:
            return 0.0
        return wrap_angle(float(np.arctan2(target.y - robot.y, target.x - robot.x)) - robot.yaw)

    def _facing(self) -> bool:
        return abs(self._bearing_to_target()) < 0.25 or not isinstance(self.sim.robot, DiffDrive)

    def _drive_diff(self) -> tuple[float, float]:
        self._replan()
        if self._at_goal():
            return 0.0, _approach(self._bearing_to_target(), 2.0, self.style.yaw_rate, dead=0.08)
        bearing, _, left = self._ahead()
        if left == 0.0:
            return 0.0, 0.0
        w = float(np.clip(2.2 * bearing, -self.style.yaw_rate, self.style.yaw_rate))
        if abs(bearing) > 0.9:
            return 0.0, w
        v = self._speed(left) * float(np.cos(bearing)) ** 3
        return v * self._patience(1.0), w

    def _speed(self, left: float) -> float:
        slow_near = 0.25 + 0.9 * max(0.0, self._room() - self.sim.robot.radius)
        return float(min(self.style.speed, slow_near, 0.15 + 0.9 * left))

    def _patience(self, direction: float) -> float:
        """0 when a walker is in the way, 1 when nobody is near."""
        robot = self.sim.robot
        for t in self._walkers():
            dx, dy = t.x + 0.5 * t.velocity[0] - robot.x, t.y + 0.5 * t.velocity[1] - robot.y
            ahead = direction * (dx * np.cos(robot.yaw) + dy * np.sin(robot.yaw))
            side = abs(-dx * np.sin(robot.yaw) + dy * np.cos(robot.yaw))
            width = robot.radius + t.size[0] / 2 + 0.15
            stop_at = robot.radius + t.size[0] / 2 + PERSON_GAP_M + 0.5 * abs(robot.v)
            if self._gap_to(t) < 0.08 and ahead > -0.1:
                return 0.0
            if side < width and 0 < ahead < stop_at:
                return 0.0
        return 1.0

    def _drive_car(self) -> tuple[float, float]:
        """Pure pursuit forwards; backs up when the goal is too far to the side or the front is blocked."""
        self._replan()
        self._done = self._done or self._at_goal()  # it does not creep on when it rolled out of the cell
        if self._done:
            return 0.0, 0.0
        bearing, _, left = self._ahead()
        if left == 0.0:
            return 0.0, 0.0
        turn = 1.0 if bearing >= 0 else -1.0
        if self._backing:
            self._backing = abs(bearing) > 0.5 and self._clear(-0.35, turn)
        elif abs(bearing) > 1.2 and self._clear(-0.35, turn):
            self._backing = True
        if not self._backing and not self._clear(0.4, float(np.clip(bearing * 2, -1, 1))):
            self._backing = self._clear(-0.35, turn)
            if not self._backing and not self._clear(0.15, float(np.clip(bearing * 2, -1, 1))):
                return 0.0, turn * 0.3
        if self._backing:
            return -0.3 * self._patience(-1.0), turn * 0.34
        v = min(self._speed(left), 0.6) * self._patience(1.0)
        return v, float(np.clip(2.0 * v * np.sin(bearing) / 0.9, -0.68 * v / 0.6, 0.68 * v / 0.6))

    def _clear(self, metres: float, steer: float) -> bool:
        """Whether the body stays free over an arc of this length at this share of full steering."""
        robot = self.sim.robot
        if not isinstance(robot, Ackermann):
            return True
        solids = self.sim.solids()
        for share in (0.5, 1.0):
            probe = Ackermann(x=robot.x, y=robot.y, yaw=robot.yaw, length=robot.length + 0.16, width=robot.width + 0.1)
            curvature = np.tan(robot.max_steer) / robot.wheelbase * steer
            probe.v, probe.steer = np.sign(metres) * 1.0, float(np.arctan(curvature * robot.wheelbase))
            probe.max_reverse, probe.max_accel = 1.0, 0.0
            probe.max_steer_rate = 0.0
            probe.step(probe.v, 0.0, abs(metres) * share)
            if probe.touches(solids):
                return False
        return True

    # ---------------------------------------------------------------- disturbances

    def _disturbed(self, v: float, w: float) -> tuple[float, float]:
        now = self.sim.time_s
        if self.style.noise <= 0 or v < 0.05 or self._room() < self._radius + 0.3:
            return v, w
        if now > self._push_until_s + 0.8 / self.style.noise * (1 - self.style.noise):
            self._push = (float(self._rng.uniform(-0.3, 0.1)), float(self._rng.normal(0, 0.9)))
            self._push_until_s = now + float(self._rng.uniform(0.4, 1.0))
        if now <= self._push_until_s and self._patience(1.0) > 0:
            return max(0.0, v + self._push[0]), float(np.clip(w + self._push[1], -1.4, 1.4))
        return v, w


def _approach(left: float, gain: float, limit: float, dead: float) -> float:
    return 0.0 if abs(left) < dead else float(np.clip(gain * left, -limit, limit) + np.sign(left) * 0.03)

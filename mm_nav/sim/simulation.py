# SPDX-License-Identifier: Apache-2.0
"""One robot in one world with one task: step it, sense it, judge it. Time is simulated; no ROS, no network.

Deterministic: the same config and the same commands give the same readings, bit by bit.
"""

from dataclasses import dataclass, replace

import numpy as np

from mm_nav.core.config import ModelSpec
from mm_nav.core.types import CameraImage, Missing, Odometry, PointCloud, Utterance
from mm_nav.errors import ConfigError
from mm_nav.sim import footprint, task, world
from mm_nav.sim.people import Walkers
from mm_nav.sim.rig import Rig, randomised
from mm_nav.sim.robot import Robot, make_robot
from mm_nav.sim.search import Terrain
from mm_nav.sim.sensors import Sensors, WheelOdometry, odometry
from mm_nav.sim.snapshot import Snapshot
from mm_nav.sim.truth import Truth, truth_of
from mm_nav.sim.weather import check_condition, make_weather
from mm_nav.sim.world import Thing

START_NS = 1_000_000_000_000
SOURCES = ("camera/front", "lidar", "radar", "odom")
SUCCESS_M = 1.2  # from the robot's centre to the target's surface
STILL_V, STILL_W = 0.05, 0.08  # slower than this is standing
SETTLED_S = 1.0  # so long it must stand where it was sent
TURN_TOLERANCE = float(np.deg2rad(20))
MOVE_TOLERANCE_M = 0.4
SUBSTEP_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SimConfig:
    """What to simulate. ``kind`` and ``task`` None let the seed choose."""

    seed: int = 0
    kind: str | None = None
    robot: str = "diff"
    task: str | None = None
    rate_hz: float = 5.0  # how often the driver means to sense; sense() may be called at any time
    randomise: bool = False  # another robot's sensor mounting and quality
    rig: int = 0  # which other robot's; 0 lets the seed choose
    sensors_off: tuple[str, ...] = ()
    sensors_die: tuple[tuple[str, float], ...] = ()  # sensor, seconds after the start from which it is silent
    condition: str = "none"  # one of mm_nav.sim.weather.CONDITIONS


class Simulation:
    """Drives a robot through a world.

    Attributes:
        world, task, rig, robot: what the seed drew. things: where everything is now.
        collided: whether the body ever touched anything. distance_travelled: metres of path driven.
        turned, advanced: heading change (radians, unwrapped) and metres driven ahead since the order that counts.
    """

    def __init__(self, config: SimConfig) -> None:
        """Build the world and put the robot at its start.

        Raises:
            ConfigError: for an unknown kind, robot, task, sensor or condition.
        """
        for name in (*config.sensors_off, *(name for name, _ in config.sensors_die)):
            _check_source(name)
        check_condition(config.condition)
        self.config = config
        self.world = world.generate(config.seed, config.kind)
        self.task = task.draw(self.world, config.seed, config.task, turns_in_place=config.robot == "diff")
        self.rig = randomised(np.random.default_rng([config.rig or config.seed, 3])) if config.randomise else Rig()
        self._sensors = Sensors(self.world, self.rig, np.random.default_rng([config.seed, 4]))
        self._grid = ModelSpec().grid
        self._shortest: float | None = None
        self.reset()

    def reset(self) -> None:
        """Back to the start; the same commands then give the same readings."""
        self._sensors.rng = np.random.default_rng([self.config.seed, 5])
        self._sensors.weather = make_weather(self.config.condition, self.config.seed, self._sensors.look.sun, self.rig)
        self._off = set(self.config.sensors_off)
        self.robot: Robot = make_robot(self.config.robot, self.world.start)
        rng = np.random.default_rng([self.config.seed, 6])
        self._odometer = WheelOdometry(self.rig.odometry_noise, rng, self.robot.axle)
        self.things: tuple[Thing, ...] = self.world.things
        self._walkers = Walkers(self.things)
        self._walls = np.stack([w.solid() for w in self.world.walls])
        self.stamp_ns = START_NS
        self.collided, self.hit_label = False, ""
        self.distance_travelled, self.turned, self.advanced = 0.0, 0.0, 0.0
        self._said = 0
        self._still_since_s = np.inf  # while it moves

    def go_on(self, seed: int) -> None:
        """Another order, drawn by ``seed``, from where the robot is now; time, things and odometry go on as they are."""
        self.world = replace(self.world, start=(self.robot.x, self.robot.y, self.robot.yaw), things=self.things)
        drawn = task.draw(self.world, seed, turns_in_place=self.config.robot == "diff")
        now_s = self.time_s
        self.task = replace(drawn, script=tuple((now_s + at, text) for at, text in drawn.script), at_s=now_s + drawn.at_s)
        self.turned = self.advanced = self.distance_travelled = 0.0
        self._said, self._shortest = 0, None
        self._still_since_s = now_s if self.still else np.inf

    # ---------------------------------------------------------------- time

    @property
    def time_s(self) -> float:
        """Simulated seconds since the start."""
        return (self.stamp_ns - START_NS) * 1e-9

    def step(self, v: float, w: float, dt: float) -> None:
        """Let ``dt`` seconds pass while the robot is told to drive at ``v`` m/s and ``w`` rad/s.

        Raises:
            ConfigError: for a command or a time that is no finite number.
        """
        if not (np.isfinite([v, w, dt]).all() and dt > 0):
            raise ConfigError(f"step({v!r}, {w!r}, {dt!r}) needs finite numbers and time that passes")
        count = max(1, int(np.ceil(dt / SUBSTEP_S - 1e-9)))
        total = round(dt * 1e9)
        for k in range(count):
            self._substep(v, w, total * (k + 1) // count - total * k // count)

    def _substep(self, v: float, w: float, dt_ns: int) -> None:
        dt = dt_ns * 1e-9
        robot, before = self.robot, (self.robot.x, self.robot.y, self.robot.yaw)
        robot.step(v, w, dt)
        if not self.collided and robot.touches(solids := self.solids()):
            self.collided = True
            self.hit_label = self._nearest_label(solids)
        if self.collided:  # it is stuck where it touched
            robot.x, robot.y, robot.yaw = before
            robot.v = robot.w = 0.0
        gone = float(np.hypot(robot.x - before[0], robot.y - before[1]))
        self.distance_travelled += gone
        if self.time_s >= self.task.at_s:
            self.turned += robot.yaw - before[2]
            self.advanced += gone if robot.v >= 0 else -gone
        self._odometer.step(robot.v, robot.w, dt)
        self.things = self._walkers.step(self.things, (robot.x, robot.y), robot.radius, dt)
        self.stamp_ns += dt_ns
        if abs(robot.v) > STILL_V or abs(robot.w) > STILL_W:
            self._still_since_s = np.inf
        elif self._still_since_s == np.inf:
            self._still_since_s = self.time_s

    # ---------------------------------------------------------------- senses

    def set_sensor(self, name: str, on: bool) -> None:
        """Switch a sensor on or off while it runs.

        Raises:
            ConfigError: for an unknown sensor.
        """
        _check_source(name)
        (self._off.discard if on else self._off.add)(name)

    def sense(self, with_truth: bool = True) -> Snapshot:
        """Readings and truth now. ``with_truth=False`` leaves the truth's grids and objects empty, which is faster."""
        exact = self.exact_odometry()
        gone = self._silent()
        wanted = frozenset(SOURCES) - gone.keys()
        readings: dict[str, CameraImage | PointCloud | Odometry] = {}
        readings.update(self._sensors.look_around(exact.T_odom_base, self._twist(), self.things, self.stamp_ns, wanted))
        if "odom" in wanted:
            readings["odom"] = self._odometer.reading(self.stamp_ns)
        return Snapshot(
            stamp_ns=self.stamp_ns,
            readings=readings,
            camera_models={"camera/front": self.rig.camera_model},
            transforms=self.rig.transforms,
            missing=tuple(Missing(name=name, reason=gone[name]) for name in SOURCES if name in gone),
            heard=self.hear(),
            exact=exact,
            truth=self.truth() if with_truth else Truth.empty(exact.T_odom_base),
        )

    def _silent(self) -> dict[str, str]:
        """Sensors that say nothing now, and why."""
        died = {name: f"silent since {at:g} s" for name, at in self.config.sensors_die if self.time_s >= at - 1e-6}
        return died | dict.fromkeys(self._off, "switched off")

    def odometry(self) -> Odometry:
        """What the wheels say now (drifting)."""
        return self._odometer.reading(self.stamp_ns)

    def exact_odometry(self) -> Odometry:
        """True pose in frame map and true twist."""
        return odometry(self.stamp_ns, self.robot.pose(), self._twist(), "map")

    def _twist(self) -> tuple[float, float, float]:
        return self.robot.v, self.robot.w * self.robot.axle, self.robot.w

    def hear(self) -> tuple[Utterance, ...]:
        """Orders that were given since this was last asked; stamped with the time they were due."""
        due = [(at, text) for at, text in self.task.script if at <= self.time_s + 1e-6]
        new, self._said = due[self._said :], len(due)
        return tuple(Utterance(stamp_ns=START_NS + round(at * 1e9), text=text) for at, text in new)

    def truth(self) -> Truth:
        """What is really around the robot now."""
        self._sensors.scene.update(self.things)
        return truth_of(self.world, self.things, self.robot.pose(), self.rig, self._sensors.scene, self._grid)

    def solids(self) -> footprint.Solids:
        """Footprints of everything now."""
        return np.concatenate([self._walls, np.stack([t.solid() for t in self.things])])

    # ---------------------------------------------------------------- verdict

    @property
    def target(self) -> Thing | None:
        """The thing the task is about, where it is now."""
        return None if self.task.target_id is None else self.things[self.task.target_id]

    @property
    def target_distance_m(self) -> float:
        """From the robot's centre to the target's surface; infinite without a target."""
        return np.inf if self.target is None else footprint.distance(self.target.solid(), self.robot.x, self.robot.y)

    @property
    def wall_between(self) -> bool:
        """Whether a wall stands between the robot's centre and the target's."""
        if self.target is None:
            return False
        line = np.linspace([self.robot.x, self.robot.y], [self.target.x, self.target.y], 24)
        return bool(footprint.clearance(self._walls, line).min() < 0)

    @property
    def still(self) -> bool:
        """Whether the robot stands."""
        return self._still_since_s < np.inf

    @property
    def success(self) -> bool:
        """Whether the task is fulfilled now; never after a collision."""
        if self.collided or self._said < len(self.task.script) or not self.still:
            return False
        if self.task.name != "stop" and self.time_s - self._still_since_s < SETTLED_S - 1e-6:
            return False  # it may only be turning round
        if self.task.has_goal:
            return self.target_distance_m <= SUCCESS_M and not self.wall_between
        if self.task.name == "turn":
            return abs(self.turned - self.task.amount) <= TURN_TOLERANCE
        if self.task.name == "move":
            return abs(self.advanced - self.task.amount) <= MOVE_TOLERANCE_M
        return self._still_since_s <= self.task.at_s + 1.0 and self.time_s >= self.task.at_s + 1.0

    @property
    def failed(self) -> bool:
        """Whether nothing can save it: it collided, or was told to stop and did not within a second."""
        late = self.task.name == "stop" and self.time_s > self.task.at_s + 1.0 and not self.success
        return self.collided or (late and self._said == len(self.task.script))

    @property
    def shortest_path_m(self) -> float:
        """Length of the shortest way from the start to where the task is fulfilled (for SPL); 0 without a goal."""
        if self._shortest is None:
            target_id = self.task.target_id if self.task.has_goal else None
            self._shortest = 0.0 if target_id is None else self._measure_shortest(target_id)
        return self._shortest

    def _measure_shortest(self, target_id: int) -> float:
        terrain = Terrain.of(self.world.solids(), self.world.bounds)
        goal = terrain.distances_to(self.world.things[target_id].solid()) <= SUCCESS_M
        way = terrain.field(goal, self.robot.radius, comfort=0.0)
        return float(way[terrain.index(self.world.start[0], self.world.start[1])])

    def _nearest_label(self, solids: footprint.Solids) -> str:
        away = [footprint.distance(s, self.robot.x, self.robot.y) for s in solids]
        return (*self.world.walls, *self.things)[int(np.argmin(away))].label


def _check_source(name: str) -> None:
    if name not in SOURCES:
        raise ConfigError(f"sensor {name!r} is unknown; use one of {', '.join(SOURCES)}")

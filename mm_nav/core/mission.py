# SPDX-License-Identifier: Apache-2.0
"""What the robot is doing about its command: memory of the goal and of obstacles, search, and a Plan per frame.

A pure state machine: frames and stamps in, plans out. Knows no network, no messages, no clock.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64

from mm_nav.core.approach import Approach
from mm_nav.core.config import ModelSpec
from mm_nav.core.explore import Search, turned
from mm_nav.core.geometry import inverse, yaw_of
from mm_nav.core.goal import JUMP_M, LIKELY, SURE, Candidate
from mm_nav.core.grounding import Grounding
from mm_nav.core.headway import Headway
from mm_nav.core.keepout import KEEP_M, Zone, ground, with_zone
from mm_nav.core.local_map import LocalMap, into, pose_2d
from mm_nav.core.planner import CostMap, cost_map, plan
from mm_nav.core.postprocess import VISIBLE
from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import Command, FusionOutput, Goal, Intent, Odometry, Plan, Scene

TIME_TO_LIVE_S = 300.0  # a goal nobody renews is dropped
TURN_DONE_RAD, MOVE_DONE_M = 0.05, 0.1
DOUBT_FRAMES = 8  # looks from near by, after which it is not what was asked for
STOP_VOTE = 0.7
KEEP = 0.6  # share of the belief wanted for setting out that is wanted for going on
ENOUGH_ROUNDS = 3  # looks around after which the best candidate will do
FACING_RAD, FACING_FRAMES = 0.6, 25  # it ends up looking at the goal, if that can be had
FOLLOW_M = 1.2  # distance kept from the surface of what is followed
BACK_M = 0.5
NOWHERE = np.zeros((0, 2))


class Mission:
    """One command at a time, from the utterance to "reached" or "not_found".

    Attributes:
        status: idle, searching, driving, following, turning, moving, waiting, avoiding, blocked, reached, not_found.
        occupancy: the last frame's, completed from memory (base_link, NaN unknown).
    """

    def __init__(self, spec: ModelSpec, limits: DriveLimits | None = None) -> None:
        """Args: spec: grid of the scenes to come. limits: size of the robot and whether it turns in place."""
        self.spec, self.limits = spec, limits or DriveLimits()
        self.map = LocalMap(spec.grid)
        self.zones: tuple[Zone, ...] = ()  # what it was told to keep away from
        self.search = Search(turns_in_place=self.limits.min_turn_radius == 0)
        self._headway = Headway()
        self.reset()

    def reset(self) -> None:
        """Forget the command and everything seen."""
        self.command: Command | None = None
        self.memory = Grounding(self.spec)
        self.status = "idle"
        self.occupancy = np.full((self.spec.grid.rows, self.spec.grid.columns), np.nan, np.float32)
        self._stamp_ns: int | None = None
        self._T, self._tracked, self._dt_s, self._turned = np.eye(4), False, 0.0, 0.0
        self._begin(0)
        self._forget()

    def accept(self, command: Command, stamp_ns: int) -> None:
        """Start a command in place of the old one; what is known about obstacles, and what to keep away from, stays."""
        if self.command is not None and self.command.intent is Intent.AVOID and self.memory.goal is not None:
            self.zones = with_zone(self.zones, Zone.around(self.memory.goal))
        self.command = command
        self.status = "idle"
        self._begin(stamp_ns)
        self.memory.begin(command)

    @property
    def goal(self) -> Goal | None:
        """Where the thing asked for is, in base_link at the last frame."""
        goal = self.memory.goal
        if goal is None:
            return None
        return Goal(xy=into(self._T, goal.xy[None])[0], confidence=float(goal.worth), seen_now=goal.seen_now)

    def update(
        self, scene: Scene, odometry: Odometry | None, output: FusionOutput, in_view: Bool[np.ndarray, "y x"]
    ) -> Plan:
        """Take in one frame and say what to do.

        Args:
            scene: this frame's. odometry: pose at the frame, None if there is none.
            output: the network's, for goal maps, stop probability and waypoints. in_view: cells some camera pictures.
        """
        self._move_on(scene.stamp_ns, odometry)
        self.map.update(scene.occupancy, scene.motion, scene.objects, self._T, self._dt_s)
        self.occupancy = self.map.completed(scene.occupancy, self._T)
        self.memory.look(scene, output, in_view & (output.visible >= VISIBLE), self._T, self._tracked)
        if self.command is None:
            return self._rest("idle")
        if self.status in ("reached", "not_found") and self.command.intent is not Intent.FOLLOW:
            return self._rest(self.status)
        if not np.isfinite(scene.occupancy).any():  # the memory under the robot is no reason to drive blind
            return self._rest("blocked")
        return self._does(self.command.intent)(self.command, output)

    # ---------------------------------------------------------------- frames

    def _begin(self, stamp_ns: int) -> None:
        self._began_ns: int = stamp_ns
        self._done = 0.0  # radians turned since the command
        self._origin: Float64[np.ndarray, "4 4"] | None = None
        self._path: Float64[np.ndarray, "n 2"] | None = None  # last one, in odom
        self._near = 0  # frames in a row at the goal
        self._headway.restart()
        self._committed: Candidate | None = None  # what it drives to
        self.search.restart()

    def _forget(self) -> None:
        self.map.reset()
        self.zones = ()
        self.memory.reset()
        self.search.restart()
        self._path, self._origin = None, None
        self._headway.rest()

    def _move_on(self, stamp_ns: int, odometry: Odometry | None) -> None:
        """Take over the pose; what was remembered in another frame is forgotten."""
        good = odometry is not None and bool(np.isfinite(odometry.T_odom_base).all())
        T = pose_2d(odometry.T_odom_base) if good and odometry is not None else np.eye(4)
        dt_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) * 1e-9
        jumped = good and self._tracked and np.hypot(*(T[:2, 3] - self._T[:2, 3])) > JUMP_M + 3.0 * max(dt_s, 0.0)
        if self._stamp_ns is not None and (good != self._tracked or jumped or dt_s < 0):
            self._forget()
        elif not good:
            self.map.reset()
        self._turned = turned(yaw_of(T), yaw_of(self._T) if good and self._tracked and not jumped else None)
        self._T, self._tracked, self._stamp_ns, self._dt_s = T, good, stamp_ns, float(np.clip(dt_s, 0.0, 2.0))

    @property
    def _now_ns(self) -> int:
        return self._stamp_ns or 0

    def _plan(self, status: str, state: str, path: Float64[np.ndarray, "n 2"] = NOWHERE, **rest: float) -> Plan:
        """A plan in base_link; ``path`` is in odom."""
        self.status = status
        self._path = path if len(path) else None
        if not len(path):
            self._headway.rest()
        return Plan(
            stamp_ns=self._now_ns, path=into(self._T, path), stop=bool(rest.get("stop", False)), state=state,
            turn_rad=float(rest.get("turn_rad", 0.0)), reverse=bool(rest.get("reverse", False)),
            T_odom_base=self._T if self._tracked else None,
        )  # fmt: skip

    def _rest(self, status: str) -> Plan:
        """Stand still."""
        state = {"idle": "idle", "reached": "reached", "not_found": "not_found", "waiting": "hold",
                 "avoiding": "hold"}.get(status, "blocked")
        return self._plan(status, state, stop=True)

    # ---------------------------------------------------------------- intents

    def _does(self, intent: Intent) -> Callable[[Command, FusionOutput], Plan]:
        return {
            Intent.GO_TO: self._go, Intent.LOOK_FOR: self._go, Intent.FOLLOW: self._go, Intent.TURN: self._turn,
            Intent.MOVE_BY: self._move, Intent.WAIT: self._wait, Intent.AVOID: self._avoid,
            Intent.STOP: lambda *_: self._rest("idle"),
        }[intent]  # fmt: skip

    def _wait(self, command: Command, output: FusionOutput) -> Plan:
        over = (self._now_ns - self._began_ns) * 1e-9 >= command.amount
        return self._rest("reached" if over else "waiting")

    def _turn(self, command: Command, output: FusionOutput) -> Plan:
        if not self._tracked:
            return self._rest("blocked")  # a turn that cannot be measured is not begun
        if self._origin is None:
            self._origin, self._turned = self._T, 0.0
        self._done += self._turned
        left = command.amount - self._done
        return self._rest("reached") if abs(left) < TURN_DONE_RAD else self._plan("turning", "turn", turn_rad=left)

    def _move(self, command: Command, output: FusionOutput) -> Plan:
        if not self._tracked:
            return self._rest("blocked")
        if self._origin is None:
            self._origin = self._T
        amount = command.amount
        along = (inverse(self._origin) @ self._T)[0, 3]
        if (amount - along) * np.sign(amount) < MOVE_DONE_M:
            return self._rest("reached")
        line = np.linspace(along, amount, max(2, int(abs(amount - along) / 0.2) + 1))
        path = self._origin[:2, 3] + line[:, None] * self._origin[:2, 0]
        stuck = self._headway.stuck(self._now_ns, self._T)
        return self._plan("blocked" if stuck else "moving", "drive", path, reverse=amount < 0)

    def _avoid(self, command: Command, output: FusionOutput) -> Plan:
        """Keep away from a thing: go where it is far enough while it is too near, else stand and watch."""
        thing = self.memory.goal
        if thing is None or not self._tracked:
            return self._rest("avoiding")
        here = (*self.zones, Zone.around(thing))
        if here[-1].distance_m(self._T[None, :2, 3])[0] >= KEEP_M:
            return self._rest("avoiding")
        costs, xy = self._costs()
        way = plan(costs, xy, ~ground(here, self.map.cells_odom(), margin_m=0.2) & (costs.room > 0))
        return self._rest("blocked") if way is None else self._drive("avoiding", "drive", self.map.to_odom(way))

    def _go(self, command: Command, output: FusionOutput) -> Plan:
        """Go to, look for and follow: drive when it is known where, search when it is not."""
        if (self._now_ns - self._began_ns) * 1e-9 > TIME_TO_LIVE_S or self.status == "not_found":
            return self._rest("not_found")
        goal = self.memory.goal
        if goal is not None and (goal.worth >= self._wanted_belief(goal) or not self._tracked):
            self._committed = goal
            return self._approach(goal, float(output.stop[0]), follows=command.intent is Intent.FOLLOW)
        self._near, self._committed = 0, None
        if self.search.rounds >= ENOUGH_ROUNDS:
            self.memory.forgive()
        if self.search.exhausted:
            return self._rest("not_found")
        if self.search.looking:
            return self._look_round(output)
        return self._look_elsewhere(output)

    def _wanted_belief(self, goal: Candidate) -> float:
        """How sure to be before driving there: less so the more was looked at, for the best of all seen is then it.

        A goal that it drives to already must lose much of its belief before it is given up.
        """
        wanted = SURE if not self.search.looked_round else LIKELY if self.search.rounds < ENOUGH_ROUNDS else 0.0
        return (KEEP if goal is self._committed else 1.0) * wanted

    def _approach(self, goal: Candidate, stop_vote: float, *, follows: bool) -> Plan:
        there = Approach.of(goal, self.map, self._T, FOLLOW_M if follows else None)
        here = there.here or (stop_vote >= STOP_VOTE and there.nearly)
        way = None
        if not here:
            costs, xy = self._costs()
            way = plan(costs, xy, there.ring(costs, self.map.probability()))
            here = way is None and there.nearly
            way = there.nearest_way(costs, xy) if way is None and not here else way
        self._near = self._near + 1 if here else 0
        if way is not None:
            return self._drive("following" if follows else "driving", "drive", self.map.to_odom(way))
        if not here:
            side = there.bearing if abs(there.bearing) > 0.3 else 0.3
            return self._plan("blocked", "blocked", turn_rad=float(np.clip(side, -0.4, 0.4)))
        facing = abs(there.bearing) < FACING_RAD or not self.search.turns_in_place or self._near > FACING_FRAMES
        if not facing:
            return self._plan("following" if follows else "driving", "turn", turn_rad=there.bearing)
        convinced = goal.worth >= LIKELY or self.search.rounds >= ENOUGH_ROUNDS or not self._tracked
        if convinced and self._near >= 2 and not follows:
            return self._rest("reached")
        if not convinced and self._near >= DOUBT_FRAMES:
            self.memory.doubt_goal()
        return self._plan("following" if follows else "driving", "drive", stop=True)

    def _look_round(self, output: FusionOutput) -> Plan:
        side = float(output.waypoints[-1, 1])
        measured = self._turned if self._tracked else None
        left = self.search.look(measured, self._dt_s, side, self._T[:2, 3], self._now_ns)
        return self._plan("searching", "search", turn_rad=left, stop=left == 0.0)

    def _look_elsewhere(self, output: FusionOutput) -> Plan:
        if not self._tracked:  # it would get lost
            return self._rest("not_found") if self.search.rounds > 1 else self._turn_again()
        costs, xy = self._costs()
        if self.search.target is None:
            guess = self.memory.best_guess()
            spots = np.array([self.map.to_window(s) for s in self.search.spots]).reshape(-1, 2)
            # where the network would go; a car goes where it has its back, for that it has not seen
            end = self._T[:2, :2] @ (output.waypoints[-1] if self.search.turns_in_place else np.array([-1.0, 0.0]))
            target = self.search.choose(
                costs, self.map.probability(), xy, spots, float(np.arctan2(end[1], end[0])),
                None if guess is None else self.map.to_window(guess.xy),
            )  # fmt: skip
            self.search.target = None if target is None else self.map.to_odom(target)
        if self.search.target is None or self.search.arrived(self._T[:2, 3], self._now_ns):
            return self._turn_again()
        way = plan(costs, xy, self.map.disc(self.map.to_window(self.search.target), 0.4))
        return self._turn_again() if way is None else self._drive("searching", "search", self.map.to_odom(way))

    def _turn_again(self) -> Plan:
        self.search.turn_again()
        return self._plan("searching", "search", stop=True)

    # ---------------------------------------------------------------- driving

    def _costs(self) -> tuple[CostMap, Float64[np.ndarray, "2"]]:
        """Cost of the ground in the map's window, and where the robot is there."""
        xy = self.map.to_window(self._T[:2, 3])
        last = None if self._path is None else self.map.to_window(self._path)
        occupancy = self.map.probability()
        off = ground(self.zones, self.map.cells_odom()) if self.zones else None
        return cost_map(occupancy, self.map.grid, xy, self.limits.robot_radius, self.map.motion, last, off), xy

    def _drive(self, status: str, state: str, way: Float64[np.ndarray, "n 2"]) -> Plan:
        """Follow a way in odom; back off a little when there was no headway for some seconds."""
        if self._headway.backs_off(self._now_ns, self._T if self._tracked else None):
            behind = self._T[:2, 3] - np.linspace(0, BACK_M, 4)[:, None] * self._T[:2, 0]
            return self._plan(status, state, behind, reverse=True)
        return self._plan(status, state, way)

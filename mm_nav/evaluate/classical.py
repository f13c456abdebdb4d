# SPDX-License-Identifier: Apache-2.0
"""A peer without a network, as it would be built in a day: costmap, coloured blobs, grid planner, turn to search.

Hears orders with the same grammar and drives with the same planner and velocity law as the pipeline, so that a comparison
is about perception and memory. It knows colour words and rough sizes of things, and ignores relations ("behind the box").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64

from mm_nav.core.command import parse
from mm_nav.core.config import ModelSpec
from mm_nav.core.explore import Search, turned
from mm_nav.core.geometry import cell_centers, inverse, wrap_angle, yaw_of
from mm_nav.core.local_map import LocalMap, into, pose_2d
from mm_nav.core.planner import CostMap, cost_map, plan
from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import Command, Intent, Plan, Rejection, Scene, SensorFrame
from mm_nav.evaluate.blobs import Blob, blobs, costmap, points_of
from mm_nav.evaluate.driver import Look

WORDS = {
    "red": r"\bred\b|红", "orange": "orange|橙", "yellow": "yellow|黄", "green": "green|绿", "blue": "blue|蓝", "purple": "purple|紫",
    "white": "white|白", "black": "black|黑",
}  # fmt: skip
SIZES = (  # words of a thing; longest extent on the ground and height from .. to, metres; the first that is said counts
    ("person|pedestrian|someone|man|woman|people|人", (0.1, 0.8), (1.0, 1.9)),
    ("cone|pylon|锥", (0.05, 0.5), (0.2, 0.82)),
    ("barrel|drum|keg|桶", (0.15, 0.7), (0.72, 1.05)),
    ("car|vehicle|automobile|车", (0.9, 5.0), (0.6, 1.7)),
    ("box|crate|case|箱|盒", (0.1, 1.4), (0.2, 1.0)),
)  # fmt: skip
ANY_SIZE = ((0.05, 5.0), (0.15, 1.9))
BEHIND_RELATION = re.compile(r".*(?:旁边|附近|后面|后方|前面|前方|左边|左侧|右边|右侧)的?(?=.)")
BEFORE_RELATION = re.compile(r" (?:next to|beside|near|behind|in back of|in front of|(?:to the )?(?:left|right) of)\b.*")
SAME_M, STAND_M, HERE_M, NEARLY_M = 0.8, 0.75, 0.9, 1.1
LOST = 6  # looks from near by that show nothing, after which a candidate is dropped
NOWHERE = np.zeros((0, 2))


@dataclass(slots=True)
class Candidate:
    """A blob that was seen, in odom."""

    xy: Float64[np.ndarray, "2"]
    points: Float64[np.ndarray, "n 2"]
    score: float
    hits: int = 1
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a phrase asks for: a colour or None, and ranges of length and height in metres."""

    colour: str | None
    length: tuple[float, float]
    height: tuple[float, float]

    @classmethod
    def of(cls, phrase: str) -> "Wanted":
        """Read the part of a phrase that names the thing itself."""
        thing = BEHIND_RELATION.sub("", BEFORE_RELATION.sub("", phrase))
        colour = next((name for name, words in WORDS.items() if re.search(words, thing)), None)
        length, height = next(((size, tall) for words, size, tall in SIZES if re.search(words, thing)), ANY_SIZE)
        return cls(colour, length, height)

    def score(self, blob: Blob) -> float:
        """1 for the colour and a size that fits, less where the size does not, 0 for another colour."""
        if self.colour not in (None, blob.colour):
            return 0.0
        fits = self.length[0] <= blob.length <= self.length[1] and self.height[0] <= blob.height <= self.height[1]
        far = blob.distance_m > 4.0 and blob.length <= self.length[1] and blob.height <= self.height[1]
        if self.colour in (None, "white", "black"):  # walls and shadows are that as well
            return 0.6 if fits else 0.0
        return 1.0 if fits else 0.6 if far else 0.3 if blob.length <= 1.3 * self.length[1] else 0.0


class Classical:
    """One order at a time: search for the colour, drive up to it, stand."""

    def __init__(self, limits: DriveLimits | None = None) -> None:
        self.spec, self.limits = ModelSpec(), limits or DriveLimits()
        self.map = LocalMap(self.spec.grid)
        self.search = Search()
        self.order: Command | None = None
        self.status = "idle"
        self._T, self._stamp_ns, self._turned = np.eye(4), -1, 0.0
        self._begin()

    def _begin(self) -> None:
        self.candidates: list[Candidate] = []
        self._done, self._origin, self._began_ns = 0.0, np.full(2, np.nan), -1
        self._path: Float64[np.ndarray, "n 2"] | None = None
        self.search.restart()

    def command(self, text: str, stamp_ns: int) -> Command | Rejection:
        """Hear an order."""
        heard = parse(text)
        if isinstance(heard, Command):
            self.order, self.status = heard, "idle"
            self._wanted = Wanted.of(heard.target or heard.phrase)
            self._begin()
        return heard

    def step(self, frame: SensorFrame) -> Look:
        """Map, look for the colour, plan."""
        dt_s = 0.0 if self._stamp_ns < 0 else (frame.stamp_ns - self._stamp_ns) * 1e-9
        T = np.eye(4) if frame.odometry is None else pose_2d(frame.odometry.T_odom_base)
        self._turned = turned(yaw_of(T), yaw_of(self._T)) if self._stamp_ns >= 0 else 0.0
        self._T, self._stamp_ns = T, frame.stamp_ns
        points = points_of(frame)
        now = costmap(points, self.spec.grid)
        still = np.zeros((2, *now.shape), np.float32)
        self.map.update(now, still, (), T, dt_s)
        if self.order is not None and self.order.phrase:
            self._remember(blobs(points, frame.cameras[0] if frame.cameras else None), bool(frame.cameras))
        tells = frame.odometry is not None and bool(np.isfinite(now).any())
        made = self._decide() if tells else self._rest("blocked")
        scene = Scene(stamp_ns=frame.stamp_ns, occupancy=self.map.completed(now, T), motion=still, objects=(), goal=None,
                      missing=frame.missing)  # fmt: skip
        return Look(scene=scene, plan=made, status=self.status, aim=self._aim())

    # ---------------------------------------------------------------- what it looks for

    def _remember(self, seen: Sequence[Blob], looked: bool) -> None:
        """Match the frame's blobs with what was seen before; drop what is not there any more."""
        fresh = [(self._wanted.score(b), b) for b in seen]
        hit = set()
        for score, blob in ((s, b) for s, b in fresh if s > 0):
            xy = self._T[:2, :2] @ blob.xy + self._T[:2, 3]
            points = blob.points @ self._T[:2, :2].T + self._T[:2, 3]
            near = min(self.candidates, key=lambda c: float(np.hypot(*(c.xy - xy))), default=None)
            if near is None or np.hypot(*(near.xy - xy)) > SAME_M + 0.3 * blob.length:
                near = Candidate(xy, points, score)
                self.candidates.append(near)
            else:
                near.xy, near.points, near.hits = 0.5 * (near.xy + xy), points, near.hits + (id(near) not in hit)
                near.score += 0.3 * (score - near.score)
            hit.add(id(near))
        for candidate in self.candidates:
            x, y = into(self._T, candidate.xy[None])[0]
            in_view = looked and 0.5 < x < 6.0 and abs(np.arctan2(y, x)) < np.deg2rad(40)
            candidate.misses = 0 if id(candidate) in hit else candidate.misses + in_view
        self.candidates = [c for c in self.candidates if c.misses < LOST]

    def _goal(self) -> Candidate | None:
        """The best candidate: at once if colour and size fit, after some looks all round also if only the colour does."""
        wanted = 0.55 if self.search.rounds < 3 else 0.25
        good = [c for c in self.candidates if c.hits >= 2 and c.score >= wanted]
        return max(good, key=lambda c: (c.score > 0.8, c.score + 0.02 * min(c.hits, 10)), default=None)

    def _aim(self) -> tuple[float, float] | None:
        if self.order is None or not self.order.phrase:
            return None
        best = self._goal() or max(self.candidates, key=lambda c: c.score, default=None)
        if best is None:
            return float("nan"), float("nan")
        x, y = into(self._T, best.xy[None])[0]
        return float(x), float(y)

    # ---------------------------------------------------------------- what it does

    def _decide(self) -> Plan:
        order = self.order
        if order is None or order.intent is Intent.STOP:
            return self._rest("idle")
        if self.status in ("reached", "not_found"):
            return self._rest(self.status)
        if order.intent is Intent.TURN:
            self._done, first = self._done + (self._turned if self._began_ns >= 0 else 0.0), self._began_ns < 0
            self._began_ns = self._stamp_ns
            left = order.amount - self._done
            return self._rest("reached") if abs(left) < 0.05 and not first else self._plan("turning", "turn", turn_rad=left)
        if order.intent is Intent.MOVE_BY:
            return self._move(order.amount)
        if order.intent is Intent.WAIT:
            self._began_ns = self._stamp_ns if self._began_ns < 0 else self._began_ns
            return self._rest("reached" if (self._stamp_ns - self._began_ns) * 1e-9 >= order.amount else "waiting")
        goal = self._goal()
        return self._look_for() if goal is None else self._approach(goal)

    def _move(self, amount: float) -> Plan:
        if np.isnan(self._origin).any():
            self._origin, self._ahead = self._T[:2, 3].copy(), self._T[:2, 0].copy()
        along = float((self._T[:2, 3] - self._origin) @ self._ahead)
        if (amount - along) * np.sign(amount) < 0.1:
            return self._rest("reached")
        path = self._origin + np.linspace(along, amount, 8)[:, None] * self._ahead
        return self._plan("moving", "drive", path, reverse=amount < 0)

    def _approach(self, goal: Candidate) -> Plan:
        """Drive to a place next to the blob; there, stand."""
        xy = self._T[:2, 3]
        distance = float(np.hypot(*(goal.points - xy).T).min())
        if distance <= HERE_M:
            return self._rest("reached")
        costs, here = self._costs()
        way = plan(costs, here, self._near(costs, self.map.to_window(goal.points)))
        if way is not None and len(way) > 1:
            return self._plan("driving", "drive", self.map.to_odom(way))
        if distance <= NEARLY_M:
            return self._rest("reached")
        bearing = wrap_angle(float(np.arctan2(*(goal.xy - xy)[::-1])) - yaw_of(self._T))
        return self._plan("blocked", "blocked", turn_rad=float(np.clip(bearing or 0.3, -0.4, 0.4)))

    def _look_for(self) -> Plan:
        """Turn all the way round, drive to where it has not been, turn again."""
        if self.search.exhausted:
            return self._rest("not_found")
        xy = self._T[:2, 3]
        if self.search.looking:
            left = self.search.look(self._turned, 0.0, 1.0, xy, self._stamp_ns)
            return self._plan("searching", "search", turn_rad=left)
        costs, here = self._costs()
        if self.search.target is None:
            spots = np.array([self.map.to_window(s) for s in self.search.spots]).reshape(-1, 2)
            target = self.search.choose(costs, self.map.probability(), here, spots, yaw_of(self._T), None)
            self.search.target = None if target is None else self.map.to_odom(target)
        if self.search.target is None or self.search.arrived(xy, self._stamp_ns):
            self.search.turn_again()
            return self._plan("searching", "search")
        way = plan(costs, here, self._near(costs, self.map.to_window(self.search.target[None]), 0.4))
        if way is None:
            self.search.turn_again()
            return self._plan("searching", "search")
        return self._plan("searching", "search", self.map.to_odom(way))

    # ---------------------------------------------------------------- ways

    def _costs(self) -> tuple[CostMap, Float64[np.ndarray, "2"]]:
        here = self.map.to_window(self._T[:2, 3])
        last = None if self._path is None else self.map.to_window(self._path)
        occupancy: Float32[np.ndarray, "y x"] = self.map.probability()
        return cost_map(occupancy, self.map.grid, here, self.limits.robot_radius, None, last), here

    def _near(self, costs: CostMap, points: Float64[np.ndarray, "n 2"], within_m: float = STAND_M) -> Bool[np.ndarray, "y x"]:
        """Open cells this near to any of some points (both in the map's window)."""
        ys, xs = cell_centers(costs.grid)
        away = np.full(costs.cost.shape, np.inf)
        for x, y in points[:: max(1, len(points) // 40)]:
            away = np.minimum(away, np.hypot(xs[None] - x, ys[:, None] - y))
        return np.asarray((away <= within_m) & np.isfinite(costs.cost))

    def _plan(self, status: str, state: str, path: Float64[np.ndarray, "n 2"] = NOWHERE, turn_rad: float = 0.0,
              reverse: bool = False, stop: bool = False) -> Plan:  # fmt: skip
        """A plan in base_link; ``path`` is in odom."""
        self.status, self._path = status, path if len(path) else None
        back = inverse(self._T)
        return Plan(stamp_ns=self._stamp_ns, path=path @ back[:2, :2].T + back[:2, 3], stop=stop, state=state,
                    turn_rad=turn_rad, reverse=reverse, T_odom_base=self._T)  # fmt: skip

    def _rest(self, status: str) -> Plan:
        state = status if status in ("idle", "reached", "not_found") else "hold" if status == "waiting" else "blocked"
        return self._plan(status, state, stop=True)

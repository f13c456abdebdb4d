# SPDX-License-Identifier: Apache-2.0
"""Goal memory: noisy sightings of the phrase's object over many frames become one place in the odom frame.

A pure state machine over frames: no clock, no map, no network. Several candidates are kept, since the first thing
that looks right need not be the right one.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cells_of, yaw_of
from mm_nav.core.local_map import into
from mm_nav.core.types import Goal, ObjectBox

GATE_M = 1.0  # a sighting this near to a candidate is the same thing
FIRM = 0.35  # confidence from which two sightings in three frames make a goal,
CERTAIN = 0.85  # and from which one is enough
SURE = 0.55  # belief that is worth driving to before everything else was looked at
LIKELY = 0.42  # belief that will do after a look all the way round
LEARN = 0.3  # how fast belief follows the newest look,
DOUBT = 0.15  # and how fast it falls when a look shows nothing
FORGOTTEN = 0.12
AGAINST_SWITCHING = 1.5  # another candidate must be believed this much more to take over
JUMP_M = 1.5  # odometry that moves further than any robot does between frames was reset
TOLD_APART_M = 8.0  # farther than this, not seeing something says little
DEFAULT_RADIUS_M = 0.25
SNAP_M = 0.6
SHRINK = 0.9  # of a regressed box: rather a little too near than short of the goal
LONGEST_M = 4.6


@dataclass(slots=True)
class Candidate:
    """A place, in odom, where the phrase's object may stand."""

    xy: Float64[np.ndarray, "2"]
    belief: float
    recent: list[bool] = field(default_factory=list)  # seen in the last three frames, newest last
    firm: bool = False
    doubted: bool = False  # stood before it and was not convinced
    fit: float = 1.0  # to what else was said of it, see core/relation.py
    seen_now: bool = True
    size: tuple[float, float] = (2 * DEFAULT_RADIUS_M, 2 * DEFAULT_RADIUS_M)
    yaw: float = 0.0  # of the box, in odom

    @property
    def worth(self) -> float:
        """Belief that this is what was meant."""
        return self.belief * self.fit


class GoalMemory:
    """Fuses sightings frame by frame; ``goal`` is what to drive to, if anything is believed firmly enough."""

    def __init__(self, grid: BevGrid) -> None:
        self.grid = grid
        self.reset()

    def reset(self) -> None:
        """Forget everything: another phrase, or odometry that jumped."""
        self.candidates: list[Candidate] = []
        self.goal: Candidate | None = None

    def update(
        self, sightings: tuple[Goal, ...], objects: tuple[ObjectBox, ...], in_view: Bool[np.ndarray, "y x"],
        T_odom_base: Float64[np.ndarray, "4 4"], tracked: bool,
    ) -> None:  # fmt: skip
        """Take in one frame.

        Args:
            sightings: this frame's, in base_link. objects: this frame's, for size and exact place.
            in_view: cells of base_link's grid where the phrase's object would be seen if it stood there.
            T_odom_base: planar pose; identity when ``tracked`` is False, and then nothing outlives its frame unseen.
        """
        fresh = list(sightings)
        for candidate in sorted(self.candidates, key=lambda c: -c.belief):
            self._look(candidate, fresh, in_view, T_odom_base)
            if not tracked and not candidate.seen_now:
                candidate.belief = 0.0
        for sighting in fresh:
            xy = T_odom_base[:2, :2] @ sighting.xy + T_odom_base[:2, 3]
            self.candidates.append(Candidate(xy=xy, belief=sighting.confidence * LEARN, recent=[True]))
            self._settle(self.candidates[-1], sighting.confidence)
        self._merge()
        self.candidates = [c for c in self.candidates if c.belief >= FORGOTTEN or (c.seen_now and len(c.recent) < 3)]
        for candidate in self.candidates:
            if candidate.seen_now:
                _shape(candidate, objects, T_odom_base)
        self.choose()

    def doubt_goal(self) -> None:
        """From near by it does not look like it: look for something better first."""
        if self.goal is not None:
            self.goal.doubted = True
            self.goal = None

    def forgive(self) -> None:
        """Nothing better was found: what was doubted may be it after all."""
        for candidate in self.candidates:
            candidate.doubted = False

    def best_guess(self) -> Candidate | None:
        """The most believed candidate, firm or not, that was not doubted."""
        return max((c for c in self.candidates if not c.doubted), key=lambda c: c.worth, default=None)

    def _look(
        self, candidate: Candidate, fresh: list[Goal], in_view: Bool[np.ndarray, "y x"], T: Float64[np.ndarray, "4 4"]
    ) -> None:
        """Match one candidate with the frame; a matched sighting is taken out of ``fresh``."""
        here = into(T, candidate.xy[None])[0]
        match = min(fresh, key=lambda g: float(np.hypot(*(g.xy - here))), default=None)
        candidate.seen_now = match is not None and bool(np.hypot(*(match.xy - here)) < GATE_M)
        if match is not None and candidate.seen_now:
            fresh[:] = [g for g in fresh if g is not match]
            weight = max(0.3, match.confidence / (match.confidence + 3 * candidate.belief))
            seen = T[:2, :2] @ match.xy + T[:2, 3]
            candidate.xy = (1 - weight) * candidate.xy + weight * seen
            candidate.belief += LEARN * (match.confidence - candidate.belief)
            candidate.recent = [*candidate.recent, True][-3:]
            self._settle(candidate, match.confidence)
        elif self._expected(here, in_view):
            candidate.belief *= 1 - DOUBT
            candidate.recent = [*candidate.recent, False][-3:]

    def _settle(self, candidate: Candidate, confidence: float) -> None:
        if confidence >= CERTAIN or (confidence >= FIRM and sum(candidate.recent) >= 2):
            if not candidate.firm:
                candidate.belief = max(candidate.belief, 0.8 * confidence)
            candidate.firm = True

    def _expected(self, here: Float64[np.ndarray, "2"], in_view: Bool[np.ndarray, "y x"]) -> bool:
        row, column, inside = cells_of(self.grid, here[None])
        near = bool(np.hypot(*here) < TOLD_APART_M)
        return near and bool(inside[0]) and bool(in_view[row[0], column[0]])

    def _merge(self) -> None:
        kept: list[Candidate] = []
        for candidate in sorted(self.candidates, key=lambda c: (-c.firm, -c.belief)):
            if all(np.hypot(*(candidate.xy - other.xy)) > 0.7 * GATE_M for other in kept):
                kept.append(candidate)
        self.candidates = kept

    def choose(self) -> None:
        """Take the best candidate for the goal; again after the candidates' ``fit`` has changed."""
        firm = [c for c in self.candidates if c.firm and not c.doubted]
        best = max(firm, key=lambda c: c.worth, default=None)
        held = self.goal if any(c is self.goal for c in firm) else None
        if held is None or (best is not None and best.worth > AGAINST_SWITCHING * held.worth):
            self.goal = best


def _shape(candidate: Candidate, objects: tuple[ObjectBox, ...], T: Float64[np.ndarray, "4 4"]) -> None:
    """Give a candidate the place and size of the detected object that it is."""
    here = into(T, candidate.xy[None])[0]
    near = min(objects, key=lambda o: float(np.hypot(*(o.center[:2] - here))), default=None)
    if near is not None and np.hypot(*(near.center[:2] - here)) < SNAP_M:
        length, width = SHRINK * np.clip(near.size[:2], 0.2, LONGEST_M)
        old_length, old_width = candidate.size
        candidate.size = (0.7 * old_length + 0.3 * float(length), 0.7 * old_width + 0.3 * float(width))
        candidate.yaw = near.yaw + yaw_of(T)


def surface_distance(
    xy: Float64[np.ndarray, "*n 2"], center: Float64[np.ndarray, "2"], size: tuple[float, float], yaw: float
) -> Float64[np.ndarray, "*n"]:
    """Distance of points to a box on the ground (length, width, yaw), 0 inside; all in one frame."""
    c, s = np.cos(yaw), np.sin(yaw)
    local = (xy - center) @ np.array([[c, -s], [s, c]])
    outside = np.maximum(np.abs(local) - np.array(size) / 2, 0.0)
    return np.asarray(np.hypot(outside[..., 0], outside[..., 1]))

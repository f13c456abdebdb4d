# SPDX-License-Identifier: Apache-2.0
"""Where a robot was sent, told afterwards by where it went: goals for recordings that nobody annotated.

After a command that names a thing, the robot (or who drove it) ends its way in front of that thing. So the nearest
obstacle ahead of where it came to rest is what was meant, in every frame since the command. Without a command nothing
is claimed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mm_nav.core.command import parse
from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers
from mm_nav.core.types import Command, Intent, Utterance
from mm_nav.train.track import Track, into, out_of

NAMING = (Intent.GO_TO, Intent.LOOK_FOR, Intent.FOLLOW)
REST_NS = 950_000_000  # standing this long is coming to rest; a stamp or two of a second may be missing
LONG_NS = 5_000_000_000  # after standing this long the robot is done, whatever it does later
STILL_M, STILL_RAD = 0.06, 0.12
AHEAD_M, AHEAD_RAD = 2.2, 1.0  # from the robot's centre
ASIDE_M = 0.8  # what one radian off the heading counts like
THING_M = 0.5  # parts of one thing lie within this of its nearest cell
RADIUS_M = 0.2  # of a thing of which only the front was seen
FOLLOWED_NS = 1_000_000_000  # before rest: a followed thing was elsewhere earlier


@dataclass(frozen=True, slots=True)
class Goal:
    """What one command meant. ``xy`` (2,) in odom, or None where nothing stands ahead of the place of rest."""

    phrase: str
    intent: Intent
    start_ns: int
    rest_ns: int
    end_ns: int
    xy: np.ndarray | None


@dataclass(frozen=True, slots=True)
class GoalLabel:
    """Of one frame: the goal's place (2,) in base_link if ``known``, and whether the robot should stand if ``stop_known``."""

    phrase: str = ""
    xy: np.ndarray = field(default_factory=lambda: np.zeros(2, np.float32))
    known: bool = False
    stop: bool = False
    stop_known: bool = False


def goals(commands: list[Utterance], track: Track, occupancy_at: Callable[[int], np.ndarray | None], grid: BevGrid) -> list[Goal]:
    """One goal per command that names a thing and that the robot came to rest after.

    Args:
        commands: by the clock of ``track``. occupancy_at: int8 (Y, X) around the robot at a stamp, None where there is none.
    """
    said = [(u.stamp_ns, c) for u in sorted(commands, key=lambda u: u.stamp_ns) if isinstance(c := parse(u.text), Command)]
    said = [(s, c) for s, c in said if c.intent is not Intent.AVOID]  # goes along with the command before
    out = []
    for i, (start, command) in enumerate(said):
        end = said[i + 1][0] if i + 1 < len(said) else int(track.stamps_ns[-1]) if len(track.stamps_ns) else start
        rest = _rest(track, start, end) if command.intent in NAMING else None
        if rest is None or (now := track.at(rest)) is None:
            continue
        cells = occupancy_at(rest)
        ahead = None if cells is None else place_ahead(cells, grid)
        xy = None if ahead is None else out_of(now[0], ahead[None])[0]
        out.append(Goal(command.target or command.phrase, command.intent, start, rest, _left(track, rest, end), xy))
    return out


def label(found: list[Goal], track: Track, stamp_ns: int) -> GoalLabel:
    """What a frame's goal is; everything is masked outside commands, and across gaps and jumps of odometry."""
    goal = next((g for g in found if g.start_ns <= stamp_ns <= g.end_ns), None)
    now = track.at(stamp_ns)
    then = None if goal is None else track.at(goal.rest_ns)
    if goal is None or now is None or then is None or now[1] != then[1]:
        return GoalLabel()
    stop = stamp_ns >= goal.rest_ns
    if goal.xy is None or (goal.intent is Intent.FOLLOW and stamp_ns < goal.rest_ns - FOLLOWED_NS):
        return GoalLabel(phrase=goal.phrase, stop=stop, stop_known=True)
    xy = into(now[0], goal.xy[None])[0].astype(np.float32)
    return GoalLabel(phrase=goal.phrase, xy=xy, known=True, stop=stop, stop_known=True)


def place_ahead(cells: np.ndarray, grid: BevGrid) -> np.ndarray | None:
    """Centre (2,) in base_link of the nearest occupied thing ahead; None if nothing stands there.

    Args:
        cells: occupied 1, free 0, unknown -1 (Y, X).
    """
    ys, xs = cell_centers(grid)
    rows, columns = np.nonzero(cells == 1)
    xy = np.column_stack([xs[columns], ys[rows]])
    away, aside = np.hypot(xy[:, 0], xy[:, 1]), np.abs(np.arctan2(xy[:, 1], xy[:, 0]))
    ahead = (away < AHEAD_M) & (aside < AHEAD_RAD)
    if not ahead.any():
        return None
    nearest = xy[ahead][np.argmin((away + ASIDE_M * aside)[ahead])]
    thing = xy[np.hypot(*(xy - nearest).T) < THING_M]
    middle = thing.mean(axis=0)
    deep = float(np.ptp(thing @ (nearest / np.linalg.norm(nearest))))
    # of what only the front was seen the middle lies behind it
    return np.asarray(middle + nearest / np.linalg.norm(nearest) * max(0.0, RADIUS_M - deep / 2))


def _rest(track: Track, start_ns: int, end_ns: int) -> int | None:
    """When the robot came to rest after a command: its last stand after it moved, or the first very long one."""
    inside = np.flatnonzero((track.stamps_ns >= start_ns) & (track.stamps_ns <= end_ns))
    if not len(inside) or track.stretch[inside[0]] != track.stretch[inside[-1]]:
        return None
    stamps, poses = track.stamps_ns[inside], track.poses[inside]
    moved = np.flatnonzero((np.hypot(*(poses[:, :2] - poses[0, :2]).T) > 0.3) | (np.abs(poses[:, 2] - poses[0, 2]) > 0.3))
    if not len(moved):
        return None
    found, i = None, int(moved[0])
    while i < len(stamps):
        j = _stands_until(poses, i)
        long = stamps[j] - stamps[i]
        if long >= REST_NS:
            found = int(stamps[i])
            if long >= LONG_NS:
                break
            i = j
        i += 1
    return found


def _stands_until(poses: np.ndarray, i: int) -> int:
    """Last index up to which the pose stays that of index i."""
    away = np.hypot(*(poses[i:, :2] - poses[i, :2]).T) > STILL_M
    left = np.flatnonzero(away | (np.abs(poses[i:, 2] - poses[i, 2]) > STILL_RAD))
    return i + int(left[0]) - 1 if len(left) else len(poses) - 1


def _left(track: Track, rest_ns: int, end_ns: int) -> int:
    """When the robot left its place of rest, or the end."""
    inside = np.flatnonzero((track.stamps_ns >= rest_ns) & (track.stamps_ns <= end_ns))
    return int(track.stamps_ns[inside[_stands_until(track.poses[inside], 0)]]) if len(inside) else rest_ns

# SPDX-License-Identifier: Apache-2.0
"""From a path to a wanted motion: pure pursuit (Coulter 1992), turning in place when the path starts sideways.

Geometry of arcs in the robot's current base_link only; knows no obstacles, no limits on age, no clock.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

LOOKAHEAD_M = (0.45, 1.0)  # at rest and at 1 m/s
TURN_IN_PLACE_RAD = 1.0  # a path that starts further round than this is turned to first
TURN_GAIN = 1.8  # rad/s per rad
ARRIVED_M = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a follower would do in an empty world. ``aim`` is the lookahead point; ``left_m`` the rest of the path."""

    aim: Float64[np.ndarray, "2"]
    heading_error: float  # rad, + is left
    curvature: float  # 1/m, + is left
    left_m: float

    @property
    def arrived(self) -> bool:
        """Nothing is left to drive."""
        return self.left_m < ARRIVED_M


def follow(path: Float64[np.ndarray, "n 2"], speed: float) -> Wish:
    """Aim at the point of the path one lookahead away.

    Args:
        path: in base_link now, from behind or near the robot to the end; at least one point.
        speed: current speed over ground, m/s.
    """
    distance = LOOKAHEAD_M[0] + (LOOKAHEAD_M[1] - LOOKAHEAD_M[0]) * min(abs(speed), 1.0)
    start, share = _nearest(path)
    points = np.vstack([path[start] + share * (path[start + 1] - path[start]), path[start + 1 :]]) if len(path) > 1 else path
    steps = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
    left = float(steps.sum() + np.hypot(*points[0])) if len(points) == 1 else float(steps.sum())
    aim = points[-1]
    far = np.flatnonzero(np.hypot(points[:, 0], points[:, 1]) >= distance)
    far = far[far > 0]
    if len(far):
        a, b = points[far[0] - 1], points[far[0]]
        aim = _crossing(a, b, distance)
    gap = max(float(np.hypot(*aim)), 1e-6)
    return Wish(
        aim=aim, heading_error=float(np.arctan2(aim[1], aim[0])), curvature=float(2 * aim[1] / gap**2), left_m=left
    )


def arcs(curvatures: Float64[np.ndarray, " k"], lengths: Float64[np.ndarray, " s"]) -> Float64[np.ndarray, "k s 2"]:
    """Points on arcs that leave the origin along +x, at the given arc lengths (negative: backwards)."""
    turn = curvatures[:, None] * lengths[None]
    chord = lengths[None] * np.sinc(turn / (2 * np.pi))
    return np.stack([chord * np.cos(turn / 2), chord * np.sin(turn / 2)], axis=-1)


def _nearest(path: Float64[np.ndarray, "n 2"]) -> tuple[int, float]:
    """Segment nearest to the origin, and how far along it, 0..1."""
    if len(path) == 1:
        return 0, 0.0
    a, d = path[:-1], np.diff(path, axis=0)
    share = np.clip(-(a * d).sum(axis=1) / np.maximum((d**2).sum(axis=1), 1e-12), 0, 1)
    i = int(np.argmin(np.hypot(*(a + share[:, None] * d).T)))
    return i, float(share[i])


def _crossing(a: Float64[np.ndarray, "2"], b: Float64[np.ndarray, "2"], radius: float) -> Float64[np.ndarray, "2"]:
    """Where the segment from a to b leaves the circle around the origin; b if a is outside too."""
    d = b - a
    p, q, r = float(d @ d), float(2 * a @ d), float(a @ a - radius**2)
    root = q * q - 4 * p * r
    if p < 1e-12 or root < 0:
        return b
    t = (-q + np.sqrt(root)) / (2 * p)
    return np.asarray(a + min(max(t, 0.0), 1.0) * d)

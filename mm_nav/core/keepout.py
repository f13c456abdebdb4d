# SPDX-License-Identifier: Apache-2.0
"""Things that the robot was told to keep away from: where they are (odom), and the ground around them to stay off.

Knows no commands, no network, no clock.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from mm_nav.core.goal import Candidate, surface_distance

KEEP_M = 1.5  # from the robot's centre to the thing's surface
MOST = 4  # things; the oldest is let go


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A thing to keep away from, as a box on the ground in odom."""

    xy: Float64[np.ndarray, "2"]
    size: tuple[float, float]
    yaw: float

    @classmethod
    def around(cls, thing: Candidate) -> "Zone":
        """The zone of a remembered thing, as it is now."""
        return cls(xy=thing.xy.copy(), size=thing.size, yaw=thing.yaw)

    def distance_m(self, xy: Float64[np.ndarray, "*n 2"]) -> Float64[np.ndarray, "*n"]:
        """Distance of points (odom) to the thing's surface, 0 inside."""
        return surface_distance(xy, self.xy, self.size, self.yaw)


def with_zone(zones: tuple[Zone, ...], new: Zone) -> tuple[Zone, ...]:
    """Add a zone; what stands in the same place is replaced."""
    kept = [z for z in zones if np.hypot(*(z.xy - new.xy)) > 0.7]
    return (*kept, new)[-MOST:]


def ground(zones: tuple[Zone, ...], cells_odom: Float64[np.ndarray, "y x 2"], margin_m: float = 0.0) -> Bool[np.ndarray, "y x"]:
    """Which places (odom) lie nearer than ``KEEP_M + margin_m`` to any of the things."""
    out = np.zeros(cells_odom.shape[:2], np.bool_)
    for zone in zones:
        out |= zone.distance_m(cells_odom) < KEEP_M + margin_m
    return out

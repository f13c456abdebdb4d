# SPDX-License-Identifier: Apache-2.0
"""Temporal memory: what the network kept of the last seconds, and where it lies now by odometry (BEVDet4D's idea).

Each view is kept as it was made, never mixed into the next: nothing drifts, and a wrong view is gone after seconds.
Knows no network and no clock.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import inverse
from mm_nav.core.local_map import pose_2d
from mm_nav.core.types import SensorFrame

OUTSIDE = -2.0  # grid value for "not covered"; grid sampling pads with zeros there
YOUNGEST, OLDEST = 0.4, 1.8  # shares of ModelSpec.memory_age_s that still do


@dataclass(frozen=True, slots=True, kw_only=True)
class PastView:
    """A past view and, for each cell of now at half resolution, where to look in it (-1..1, OUTSIDE elsewhere)."""

    memory: Float32[np.ndarray, "m hy hx"]
    grid: Float32[np.ndarray, "hy hx 2"]


class ViewMemory:
    """Keeps a few views with their poses; gives back the one whose age is nearest to the wanted one."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self._views: deque[tuple[int, Float64[np.ndarray, "4 4"], Float32[np.ndarray, "m hy hx"]]] = deque(maxlen=32)

    def reset(self) -> None:
        """Forget everything."""
        self._views.clear()

    def keep(self, frame: SensorFrame, memory: Float32[np.ndarray, "m hy hx"]) -> None:
        """Remember a view; without odometry nobody will know where it was, and views before a jump back in time go."""
        if not self.spec.memory_channels:
            return
        if self._views and self._views[-1][0] >= frame.stamp_ns:
            self._views.clear()
        if frame.odometry is None or not np.isfinite(frame.odometry.T_odom_base).all():
            self._views.clear()
            return
        self._views.append((frame.stamp_ns, pose_2d(frame.odometry.T_odom_base), memory))
        while frame.stamp_ns - self._views[0][0] > OLDEST * self.spec.memory_age_s * 1e9:
            self._views.popleft()

    def recall(self, frame: SensorFrame) -> PastView | None:
        """The view of about ``memory_age_s`` ago, or None if there is none of a fitting age."""
        if frame.odometry is None or not np.isfinite(frame.odometry.T_odom_base).all():
            return None
        wanted = frame.stamp_ns - self.spec.memory_age_s * 1e9
        fitting = [v for v in self._views if fits((frame.stamp_ns - v[0]) * 1e-9, self.spec)]
        best = min(fitting, key=lambda v: abs(v[0] - wanted), default=None)
        if best is None:
            return None
        T_past_now = inverse(best[1]) @ pose_2d(frame.odometry.T_odom_base)
        return PastView(memory=best[2], grid=warp_grid(T_past_now, self.spec))


def fits(age_s: float, spec: ModelSpec) -> bool:
    """Whether a view of this age is one that the network was trained with."""
    return YOUNGEST * spec.memory_age_s <= age_s <= OLDEST * spec.memory_age_s


def warp_grid(T_past_now: Float64[np.ndarray, "4 4"], spec: ModelSpec) -> Float32[np.ndarray, "hy hx 2"]:
    """Where each half-resolution cell of now lies in a past view, for bilinear grid sampling."""
    g, (_, rows, columns) = spec.grid, spec.memory_shape
    xs = g.x_min + (np.arange(columns) + 0.5) * (g.x_max - g.x_min) / columns
    ys = g.y_min + (np.arange(rows) + 0.5) * (g.y_max - g.y_min) / rows
    c, s = T_past_now[0, 0], T_past_now[1, 0]
    x = c * xs[None] - s * ys[:, None] + T_past_now[0, 3]
    y = s * xs[None] + c * ys[:, None] + T_past_now[1, 3]
    grid = np.stack([2 * (x - g.x_min) / (g.x_max - g.x_min) - 1, 2 * (y - g.y_min) / (g.y_max - g.y_min) - 1], axis=-1)
    grid[(np.abs(grid) > 1).any(axis=-1)] = OUTSIDE
    return grid.astype(np.float32)

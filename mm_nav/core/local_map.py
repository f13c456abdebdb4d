# SPDX-License-Identifier: Apache-2.0
"""A short memory of where obstacles stand, fixed in the odom frame while the robot drives through it.

Occupancy of one frame flickers, and what is near the bumper leaves every sensor's view. Evidence is kept as
log-odds (Moravec and Elfes 1985) in a square window around the robot; a new look outweighs an old one, and what is
not looked at fades. Knows no goals, no commands, no clock: time comes in as stamps.
"""

import cv2
import numba
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers, inverse, se2
from mm_nav.core.types import ObjectBox

CELL_M = 0.1
MOST = 3.0  # log-odds at which evidence saturates
OLD_SHARE = 0.5  # of the old evidence that survives a new look at the cell
FADE_S = 20.0  # unseen evidence falls to 1/e in this time: long enough to plan round what is hidden for a while
RECENT_S = 2.0  # what was not seen for longer does not count as known around the robot,
RECENT_NEAR_S = 8.0  # except where sensors are blind: under the bumper
NEAR_M = 1.3
KNOWN = 0.35  # log-odds below which a cell is unknown again
OBJECT_SCORE = 0.5  # a detected object stands where its box is, even if occupancy missed it
OBJECT_EVIDENCE = 0.8
BODY_M = 0.2  # nothing stands under the middle of the robot


class LocalMap:
    """Log-odds of occupancy in a window of ``2 * reach_m`` square, cells of 0.1 m, aligned with odom's axes."""

    def __init__(self, grid: BevGrid, reach_m: float = 13.0) -> None:
        self.source = grid
        side = round(2 * reach_m / CELL_M)
        self.grid = BevGrid(x_min=-reach_m, y_min=-reach_m, cell=CELL_M, columns=side, rows=side)
        ys, xs = cell_centers(grid)
        near = np.hypot(xs[None], ys[:, None]) < NEAR_M
        self._recent_s = np.where(near, np.float32(RECENT_NEAR_S), np.float32(RECENT_S))
        self._shift = np.zeros(2)  # odom coordinates of the window's middle: whole cells
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        side = self.grid.columns
        self.evidence = np.zeros((side, side), np.float32)
        self.unseen_s = np.full((side, side), np.inf, np.float32)
        self.motion = np.zeros((2, side, side), np.float32)

    def update(
        self, occupancy: Float32[np.ndarray, "y x"], motion: Float32[np.ndarray, "2 y x"],
        objects: tuple[ObjectBox, ...], T_odom_base: Float64[np.ndarray, "4 4"], dt_s: float,
    ) -> None:  # fmt: skip
        """Take in one frame.

        Args:
            occupancy: probability in base_link, NaN where unknown. motion: m/s in base_link.
            T_odom_base: pose of the robot at the frame; identity (after ``reset``) without odometry.
            dt_s: seconds since the last frame.
        """
        self._follow(T_odom_base[:2, 3])
        known = np.isfinite(occupancy)
        p = np.clip(np.where(known, occupancy, 0.5), 0.02, 0.98).astype(np.float32)
        fresh = np.log(p / (1 - p))
        look = self._from_base(T_odom_base)
        size = (self.grid.columns, self.grid.rows)
        # nearest: interpolation would thin what is one cell wide, a cone's tip or a post
        fresh = cv2.warpAffine(fresh, look, size, flags=cv2.INTER_NEAREST, borderValue=0)
        seen = cv2.warpAffine(known.astype(np.uint8), look, size, flags=cv2.INTER_NEAREST, borderValue=0)
        moved = cv2.warpAffine(np.moveaxis(motion, 0, 2).astype(np.float32), look, size, flags=cv2.INTER_NEAREST)
        R, fade = T_odom_base[:2, :2].astype(np.float32), np.float32(np.exp(-dt_s / FADE_S))
        _remember(self.evidence, self.unseen_s, self.motion, fresh, seen, moved, R, np.float32(dt_s), fade)
        self._stamp(objects, T_odom_base)
        at = np.round((self.to_window(T_odom_base[:2, 3]) - [self.grid.x_min, self.grid.y_min]) / CELL_M - 0.5)
        cv2.circle(self.evidence, (int(at[0]), int(at[1])), round(BODY_M / CELL_M), -MOST, -1)

    def probability(self) -> Float32[np.ndarray, "y x"]:
        """Occupancy in the window; NaN where nothing is known (any more)."""
        p = 1 / (1 + np.exp(-self.evidence))
        return np.where(np.abs(self.evidence) >= KNOWN, p, np.nan).astype(np.float32)

    def completed(
        self, occupancy: Float32[np.ndarray, "y x"], T_odom_base: Float64[np.ndarray, "4 4"]
    ) -> Float32[np.ndarray, "y x"]:
        """A frame's occupancy with the gaps filled and the flicker damped by memory; NaN where neither knows."""
        old = self.in_base(T_odom_base)
        damped = occupancy + 0.4 * np.maximum(0.0, np.where(np.isfinite(old), old, np.float32(0.0)) - occupancy)
        return np.where(np.isfinite(occupancy), damped, old).astype(np.float32)

    def in_base(self, T_odom_base: Float64[np.ndarray, "4 4"]) -> Float32[np.ndarray, "y x"]:
        """What was seen lately, on the network's own grid around the robot; NaN where unknown."""
        look, size = self._from_base(T_odom_base), (self.source.columns, self.source.rows)
        here = cv2.warpAffine(self.evidence, look, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        unseen_s = cv2.warpAffine(
            self.unseen_s, look, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, borderValue=float("inf")
        )
        here[unseen_s > self._recent_s] = 0.0
        return np.where(np.abs(here) >= KNOWN, 1 / (1 + np.exp(-here)), np.nan).astype(np.float32)

    def to_window(self, xy_odom: Float64[np.ndarray, "*n 2"]) -> Float64[np.ndarray, "*n 2"]:
        """Odom coordinates to coordinates of ``grid``."""
        return np.asarray(xy_odom - self._shift)

    def to_odom(self, xy_window: Float64[np.ndarray, "*n 2"]) -> Float64[np.ndarray, "*n 2"]:
        """Coordinates of ``grid`` to odom coordinates."""
        return np.asarray(xy_window + self._shift)

    def cells_odom(self) -> Float64[np.ndarray, "y x 2"]:
        """Odom coordinates of the centres of all cells."""
        ys, xs = cell_centers(self.grid)
        return self.to_odom(np.stack(np.meshgrid(xs, ys), axis=-1))

    def disc(self, xy_window: Float64[np.ndarray, "2"], radius_m: float) -> Bool[np.ndarray, "y x"]:
        """Cells whose centres are nearer to a point than that."""
        ys, xs = cell_centers(self.grid)
        across, along = (xs - xy_window[0]) ** 2, (ys - xy_window[1]) ** 2
        return np.asarray(across[None] + along[:, None] < radius_m**2)

    def _from_base(self, T_odom_base: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "2 3"]:
        """Affine map from pixels of the network's grid to pixels of the window (column, row)."""
        s, g = self.source, self.grid
        pixel_to_m = np.array([[s.cell, 0, s.x_min + s.cell / 2], [0, s.cell, s.y_min + s.cell / 2], [0, 0, 1]])
        c, sn = T_odom_base[0, 0], T_odom_base[1, 0]
        norm = max(float(np.hypot(c, sn)), 1e-9)
        x, y = self.to_window(T_odom_base[:2, 3])
        rigid = np.array([[c / norm, -sn / norm, x], [sn / norm, c / norm, y], [0, 0, 1]])
        m_to_pixel = np.array([[1 / g.cell, 0, -g.x_min / g.cell - 0.5], [0, 1 / g.cell, -g.y_min / g.cell - 0.5], [0, 0, 1]])
        return np.asarray((m_to_pixel @ rigid @ pixel_to_m)[:2])

    def _follow(self, xy: Float64[np.ndarray, "2"]) -> None:
        """Keep the robot within 2 m of the window's middle by moving whole cells: nothing is ever resampled twice."""
        offset = xy - self._shift
        if np.abs(offset).max() <= 2.0:
            return
        cells = np.round(offset / CELL_M).astype(np.int64)
        self._shift = self._shift + cells * CELL_M
        self.evidence = _moved(self.evidence, cells, 0.0)
        self.unseen_s = _moved(self.unseen_s, cells, np.inf)

    def _stamp(self, objects: tuple[ObjectBox, ...], T_odom_base: Float64[np.ndarray, "4 4"]) -> None:
        mask = np.zeros(self.evidence.shape, np.uint8)
        for o in objects:
            if o.score >= OBJECT_SCORE:
                length, width = o.size[0] / 2, o.size[1] / 2
                corners = np.array([[length, width], [-length, width], [-length, -width], [length, -width]])
                T = T_odom_base @ se2(float(o.center[0]), float(o.center[1]), o.yaw)
                at = self.to_window(corners @ T[:2, :2].T + T[:2, 3])
                pixels = np.round((at - [self.grid.x_min, self.grid.y_min]) / CELL_M - 0.5)
                cv2.fillPoly(mask, [np.clip(pixels, -10_000, 10_000).astype(np.int32)], 1)
        np.maximum(self.evidence, np.float32(OBJECT_EVIDENCE), out=self.evidence, where=mask.view(np.bool_))


def _moved(values: Float32[np.ndarray, "y x"], cells: Int64[np.ndarray, "2"], empty: float) -> Float32[np.ndarray, "y x"]:
    """The same values in a window that moved by whole cells (x, y); ``empty`` comes in at the edges."""
    out, side = np.full_like(values, empty), values.shape[0]
    if np.abs(cells).max() < side:
        (tx, ty), (fx, fy) = np.maximum(-cells, 0), np.maximum(cells, 0)
        wx, wy = side - abs(int(cells[0])), side - abs(int(cells[1]))
        out[ty : ty + wy, tx : tx + wx] = values[fy : fy + wy, fx : fx + wx]
    return out


def clearance(blocked: Bool[np.ndarray, "y x"], cell: float) -> Float32[np.ndarray, "y x"]:
    """Distance of each cell's centre to the boundary of the nearest blocked cell, metres; 0 inside."""
    if not blocked.any():
        return np.full(blocked.shape, 1e3, np.float32)
    far = cv2.distanceTransform((~blocked).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.maximum(far * cell - cell / 2, 0.0), np.float32)


def pose_2d(T: Float64[np.ndarray, "4 4"]) -> Float64[np.ndarray, "4 4"]:
    """The planar part of a pose: roll, pitch and height taken out."""
    return se2(float(T[0, 3]), float(T[1, 3]), float(np.arctan2(T[1, 0], T[0, 0])))


def into(T_odom_base: Float64[np.ndarray, "4 4"], xy_odom: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
    """Odom points in base_link."""
    T = inverse(T_odom_base)
    return np.asarray(xy_odom @ T[:2, :2].T + T[:2, 3])


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _remember(evidence, unseen_s, motion, fresh, seen, moved, R, dt_s, fade):  # type: ignore[no-untyped-def]
    """One frame, warped into the window, taken into what is known; in place. ``moved`` is m/s in base_link, R turns it into odom."""
    rows, columns = evidence.shape
    for r in range(rows):
        for c in range(columns):
            along, across = moved[r, c, 0], moved[r, c, 1]
            motion[0, r, c] = R[0, 0] * along + R[0, 1] * across
            motion[1, r, c] = R[1, 0] * along + R[1, 1] * across
            unseen_s[r, c] = np.float32(0) if seen[r, c] else unseen_s[r, c] + dt_s
            now = evidence[r, c] * (np.float32(OLD_SHARE) if seen[r, c] else fade) + fresh[r, c]
            evidence[r, c] = min(max(now, np.float32(-MOST)), np.float32(MOST))

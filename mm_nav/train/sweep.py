# SPDX-License-Identifier: Apache-2.0
"""What one LiDAR cloud says of the ground around it: where it hit something, and how low its rays passed elsewhere.

Vectorised and without memory of other clouds; accumulate.py puts many together.
"""

from dataclasses import dataclass

import numpy as np

from mm_nav.core.geometry import transform
from mm_nav.core.preprocess import OBSTACLE_Z
from mm_nav.core.types import PosedCloud

TOP_Z = 2.0  # what is higher is passed under
SECTORS = 360  # of the polar map of free rays: one degree
RING_M = 0.2
SHORT_M = 0.15  # a ray to an obstacle clears up to this before it
MOST_RAYS = 24_000
SCAN_Z = 0.8  # a 2D scanner mounted higher says nothing of what is free
NOTHING = np.float32(99.0)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One cloud in the base_link of its own instant.

    ``hits`` (N, 3): returns between 0.15 and 2 m above ground. ``low`` (sectors, rings): height in metres of the lowest
    ray that passed, about ``origin`` (2,); ``NOTHING`` where none did.
    """

    hits: np.ndarray
    low: np.ndarray
    origin: np.ndarray

    def lowest(self, xy: np.ndarray) -> np.ndarray:
        """Height of the lowest ray over each point (N, 2)."""
        rel = xy - self.origin
        ring = (np.hypot(rel[:, 0], rel[:, 1]) / RING_M).astype(np.int64)
        inside = ring < self.low.shape[1]
        return np.where(inside, self.low[_sector(rel), np.minimum(ring, self.low.shape[1] - 1)], NOTHING)


def sweep(posed: PosedCloud, reach_m: float, own: np.ndarray | None = None) -> Sweep:
    """Take a cloud apart.

    Args:
        posed: a 3D cloud, or a 2D scan (all points in one plane), whose returns all count as obstacles.
        reach_m: what lies farther from the sensor is left out.
        own: as ``own_cells`` gives it: where the sensor sees the robot itself.
    """
    T = posed.T_base_sensor
    points = np.asarray(transform(T.astype(np.float32), posed.cloud.xyz), np.float32)
    flat = is_scan(posed)
    plane = np.zeros(3) if flat else ground_plane(points)
    height = points[:, 2] - (points[:, :2] @ plane[:2].astype(np.float32) + np.float32(plane[2]))
    eye = float(T[2, 3] - T[:2, 3] @ plane[:2] - plane[2])
    if flat:  # a level scanner sees what stands at its height; it never looks at the ground
        height, eye = np.full(len(points), 0.5, np.float32), 0.0 if T[2, 3] <= SCAN_Z else float(NOTHING)
    origin = T[:2, 3].astype(np.float32)
    rel = points[:, :2] - origin
    away = np.hypot(rel[:, 0], rel[:, 1])
    seen = (away > 0.1) & (away < 4 * reach_m) & (height > -1.0)
    if own is not None:
        seen &= ~_in_cells(own, points[:, :2])
    points, height, rel, away = points[seen], height[seen], rel[seen], away[seen]
    hit = (height >= OBSTACLE_Z) & (height < TOP_Z) & (away < reach_m)
    low = _lowest(rel, away, height, eye, reach_m, flat=flat)
    return Sweep(np.column_stack([points[hit, :2], height[hit]]), low, origin)


def is_scan(posed: PosedCloud) -> bool:
    """Whether a cloud comes from a level 2D scanner."""
    z = posed.cloud.xyz[:, 2]
    return bool(len(z) and np.ptp(z) < 1e-3 and abs(posed.T_base_sensor[2, 2]) > 0.98)


def ground_plane(points: np.ndarray) -> np.ndarray:
    """a, b, c of z = a x + b y + c through the lowest returns nearby; zeros where the ground cannot be told.

    Args:
        points: (N, 3) in base_link, which stands on the ground but for a few centimetres and degrees.
    """
    near = points[(np.abs(points[:, 2]) < 0.12 + 0.06 * np.hypot(points[:, 0], points[:, 1])) & (np.abs(points[:, :2]).max(axis=1) < 10)]
    cell = np.floor(near[:, :2] * 2).astype(np.int64) + 20
    lowest = np.full(41 * 41, np.inf)
    np.minimum.at(lowest, cell[:, 1] * 41 + cell[:, 0], near[:, 2])
    found = np.flatnonzero(np.isfinite(lowest))
    xyz = np.column_stack([(found % 41 - 19.5) / 2, (found // 41 - 19.5) / 2, lowest[found]])
    keep, plane = np.abs(xyz[:, 2]) < 0.3, np.zeros(3)
    for tolerance in (0.15, 0.08, 0.05):
        if keep.sum() < 25 or xyz[keep, :2].std(axis=0).min() < 0.8:
            return np.zeros(3)
        plane = np.linalg.lstsq(np.column_stack([xyz[keep, :2], np.ones(keep.sum())]), xyz[keep, 2], rcond=None)[0]
        keep = np.abs(xyz[:, 2] - xyz[:, :2] @ plane[:2] - plane[2]) < tolerance
    sane = np.hypot(plane[0], plane[1]) < 0.1 and abs(plane[2]) < 0.25 and keep.mean() > 0.4
    return plane if sane else np.zeros(3)


def own_cells(clouds: list[PosedCloud], share: float = 0.8, reach_m: float = 3.0) -> np.ndarray:
    """Where the robot sees itself: cells of 0.1 m around base_link that hold returns in nearly all clouds of a drive.

    Returns:
        (S, S) bool, centred on base_link, one cell of margin included.
    """
    side = round(2 * reach_m / 0.1)
    counts = np.zeros((side, side))
    for posed in clouds:
        points = transform(posed.T_base_sensor.astype(np.float32), posed.cloud.xyz)
        near = points[(np.abs(points[:, :2]).max(axis=1) < reach_m) & (points[:, 2] > OBSTACLE_Z) & (points[:, 2] < TOP_Z)]
        at = np.clip(((near[:, :2] + reach_m) / 0.1).astype(np.int64), 0, side - 1)
        there = np.zeros((side, side), bool)
        there[at[:, 1], at[:, 0]] = True
        counts += there
    own = counts >= max(share * len(clouds), 3)
    wide = np.pad(own, 1)
    return np.logical_or.reduce([wide[r : r + side, c : c + side] for r in range(3) for c in range(3)])


def _in_cells(own: np.ndarray, xy: np.ndarray) -> np.ndarray:
    side = len(own)
    at = np.floor(xy / 0.1).astype(np.int64) + side // 2
    inside = (at >= 0).all(axis=1) & (at < side).all(axis=1)
    return np.asarray(inside & own[np.clip(at[:, 1], 0, side - 1), np.clip(at[:, 0], 0, side - 1)])


def _sector(rel: np.ndarray) -> np.ndarray:
    return np.asarray(((np.arctan2(rel[:, 1], rel[:, 0]) + np.pi) * (SECTORS / (2 * np.pi))).astype(np.int64) % SECTORS)


def _lowest(rel: np.ndarray, away: np.ndarray, height: np.ndarray, eye: float, reach_m: float, *, flat: bool) -> np.ndarray:
    """Heights (sectors, rings) of the lowest rays: each falls or climbs evenly from the eye to its return."""
    rings = int(np.ceil(reach_m / RING_M))
    low = np.full((SECTORS, rings), NOTHING, np.float32)
    step = len(rel) // MOST_RAYS + 1
    rel, away, height = rel[::step], away[::step], height[::step]
    if not len(rel) or eye >= NOTHING:
        return low
    sector = _sector(rel)
    order = np.argsort(sector, kind="stable")
    sector, away, height = sector[order], away[order], height[order]
    slope = np.zeros_like(away) if flat else (height - np.float32(eye)) / away
    end = np.where((height < OBSTACLE_Z) & (not flat), away + RING_M / 2, away - np.float32(SHORT_M))
    middle = ((np.arange(rings) + 0.5) * RING_M).astype(np.float32)
    passed = np.float32(eye) + slope[:, None] * middle
    passed[middle >= end[:, None]] = NOTHING
    starts = np.flatnonzero(np.r_[True, np.diff(sector) > 0])
    low[sector[starts]] = np.minimum.reduceat(passed, starts, axis=0)
    return low

# SPDX-License-Identifier: Apache-2.0
"""What one LiDAR cloud says of the ground around it: where it hit something, and how low its rays passed elsewhere.

Vectorised and without memory of other clouds; accumulate.py puts many together.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mm_nav.core.geometry import transform
from mm_nav.core.pillars import OBSTACLE_Z
from mm_nav.core.types import PosedCloud

TOP_Z = 2.0  # what is higher is passed under
SECTORS = 360  # of the polar map of free rays: one degree
RING_M = 0.1
SHORT_M = 0.1  # a ray to an obstacle clears up to this before it
THIN_M = 0.07
BODY_Z = 0.5  # returns this high may be a body on legs or wheels, with something low before it
DEEP_M = 0.3
MOST_RAYS = 24_000
SCAN_Z = 0.8  # a 2D scanner mounted higher says nothing of what is free
NOTHING = np.float32(99.0)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One cloud in the base_link of its own instant.

    ``hits`` (N, 4): x, y and greatest height of returns between 0.15 and 2 m above ground, and how many they were; one row
    per ``THIN_M``. ``low`` (S, S): height in metres of the lowest ray over each square of ``RING_M`` around base_link;
    ``NOTHING`` where none passed.
    """

    hits: np.ndarray
    low: np.ndarray


def sweep(posed: PosedCloud, reach_m: float, own: np.ndarray | None = None) -> Sweep:
    """Take a cloud apart.

    Args:
        posed: a 3D cloud, or a 2D scan (all points in one plane), whose returns all count as obstacles.
        reach_m: what lies farther from base_link is left out.
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
    rel = points[:, :2] - T[:2, 3].astype(np.float32)
    away = np.hypot(rel[:, 0], rel[:, 1])
    seen = (away > 0.1) & (away < 4 * reach_m) & (height > -1.0)
    if own is not None:
        seen &= ~_in_cells(own, points[:, :2])
    points, height, rel, away = points[seen], height[seen], rel[seen], away[seen]
    hit = (height >= OBSTACLE_Z) & (height < TOP_Z) & (away < reach_m)
    low = _lowest(rel, away, height, eye, reach_m, flat=flat)
    sector, ring = _polar_of(float(T[0, 3]), float(T[1, 3]), reach_m)
    around = low[sector, ring]
    around[[0, -1]] = NOTHING
    around[:, [0, -1]] = NOTHING
    return Sweep(_thin(points[hit, :2], height[hit]), around)


def lowest(looks: list[Sweep], T_look: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Height (K, N) of the lowest ray of each look over points (N, 2); ``T_look`` (K, 2, 3) brings them to its base_link."""
    out = np.empty((len(looks), len(xy)), np.float32)
    x, y = np.ascontiguousarray(xy[:, 0], np.float32), np.ascontiguousarray(xy[:, 1], np.float32)
    for k, look in enumerate(looks):
        side = len(look.low)  # its margin is NOTHING
        A = T_look[k].astype(np.float32) / np.float32(RING_M)
        column = A[0, 0] * x + A[0, 1] * y + (A[0, 2] + np.float32(side // 2))
        row = A[1, 0] * x + A[1, 1] * y + (A[1, 2] + np.float32(side // 2))
        np.clip(column, 0, side - 1, out=column)
        np.clip(row, 0, side - 1, out=row)
        np.take(look.low.ravel(), row.astype(np.int32) * side + column.astype(np.int32), out=out[k])
    return out


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
    return np.asarray(plane) if sane else np.zeros(3)


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
    return np.asarray(np.logical_or.reduce([wide[r : r + side, c : c + side] for r in range(3) for c in range(3)]))


def _in_cells(own: np.ndarray, xy: np.ndarray) -> np.ndarray:
    side = len(own)
    at = np.floor(xy / 0.1).astype(np.int64) + side // 2
    inside = (at >= 0).all(axis=1) & (at < side).all(axis=1)
    return np.asarray(inside & own[np.clip(at[:, 1], 0, side - 1), np.clip(at[:, 0], 0, side - 1)])


def _sector(rel: np.ndarray) -> np.ndarray:
    return np.asarray(((np.arctan2(rel[:, 1], rel[:, 0]) + np.pi) * (SECTORS / (2 * np.pi))).astype(np.int64) % SECTORS)


@lru_cache(maxsize=16)
def _polar_of(x: float, y: float, reach_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Sector and ring, as seen from a sensor at (x, y), of each square around base_link; the same as long as the mounting is."""
    side = 2 * round(reach_m / RING_M)
    centre = ((np.arange(side) - side // 2 + 0.5) * RING_M).astype(np.float32)
    rel = np.stack(np.meshgrid(centre - x, centre - y), -1).reshape(-1, 2)
    ring = np.minimum((np.hypot(rel[:, 0], rel[:, 1]) / RING_M).astype(np.int32), round(reach_m / RING_M))
    return _sector(rel).reshape(side, side), ring.reshape(side, side)


def _thin(xy: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Rows x, y, greatest height, count: one per square of ``THIN_M``, at the mean of its points."""
    if not len(xy):
        return np.zeros((0, 4), np.float32)
    at = np.floor(xy / THIN_M).astype(np.int64)
    key = at[:, 1] * (1 << 20) + at[:, 0]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) > 0])
    count = np.diff(np.r_[starts, len(key)])
    mean = np.add.reduceat(xy[order], starts, axis=0) / count[:, None]
    return np.column_stack([mean, np.maximum.reduceat(height[order], starts), count]).astype(np.float32)


def _lowest(rel: np.ndarray, away: np.ndarray, height: np.ndarray, eye: float, reach_m: float, *, flat: bool) -> np.ndarray:
    """Heights (sectors, rings + 1) of the lowest rays: each falls or climbs evenly from the eye to its return."""
    rings = round(reach_m / RING_M)
    low = np.full((SECTORS, rings + 1), NOTHING, np.float32)
    step = len(rel) // MOST_RAYS + 1
    rel, away, height = rel[::step], away[::step], height[::step]
    if not len(rel) or eye >= NOTHING:
        return low
    sector = _sector(rel)
    slope = np.zeros_like(away) if flat else (height - np.float32(eye)) / away
    end = np.where((height < OBSTACLE_Z) & (not flat), away + RING_M, away - np.float32(SHORT_M))
    for least in (OBSTACLE_Z, BODY_Z):
        end = _not_under(sector, slope, end, away, height, eye, least)
    # a ray clears where it is lowest: of rays in one sector that end in one ring the steepest tells all
    ring = np.clip((end / RING_M).astype(np.int64), 0, rings)
    last = np.full((SECTORS, rings + 1), np.inf, np.float32)
    np.minimum.at(last, (sector, ring), slope)
    middle = ((np.arange(rings) + 0.5) * RING_M).astype(np.float32)
    # the lowest slope among rays that end at or beyond each ring; none ends before it
    steepest = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1][:, 1:]
    passed = np.float32(eye) + steepest * middle
    low[:, :rings] = np.where(np.isfinite(steepest), passed, NOTHING)
    return low


def _not_under(
    sector: np.ndarray, slope: np.ndarray, end: np.ndarray, away: np.ndarray, height: np.ndarray, eye: float, least: float
) -> np.ndarray:  # fmt: skip
    """Ends of rays that stop at the nearest return above ``least`` in their sector if they pass below it, as under a car."""
    near = np.full(SECTORS, np.inf, np.float32)
    tall = (height >= least) & (height < TOP_Z)
    np.minimum.at(near, sector[tall], away[tall])
    top = np.zeros(SECTORS, np.float32)
    front = tall & (away < near[sector] + DEEP_M)
    np.maximum.at(top, sector[front], height[front])
    wall = near[sector]
    with np.errstate(invalid="ignore"):
        under = (end > wall) & (np.float32(eye) + slope * wall < top[sector])
    return np.asarray(np.where(under, np.minimum(end, wall - SHORT_M), end))

# SPDX-License-Identifier: Apache-2.0
"""How late one ranging sensor's stamps are against another's, from what both see while the robot or the world moves.

Each scan becomes cells in base_link; scans of the two sensors agree best when they are of the same instant. Pure functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

CELL, REACH = 0.5, 100.0  # metres
SIDE = round(2 * REACH / CELL)
LOW, HIGH = 0.4, 2.5  # heights that both a LiDAR and a radar see
BLUR = 1.0  # cells; mountings and scans are not exact to a cell
SEARCH_S = 1.0
LEAST = 5  # scans whose agreement has a peak inside the search
SPREAD_S = 0.06  # of the peaks; more says that they are luck
CONTRAST = 0.1  # of the peak above the curve's lowest point, as a share of the peak

Scan = tuple[int, Bool[np.ndarray, "y x"]]  # stamp_ns, cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """``offset_s`` is what to add to the late sensor's stamps. ``spread_s`` is how far scans differ about it (median absolute).
    ``before`` and ``after``: mean correlation of cells at the stamps as they are, and with the offset."""

    offset_s: float
    spread_s: float
    scans: int
    before: float
    after: float


def cells(points: Float[np.ndarray, "n 3"], *, flat: bool = False) -> Bool[np.ndarray, "y x"]:
    """Cells with returns of a scan in base_link; heights do not count for a radar that measures none (``flat``)."""
    keep = points if flat else points[(points[:, 2] > LOW) & (points[:, 2] < HIGH)]
    index = np.floor((keep[:, :2] + REACH) / CELL).astype(np.int64)
    index = index[((index >= 0) & (index < SIDE)).all(axis=1)]
    out = np.zeros((SIDE, SIDE), bool)
    out[index[:, 1], index[:, 0]] = True
    return out


def lag(late: Sequence[Scan], reference: Sequence[Scan]) -> Lag | None:
    """Offset of ``late`` against ``reference``, or None where the scans do not tell: too few, nothing moves, or no clear peak.

    For each late scan the correlation with every reference scan within ``SEARCH_S`` is a curve over time, whose peak is
    refined by a parabola; the median of the peaks is taken.
    """
    stamps = np.array([stamp for stamp, _ in reference], np.int64)
    cache: dict[int, Float32[np.ndarray, "y x"]] = {}
    peaks, before, after = [], [], []
    for stamp, grid in late:
        seconds = (stamps - stamp) * 1e-9
        near = np.flatnonzero(np.abs(seconds) <= SEARCH_S).tolist()
        if len(near) < LEAST or not grid.any():
            continue
        own = _unit(_smooth(grid))
        for i in near:
            if i not in cache:
                cache[i] = _unit(_smooth(reference[i][1]))
        curve = np.array([float((own * cache[i]).sum()) for i in near])
        top = _peak(seconds[near], curve)
        if top is not None:
            peaks.append(top)
            before.append(float(np.interp(0.0, seconds[near], curve)))
            after.append(float(curve.max()))
    if len(peaks) < LEAST:
        return None
    offset = float(np.median(peaks))
    spread = float(np.median(np.abs(np.array(peaks) - offset)))
    if spread > SPREAD_S:
        return None
    return Lag(offset_s=offset, spread_s=spread, scans=len(peaks), before=float(np.mean(before)), after=float(np.mean(after)))


def _peak(seconds: Float[np.ndarray, " n"], curve: Float[np.ndarray, " n"]) -> float | None:
    """Where a curve is highest, between its points; None at an end, or if it is flat."""
    top = int(curve.argmax())
    if not 0 < top < len(curve) - 1 or curve[top] - curve.min() < CONTRAST * curve[top]:
        return None
    a, b, c = curve[top - 1 : top + 2]
    bend = a - 2 * b + c
    shift = 0.5 * (a - c) / bend if bend < 0 else 0.0
    step = seconds[top + 1] - seconds[top] if shift > 0 else seconds[top] - seconds[top - 1]
    return float(seconds[top] + shift * step)


def _smooth(grid: np.ndarray) -> Float32[np.ndarray, "y x"]:
    return np.asarray(cv2.GaussianBlur(grid.astype(np.float32), (0, 0), BLUR))


def _unit(grid: Float32[np.ndarray, "y x"]) -> Float32[np.ndarray, "y x"]:
    return np.asarray(grid / max(float(np.sqrt((grid * grid).sum())), 1e-9), np.float32)

# SPDX-License-Identifier: Apache-2.0
"""Perception without a network: LiDAR points above the ground as a costmap, and coloured clumps of them as things.

A point's colour is the pixel that it falls on, by hue, saturation and value. Knows no past, no commands, no plan.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cell_centers, cells_of, inverse, project, transform
from mm_nav.core.types import CameraView, SensorFrame

# hue in degrees from .. to; what is hardly coloured is white or black or nothing
HUES = {"red": (345, 372), "orange": (13, 45), "yellow": (45, 72), "green": (80, 165), "blue": (195, 255), "purple": (258, 335)}
COLOURS = (*HUES, "white", "black")
LEAST_SATURATION, WHITE_SATURATION, WHITE_VALUE, BLACK_VALUE = 0.35, 0.12, 0.78, 0.3
GROUND_M, HEAD_M = 0.12, 1.9  # what is lower can be driven on, what is higher is driven under
JOIN_M = 0.3  # points nearer than this are one clump
BEARINGS = 360
FAR_M = 6.0  # from here on one point alone may be a thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A clump of points of one colour in base_link; ``length`` is its longest extent on the ground, metres."""

    colour: str
    points: Float64[np.ndarray, "n 2"]
    xy: Float64[np.ndarray, "2"]
    length: float
    height: float

    @property
    def distance_m(self) -> float:
        """From the robot's centre to the nearest point."""
        return float(np.hypot(self.points[:, 0], self.points[:, 1]).min())


def points_of(frame: SensorFrame) -> Float32[np.ndarray, "n 3"]:
    """All LiDAR points in base_link."""
    clouds = [transform(c.T_base_sensor, c.cloud.xyz) for c in frame.lidars]
    return np.concatenate(clouds) if clouds else np.zeros((0, 3), np.float32)


def costmap(points: Float32[np.ndarray, "n 3"], grid: BevGrid) -> Float32[np.ndarray, "y x"]:
    """Probability of an obstacle from one turn: free up to what each bearing hits first, NaN behind it.

    A point without a neighbour is a drop or dust, unless it is far away.
    """
    out = np.full((grid.rows, grid.columns), np.nan, np.float32)
    if not len(points):
        return out
    away, bearing = np.hypot(points[:, 0], points[:, 1]), _bearing(points[:, 0], points[:, 1])
    stands = (points[:, 2] > GROUND_M) & (points[:, 2] < HEAD_M)
    row, column, inside = cells_of(grid, points[:, :2])
    count = np.zeros((grid.rows + 2, grid.columns + 2), np.int64)
    np.add.at(count, (row[stands & inside] + 1, column[stands & inside] + 1), 1)
    around = sum(count[i : i + grid.rows, j : j + grid.columns] for i in range(3) for j in range(3))
    ys, xs = cell_centers(grid)
    reach = np.hypot(xs[None], ys[:, None])
    solid = (count[1:-1, 1:-1] > 0) & ((np.asarray(around) > 1) | (reach > FAR_M))
    stands[inside] &= solid[row[inside], column[inside]]
    free = np.zeros(BEARINGS)
    np.maximum.at(free, bearing, away)
    first = np.full(BEARINGS, np.inf)
    np.minimum.at(first, bearing[stands], away[stands])
    seen = np.minimum(free, first)
    out[reach <= seen[_bearing(xs[None], ys[:, None])]] = 0.05
    out[solid] = np.where(np.asarray(around)[solid] > 2, 0.95, 0.7)
    return out


def blobs(points: Float32[np.ndarray, "n 3"], camera: CameraView | None) -> list[Blob]:
    """Every clump of coloured points that the camera sees."""
    points = points[(points[:, 2] > GROUND_M) & (points[:, 2] < HEAD_M)]
    if camera is None or not len(points):
        return []
    colour = colours_of(points, camera)
    found = []
    for index, name in enumerate(COLOURS):
        own = points[colour == index].astype(np.float64)
        found += [_blob(name, own[clump], points) for clump in _clumps(own[:, :2])
                  if clump.sum() >= 3 or np.hypot(*own[clump][0, :2]) > FAR_M]  # fmt: skip
    return found


def colours_of(points: Float32[np.ndarray, "n 3"], camera: CameraView) -> Int64[np.ndarray, " n"]:
    """Index into COLOURS of each point's pixel, -1 for none of them or outside the picture."""
    model = camera.model
    uv, depth = project(model.K, transform(inverse(camera.T_base_cam), points.astype(np.float64)))
    inside = (depth > 0.1) & (uv >= 0).all(axis=1) & (uv[:, 0] < model.width) & (uv[:, 1] < model.height)
    out = np.full(len(points), -1, np.int64)
    column, row = uv[inside].astype(np.int64).T
    hue, saturation, value = _hsv(camera.image.rgb[row, column])
    named = np.full(len(hue), -1, np.int64)
    for index, (low, high) in enumerate(HUES.values()):
        named[(saturation >= LEAST_SATURATION) & (value >= 0.2) & (((hue - low) % 360) < high - low)] = index
    named[(saturation < WHITE_SATURATION) & (value > WHITE_VALUE)] = COLOURS.index("white")
    named[value < BLACK_VALUE] = COLOURS.index("black")
    out[inside] = named
    return out


def _blob(colour: str, points: Float64[np.ndarray, "n 3"], everything: Float32[np.ndarray, "m 3"]) -> Blob:
    """Measure a clump; it is as high as whatever stands in its place, for clothes are not all of a person."""
    flat = points[:, :2]
    spread = flat - flat.mean(axis=0)
    axes = np.linalg.svd(spread, full_matrices=False)[2] if len(flat) > 1 else np.eye(2)
    length = float(np.ptp(spread @ axes.T, axis=0).max())
    own = np.hypot(*(everything[:, :2] - flat.mean(axis=0)).T) < max(0.2, length / 2)
    height = max(float(points[:, 2].max()), float(everything[own, 2].max(initial=0.0)))
    return Blob(colour=colour, points=flat, xy=flat.mean(axis=0), length=length, height=height)


def _clumps(xy: Float64[np.ndarray, "n 2"]) -> list[Bool[np.ndarray, " n"]]:
    """Members of each connected group of points, by flooding cells of JOIN_M."""
    cells = np.floor(xy / JOIN_M).astype(np.int64)
    names, member = np.unique(cells, axis=0, return_inverse=True)
    index = {(int(x), int(y)): i for i, (x, y) in enumerate(names)}
    label = np.full(len(names), -1)
    groups = 0
    for start in range(len(names)):
        if label[start] >= 0:
            continue
        label[start], todo = groups, [start]
        while todo:
            x, y = (int(v) for v in names[todo.pop()])
            for neighbour in ((x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
                k = index.get(neighbour)
                if k is not None and label[k] < 0:
                    label[k] = groups
                    todo.append(k)
        groups += 1
    of_point = label[member.reshape(-1)]
    return [of_point == g for g in range(groups)]


def _hsv(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hue in degrees, saturation and value in 0..1, of (n, 3) pixels."""
    c = rgb.astype(np.float64) / 255
    value, least = c.max(axis=1), c.min(axis=1)
    chroma = value - least
    safe = np.maximum(chroma, 1e-6)
    r, g, b = c.T
    sector = np.where(value == r, (g - b) / safe, np.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    return (60 * sector) % 360, chroma / np.maximum(value, 1e-6), value


def _bearing(x: np.ndarray, y: np.ndarray) -> Int64[np.ndarray, "..."]:
    return np.asarray(np.floor((np.arctan2(y, x) + np.pi) / (2 * np.pi) * BEARINGS), np.int64) % BEARINGS

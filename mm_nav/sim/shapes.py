# SPDX-License-Identifier: Apache-2.0
"""Triangle meshes of what stands in a world, and the materials of their parts. Knows no rays and no sensors."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt32

from mm_nav.sim.world import Thing

PLAIN, GROUND, WALL, STRIPED, BANDED, BOXED = range(6)  # patterns that the camera paints
SKIN, TROUSERS, GLASS, TYRE = (0.85, 0.62, 0.48), (0.12, 0.13, 0.18), (0.10, 0.13, 0.17), (0.05, 0.05, 0.05)
SIDES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One mesh with one material. Vertices are in the world frame."""

    vertices: Float32[np.ndarray, "v 3"]
    triangles: UInt32[np.ndarray, "f 3"]
    rgb: tuple[float, float, float]
    pattern: int
    z0: float  # foot and height of the pattern
    height: float


def ground(bounds: tuple[float, float, float, float], rgb: tuple[float, float, float]) -> Part:
    """The floor, 30 m beyond the bounds."""
    x0, y0, x1, y1 = bounds[0] - 30, bounds[1] - 30, bounds[2] + 30, bounds[3] + 30
    vertices = np.array([[x0, y0, 0], [x1, y0, 0], [x1, y1, 0], [x0, y1, 0]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.uint32)
    return Part(vertices=vertices, triangles=triangles, rgb=rgb, pattern=GROUND, z0=0.0, height=1.0)


def parts_of(thing: Thing) -> list[Part]:
    """Meshes of a thing where it stands."""
    length, width, height = thing.size
    if thing.label == "wall":
        return [_box(thing, (0, 0), (length, width), 0, height, thing.rgb, WALL)]
    if thing.label == "cone":
        foot = _box(thing, (0, 0), (length * 0.98, width * 0.98), 0, 0.04, _dark(thing.rgb), PLAIN)
        return [foot, _round(thing, length * 0.43, length * 0.07, 0.04, height, thing.rgb, STRIPED)]
    if thing.label == "barrel":
        return [_round(thing, length / 2, length / 2, 0, height, thing.rgb, BANDED)]
    if thing.label == "person":
        legs, neck = 0.48 * height, 0.84 * height
        return [
            _round(thing, 0.13, 0.17, 0, legs, TROUSERS, PLAIN),
            _round(thing, 0.21, 0.25, legs, neck, thing.rgb, PLAIN),
            _round(thing, 0.11, 0.10, neck, height, SKIN, PLAIN),
        ]
    if thing.label == "car":
        wheels = [
            _box(thing, (sx * length * 0.31, sy * (width / 2 - 0.1)), (0.62, 0.2), 0, 0.6, TYRE, PLAIN)
            for sx in (-1, 1) for sy in (-1, 1)
        ]  # fmt: skip
        body = _box(thing, (0, 0), (length, width * 0.97), 0.22, height * 0.6, thing.rgb, PLAIN)
        glass = _box(thing, (-0.05 * length, 0), (length * 0.55, width * 0.84), height * 0.6, height * 0.93, GLASS, PLAIN)
        roof = _box(thing, (-0.05 * length, 0), (length * 0.5, width * 0.84), height * 0.93, height, thing.rgb, PLAIN)
        return [*wheels, body, glass, roof]
    return [_box(thing, (0, 0), (length, width), 0, height, thing.rgb, BOXED)]


def _dark(rgb: tuple[float, float, float]) -> tuple[float, float, float]:
    return rgb[0] * 0.5, rgb[1] * 0.5, rgb[2] * 0.5


def _place(thing: Thing, local: Float32[np.ndarray, "v 3"]) -> Float32[np.ndarray, "v 3"]:
    c, s = np.cos(thing.yaw), np.sin(thing.yaw)
    turned: Float32[np.ndarray, "v 3"] = local @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return np.asarray(np.add(turned, (thing.x, thing.y, 0)), np.float32)


def _box(
    thing: Thing, at: tuple[float, float], size: tuple[float, float], z0: float, z1: float,
    rgb: tuple[float, float, float], pattern: int,
) -> Part:  # fmt: skip
    half = np.array([size[0] / 2, size[1] / 2])
    ring = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + at
    return _prism(thing, ring, ring, z0, z1, rgb, pattern)


def _round(
    thing: Thing, bottom: float, top: float, z0: float, z1: float, rgb: tuple[float, float, float], pattern: int
) -> Part:
    turn = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], 1)
    return _prism(thing, ring * bottom, ring * top, z0, z1, rgb, pattern)


def _prism(
    thing: Thing, low: Float32[np.ndarray, "n 2"], high: Float32[np.ndarray, "n 2"], z0: float, z1: float,
    rgb: tuple[float, float, float], pattern: int,
) -> Part:  # fmt: skip
    n = len(low)
    rings = np.concatenate([np.c_[low, np.full(n, z0)], np.c_[high, np.full(n, z1)]])
    tips = np.array([[*low.mean(0), z0], [*high.mean(0), z1]])
    i = np.arange(n)
    j = (i + 1) % n
    triangles = np.concatenate([
        np.stack([i, j, j + n], 1), np.stack([i, j + n, i + n], 1),
        np.stack([np.full(n, 2 * n), j, i], 1), np.stack([np.full(n, 2 * n + 1), i + n, j + n], 1),
    ])  # fmt: skip
    vertices = _place(thing, np.concatenate([rings, tips]).astype(np.float32))
    return Part(vertices=vertices, triangles=triangles.astype(np.uint32), rgb=rgb, pattern=pattern, z0=z0, height=z1 - z0)

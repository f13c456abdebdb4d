# SPDX-License-Identifier: Apache-2.0
"""From ray hits to a picture: procedural texture, sun and ambient light, white balance, pixel noise.

Knows materials and light; where the rays came from and what a class is, it does not.
"""

from dataclasses import dataclass

import numba
import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8

from mm_nav.sim.raycast import Hits

NOISE_TILE = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Light, ground and lens of one world."""

    sun: Float64[np.ndarray, "3"]  # unit, towards the light
    sunlight: float
    ambient: float
    sky: Float64[np.ndarray, "3"]
    ground_a: Float64[np.ndarray, "3"]
    ground_b: Float64[np.ndarray, "3"]
    tile_m: float  # checker size; 0 for plain ground
    roughness: float  # strength of the noise texture
    wall_tint: Float64[np.ndarray, "3"]
    gain: Float64[np.ndarray, "3"]  # exposure times white balance per channel


def look_of(kind: str, rng: np.random.Generator) -> Look:
    """Draw how a world of this kind looks. Ground and walls stay pale, so that coloured things stand out."""
    outside = kind == "street"
    height = np.deg2rad(rng.uniform(25, 75))
    turn = rng.uniform(-np.pi, np.pi)
    sun = np.array([np.cos(height) * np.cos(turn), np.cos(height) * np.sin(turn), np.sin(height)])
    base = rng.uniform(0.16, 0.4) if outside else rng.uniform(0.25, 0.7)
    tint = rng.normal(0, 0.025, 3)
    contrast = rng.uniform(0.75, 0.95)
    strength = rng.uniform(0.3, 0.9) if outside else rng.uniform(0.15, 0.5)
    exposure = rng.uniform(0.85, 1.1)
    sky = np.array([0.55, 0.68, 0.85]) * rng.uniform(0.7, 1.1) if outside else np.full(3, rng.uniform(0.5, 0.95))
    return Look(
        sun=sun, sunlight=float(strength), ambient=float(rng.uniform(0.5, 0.75)), sky=sky,
        ground_a=np.clip(base + tint, 0.05, 1), ground_b=np.clip((base + tint) * contrast, 0.05, 1),
        tile_m=float(rng.choice([0.0, 0.4, 0.6, 1.0])) if not outside else 0.0,
        roughness=float(rng.uniform(0.03, 0.16)), wall_tint=np.clip(1 + rng.normal(0, 0.06, 3), 0.8, 1.15),
        gain=exposure * np.clip(1 + rng.normal(0, 0.04, 3), 0.88, 1.12),
    )  # fmt: skip


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _lattice(i: int, j: int) -> float:
    h = (i * 374761393 + j * 668265263) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return float((h ^ (h >> 16)) & 0xFFFF) / 32767.5 - 1.0


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _noise(u: float, v: float) -> float:
    i, j = int(np.floor(u)), int(np.floor(v))
    fu, fv = u - i, v - j
    low = _lattice(i, j) * (1 - fu) + _lattice(i + 1, j) * fu
    high = _lattice(i, j + 1) * (1 - fu) + _lattice(i + 1, j + 1) * fu
    return low * (1 - fv) + high * fv


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _paint(
    origin: Float64[np.ndarray, "3"], directions: Float32[np.ndarray, "n 3"], t: Float32[np.ndarray, " n"],
    part: Int32[np.ndarray, " n"], normals: Float32[np.ndarray, "n 3"], material: Float64[np.ndarray, "p 7"],
    light: Float64[np.ndarray, "8 3"], scalars: Float64[np.ndarray, "4"], tile: Float32[np.ndarray, " m"], at: int,
    out: UInt8[np.ndarray, "n 3"],
) -> None:  # fmt: skip
    ambient, sunlight, tile_m, roughness = scalars
    for i in range(len(t)):
        p = part[i]
        if p < 0:
            up = max(0.0, directions[i, 2])
            for k in range(3):
                value = light[1, k] * (1.0 - 0.25 * up) * light[5, k] * 255.0 + tile[(at + 3 * i + k) % len(tile)]
                out[i, k] = np.uint8(min(255.0, max(0.0, value)))
            continue
        x = origin[0] + directions[i, 0] * t[i]
        y = origin[1] + directions[i, 1] * t[i]
        z = origin[2] + directions[i, 2] * t[i]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        if nx * directions[i, 0] + ny * directions[i, 1] + nz * directions[i, 2] > 0:
            nx, ny, nz = -nx, -ny, -nz
        sun = max(0.0, nx * light[0, 0] + ny * light[0, 1] + nz * light[0, 2])
        shade = ambient + sunlight * sun
        r, g, b = material[p, 0], material[p, 1], material[p, 2]
        pattern = int(material[p, 3])
        texture = 1.0
        if pattern == 1:  # ground
            row = 2
            if tile_m > 0 and (int(np.floor(x / tile_m)) + int(np.floor(y / tile_m))) % 2 != 0:
                row = 3
            r, g, b = light[row, 0], light[row, 1], light[row, 2]
            texture = 1.0 + roughness * (_noise(x * 3.1, y * 3.1) + 0.6 * _noise(x * 17.0, y * 17.0))
        elif pattern == 2:  # wall
            along = x * abs(ny) + y * abs(nx)
            r, g, b = r * light[4, 0], g * light[4, 1], b * light[4, 2]
            texture = 1.0 + 0.7 * roughness * (_noise(along * 2.0, z * 2.0) + 0.5 * _noise(along * 11.0, z * 11.0))
            if z < 0.1:
                texture *= 0.6
        else:
            height = (z - material[p, 4]) / material[p, 5]
            texture = 1.0 + 0.4 * roughness * _noise((x + y) * 23.0, z * 23.0)
            if pattern == 3 and 0.45 < height < 0.62:  # a reflective sleeve
                r, g, b = 0.5 * r + 0.45, 0.5 * g + 0.45, 0.5 * b + 0.45
            elif pattern == 4 and (0.30 < height < 0.36 or 0.64 < height < 0.70 or height > 0.96):
                texture *= 0.65
            elif pattern == 5 and (height < 0.05 or height > 0.95 or abs(height - 0.5) < 0.03):
                texture *= 0.72
        dim = 1.0 / (1.0 + 0.0006 * t[i] * t[i])
        for k in range(3):
            colour = r if k == 0 else (g if k == 1 else b)
            value = colour * shade * texture * dim * light[5, k]
            value = np.sqrt(max(0.0, value)) * 255.0 * 0.98 + tile[(at + 3 * i + k) % len(tile)]
            out[i, k] = np.uint8(min(255.0, max(0.0, value)))


def noise_tile(rng: np.random.Generator) -> Float32[np.ndarray, " m"]:
    """Unit normal noise to reuse at random offsets; drawing it anew per picture costs more than the picture."""
    return rng.standard_normal(NOISE_TILE, dtype=np.float32)


def paint(
    look: Look, hits: Hits, origin: Float64[np.ndarray, "3"], directions: Float32[np.ndarray, "n 3"],
    material: Float64[np.ndarray, "p 7"], noise: Float32[np.ndarray, " m"], offset: int,
) -> UInt8[np.ndarray, "n 3"]:  # fmt: skip
    """RGB of each ray (gamma 2). ``noise`` is already scaled to grey levels."""
    sky = look.sky
    light = np.stack([look.sun, sky, look.ground_a, look.ground_b, look.wall_tint, look.gain, sky, sky])
    scalars = np.array([look.ambient, look.sunlight, look.tile_m, look.roughness])
    out = np.empty((len(hits.part), 3), np.uint8)
    _paint(origin, directions, hits.distance, hits.part, hits.normal, material, light, scalars, noise, offset, out)
    return out

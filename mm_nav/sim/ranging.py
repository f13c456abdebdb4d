# SPDX-License-Identifier: Apache-2.0
"""From ray hits to LiDAR and radar points: noise, intensity, dropouts, Doppler, clutter and ghosts.

Rays come in the sensor frame and in the world frame, side by side. Knows no world and no robot.
"""

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.types import PointCloud
from mm_nav.sim.raycast import Hits
from mm_nav.sim.rig import LIDAR_FRAME, RADAR_FRAME, Rig

RADAR_RAYS = 900
RADAR_LOW, RADAR_HIGH = float(np.deg2rad(-5)), float(np.deg2rad(9))
# mean radar cross-section (dBsm) and the chance that one of RADAR_RAYS comes back
RCS = {"wall": (3.0, 0.10), "box": (0.0, 0.30), "cone": (-8.0, 0.25), "barrel": (4.0, 0.6), "person": (-3.0, 0.5),
       "car": (12.0, 0.5), "ground": (-14.0, 0.01)}  # fmt: skip


def lidar_directions(rig: Rig) -> Float32[np.ndarray, "n 3"]:
    """Unit directions of one turn in the sensor frame, beam by beam."""
    elevation = np.linspace(rig.lidar_low, rig.lidar_high, rig.lidar_beams)[:, None]
    azimuth = np.linspace(-np.pi, np.pi, rig.lidar_columns, endpoint=False)[None, :]
    flat = np.cos(elevation)
    stacked = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation) + 0 * azimuth], -1)
    return stacked.reshape(-1, 3).astype(np.float32)


def lidar_cloud(
    rig: Rig, hits: Hits, local: Float32[np.ndarray, "n 3"], incidence: Float32[np.ndarray, " n"],
    reflectivity: Float64[np.ndarray, " p"], stamp_ns: int, rng: np.random.Generator,
) -> PointCloud:  # fmt: skip
    """One turn. ``incidence`` is |cos| between ray and surface; intensity is 0..255; misses are dropped."""
    n = len(local)
    measured = hits.distance + rng.standard_normal(n, dtype=np.float32) * np.float32(rig.lidar_noise)
    albedo = np.where(hits.part >= 0, reflectivity[hits.part], 0.0)
    strength = albedo * (0.25 + 0.75 * incidence)
    lost = rig.lidar_dropout + 0.4 * np.clip(hits.distance / rig.lidar_range - strength * 3, 0, 1)
    kept = (hits.part >= 0) & (measured < rig.lidar_range) & (measured > 0.1) & (rng.random(n, np.float32) > lost)
    intensity = np.clip(255 * strength * (1 + 0.08 * rng.standard_normal(n, dtype=np.float32)), 0, 255)
    xyz = local[kept] * measured[kept, None]
    return _cloud(LIDAR_FRAME, stamp_ns, xyz, intensity[kept], np.full(int(kept.sum()), np.nan))


def radar_directions(rig: Rig, rng: np.random.Generator) -> Float32[np.ndarray, "n 3"]:
    """Random unit directions of one sweep in the sensor frame."""
    azimuth = rng.uniform(-rig.radar_fov, rig.radar_fov, RADAR_RAYS)
    elevation = rng.uniform(RADAR_LOW, RADAR_HIGH, RADAR_RAYS)
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], 1).astype(np.float32)


def radar_cloud(
    rig: Rig, hits: Hits, local: Float32[np.ndarray, "n 3"], radial: Float64[np.ndarray, " n"],
    rcs: Float64[np.ndarray, "p 2"], stamp_ns: int, rng: np.random.Generator,
) -> PointCloud:  # fmt: skip
    """One sweep. ``radial`` is the true range rate of each hit in m/s, positive away from the sensor.

    Args:
        rcs: per part the mean cross-section in dBsm and the chance to come back.
    """
    chance = np.where(hits.part >= 0, rcs[hits.part, 1], 0.0)
    back = (hits.distance < rig.radar_range) & (rng.random(len(local)) < chance)
    chosen = np.flatnonzero(back)
    if len(chosen) > 110:
        chosen = np.sort(rng.choice(chosen, 110, replace=False))
    n = len(chosen)
    distance = hits.distance[chosen] + rng.normal(0, rig.radar_noise, n)
    azimuth = np.arctan2(local[chosen, 1], local[chosen, 0]) + rng.normal(0, rig.radar_azimuth_noise, n)
    sine = local[chosen, 2]
    speed = radial[chosen] + rng.normal(0, rig.radar_speed_noise, n)
    strength = rcs[hits.part[chosen], 0] + rng.normal(0, 2.5, n)
    ghosts = _ghosts(distance, azimuth, sine, speed, strength, rng)
    clutter = _clutter(rig, rng)
    d, a, s, v, q = (np.concatenate(c) for c in zip((distance, azimuth, sine, speed, strength), ghosts, clutter, strict=True))
    flat = np.sqrt(1 - s * s)
    xyz = np.stack([d * flat * np.cos(a), d * flat * np.sin(a), d * s], 1)
    return _cloud(RADAR_FRAME, stamp_ns, xyz, q, v)


Sweep = tuple[
    Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"],
    Float64[np.ndarray, " n"],
]  # fmt: skip


def _ghosts(
    distance: Float64[np.ndarray, " n"], azimuth: Float64[np.ndarray, " n"], sine: Float32[np.ndarray, " n"],
    speed: Float64[np.ndarray, " n"], strength: Float64[np.ndarray, " n"], rng: np.random.Generator,
) -> Sweep:  # fmt: skip
    """Multipath: an echo that took a detour appears behind its object, weaker, with about the same range rate."""
    n = len(distance)
    again = np.flatnonzero(rng.random(n) < 0.05)
    late = distance[again] * rng.uniform(1.1, 1.6, len(again)) + 0.3
    return (
        late,
        azimuth[again] + rng.normal(0, 0.05, len(again)),
        np.asarray(sine[again], np.float64),
        speed[again] * rng.uniform(0.8, 1.4, len(again)),
        strength[again] - rng.uniform(4, 12, len(again)),
    )


def _clutter(rig: Rig, rng: np.random.Generator) -> Sweep:
    n = int(rng.integers(2, 9))
    return (
        rng.uniform(0.6, rig.radar_range, n),
        rng.uniform(-rig.radar_fov, rig.radar_fov, n),
        rng.uniform(np.sin(RADAR_LOW), np.sin(RADAR_HIGH), n),
        rng.normal(0, 1.0, n),
        rng.normal(-12, 3, n),
    )


def _cloud(
    frame: str, stamp_ns: int, xyz: Float32[np.ndarray, "n 3"] | Float64[np.ndarray, "n 3"],
    intensity: Float64[np.ndarray, " n"], velocity: Float64[np.ndarray, " n"],
) -> PointCloud:  # fmt: skip
    return PointCloud(
        stamp_ns=stamp_ns,
        frame_id=frame,
        xyz=np.ascontiguousarray(xyz, np.float32),
        intensity=np.asarray(intensity, np.float32),
        velocity=np.asarray(velocity, np.float32),
    )

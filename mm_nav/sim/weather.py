# SPDX-License-Identifier: Apache-2.0
"""Bad conditions on top of the sensors' readings: fog, night, glare, rain in the LiDAR, clutter in the radar.

Each changes readings that are already made and draws from its own generator, so that the world, the sensors' own noise
and a clear day stay what they are, bit by bit. Knows no world and no robot. Pictures are in grey levels of gamma 2.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from mm_nav.core.types import PointCloud
from mm_nav.errors import ConfigError
from mm_nav.sim.rig import Rig

Rgb = UInt8[np.ndarray, "n 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What pixels look at: ``distance`` in metres (inf: sky), unit rays in the optical and in the world frame."""

    distance: Float32[np.ndarray, " n"]
    local: Float32[np.ndarray, "n 3"]
    world: Float32[np.ndarray, "n 3"]


class Weather:
    """A clear day: readings pass through untouched. What is bad about the others are overrides."""

    def __init__(self, rng: np.random.Generator, sun: Float64[np.ndarray, "3"], rig: Rig) -> None:
        """Args: rng: its own. sun: unit, towards the light. rig: for the sensors' ranges."""
        self.rng, self.sun, self.rig = rng, sun, rig

    def picture(self, rgb: Rgb, view: View) -> Rgb:
        """A camera's pixels."""
        return rgb

    def lidar(self, cloud: PointCloud) -> PointCloud:
        """A turn of the LiDAR."""
        return cloud

    def radar(self, cloud: PointCloud) -> PointCloud:
        """A sweep of the radar."""
        return cloud


class Fog(Weather):
    """Contrast falls with exp(-beta d) towards grey (Koschmieder); LiDAR loses power both ways and sees the fog itself."""

    def __init__(self, rng: np.random.Generator, sun: Float64[np.ndarray, "3"], rig: Rig) -> None:
        super().__init__(rng, sun, rig)
        self.beta = 3.0 / rng.uniform(7.0, 14.0)  # 5 % of the contrast is left at this many metres
        self.airlight = rng.uniform(0.45, 0.6) + rng.normal(0, 0.01, 3)

    def picture(self, rgb: Rgb, view: View) -> Rgb:
        """Mix with the light that fog scatters."""
        clear = np.exp(-self.beta * view.distance.astype(np.float64))[:, None]
        return _encoded(_linear(rgb) * clear + self.airlight * (1 - clear))

    def lidar(self, cloud: PointCloud) -> PointCloud:
        """Power falls with exp(-2 beta d) / d^2; what is too weak is lost, and some of it returns from near droplets."""
        away = np.linalg.norm(cloud.xyz, axis=1)
        strength = cloud.intensity / 255.0 * np.exp(-2 * self.beta * away)
        weakest = 0.1 / self.rig.lidar_range**2  # a dark thing at the range that it has on a clear day
        lost = self.rng.random(len(away)) > strength / np.maximum(away, 0.1) ** 2 / weakest
        kept = replace(cloud, intensity=(255 * strength).astype(np.float32))
        return _near_returns(kept, lost, 0.01 + 0.04 * lost, 0.7 + self.rng.exponential(1.2, len(away)), self.rng)


class Night(Weather):
    """Little light but for a headlamp along the camera's axis, and a camera that amplifies its noise."""

    MOON, LAMP, NOISE = 0.035, 1.1, 7.0  # shares of daylight; grey levels

    def picture(self, rgb: Rgb, view: View) -> Rgb:
        """Dim everything, light the cone, add noise."""
        off_axis = np.arccos(np.clip(view.local[:, 2], -1, 1))
        cone = np.exp(-((off_axis / np.deg2rad(24)) ** 2))
        lamp = self.LAMP * cone / (1 + (view.distance / 4.0) ** 2)  # nothing comes back from the sky: its distance is inf
        dark = _linear(rgb) * (self.MOON + lamp)[:, None]
        grey = 255 * np.sqrt(dark) + self.NOISE * self.rng.standard_normal(rgb.shape, dtype=np.float32)
        return np.asarray(np.clip(grey, 0, 255), np.uint8)


class Glare(Weather):
    """A low sun, or a lamp: a saturated blob where the camera faces it, and a veil over the picture; nothing behind."""

    def __init__(self, rng: np.random.Generator, sun: Float64[np.ndarray, "3"], rig: Rig) -> None:
        super().__init__(rng, sun, rig)
        height = np.deg2rad(rng.uniform(4, 16))
        flat = np.array([sun[0], sun[1]]) / max(float(np.hypot(sun[0], sun[1])), 1e-6)
        self.low = np.array([*(np.cos(height) * flat), np.sin(height)])

    def picture(self, rgb: Rgb, view: View) -> Rgb:
        """Add blob, halo and veil; the veil falls with the angle between the camera's axis and the sun."""
        angle = np.arccos(np.clip(view.world @ self.low.astype(np.float32), -1, 1))
        middle = view.world[int(np.argmax(view.local[:, 2]))]
        facing = max(0.0, float(middle @ self.low)) ** 3
        light = 4.0 * np.exp(-((angle / np.deg2rad(5)) ** 2)) + 0.8 * np.exp(-angle / np.deg2rad(14)) + 0.18
        return _encoded(_linear(rgb) + facing * light[:, None] * np.array([1.0, 0.96, 0.88]))


class LidarRain(Weather):
    """Drops swallow returns at random, and some beams come back from a drop near by."""

    LOST, DROPS, JITTER_M = 0.35, 0.025, 0.02

    def lidar(self, cloud: PointCloud) -> PointCloud:
        """Drop, displace and jitter."""
        n = len(cloud.xyz)
        jitter = 1 + self.JITTER_M * self.rng.standard_normal((n, 1), dtype=np.float32)
        lost = self.rng.random(n) < self.LOST
        wet = replace(cloud, xyz=cloud.xyz * jitter)
        return _near_returns(wet, lost, np.full(n, self.DROPS), self.rng.uniform(0.5, 6.0, n), self.rng)


class RadarClutter(Weather):
    """Many returns from nowhere with any range rate, as between metal walls or next to other radars."""

    GHOSTS = (50, 90)

    def radar(self, cloud: PointCloud) -> PointCloud:
        """Add ghosts behind the real returns."""
        n, rig = int(self.rng.integers(*self.GHOSTS)), self.rig
        away, side = self.rng.uniform(0.5, rig.radar_range, n), self.rng.uniform(-rig.radar_fov, rig.radar_fov, n)
        up = self.rng.uniform(-0.08, 0.15, n)
        xyz = np.stack([away * np.cos(side), away * np.sin(side), away * up], axis=1).astype(np.float32)
        speed, strength = self.rng.normal(0, 2.0, n), self.rng.normal(-4, 6, n)
        return replace(
            cloud, xyz=np.concatenate([cloud.xyz, xyz]),
            intensity=np.concatenate([cloud.intensity, strength.astype(np.float32)]),
            velocity=np.concatenate([cloud.velocity, speed.astype(np.float32)]),
        )  # fmt: skip


CONDITIONS: dict[str, type[Weather]] = {
    "none": Weather, "fog": Fog, "night": Night, "glare": Glare, "lidar_rain": LidarRain, "radar_clutter": RadarClutter,
}  # fmt: skip


def check_condition(name: str) -> None:
    """Refuse a condition that does not exist.

    Raises:
        ConfigError: naming those that do.
    """
    if name not in CONDITIONS:
        raise ConfigError(f"condition {name!r} is unknown; use one of {', '.join(CONDITIONS)}")


def make_weather(name: str, seed: int, sun: Float64[np.ndarray, "3"], rig: Rig) -> Weather:
    """The weather of a seed; the same each time.

    Raises:
        ConfigError: for an unknown name.
    """
    check_condition(name)
    return CONDITIONS[name](np.random.default_rng([seed, 11]), sun, rig)


def _near_returns(
    cloud: PointCloud, lost: Bool[np.ndarray, " n"], chance: Float64[np.ndarray, " n"], away: Float64[np.ndarray, " n"],
    rng: np.random.Generator,
) -> PointCloud:  # fmt: skip
    """Take out what is lost; with a chance, a beam comes back weakly from ``away`` metres if that is nearer than it was."""
    distance = np.linalg.norm(cloud.xyz, axis=1)
    drop = (rng.random(len(lost)) < chance) & (away < distance)
    scale = np.where(drop, away / np.maximum(distance, 1e-3), 1.0).astype(np.float32)
    weak = rng.uniform(1, 14, len(lost)).astype(np.float32)
    kept = drop | ~lost
    return replace(
        cloud, xyz=np.ascontiguousarray((cloud.xyz * scale[:, None])[kept]),
        intensity=np.where(drop, weak, cloud.intensity)[kept], velocity=cloud.velocity[kept],
    )  # fmt: skip


def _linear(rgb: Rgb) -> Float32[np.ndarray, "n 3"]:
    return np.asarray(np.square(rgb.astype(np.float32) / np.float32(255)))


def _encoded(light: np.ndarray) -> Rgb:
    return np.asarray(255 * np.sqrt(np.clip(light, 0, 1)), np.uint8)

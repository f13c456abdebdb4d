# SPDX-License-Identifier: Apache-2.0
"""Whether a sensor's data can be true: frozen, random or empty data is taken out before it is fused. Knows no ROS, no clock.

What is taken out is listed as missing, so that the robot drives as if that sensor were off; what is only odd is told. A
sensor that looks elsewhere than its mounting says, or measures by another scale, is not found out here (doctor, FAULTS S07).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.geometry import inverse, yaw_of
from mm_nav.core.types import CameraImage, PointCloud, SensorFrame

STUCK_REPEATS = 3  # identical data of so many stamps while the robot moved: no sensor's noise does that
MOVED_M, MOVED_RAD = 0.05, 0.03
STUCK_TOLD_NS, STUCK_NS = 1_000_000_000, 2_000_000_000  # standing: a simulator without noise repeats itself too
EMPTY_NS = 1_000_000_000
FAR_M = 1000.0  # no automotive sensor measures farther
FAR_SHARE = 0.2
AT_ORIGIN_M, AT_ORIGIN_SHARE = 0.01, 0.9
LEAST_POINTS, MOST_POINTS = 20, 4096  # fewer say nothing; of more, every so many are looked at
NOISE_CORRELATION, NOISE_GREY = 0.2, 40.0  # between neighbouring pixels; grey levels of standard deviation
ROW_STEP = 16  # every so many rows of a picture are looked at


@dataclass(slots=True)
class _Past:
    """Since when a source says the same, or nothing."""

    print_: int = 0
    stamp_ns: int = -1
    since_ns: int = 0
    repeats: int = 1
    T_odom: Float64[np.ndarray, "4 4"] | None = None
    empty_since_ns: int | None = None


class Plausibility:
    """Judges one frame after the other.

    Args:
        empty_is_open: a LiDAR without a single point means open ground, not a broken sensor.
    """

    def __init__(self, empty_is_open: bool = False) -> None:
        self._empty_is_open = empty_is_open
        self._past: dict[str, _Past] = {}

    def judge(self, frame: SensorFrame) -> tuple[SensorFrame, dict[str, str]]:
        """The frame without data that cannot be true (listed as missing), and what is odd about others, by source."""
        false: dict[str, str] = {}
        odd: dict[str, str] = {}
        T = None if frame.odometry is None else frame.odometry.T_odom_base
        for view in frame.cameras:
            self._note(view.name, _picture_noise(view.image), view.image, _picture_print, T, false, odd)
        newest = {posed.name: posed for posed in frame.lidars}
        for name, posed in newest.items():
            self._note(name, self._nothing(name, posed.cloud) or _absurd(posed.cloud), posed.cloud, _cloud_print, T, false, odd)
            if name not in false and (told := _at_origin(posed.cloud)):
                odd[name] = told
        for posed in frame.radars:
            if reason := _absurd(posed.cloud):
                false[posed.name] = reason
        return (frame.without(false) if false else frame), odd

    def reset(self) -> None:
        """Forget: time jumped."""
        self._past.clear()

    def _note(
        self, name: str, reason: str, reading: CameraImage | PointCloud, fingerprint: Callable[..., int],
        T: Float64[np.ndarray, "4 4"] | None, false: dict[str, str], odd: dict[str, str],
    ) -> None:  # fmt: skip
        if not reason and not (isinstance(reading, PointCloud) and not len(reading.xyz)):
            reason, told = self._stuck(name, reading.stamp_ns, fingerprint(reading), T)
            if told:
                odd[name] = told
        if reason:
            false[name] = reason

    def _stuck(self, name: str, stamp_ns: int, fingerprint: int, T: Float64[np.ndarray, "4 4"] | None) -> tuple[str, str]:
        """Why it must be frozen, or that it may be."""
        past = self._past.setdefault(name, _Past())
        if stamp_ns == past.stamp_ns:
            pass
        elif fingerprint != past.print_ or stamp_ns < past.stamp_ns:
            past.print_, past.since_ns, past.repeats, past.T_odom = fingerprint, stamp_ns, 1, T
        else:
            past.repeats += 1
        past.stamp_ns = stamp_ns
        held_ns = stamp_ns - past.since_ns
        moved = T is not None and past.T_odom is not None and _moved(past.T_odom, T)
        text = f"stuck: the same data for {held_ns * 1e-9:.1f} s"
        if past.repeats >= STUCK_REPEATS and moved:
            return f"{text} while the robot moved", ""
        if T is None and held_ns >= STUCK_NS:
            return text, ""
        return "", f"{text}; the robot stands" if held_ns >= STUCK_TOLD_NS else ""

    def _nothing(self, name: str, cloud: PointCloud) -> str:
        past = self._past.setdefault(name, _Past())
        if len(cloud.xyz) or self._empty_is_open:
            past.empty_since_ns = None
            return ""
        if past.empty_since_ns is None or past.empty_since_ns > cloud.stamp_ns:
            past.empty_since_ns = cloud.stamp_ns
        empty_ns = cloud.stamp_ns - past.empty_since_ns
        return f"no point for {empty_ns * 1e-9:.1f} s" if empty_ns >= EMPTY_NS else ""


def _moved(was: Float64[np.ndarray, "4 4"], now: Float64[np.ndarray, "4 4"]) -> bool:
    T = inverse(was) @ now
    return bool(np.hypot(*T[:2, 3]) > MOVED_M or abs(yaw_of(T)) > MOVED_RAD)


def _picture_print(image: CameraImage) -> int:
    return zlib.crc32(np.ascontiguousarray(image.rgb[::ROW_STEP]))  # type: ignore[arg-type]  # a buffer


def _cloud_print(cloud: PointCloud) -> int:
    return zlib.crc32(np.ascontiguousarray(_some(cloud)))  # type: ignore[arg-type]  # a buffer


def _some(cloud: PointCloud) -> Float32[np.ndarray, "m 3"]:
    return cloud.xyz[:: max(1, len(cloud.xyz) // MOST_POINTS)]


def _reach(cloud: PointCloud) -> Float32[np.ndarray, " m"]:
    """Largest coordinate of some points."""
    x, y, z = np.abs(_some(cloud)).T
    return np.maximum(np.maximum(x, y), z)


def _picture_noise(image: CameraImage) -> str:
    """Random bytes: neighbours have nothing in common, and are nowhere near each other."""
    green = image.rgb[::ROW_STEP, :, 1].astype(np.float32)
    if green.shape[1] < 8 or (spread := float(green.std())) < NOISE_GREY:
        return ""
    left, right = green[:, :-1] - green.mean(), green[:, 1:] - green.mean()
    alike = float((left * right).mean()) / spread**2
    return f"noise, no picture: neighbouring pixels have a correlation of {alike:.2f}" if alike < NOISE_CORRELATION else ""


def _absurd(cloud: PointCloud) -> str:
    """Random bytes read as points lie anywhere, mostly farther than anything can be measured."""
    if len(cloud.xyz) < LEAST_POINTS:
        return ""
    reach = _reach(cloud)
    away = reach[reach > AT_ORIGIN_M]
    share = float((away > FAR_M).mean()) if len(away) else 0.0
    return f"{share:.0%} of its points lie beyond {FAR_M / 1000:g} km" if share > FAR_SHARE else ""


def _at_origin(cloud: PointCloud) -> str:
    if len(cloud.xyz) < LEAST_POINTS:
        return ""
    share = float((_reach(cloud) <= AT_ORIGIN_M).mean())
    return f"{share:.0%} of its points lie at the sensor itself" if share > AT_ORIGIN_SHARE else ""

# SPDX-License-Identifier: Apache-2.0
"""Where the robot was at any instant of a recording, by interpolated odometry that never crosses a gap or a jump."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mm_nav.core.geometry import yaw_of
from mm_nav.core.types import Odometry

GAP_NS = 500_000_000  # odometry that is silent for longer is not bridged
HOLD_NS = 100_000_000  # how far beyond its ends a stretch of odometry still tells the pose
JUMP_M, JUMP_RAD = 0.3, 0.4  # what a pose may move beyond twice what its own twist says


@dataclass(frozen=True, slots=True)
class Track:
    """Planar poses in odom: ``stamps_ns`` (N,) ascending, ``poses`` (N, 3) x, y, yaw unwrapped; ``stretch`` (N,) counts up
    at each gap or jump."""

    stamps_ns: np.ndarray
    poses: np.ndarray
    stretch: np.ndarray

    @classmethod
    def of(cls, odometry: Mapping[int, Odometry]) -> "Track":
        """From readings by stamp; poses that are not finite are left out."""
        stamps = sorted(s for s, o in odometry.items() if np.isfinite(o.T_odom_base).all())
        poses = np.array([[*odometry[s].T_odom_base[:2, 3], yaw_of(odometry[s].T_odom_base)] for s in stamps])
        poses = poses.reshape(-1, 3)
        poses[:, 2] = np.unwrap(poses[:, 2])
        stamps_ns = np.array(stamps, np.int64)
        twist = np.array([[np.linalg.norm(odometry[s].linear), abs(odometry[s].angular[2])] for s in stamps]).reshape(-1, 2)
        broken = _broken(stamps_ns, poses, np.nan_to_num(twist))
        return cls(stamps_ns, poses, np.concatenate([[0], np.cumsum(broken)])[: len(stamps)].astype(np.int64))

    def at(self, stamp_ns: int) -> tuple[np.ndarray, int] | None:
        """Pose (x, y, yaw) and the stretch it belongs to; None where odometry does not say."""
        if not len(self.stamps_ns):
            return None
        later = int(np.searchsorted(self.stamps_ns, stamp_ns))
        if later < len(self.stamps_ns) and self.stamps_ns[later] == stamp_ns:
            return self.poses[later], int(self.stretch[later])
        if 0 < later < len(self.stamps_ns) and self.stretch[later - 1] == self.stretch[later]:
            a, b = self.stamps_ns[later - 1], self.stamps_ns[later]
            share = (stamp_ns - a) / (b - a)
            return (1 - share) * self.poses[later - 1] + share * self.poses[later], int(self.stretch[later])
        near = [i for i in (later - 1, later) if 0 <= i < len(self.stamps_ns) and abs(self.stamps_ns[i] - stamp_ns) <= HOLD_NS]
        if not near:
            return None
        i = min(near, key=lambda i: abs(int(self.stamps_ns[i]) - stamp_ns))
        return self.poses[i], int(self.stretch[i])

    def covers(self, stamp_ns: int) -> bool:
        """Whether an instant lies inside a stretch, its ends included."""
        i = int(np.searchsorted(self.stamps_ns, stamp_ns))
        if i == len(self.stamps_ns):
            return False
        return bool(self.stamps_ns[i] == stamp_ns or (i > 0 and self.stretch[i - 1] == self.stretch[i]))


def into(pose: np.ndarray, xy_odom: np.ndarray) -> np.ndarray:
    """Points of odom (N, 2) in the base_link of a pose (x, y, yaw)."""
    c, s = np.cos(pose[2]), np.sin(pose[2])
    return np.asarray((xy_odom - pose[:2]) @ np.array([[c, -s], [s, c]]))


def out_of(pose: np.ndarray, xy_base: np.ndarray) -> np.ndarray:
    """Points (N, 2) in the base_link of a pose (x, y, yaw), in odom."""
    c, s = np.cos(pose[2]), np.sin(pose[2])
    return np.asarray(xy_base @ np.array([[c, s], [-s, c]]) + pose[:2])


def _broken(stamps_ns: np.ndarray, poses: np.ndarray, twist: np.ndarray) -> np.ndarray:
    """Which steps (N - 1,) are gaps, or longer than the robot can have moved.

    Twice the twist's speed is believed; where the driver leaves the twist empty, four times the usual speed is.
    """
    if len(poses) < 2:
        return np.zeros(0, bool)
    dt = np.diff(stamps_ns) * 1e-9
    moved = np.stack([np.hypot(*np.diff(poses[:, :2], axis=0).T), np.abs(np.diff(poses[:, 2]))], 1)
    speed = 2 * np.maximum(twist[1:], twist[:-1])
    for axis in range(2):
        if not speed[:, axis].any():
            speed[:, axis] = 4 * np.percentile(moved[:, axis] / dt, 90)
    return np.asarray((dt > GAP_NS * 1e-9) | (moved > [JUMP_M, JUMP_RAD] + speed * dt[:, None]).any(axis=1))

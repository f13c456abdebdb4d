# SPDX-License-Identifier: Apache-2.0
"""How a robot answers velocity commands: differential drive and Ackermann steering, with limits. Knows no world."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float64

from mm_nav.core.geometry import se2
from mm_nav.errors import ConfigError
from mm_nav.sim import footprint
from mm_nav.sim.footprint import Solids


def _toward(value: float, wanted: float, step: float) -> float:
    return value + min(max(wanted - value, -step), step)


class Robot(Protocol):
    """A kinematic model; ``x y yaw`` in the world frame, ``v w`` in its own (m/s, rad/s)."""

    x: float
    y: float
    yaw: float
    v: float
    w: float
    radius: float  # half the width it needs when driving along a path

    @property
    def axle(self) -> float:
        """How far behind base_link the point lies that never moves sideways, metres."""

    def step(self, v_cmd: float, w_cmd: float, dt: float) -> None:
        """Follow a command for ``dt`` seconds as far as the limits allow."""

    def touches(self, solids: Solids) -> bool:
        """Whether the body overlaps anything."""

    def pose(self) -> Float64[np.ndarray, "4 4"]:
        """T_world_base."""


@dataclass(slots=True, kw_only=True)
class DiffDrive:
    """Round body; turns in place."""

    x: float
    y: float
    yaw: float
    v: float = 0.0
    w: float = 0.0
    radius: float = 0.3
    max_speed: float = 1.0
    max_reverse: float = 0.4
    max_yaw_rate: float = 1.5
    max_accel: float = 1.2
    max_yaw_accel: float = 4.0

    def step(self, v_cmd: float, w_cmd: float, dt: float) -> None:
        """Follow a command for ``dt`` seconds as far as the limits allow; exact arc integration."""
        v_cmd = min(max(v_cmd, -self.max_reverse), self.max_speed)
        w_cmd = min(max(w_cmd, -self.max_yaw_rate), self.max_yaw_rate)
        self.v = _toward(self.v, v_cmd, self.max_accel * dt)
        self.w = _toward(self.w, w_cmd, self.max_yaw_accel * dt)
        self.x, self.y, self.yaw = arc(self.x, self.y, self.yaw, self.v, self.w, dt)

    @property
    def axle(self) -> float:
        """The wheels are right under base_link."""
        return 0.0

    def touches(self, solids: Solids) -> bool:
        """Whether the disc overlaps anything."""
        return bool(footprint.clearance(solids, np.array([[self.x, self.y]]))[0] < self.radius)

    def pose(self) -> Float64[np.ndarray, "4 4"]:
        """T_world_base."""
        return se2(self.x, self.y, self.yaw)


@dataclass(slots=True, kw_only=True)
class Ackermann:
    """Car-like: a speed and a steering angle; base_link in the middle of the body, so it turns about the rear axle."""

    x: float
    y: float
    yaw: float
    v: float = 0.0
    w: float = 0.0
    steer: float = 0.0
    length: float = 0.9
    width: float = 0.5
    radius: float = 0.38
    wheelbase: float = 0.6
    max_steer: float = 0.6
    max_steer_rate: float = 1.5
    max_speed: float = 1.0
    max_reverse: float = 0.5
    max_accel: float = 1.0

    def step(self, v_cmd: float, w_cmd: float, dt: float) -> None:
        """Follow a command for ``dt`` seconds; a yaw rate asked for at rest sets the wheels and moves nothing."""
        v_cmd = min(max(v_cmd, -self.max_reverse), self.max_speed)
        direction = -1.0 if v_cmd < 0 else 1.0
        wanted = np.arctan2(w_cmd * self.wheelbase * direction, max(abs(v_cmd), 0.05))
        self.steer = _toward(self.steer, float(np.clip(wanted, -self.max_steer, self.max_steer)), self.max_steer_rate * dt)
        self.v = _toward(self.v, v_cmd, self.max_accel * dt)
        self.w = float(self.v * np.tan(self.steer) / self.wheelbase)
        self.x, self.y, self.yaw = arc(self.x, self.y, self.yaw, self.v, self.w, dt, self.axle)

    @property
    def axle(self) -> float:
        """The rear axle is half a wheelbase behind."""
        return 0.5 * self.wheelbase

    def touches(self, solids: Solids) -> bool:
        """Whether the rectangle overlaps anything (outline sampled every 5 cm, plus small things inside)."""
        body = footprint.rectangle(self.x, self.y, self.yaw, self.length, self.width, 0.5)
        if min(footprint.distance(body, s[1], s[2]) for s in solids) < 0:
            return True
        return bool(footprint.clearance(solids, self._outline()).min() < 0)

    def _outline(self) -> Float64[np.ndarray, "n 2"]:
        a, b = self.length / 2, self.width / 2
        xs, ys = np.arange(-a, a + 0.01, 0.05), np.arange(-b, b + 0.01, 0.05)
        rim = [np.c_[xs, np.full(len(xs), b)], np.c_[xs, np.full(len(xs), -b)],
               np.c_[np.full(len(ys), a), ys], np.c_[np.full(len(ys), -a), ys]]  # fmt: skip
        local = np.concatenate(rim)
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.asarray(local @ np.array([[c, s], [-s, c]]) + [self.x, self.y])

    def pose(self) -> Float64[np.ndarray, "4 4"]:
        """T_world_base."""
        return se2(self.x, self.y, self.yaw)


def arc(x: float, y: float, yaw: float, v: float, w: float, dt: float, axle: float = 0.0) -> tuple[float, float, float]:
    """Pose after ``dt`` at constant v and w (exact), when the point ``axle`` metres behind moves straight ahead."""
    turn = w * dt
    chord = v * dt * np.sinc(turn / (2 * np.pi))
    rx, ry = x - axle * np.cos(yaw), y - axle * np.sin(yaw)
    rx, ry, after = rx + chord * np.cos(yaw + turn / 2), ry + chord * np.sin(yaw + turn / 2), yaw + turn
    return float(rx + axle * np.cos(after)), float(ry + axle * np.sin(after)), float(after)


def make_robot(kind: str, start: tuple[float, float, float]) -> Robot:
    """A robot at rest.

    Raises:
        ConfigError: for an unknown kind.
    """
    x, y, yaw = start
    if kind == "diff":
        return DiffDrive(x=x, y=y, yaw=yaw)
    if kind == "ackermann":
        return Ackermann(x=x, y=y, yaw=yaw)
    raise ConfigError(f"robot {kind!r} is unknown; use diff or ackermann")

# SPDX-License-Identifier: Apache-2.0
"""The last word before the wheels: old, broken or blocked means slower or still, and nothing leaves that is not finite.

Takes ages, never a clock. Not safety certified: a certified stop belongs into the base's own controller.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import inverse, yaw_of
from mm_nav.core.local_map import clearance
from mm_nav.core.pursuit import TURN_GAIN, TURN_IN_PLACE_RAD, Wish, arcs, follow
from mm_nav.core.types import Plan, Velocity

OCCUPIED = 0.5
SKIN_M = 0.03  # nearer than this to the footprint is touching
DEEP = 0.5  # share of the footprint's radius
HORIZON_M = 2.0
STEP_M = 0.05
REACTION_S = 0.25  # from a look to the wheels
SIDESTEPS = np.array([0.0, 0.25, -0.25, 0.5, -0.5, 0.9, -0.9, 1.4, -1.4, 2.0, -2.0])  # 1/m around the wanted curvature
FINE = 2  # occupancy is looked up this much finer, between cells


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveLimits:
    """What the robot may do; numbers of the robot, from launch/params.yaml."""

    max_speed: float = 0.8  # m/s
    max_reverse: float = 0.3  # m/s
    max_yaw_rate: float = 1.2  # rad/s
    max_accel: float = 1.0  # m/s^2, for speeding up; braking is never delayed
    max_yaw_accel: float = 3.0  # rad/s^2
    robot_radius: float = 0.3  # m, of the circle that holds the footprint
    stop_margin: float = 0.15  # m, distance at which it stands before an obstacle
    min_turn_radius: float = 0.0  # m; above 0 the robot steers like a car and cannot turn in place
    degraded_speed: float = 0.4  # m/s, while a sensor is missing
    unknown_speed: float = 0.35  # m/s, into ground nobody has seen
    creep_speed: float = 0.12  # m/s, out of the reach of an obstacle
    max_plan_age_s: float = 1.0
    max_scene_age_s: float = 1.0
    max_odom_age_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Seconds since each input's stamp. ``odom_s`` None: no odometry came yet, or ever; it may then go no farther than
    ``stop_margin`` within the age of a scene, which is not moved along."""

    plan_s: float
    scene_s: float
    odom_s: float | None = None


def velocity(
    plan: Plan, occupancy: Float32[np.ndarray, "y x"], grid: BevGrid, T_scene_now: Float64[np.ndarray, "4 4"], ages: Ages,
    limits: DriveLimits, previous: Velocity, dt_s: float, *, degraded: bool = False,
) -> Velocity:  # fmt: skip
    """The command for the next ``dt_s`` seconds; always finite, always within ``limits``.

    Args:
        plan: path and turn in the scene's base frame (plan and scene come from one instant).
        occupancy: probability in that frame, NaN where unknown.
        T_scene_now: where the robot is now in the scene's base frame, from odometry.
        previous: the last command sent; speeding up starts from it.
        degraded: a sensor is missing (``scene.missing``): drive more slowly.
    """
    halt = _why_not(plan, occupancy, T_scene_now, ages, limits, dt_s)
    if halt:
        return Velocity(linear=0.0, angular=0.0, reason=halt)
    if plan.stop or (not len(plan.path) and not plan.turn_rad):
        return Velocity(linear=0.0, angular=0.0)
    room = _Room(occupancy, grid, T_scene_now)
    cap, capped = limits.max_speed, ""
    if degraded and limits.degraded_speed < cap:
        cap, capped = limits.degraded_speed, "a sensor is missing"
    if ages.odom_s is None and (slow := limits.stop_margin / max(ages.scene_s, REACTION_S)) < cap:
        cap, capped = slow, "no odometry: where it drove since the scene is not known"
    if len(plan.path):
        wanted = _drive(plan, room, T_scene_now, limits, cap, previous)
    else:
        wanted = _turn(plan.turn_rad - yaw_of(T_scene_now), room, limits, previous)
    if capped and not wanted.reason and abs(wanted.linear) >= cap - 1e-6:
        wanted = Velocity(linear=wanted.linear, angular=wanted.angular, reason=capped)
    return _within(wanted, limits, previous, dt_s)


# ---------------------------------------------------------------- reasons to stand still


def _why_not(
    plan: Plan, occupancy: Float32[np.ndarray, "y x"], T: Float64[np.ndarray, "4 4"], ages: Ages, limits: DriveLimits, dt_s: float
) -> str:
    checks = (("plan", ages.plan_s, limits.max_plan_age_s), ("scene", ages.scene_s, limits.max_scene_age_s),
              ("odometry", 0.0 if ages.odom_s is None else ages.odom_s, limits.max_odom_age_s))  # fmt: skip
    for name, age, most in checks:
        if not age <= most:  # NaN is too old as well
            return f"{name} is {age:.2f} s old, the limit is {most:g} s"
    if min(age for _, age, _ in checks) < -0.2:
        return "an input is stamped in the future; check the clocks"
    if not (np.isfinite(T).all() and np.isfinite(plan.path).all() and np.isfinite(plan.turn_rad)):
        return "plan or pose is not finite"
    if not (np.isfinite(dt_s) and dt_s > 0):
        return f"time step is {dt_s}"
    return "" if np.isfinite(occupancy).any() else "nothing is known about the surroundings"


# ---------------------------------------------------------------- obstacles


class _Room:
    """How much room there is around points in base_link now."""

    def __init__(self, occupancy: Float32[np.ndarray, "y x"], grid: BevGrid, T_scene_now: Float64[np.ndarray, "4 4"]) -> None:
        known = np.isfinite(occupancy)
        size = (grid.columns * FINE, grid.rows * FINE)
        blocked = (np.where(known, occupancy, 0.0) >= OCCUPIED).astype(np.uint8)
        fine = cv2.resize(blocked, size, interpolation=cv2.INTER_NEAREST).astype(bool)
        self.clearance = clearance(fine, grid.cell / FINE)
        self.known, self.grid, self.T = known, grid, T_scene_now

    def at(self, points: Float64[np.ndarray, "*s 2"]) -> Float64[np.ndarray, "*s"]:
        """Metres to the nearest obstacle; far outside the grid."""
        return np.asarray(self._look(self.clearance, points, FINE, 10.0), np.float64)

    def seen(self, points: Float64[np.ndarray, "*s 2"]) -> Float64[np.ndarray, "*s"]:
        """One where the ground is known."""
        return np.asarray(self._look(self.known, points, 1, 0.0), np.float64)

    def _look(self, values: np.ndarray, points: Float64[np.ndarray, "*s 2"], fine: int, outside: float) -> np.ndarray:
        xy = points @ self.T[:2, :2].T + self.T[:2, 3]
        column = np.floor((xy[..., 0] - self.grid.x_min) / self.grid.cell * fine)
        row = np.floor((xy[..., 1] - self.grid.y_min) / self.grid.cell * fine)
        ok = (column >= 0) & (row >= 0) & (column < values.shape[1]) & (row < values.shape[0])
        found = values[np.where(ok, row, 0).astype(int), np.where(ok, column, 0).astype(int)]
        return np.where(ok, found, outside)


def _free_length(clear: Float64[np.ndarray, "k s"], here: float, touching: float) -> Float64[np.ndarray, " k"]:
    """Metres along each sampled arc until the footprint touches something.

    A robot that seems to touch already may move where that makes it no worse: what it sees is fatter than what is
    there, and a gap it is in must not become a trap. Deep inside an obstacle only what makes it better is allowed.
    """
    grow = 0.0 if here > DEEP * touching else 0.02
    needed = np.minimum(touching, here - 0.015 + grow * np.arange(clear.shape[1])[None])
    hit = clear < needed
    first = np.where(hit.any(axis=1), hit.argmax(axis=1), clear.shape[1])
    return np.asarray(first * STEP_M)


# ---------------------------------------------------------------- motions


def _drive(
    plan: Plan, room: _Room, T_scene_now: Float64[np.ndarray, "4 4"], limits: DriveLimits, cap: float, previous: Velocity
) -> Velocity:
    """Follow the path, bending aside or slowing down for what stands in the way."""
    back = inverse(T_scene_now)
    path = plan.path @ back[:2, :2].T + back[:2, 3]
    wish = follow(-path if plan.reverse else path, previous.linear)
    if wish.arrived:
        return Velocity(linear=0.0, angular=0.0)
    sign, top = (-1.0, min(cap, limits.max_reverse)) if plan.reverse else (1.0, cap)
    car = limits.min_turn_radius > 0
    if abs(wish.heading_error) > TURN_IN_PLACE_RAD and not plan.reverse:
        if not car:
            return _turn(wish.heading_error, room, limits, previous)
        return _three_point(wish.heading_error, room, limits, previous, cap)
    curvature, free, side = _best_arc(wish, room, limits, sign)
    braking = limits.max_accel * max(0.0, free - limits.stop_margin - REACTION_S * abs(previous.linear))
    speed = min(
        top, limits.max_yaw_rate / max(abs(curvature), 1e-6), top * max(0.25, np.cos(wish.heading_error)) ** 2,
        np.sqrt(2 * limits.max_accel * 0.6 * wish.left_m) + 0.05,
    )  # fmt: skip
    reason = ""
    for limit, why in (
        (np.sqrt(2 * 0.7 * braking), f"obstacle in {free:.1f} m"),
        (limits.creep_speed if side < 0 else 0.2 + 1.2 * side, f"{max(0.0, side):.2f} m of room at the side"),
        (_unknown_speed(curvature, sign, room, limits), "unknown ground ahead"),
    ):
        if limit < speed:
            speed, reason = float(limit), why
    if speed < 0.03:
        if car or plan.reverse:
            return Velocity(linear=0.0, angular=0.0, reason=reason)
        turned = _turn(wish.heading_error, room, limits, previous) if abs(wish.heading_error) > 0.15 else None
        return Velocity(linear=0.0, angular=turned.angular if turned else 0.0, reason=reason or "blocked")
    return Velocity(linear=sign * speed, angular=speed * curvature, reason=reason)


def _best_arc(wish: Wish, room: _Room, limits: DriveLimits, sign: float) -> tuple[float, float, float]:
    """Curvature, free metres ahead, and room beyond the footprint along the next 0.6 m, of the arc to take."""
    most = 1 / limits.min_turn_radius if limits.min_turn_radius > 0 else 4.0
    # a curvature is by angle over arc length; driving backwards the same yaw needs the other sign of it
    curvatures = np.unique(np.clip(wish.curvature + SIDESTEPS, -most, most))
    lengths = np.arange(1, round(HORIZON_M / STEP_M) + 1) * STEP_M
    points = arcs(curvatures, lengths) * sign  # backwards is the mirror image through the origin
    clear = room.at(points)
    touching = limits.robot_radius + SKIN_M
    free = _free_length(clear, float(room.at(np.zeros(2))), touching)
    aim = float(np.hypot(*wish.aim))
    ahead = max(1, round(min(aim, HORIZON_M) / STEP_M)) - 1
    miss = np.hypot(*(points[:, ahead] - sign * wish.aim).T)
    wanted = min(max(aim, 0.8) + limits.stop_margin, HORIZON_M, wish.left_m + limits.stop_margin + 0.05)
    short = np.maximum(0.0, wanted - free)
    tight = np.maximum(0.0, touching + 0.12 - clear[:, : ahead + 1].min(axis=1))
    best = int(np.argmin(miss + 1.5 * short + 1.0 * tight + 0.03 * np.abs(curvatures - wish.curvature)))
    side = float(clear[best, : round(0.6 / STEP_M)].min()) - touching
    return float(curvatures[best]), float(free[best]), side


def _unknown_speed(curvature: float, sign: float, room: _Room, limits: DriveLimits) -> float:
    near = arcs(np.array([curvature]), np.arange(limits.robot_radius + 0.2, limits.robot_radius + 1.2, 0.2))[0] * sign
    return limits.unknown_speed if room.seen(near).mean() < 0.7 else float("inf")


def _turn(rest: float, room: _Room, limits: DriveLimits, previous: Velocity) -> Velocity:
    """Turn in place by ``rest`` radians; a car-like robot drives the tightest arc instead."""
    if limits.min_turn_radius > 0:
        return _three_point(rest, room, limits, previous, limits.max_speed) if abs(rest) > 0.05 else Velocity(linear=0.0, angular=0.0)
    here = float(room.at(np.zeros(2)))
    if here < 0.6 * limits.robot_radius:
        return _back_out(room, limits)
    rate = min(TURN_GAIN * abs(rest), np.sqrt(2 * 0.5 * limits.max_yaw_accel * abs(rest)), limits.max_yaw_rate)
    return Velocity(linear=0.0, angular=float(np.copysign(rate, rest)) if abs(rest) > 0.01 else 0.0)


def _back_out(room: _Room, limits: DriveLimits) -> Velocity:
    """Something is inside the footprint: creep whichever way makes room, or stay."""
    steps = np.array([0.1, 0.2, 0.3])
    line = np.stack([steps, np.zeros(3)], axis=1)
    ahead, behind, here = room.at(line).mean(), room.at(-line).mean(), float(room.at(np.zeros(2)))
    if max(ahead, behind) <= here + 0.02:
        return Velocity(linear=0.0, angular=0.0, reason="something is inside the footprint")
    return Velocity(linear=limits.creep_speed * (1 if ahead > behind else -1), angular=0.0, reason="backing out of an obstacle")


def _three_point(error: float, room: _Room, limits: DriveLimits, previous: Velocity, cap: float) -> Velocity:
    """Steer fully towards ``error``, forwards while there is room, else backwards with the wheels the other way."""
    curvature = float(np.copysign(1 / limits.min_turn_radius, error))
    lengths = np.arange(1, round(HORIZON_M / STEP_M) + 1) * STEP_M
    here, touching = float(room.at(np.zeros(2))), limits.robot_radius + SKIN_M
    ahead = float(_free_length(room.at(arcs(np.array([curvature]), lengths)), here, touching)[0]) - limits.stop_margin
    behind = float(_free_length(room.at(arcs(np.array([-curvature]), -lengths)), here, touching)[0]) - limits.stop_margin
    backwards = behind > 0.05 and (ahead < 0.15 or (previous.linear < 0 and behind > 0.2 and ahead < 1.2))
    free = behind if backwards else ahead
    if free <= 0.02:
        return Velocity(linear=0.0, angular=0.0, reason="no room to turn")
    speed = min(limits.max_reverse if backwards else 0.6 * cap, np.sqrt(2 * 0.5 * limits.max_accel * free), cap)
    return Velocity(linear=-speed if backwards else speed, angular=speed * curvature, reason="turning needs an arc")


def _within(wanted: Velocity, limits: DriveLimits, previous: Velocity, dt_s: float) -> Velocity:
    """Clamp to speeds and, where the motion gets faster or changes direction, to accelerations."""
    was_v = previous.linear if np.isfinite(previous.linear) else 0.0
    was_w = previous.angular if np.isfinite(previous.angular) else 0.0
    step = min(dt_s, 0.5)
    v = float(np.clip(wanted.linear, -limits.max_reverse, limits.max_speed))
    w = float(np.clip(wanted.angular, -limits.max_yaw_rate, limits.max_yaw_rate))
    if not (np.isfinite(v) and np.isfinite(w)):
        return Velocity(linear=0.0, angular=0.0, reason="the command was not finite")
    limited = _ramp(v, was_v, limits.max_accel * step)
    if abs(v) > 1e-3:
        w *= abs(limited) / abs(v)  # stay on the arc that was checked
    return Velocity(linear=limited, angular=_ramp(w, was_w, limits.max_yaw_accel * step), reason=wanted.reason)


def _ramp(wanted: float, was: float, step: float) -> float:
    """Towards ``wanted`` by at most ``step`` when that is faster than before; slowing down is never delayed."""
    start = was if wanted * was > 0 else 0.0
    if abs(wanted) <= abs(start):
        return wanted
    return float(np.clip(wanted, -abs(start) - step, abs(start) + step))

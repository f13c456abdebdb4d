# SPDX-License-Identifier: Apache-2.0
"""How fast a radar moves, from one scan: most of what it sees stands still. Pure functions."""

import numpy as np
from jaxtyping import Bool, Float32, Float64

from mm_nav.core.types import Odometry, PosedCloud

MOVES = 0.4  # m/s over ground from which a return moves: above the noise of Doppler and odometry
SUPPORT, SHARE = 10, 0.5  # standing returns, and their share, from which a fit replaces odometry
TRIES, WITHIN = 120, 0.25  # m/s that a standing return may differ: bins of cheap radars are half of that
LEAST = 6  # returns


def own_motion(posed: PosedCloud, odometry: Odometry | None) -> Float32[np.ndarray, "3"] | None:
    """Velocity of a radar in base_link's axes, m/s: by odometry, else by most of its returns; None where neither tells."""
    origin = posed.T_base_sensor[:3, 3].astype(np.float32)
    if odometry is not None:
        return (odometry.linear + np.cross(odometry.angular, origin)).astype(np.float32)
    found = own_velocity(posed.cloud.xyz, posed.cloud.velocity)
    if found is None or found[1].sum() < SUPPORT or found[1].mean() < SHARE:
        return None
    return np.asarray(posed.T_base_sensor[:3, :2] @ found[0], np.float32)


def over_ground(posed: PosedCloud, odometry: Odometry | None) -> Float32[np.ndarray, " n"]:
    """Radial speed of each return over ground, m/s, + is away; NaN where it or the radar's own motion is not known."""
    own = own_motion(posed, odometry)
    if own is None:
        return np.full(len(posed.cloud.xyz), np.nan, np.float32)
    rays = posed.cloud.xyz / np.maximum(np.linalg.norm(posed.cloud.xyz, axis=1, keepdims=True), 1e-6)
    return np.asarray(posed.cloud.velocity + rays @ (posed.T_base_sensor[:3, :3].T @ own), np.float32)


def moving(posed: PosedCloud, odometry: Odometry | None) -> Bool[np.ndarray, " n"]:
    """Which returns move over ground; none of those whose speed is not known."""
    return np.asarray(np.abs(over_ground(posed, odometry)) > MOVES)


def own_velocity(
    xyz: Float32[np.ndarray, "n 3"], velocity: Float32[np.ndarray, " n"], seed: int = 0
) -> tuple[Float64[np.ndarray, "2"], Bool[np.ndarray, " n"]] | None:
    """Velocity (x, y, m/s) of a radar in its own frame, and which returns stand still; None if too few agree.

    A standing return moves with minus the radar's velocity along its ray (Kellner et al. 2013); drawn pairs of returns
    vote, and those that agree with the best pair are fitted.

    Args:
        xyz: returns in the radar's frame. velocity: radial speed, positive away from the sensor; NaN where unknown.
    """
    known = np.isfinite(velocity) & (np.hypot(xyz[:, 0], xyz[:, 1]) > 1e-3)
    if known.sum() < LEAST:
        return None
    flat = xyz[known, :2].astype(np.float64)
    rays = flat / np.linalg.norm(xyz[known], axis=1, keepdims=True)
    speeds = -velocity[known].astype(np.float64)
    rng, best = np.random.default_rng(seed), np.zeros(len(rays), bool)
    for _ in range(TRIES):
        pair = rng.choice(len(rays), 2, replace=False)
        if abs(np.linalg.det(rays[pair])) < 0.1:  # both look the same way
            continue
        agree = np.abs(rays @ np.linalg.solve(rays[pair], speeds[pair]) - speeds) < WITHIN
        if agree.sum() > best.sum():
            best = agree
    if best.sum() < max(LEAST, 0.3 * len(rays)):
        return None
    fitted = np.linalg.lstsq(rays[best], speeds[best], rcond=None)[0]
    stands = np.zeros(len(xyz), bool)
    stands[np.flatnonzero(known)] = np.abs(rays @ fitted - speeds) < WITHIN
    return fitted, stands

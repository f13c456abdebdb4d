# SPDX-License-Identifier: Apache-2.0
"""How fast a radar moves, from one scan: most of what it sees stands still. Pure functions."""

import numpy as np
from jaxtyping import Bool, Float32, Float64

TRIES, WITHIN = 120, 0.25  # m/s that a standing return may differ: bins of cheap radars are half of that
LEAST = 6  # returns


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

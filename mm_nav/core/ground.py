# SPDX-License-Identifier: Apache-2.0
"""Where the ground is around the robot, so that a ramp is no obstacle and a box on a ramp is one. Pure functions.

The ground is made of patches, rings times sectors around base_link, which stands on it. Each patch gets a plane from its lowest
points and keeps it only if the plane is upright enough, wide enough, and goes on from the patch inside of it (concentric zones
as in Lim et al. 2021, Patchwork); else it continues the inner one. A step, a box or a wall therefore never becomes ground.
Where the ground is flat nothing is changed at all.
"""

from dataclasses import replace

import numba
import numpy as np
from jaxtyping import Bool, Float32

from mm_nav.core.types import PosedCloud

RINGS = np.array([0.0, 3.0, 6.0, 9.0, 13.0, 20.0], np.float32)  # metres from base_link
SECTORS = 12
ENOUGH = 16_384  # points of all clouds, of which the ground is estimated
KEPT = 400  # points of a patch that its plane is made of
LOWEST = 0.35  # share of them that it starts from
THICK_M = 0.08  # of the ground
STEEPEST = float(np.tan(np.deg2rad(15.0)))
LEAST = 24  # points
WIDE_M = 0.3  # standard deviation of the points along the shorter direction: a line of returns has no slope across
BINS, COVERED = 5, 5  # parts of a patch along its ring's width, and in how many of them the plane must have points
TWICE = 2  # a new plane must have so many times the points that the inner one has here
STEP_M = 0.12  # between patches, besides what their slopes explain
FLAT_M = 0.1  # from which ground that is not at z = 0 counts: below, noise of scans and mountings
TOP_M = 2.5  # higher points say nothing of the ground


def levelled(clouds: tuple[PosedCloud, ...]) -> tuple[PosedCloud, ...]:
    """The clouds with heights above the ground; the very same ones where it is flat.

    A cloud that is changed has its points along the axes of base_link, seen from where its sensor is.
    """
    if not clouds or max(len(posed.cloud.xyz) for posed in clouds) < LEAST:
        return clouds
    every = max(1, sum(len(posed.cloud.xyz) for posed in clouds) // ENOUGH)
    thinned = [_placed(posed, every) for posed in clouds]
    planes, sloped = ground(np.concatenate(thinned) if len(thinned) > 1 else thinned[0])
    if not sloped.any():
        return clouds
    return tuple(_on(posed, _placed(posed), planes, sloped) for posed in clouds)


def ground(points: Float32[np.ndarray, "n 3"]) -> tuple[Float32[np.ndarray, "p 3"], Bool[np.ndarray, " p"]]:
    """Planes z = a x + b y + c of all patches, ring by ring, and which of them are not flat."""
    shape = ((len(RINGS) - 1) * SECTORS, 3)
    planes, sloped = np.zeros(shape, np.float32), np.zeros(shape[0], np.bool_)
    _estimate(points, RINGS, planes, sloped)
    return planes, sloped


def _placed(posed: PosedCloud, every: int = 1) -> Float32[np.ndarray, "n 3"]:
    """Points in base_link, or one of so many."""
    T = posed.T_base_sensor.astype(np.float32)
    return np.asarray(posed.cloud.xyz[::every] @ T[:3, :3].T + T[:3, 3])


def _on(posed: PosedCloud, points: Float32[np.ndarray, "n 3"], planes: np.ndarray, sloped: np.ndarray) -> PosedCloud:
    """Heights above the ground, and the sensor's own."""
    T = np.eye(4)
    T[:3, 3] = posed.T_base_sensor[:3, 3]
    origin = T[:3, 3].astype(np.float32)
    out = np.empty_like(points)
    _subtract(points, RINGS, planes, sloped, origin, out)
    return replace(posed, cloud=replace(posed.cloud, xyz=out), T_base_sensor=T)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _patch(x, y, rings):  # type: ignore[no-untyped-def]
    """Number of the patch of a point; -1 beyond the last ring."""
    away = np.sqrt(x * x + y * y)
    ring = -1
    for k in range(rings.shape[0] - 1):
        if away < rings[k + 1]:
            ring = k
            break
    if ring < 0:
        return -1
    return ring * SECTORS + _sector(x, y)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _sector(x, y):  # type: ignore[no-untyped-def]
    """Number of the 30 degrees that a point lies in, from -x on; the arc tangent is only asked close to a border."""
    ax, ay = abs(x), abs(y)
    near = np.float32(1e-4) * (ax + ay)
    low, high = np.float32(1.7320508) * ay - ax, ay - np.float32(1.7320508) * ax  # above 30 and above 60 degrees, where positive
    if abs(low) < near or abs(high) < near or ax < near or ay < near or not ax + ay > 0:
        return min(int((np.arctan2(y, x) + np.pi) * (SECTORS / (2 * np.pi))), SECTORS - 1)
    third = int(low > 0) + int(high > 0)  # of the quadrant, from the x axis on
    if x < 0:
        return third if y < 0 else 11 - third
    return 5 - third if y < 0 else 6 + third


@numba.njit(cache=True, nogil=True)
def _estimate(points, rings, planes, sloped):  # type: ignore[no-untyped-def]
    patches = planes.shape[0]
    count = np.zeros(patches, np.int64)
    index = np.empty(points.shape[0], np.int16)
    for i in range(points.shape[0]):
        index[i] = -1
        if points[i, 2] < TOP_M and points[i, 2] > -TOP_M - 2.0:
            index[i] = _patch(points[i, 0], points[i, 1], rings)
            if index[i] >= 0:
                count[index[i]] += 1
    kept = np.empty((patches, KEPT, 3), np.float32)
    used, seen = np.zeros(patches, np.int64), np.zeros(patches, np.int64)
    for i in range(points.shape[0]):
        p = index[i]
        if p < 0:
            continue
        if seen[p] * KEPT >= used[p] * count[p] and used[p] < KEPT:  # evenly over the patch
            kept[p, used[p]] = points[i]
            used[p] += 1
        seen[p] += 1
    for p in range(patches):
        inner = planes[p - SECTORS] if p >= SECTORS else np.zeros(3, np.float32)
        ring, sector = p // SECTORS, p % SECTORS
        angle = (sector + 0.5) * (2 * np.pi / SECTORS) - np.pi
        ex, ey = np.cos(angle), np.sin(angle)
        planes[p] = inner
        if used[p] >= LEAST and _may_change(kept[p, : used[p]], inner):
            edge, length = rings[ring], rings[ring + 1] - rings[ring]
            plane, fits = _fit(kept[p, : used[p]], inner)
            if fits and _covers(kept[p, : used[p]], plane, inner, edge, length):
                at = (plane[0] - inner[0]) * edge * ex + (plane[1] - inner[1]) * edge * ey + plane[2] - inner[2]
                bend = abs((plane[0] - inner[0]) * ex + (plane[1] - inner[1]) * ey)
                if abs(at) <= STEP_M + 0.5 * bend * length:
                    planes[p] = plane
        near = planes[p, 2] + rings[ring] * (planes[p, 0] * ex + planes[p, 1] * ey)
        far = planes[p, 2] + rings[ring + 1] * (planes[p, 0] * ex + planes[p, 1] * ey)
        sloped[p] = abs(near) > FLAT_M or abs(far) > FLAT_M


@numba.njit(cache=True, nogil=True)
def _may_change(points, inner):  # type: ignore[no-untyped-def]
    """Whether another plane could have ``TWICE`` the points of the inner one: most of the patches of a floor need no fit."""
    old = 0
    for i in range(len(points)):
        old += abs(points[i, 2] - (inner[0] * points[i, 0] + inner[1] * points[i, 1] + inner[2])) < THICK_M
    return TWICE * old <= len(points)


@numba.njit(cache=True, nogil=True)
def _fit(points, inner):  # type: ignore[no-untyped-def]
    """Plane through the lowest points above the inner plane, refined on those near it; and whether it can be ground."""
    height = points[:, 2] - (inner[0] * points[:, 0] + inner[1] * points[:, 1] + inner[2])
    rank = int(LOWEST * (len(height) - 1))
    limit = np.partition(height, rank)[rank]
    use = height <= limit
    plane = np.zeros(3, np.float64)
    n, least = 0, 0.0
    for _ in range(6):
        n = 0
        sx = sy = sz = 0.0
        for i in range(len(points)):
            if use[i]:
                n += 1
                sx += points[i, 0]
                sy += points[i, 1]
                sz += points[i, 2]
        if n < LEAST:
            return plane, False
        mx, my, mz = sx / n, sy / n, sz / n
        xx = xy = yy = xz = yz = 0.0
        for i in range(len(points)):
            if use[i]:
                dx, dy, dz = points[i, 0] - mx, points[i, 1] - my, points[i, 2] - mz
                xx += dx * dx
                xy += dx * dy
                yy += dy * dy
                xz += dx * dz
                yz += dy * dz
        xx, xy, yy, xz, yz = xx / n, xy / n, yy / n, xz / n, yz / n
        least = 0.5 * (xx + yy) - np.sqrt(0.25 * (xx - yy) ** 2 + xy * xy)
        if least < 1e-4:
            return plane, False
        det = xx * yy - xy * xy
        plane[0] = (yy * xz - xy * yz) / det
        plane[1] = (xx * yz - xy * xz) / det
        plane[2] = mz - plane[0] * mx - plane[1] * my
        for i in range(len(points)):
            use[i] = abs(points[i, 2] - (plane[0] * points[i, 0] + plane[1] * points[i, 1] + plane[2])) < THICK_M
    steep = np.sqrt(plane[0] ** 2 + plane[1] ** 2)
    under = 0
    for i in range(len(points)):
        under += points[i, 2] < plane[0] * points[i, 0] + plane[1] * points[i, 1] + plane[2] - 2 * THICK_M
    return plane, steep <= STEEPEST and n >= LEAST and least >= WIDE_M * WIDE_M and under * 10 <= n


@numba.njit(cache=True, nogil=True)
def _covers(points, plane, inner, edge, length):  # type: ignore[no-untyped-def]
    """Whether a plane has points all along the patch, and many more than the inner plane going on."""
    bins = np.zeros(BINS, np.int64)
    new = old = 0
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        old += abs(z - (inner[0] * x + inner[1] * y + inner[2])) < THICK_M
        if abs(z - (plane[0] * x + plane[1] * y + plane[2])) < THICK_M:
            new += 1
            k = int((np.sqrt(x * x + y * y) - edge) / length * BINS)
            bins[min(max(k, 0), BINS - 1)] += 1
    return (bins >= 2).sum() >= COVERED and new >= TWICE * old


@numba.njit(cache=True, nogil=True)
def _subtract(points, rings, planes, sloped, origin, out):  # type: ignore[no-untyped-def]
    p = _patch(origin[0], origin[1], rings)
    raised = planes[p, 0] * origin[0] + planes[p, 1] * origin[1] + planes[p, 2] if p >= 0 and sloped[p] else 0.0
    last = planes.shape[0] - SECTORS
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        p = _patch(x, y, rings)
        ground_z = 0.0
        if p >= 0 and sloped[p]:
            ground_z = planes[p, 0] * x + planes[p, 1] * y + planes[p, 2]
        elif p < 0:  # beyond the patches it goes on as high as at their rim
            away = np.sqrt(x * x + y * y)
            scale = rings[-1] / away
            q = last + _sector(x, y)
            if sloped[q]:
                ground_z = scale * (planes[q, 0] * x + planes[q, 1] * y) + planes[q, 2]
        out[i, 0] = x - origin[0]
        out[i, 1] = y - origin[1]
        out[i, 2] = points[i, 2] - ground_z - origin[2] + raised

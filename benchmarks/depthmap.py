# SPDX-License-Identifier: Apache-2.0
"""A full LiDAR scan as a camera's depth map, nearest point per pixel: ours against what is written in numpy.

Peers: one matrix product with a fused projection, then the points painted from far to near (argsort); and the tutorial's way, homogeneous
coordinates, transform, projection and ``np.minimum.at``.
"""

import numpy as np

from mm_nav.bench import Row, require, take_turns, versus
from mm_nav.core.depth_map import depth_map
from mm_nav.core.types import CameraModel

POINTS, ROWS, COLUMNS = 131_072, 720, 1280
K = np.array([[800.0, 0, 640], [0, 800, 360], [0, 0, 1]])
T = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0.3], [1, 0, 0, -0.2], [0, 0, 0, 1]])  # axes of a LiDAR to those of a camera below it
LIMIT = "3.7 MB of depth map that are cleared and met at random, on one thread: the core starts none"


def row(quick: bool) -> Row:
    """Time all; equal first: the same pixels, the same depths, but for points on a pixel's border."""
    rng = np.random.default_rng(0)
    azimuth = np.tile(np.linspace(-np.pi, np.pi, POINTS // 64, endpoint=False), 64)
    elevation = np.repeat(np.deg2rad(np.linspace(-24, 2, 64)), POINTS // 64)
    away = 8 + 30 * np.abs(np.sin(3 * azimuth)) + rng.normal(0, 0.02, POINTS)
    xyz = (away[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth), np.tan(elevation)], 1)).astype(np.float32)
    model, out = CameraModel(frame_id="", width=COLUMNS, height=ROWS, K=K), np.empty((ROWS, COLUMNS), np.float32)
    P = (K @ T[:3]).astype(np.float32)

    def fused() -> np.ndarray:
        scaled = xyz @ P[:, :3].T + P[:, 3]
        scaled = scaled[scaled[:, 2] > 0.1]
        pixel = np.floor(scaled[:, :2] / scaled[:, 2:] + np.float32(0.5)).astype(np.int32)
        keep = ((pixel >= 0) & (pixel < [COLUMNS, ROWS])).all(axis=1)
        pixel, depth = pixel[keep], scaled[keep, 2]
        order = np.argsort(-depth)
        painted = np.full((ROWS, COLUMNS), np.inf, np.float32)
        painted[pixel[order, 1], pixel[order, 0]] = depth[order]
        return painted

    def tutorial() -> np.ndarray:
        seen = (T @ np.hstack([xyz, np.ones((len(xyz), 1))]).T)[:3]
        seen = seen[:, seen[2] > 0.1]
        u, v, w = K @ seen
        column, line = np.floor(u / w + 0.5).astype(int), np.floor(v / w + 0.5).astype(int)
        keep = (column >= 0) & (column < COLUMNS) & (line >= 0) & (line < ROWS)
        painted = np.full((ROWS, COLUMNS), np.inf, np.float32)
        np.minimum.at(painted, (line[keep], column[keep]), w[keep].astype(np.float32))
        return painted

    ours = depth_map(xyz, T, model, out).copy()
    for name, peer in (("fused numpy", fused()), ("numpy hstack", tutorial())):
        same = np.isclose(ours, peer, atol=1e-3) | (np.isinf(ours) & np.isinf(peer))
        require((~same).sum() < 20, f"{int((~same).sum())} pixels differ from {name}'s")
    times = take_turns(
        {
            "mm_nav depth_map": lambda: depth_map(xyz, T, model, out),
            f"numpy {np.__version__} fused projection + argsort": fused,
            f"numpy {np.__version__} hstack, matmul, minimum.at": tutorial,
        },
        repeat=3 if quick else 15,
    )
    return versus("depthmap", times, check=f"depth of {int(np.isfinite(ours).sum())} pixels within 1 mm, fewer than 20 apart (borders of pixels)",
                  id="B7", targets=(25,), limit=LIMIT)  # fmt: skip

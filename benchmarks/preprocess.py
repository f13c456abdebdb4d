# SPDX-License-Identifier: Apache-2.0
"""Pillars of a full LiDAR scan: ours against Open3D's voxel_down_sample and torch, on the same 131,072 points.

Open3D is given the scan flattened to z = 0, so that its voxels are pillars, and returns the mean point of each; torch adds up a
dense grid of five channels (count, highest, lowest, height, intensity: ``index_add_`` and ``scatter_reduce_``), the usual way to
scatter pillars in Python. The subject of the first row is what these do: eight statistics of each occupied pillar. That of the
second is all that the network is given: the ground estimated, nine dense channels, visible cells. Everybody starts from the same
float32 array; the cheaper of Open3D's two implementations is the first peer.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mm_nav.bench import Row, SkippedError, require, take_turns, versus
from mm_nav.core.config import BevGrid
from mm_nav.core.pillars import PillarMemory, lidar_bev, occupied
from mm_nav.core.types import PointCloud, PosedCloud

POINTS = 131_072
LIMIT = ("visiting each point's pillar takes three quarters of it, 3.5 ns a point; "
         "the branch-free places of points are 0.13 ms. It is one thread: the core starts none")
LIMIT_WHOLE = ("written memory: the nine dense channels of 512x512 are 9.4 MB, half of its time; the network's own 96x96 grid stays in the cache")
GRID = BevGrid(x_min=-51.2, y_min=-51.2, cell=0.2, columns=512, rows=512)


def scan(seed: int = 0) -> np.ndarray:
    """A spinning scan of 64 beams over a floor with walls and posts; no point within 1 mm of a cell's edge."""
    rng = np.random.default_rng(seed)
    azimuth = np.tile(np.linspace(-np.pi, np.pi, POINTS // 64, endpoint=False), 64)
    elevation = np.repeat(np.deg2rad(np.linspace(-24, 2, 64)), POINTS // 64)
    wall = 8 + 30 * np.abs(np.sin(3 * azimuth)) + rng.normal(0, 0.02, POINTS)
    floor = np.where(elevation < -0.01, 1.73 / np.tan(np.maximum(-elevation, 1e-3)), np.inf)
    reach = np.minimum(wall, floor)
    xyz = np.stack([reach * np.cos(azimuth), reach * np.sin(azimuth), 1.73 + reach * np.tan(elevation)], 1)
    xyz[:, 2] = np.clip(xyz[:, 2], -0.3, 2.1)
    inside = np.mod(xyz[:, :2], GRID.cell)
    xyz[:, :2] += np.where(inside < 1e-3, 2e-3, np.where(inside > GRID.cell - 1e-3, -2e-3, 0.0))
    return xyz.astype(np.float32)


def rows(quick: bool) -> list[Row]:
    """Time all; equal first: the same pillars are occupied, with the same number of points."""
    try:
        import open3d as o3d
        import torch
    except ImportError as error:
        raise SkippedError(f"a peer cannot be imported ({error}); pip install 'mm_nav[sim,train]'") from error
    xyz = scan()
    nothing = np.zeros(len(xyz), np.float32)
    cloud = PointCloud(stamp_ns=0, frame_id="base_link", xyz=xyz, intensity=nothing + 1, velocity=nothing)
    posed, memory = (PosedCloud(name="lidar", cloud=cloud, T_base_sensor=np.eye(4)),), PillarMemory(GRID)
    flat = xyz * np.array([1, 1, 0], np.float32)

    def legacy() -> object:
        points = o3d.utility.Vector3dVector(flat.astype(np.float64))
        return o3d.geometry.PointCloud(points).voxel_down_sample(GRID.cell)

    def tensors() -> Any:
        return o3d.t.geometry.PointCloud(o3d.core.Tensor.from_numpy(flat)).voxel_down_sample(GRID.cell)

    dense = _torch_pillars(torch, xyz, cloud.intensity)
    count = np.rint(np.expm1(lidar_bev(posed, GRID)[0])).astype(np.int64)
    cells, statistics, _ = occupied(posed, memory)
    require((count.ravel()[cells] == np.rint(np.expm1(statistics[0]))).all() and len(cells) == (count > 0).sum(), "dense and sparse pillars differ")
    pillars = tensors().point.positions.numpy()
    theirs = np.zeros_like(count, dtype=bool)
    theirs[tuple(np.floor((pillars[:, 1::-1] - [GRID.y_min, GRID.x_min]) / GRID.cell).astype(np.int64).T)] = True
    require((theirs == (count > 0)).all(), f"{int((theirs != (count > 0)).sum())} pillars differ from Open3D's")
    added = dense().numpy().reshape(5, GRID.rows, GRID.columns)
    require((added[0] == count).all(), f"points per pillar differ from torch's in {int((added[0] != count).sum())} pillars")
    highest = np.abs(added[1].ravel()[cells] - statistics[1]).max()
    require(highest < 1e-5, f"highest points differ from torch's by up to {highest:.1e} m")

    times = take_turns(
        {
            "mm_nav pillars": lambda: occupied(posed, memory),
            "mm_nav lidar_bev": lambda: lidar_bev(posed, GRID, memory),
            f"Open3D {o3d.__version__} legacy voxel_down_sample": legacy,
            f"Open3D {o3d.__version__} tensor voxel_down_sample": tensors,
            f"torch {torch.__version__} index_add, scatter_reduce amax and amin": dense,
        },
        repeat=3 if quick else 15,
    )
    ours, whole, *peers = times
    first, last, torch_ = *sorted(peers[:2], key=times.__getitem__), peers[2]
    versions = {"open3d": o3d.__version__, "torch": torch.__version__}
    check = f"the same {len(cells)} pillars of {len(xyz)} points, the same number of points and the same highest point in each"
    return [
        versus(
            "pillars", {f"{ours}, 8 statistics of each, one thread": times[ours]} | {p: times[p] for p in (first, torch_, last)},
            check=check, id="B6", targets=(30, 8), versions=versions, limit=LIMIT,
        ),
        versus(
            "pillars_whole", {f"{whole}: ground, 9 dense channels, visible cells": times[whole]} | {p: times[p] for p in (first, torch_, last)},
            check=check, id="B6", versions=versions, limit=LIMIT_WHOLE,
        ),
    ]  # fmt: skip


def _torch_pillars(torch: Any, xyz: np.ndarray, intensity: np.ndarray) -> Callable[[], Any]:
    """Count, highest, lowest, sum of heights and of intensities of every cell."""
    points, shine, size = torch.from_numpy(xyz), torch.from_numpy(intensity), GRID.rows * GRID.columns

    def dense() -> Any:
        at = ((points[:, :2] - torch.tensor([GRID.x_min, GRID.y_min])) / GRID.cell).floor().long()
        inside = ((at >= 0) & (at < torch.tensor([GRID.columns, GRID.rows]))).all(dim=1) & (points[:, 2] >= -0.4) & (points[:, 2] < 2.2)
        cell, z = (at[:, 1] * GRID.columns + at[:, 0])[inside], points[inside, 2]
        out = torch.zeros(5, size)
        out[0].index_add_(0, cell, torch.ones_like(z))
        out[1].scatter_reduce_(0, cell, z, "amax", include_self=False)
        out[2].scatter_reduce_(0, cell, z, "amin", include_self=False)
        out[3].index_add_(0, cell, z)
        out[4].index_add_(0, cell, shine[inside])
        return out

    return dense

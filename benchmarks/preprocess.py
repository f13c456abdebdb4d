# SPDX-License-Identifier: Apache-2.0
"""Pillars of a full LiDAR scan: ours against Open3D's voxel_down_sample on the same 131,072 points.

The peer is given the scan flattened to z = 0, so that its voxels are pillars: it returns the mean point of each
pillar, ours nine channels and the visible cells. Everybody starts from the same float32 array. The cheaper one of
Open3D's two implementations is the peer.
"""

import numpy as np

from mm_nav.bench import Row, SkippedError, require, take_turns, versus
from mm_nav.core.config import BevGrid
from mm_nav.core.preprocess import lidar_bev
from mm_nav.core.types import PointCloud, PosedCloud

POINTS = 131_072
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


def row(quick: bool) -> Row:
    """Time both; equal first: the same pillars are occupied, with the same number of points."""
    try:
        import open3d as o3d
    except ImportError as error:
        raise SkippedError(f"Open3D cannot be imported ({error}); pip install 'mm_nav[sim]'") from error
    xyz = scan()
    nothing = np.zeros(len(xyz), np.float32)
    cloud = PointCloud(stamp_ns=0, frame_id="base_link", xyz=xyz, intensity=nothing + 1, velocity=nothing)
    posed = (PosedCloud(name="lidar", cloud=cloud, T_base_sensor=np.eye(4)),)
    flat = xyz * np.array([1, 1, 0], np.float32)
    tensor = o3d.t.geometry.PointCloud(o3d.core.Tensor.from_numpy(flat))

    def legacy() -> object:
        points = o3d.utility.Vector3dVector(flat.astype(np.float64))
        return o3d.geometry.PointCloud(points).voxel_down_sample(GRID.cell)

    def tensors() -> object:
        return o3d.t.geometry.PointCloud(o3d.core.Tensor.from_numpy(flat)).voxel_down_sample(GRID.cell)

    ours = np.rint(np.expm1(lidar_bev(posed, GRID)[0])).astype(np.int64)
    pillars = tensor.voxel_down_sample(GRID.cell).point.positions.numpy()
    cells = np.floor((pillars[:, :2] - [GRID.x_min, GRID.y_min]) / GRID.cell).astype(np.int64)
    theirs = np.zeros_like(ours, dtype=bool)
    theirs[cells[:, 1], cells[:, 0]] = True
    require((theirs == (ours > 0)).all(), f"{int((theirs != (ours > 0)).sum())} pillars differ")
    index = np.floor((xyz[:, :2].astype(np.float64) - [GRID.x_min, GRID.y_min]) / GRID.cell).astype(np.int64)
    counts = np.bincount(index[:, 1] * GRID.columns + index[:, 0], minlength=ours.size).reshape(ours.shape)
    require((counts == ours).all(), f"points per pillar differ in {int((counts != ours).sum())} pillars")

    times = take_turns(
        {
            "mm_nav lidar_bev, 9 channels": lambda: lidar_bev(posed, GRID),
            "Open3D legacy": legacy,
            "Open3D tensor": tensors,
        },
        repeat=3 if quick else 15,
    )
    subject, *peers = times
    peers.sort(key=times.__getitem__)
    ordered = {subject: times[subject]} | {f"{p} voxel_down_sample {o3d.__version__}": times[p] for p in peers}
    check = f"the same {int((ours > 0).sum())} pillars of {len(xyz)} points, and the same number of points in each (numpy bincount)"
    return versus("preprocess", ordered, check=check, versions={"open3d": o3d.__version__})

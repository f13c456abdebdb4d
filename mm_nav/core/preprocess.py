# SPDX-License-Identifier: Apache-2.0
"""SensorFrame -> FusionInput: the one function that robot, replay and trainer share.

Geometry that depends on the calibration alone is computed once per calibration. Mean and standard deviation
of pictures live inside the network. Knows no messages, no network, no clock.

LiDAR channels (``lidar_bev``) are those of core/pillars.py.
Radar channels (``radar_bev``): 0 count (log), 1 2 velocity over ground along x and y (radial part), 3 its
magnitude, 4 mean RCS / 20 dB.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from mm_nav.core.config import RADAR_CHANNELS, BevGrid, ModelSpec
from mm_nav.core.doppler import own_motion
from mm_nav.core.geometry import cell_centers, inverse, project, transform
from mm_nav.core.memory import OUTSIDE, PastView
from mm_nav.core.pillars import PillarMemory, lidar_bev
from mm_nav.core.shrink import shrink
from mm_nav.core.types import CameraModel, CameraView, FusionInput, Odometry, PosedCloud, SensorFrame


def preprocess(
    frame: SensorFrame, spec: ModelSpec, phrases: Iterable[Float32[np.ndarray, " e"]] = (), past: PastView | None = None,
    memory: PillarMemory | None = None,
) -> FusionInput:  # fmt: skip
    """Turn one instant into network inputs.

    Args:
        frame: what the synchroniser put together; any sensor may be absent.
        spec: shapes of the network that will read the result.
        phrases: embeddings of what is looked for and of its landmarks; none while there is no goal.
        past: what the network kept of an earlier instant, and where it lies now.
        memory: working memory for ``spec.grid``, for callers that come again from one thread; nothing of it is in the result.
    """
    said = list(phrases)
    return FusionInput(
        camera_image=camera_images(frame.cameras, spec),
        camera_grid=camera_grids(frame.cameras, spec),
        camera_mask=np.ones(len(frame.cameras), np.float32) if frame.cameras else np.zeros(1, np.float32),
        lidar_bev=lidar_bev(frame.lidars, spec.grid, memory),
        lidar_mask=np.array([bool(frame.lidars)], np.float32),
        radar_bev=radar_bev(frame.radars, frame.odometry, spec.grid),
        radar_mask=np.array([bool(frame.radars)], np.float32),
        ego=ego_motion(frame.odometry),
        phrase=_stacked(said, spec),
        phrase_mask=(np.arange(spec.phrase_count) < len(said)).astype(np.float32),
        memory=np.zeros(spec.memory_shape, np.float32) if past is None else past.memory,
        memory_grid=np.full((*spec.memory_shape[1:], 2), OUTSIDE, np.float32) if past is None else past.grid,
    )


def _stacked(phrases: Sequence[Float32[np.ndarray, " e"]], spec: ModelSpec) -> Float32[np.ndarray, "p e"]:
    out = np.zeros((spec.phrase_count, spec.phrase_dim), np.float32)
    for slot, phrase in zip(out, phrases, strict=False):
        slot[:] = phrase
    return out


# ---------------------------------------------------------------- cameras


def camera_images(views: tuple[CameraView, ...], spec: ModelSpec) -> UInt8[np.ndarray, "n 3 h w"]:
    """Pictures at network size, channels first; one black picture where there is no camera."""
    out = np.zeros((max(1, len(views)), 3, spec.image_height, spec.image_width), np.uint8)
    for slot, view in zip(out, views, strict=False):
        shrink(view.image.rgb, slot)
    return out


def camera_grids(views: tuple[CameraView, ...], spec: ModelSpec) -> Float32[np.ndarray, "n zy x 2"]:
    """Where every BEV cell falls in every picture, from -1 (left, top edge) to 1; ``OUTSIDE`` elsewhere."""
    rows = len(spec.lift_heights) * spec.grid.rows
    if not views:
        return np.full((1, rows, spec.grid.columns, 2), OUTSIDE, np.float32)
    return np.stack([_grid_of(view.model, view.T_base_cam, spec) for view in views])


def _grid_of(model: CameraModel, T_base_cam: Float64[np.ndarray, "4 4"], spec: ModelSpec) -> Float32[np.ndarray, "zy x 2"]:
    return _cached_grid(
        model.width, model.height, model.K.tobytes(), model.distortion_model, model.D.tobytes(),
        T_base_cam.tobytes(), spec,
    )  # fmt: skip


@lru_cache(maxsize=32)
def _cached_grid(
    width: int, height: int, K_bytes: bytes, distortion: str, D_bytes: bytes, T_bytes: bytes, spec: ModelSpec
) -> Float32[np.ndarray, "zy x 2"]:
    K, D = np.frombuffer(K_bytes).reshape(3, 3), np.frombuffer(D_bytes)
    T_cam_base = inverse(np.frombuffer(T_bytes).reshape(4, 4))
    ys, xs = cell_centers(spec.grid)
    z, y, x = np.meshgrid(np.array(spec.lift_heights), ys, xs, indexing="ij")
    points = transform(T_cam_base, np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1))
    uv, inside = project_into(CameraModel(frame_id="", width=width, height=height, K=K, distortion_model=distortion, D=D), points)
    sampled = (2 * (uv + 0.5) / [width, height] - 1).astype(np.float32)
    sampled[~inside] = OUTSIDE
    return sampled.reshape(-1, spec.grid.columns, 2)


def project_into(model: CameraModel, points_cam: Float64[np.ndarray, "n 3"]) -> tuple[Float64[np.ndarray, "n 2"], Bool[np.ndarray, " n"]]:
    """Pixels of points in the optical frame, with distortion, and which of them fall into the picture; others mean nothing."""
    width, height, K, D = model.width, model.height, model.K, model.D
    uv, depth = project(K, points_cam)
    inside = (depth > 0.1) & (np.abs(uv - [width / 2, height / 2]) < [width, height]).all(axis=1)
    if D.size and np.any(D):
        uv[inside] = _distort(points_cam[inside], K, D, model.distortion_model)
    inside &= (uv[:, 0] > -0.5) & (uv[:, 0] < width - 0.5) & (uv[:, 1] > -0.5) & (uv[:, 1] < height - 0.5)
    return uv, inside


def _distort(
    points_cam: Float64[np.ndarray, "n 3"], K: Float64[np.ndarray, "3 3"], D: Float64[np.ndarray, " d"], model: str
) -> Float64[np.ndarray, "n 2"]:
    if not len(points_cam):
        return np.zeros((0, 2))
    if model in ("equidistant", "fisheye"):
        uv = cv2.fisheye.projectPoints(points_cam[None], np.zeros(3), np.zeros(3), K, D[:4])[0]
    else:  # plumb_bob and rational_polynomial share OpenCV's formula
        uv = cv2.projectPoints(points_cam, np.zeros(3), np.zeros(3), K, D)[0]
    return np.asarray(uv, np.float64).reshape(-1, 2)


# ---------------------------------------------------------------- radar and odometry


def radar_bev(
    clouds: tuple[PosedCloud, ...], odometry: Odometry | None, grid: BevGrid
) -> Float32[np.ndarray, "cr y x"]:
    """Scatter radar points with the robot's own motion taken out of their Doppler; kept as is where nothing tells that motion."""
    out = np.zeros((RADAR_CHANNELS, grid.rows, grid.columns), np.float32)
    for posed in clouds:
        origin = posed.T_base_sensor[:3, 3].astype(np.float32)
        points = transform(posed.T_base_sensor, posed.cloud.xyz)
        ray = points - origin
        ray = ray / np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-6)
        found = own_motion(posed, odometry)
        own = np.zeros(3, np.float32) if found is None else found
        speed = np.nan_to_num(posed.cloud.velocity) + np.where(np.isfinite(posed.cloud.velocity), ray @ own, 0)
        column = np.floor((points[:, 0] - grid.x_min) / grid.cell).astype(np.int64)
        row = np.floor((points[:, 1] - grid.y_min) / grid.cell).astype(np.int64)
        keep = (column >= 0) & (column < grid.columns) & (row >= 0) & (row < grid.rows)
        values = np.stack([np.ones_like(speed), speed * ray[:, 0], speed * ray[:, 1], np.abs(speed),
                           posed.cloud.intensity / 20])  # fmt: skip
        for channel, value in zip(out, values, strict=True):
            np.add.at(channel, (row[keep], column[keep]), value[keep])
    hit = out[0] > 0
    out[1:, hit] /= out[0, hit]
    out[0] = np.log1p(out[0])
    return out


def ego_motion(odometry: Odometry | None) -> Float32[np.ndarray, "3"]:
    """Forward speed, yaw rate, and one if they are known."""
    if odometry is None:
        return np.zeros(3, np.float32)
    return np.array([odometry.linear[0], odometry.angular[2], 1.0], np.float32)

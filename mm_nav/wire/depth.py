# SPDX-License-Identifier: Apache-2.0
"""Depth pictures to points in the optical frame, as another LiDAR. Knows no ROS package.

16UC1 is millimetres, 32FC1 metres (REP-118); 0, NaN and infinite are nothing. A CompressedImage of compressed_depth_image_transport
is 12 bytes of header (kind, and the two numbers of its inverse-depth quantisation) and a PNG.
"""

import struct
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32

from mm_nav.core.types import CameraModel, PointCloud
from mm_nav.errors import MessageError
from mm_nav.wire.image import MAX_PIXELS, decode_camera_info
from mm_nav.wire.message import bytes_of, frame_of, stamp_of

MOST = 20_000  # points of a picture; every second or third row and column of a usual one are enough for cells of 0.2 m
FARTHEST_M = 60.0
KINDS = {"16uc1": ("u2", 1e-3), "mono16": ("u2", 1e-3), "32fc1": ("f4", 1.0)}
HEADER = struct.Struct("<iff")


class DepthCamera:
    """One depth camera: it must hear its camera_info before its first picture."""

    def __init__(self) -> None:
        self.model: CameraModel | None = None

    def learn(self, msg: Any) -> CameraModel:
        """Its sensor_msgs/CameraInfo.

        Raises:
            MessageError: as decode_camera_info.
        """
        self.model = decode_camera_info(msg)
        return self.model

    def cloud(self, msg: Any) -> PointCloud:
        """A sensor_msgs/Image or CompressedImage (compressedDepth) as points; of large pictures every k-th row and column.

        Raises:
            MessageError: ``no_camera_info``, ``bad_encoding``, ``bad_layout``, ``short_data`` or ``bad_data``.
        """
        if self.model is None:
            raise MessageError("no_camera_info", f"depth picture in {frame_of(msg.header)!r} came before its camera_info; publish that too")
        depth = _unpacked(msg) if hasattr(msg, "format") else _plain(msg)
        height, width = depth.shape
        if abs(width * self.model.height / max(height * self.model.width, 1) - 1) > 0.01:
            raise MessageError("bad_layout", f"depth picture is {width}x{height}, its camera_info {self.model.width}x{self.model.height}")
        step = max(1, int(np.ceil(np.sqrt(width * height / MOST))))
        metres = depth[step // 2 :: step, step // 2 :: step]
        model = self.model
        rays = _rays(width, height, step, model.width, model.height, model.K.tobytes(), model.D.tobytes())
        keep = np.isfinite(metres) & (metres > 0) & (metres <= FARTHEST_M)
        xyz = rays[keep] * metres[keep][:, None]
        none = np.zeros(len(xyz), np.float32)
        return PointCloud(stamp_ns=stamp_of(msg.header), frame_id=frame_of(msg.header), xyz=xyz, intensity=none,
                          velocity=np.full(len(xyz), np.nan, np.float32))  # fmt: skip


def _plain(msg: Any) -> Float32[np.ndarray, "h w"]:
    kind = KINDS.get(str(msg.encoding).lower())
    if kind is None:
        raise MessageError("bad_encoding", f"depth picture has encoding {msg.encoding!r}; publish 16UC1 (mm) or 32FC1 (m)")
    dtype, unit = np.dtype((">" if msg.is_bigendian else "<") + kind[0]), kind[1]
    width, height, step, data = int(msg.width), int(msg.height), int(msg.step), bytes_of(msg.data)
    if not 0 < width * height <= MAX_PIXELS or step < width * dtype.itemsize:
        raise MessageError("bad_layout", f"depth picture is {width}x{height} with step {step}; fix the driver")
    if len(data) < step * height:
        raise MessageError("short_data", f"depth picture holds {len(data)} bytes, step {step} x height {height} needs {step * height}")
    values = np.ndarray((height, width), dtype, buffer=data.data, strides=(step, dtype.itemsize))
    return np.asarray(values.astype(np.float32) * np.float32(unit))


def _unpacked(msg: Any) -> Float32[np.ndarray, "h w"]:
    """Inverse depth is stored as a / (depth - b) by the transport's quantisation; 16UC1 as it is."""
    words, data = str(msg.format).lower(), bytes_of(msg.data)
    kind = next((k for k in KINDS if words.startswith(k)), None)
    if kind is None or "compresseddepth" not in words or len(data) <= HEADER.size:
        raise MessageError("bad_encoding", f"compressed picture of format {msg.format!r} is no depth; publish compressedDepth as png")
    _, a, b = HEADER.unpack(data[: HEADER.size].tobytes())
    try:
        stored = cv2.imdecode(data[HEADER.size :], cv2.IMREAD_UNCHANGED)
    except cv2.error:
        stored = None
    if stored is None or stored.ndim != 2 or stored.dtype != np.uint16:
        raise MessageError("bad_data", f"depth picture of {len(data)} bytes, format {msg.format!r}, is no 16-bit png; rvl is not read")
    values = stored.astype(np.float32)
    if KINDS[kind][0] == "u2":
        return np.asarray(values * np.float32(KINDS[kind][1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(stored > 0, np.float32(a) / (values - np.float32(b)), np.float32(np.nan)).astype(np.float32)


@lru_cache(maxsize=8)
def _rays(width: int, height: int, step: int, of_width: int, of_height: int, K_bytes: bytes, D_bytes: bytes) -> Float32[np.ndarray, "h w 3"]:
    """Points at depth one of the pixels that are taken, in the optical frame."""
    K, D = np.frombuffer(K_bytes).reshape(3, 3), np.frombuffer(D_bytes)
    u, v = np.meshgrid(np.arange(step // 2, width, step) * of_width / width, np.arange(step // 2, height, step) * of_height / height)
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)[:, None]
    flat = cv2.undistortPoints(pixels, K, D if D.size and np.any(D) else None).reshape(-1, 2)
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1).reshape(*u.shape, 3).astype(np.float32)

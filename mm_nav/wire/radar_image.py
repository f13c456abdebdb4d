# SPDX-License-Identifier: Apache-2.0
"""Pictures of a scanning radar to returns: rows are range bins, columns azimuths. Knows no ROS package.

As Navtech's radars and the RADIATE data set have them: row 0 is at the radar, column 0 looks along the frame's x axis, and
azimuth grows clockwise as seen from above. Grey levels are half decibels of received power.
"""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from mm_nav.core.types import PointCloud
from mm_nav.errors import MessageError
from mm_nav.wire.image import decode_compressed_image, decode_image

RANGE_RESOLUTION_M = 100.0 / 576  # of one row
DB_PER_LEVEL = 0.5
BLIND_M = 2.5  # the antenna's own ringing
WINDOW = 41  # range bins on which the noise is measured
ABOVE_DB = 20.0  # over the noise, from which a bin counts as a return: as few and as sure as those of a radar that makes points
PEAK = 3  # range bins and azimuths among which a return is the strongest


def decode_radar_image(msg: Any, range_resolution_m: float = RANGE_RESOLUTION_M, scan_period_s: float = 0.0) -> PointCloud:
    """A sensor_msgs/Image or CompressedImage of polar power as points in the plane of the radar, without velocities.

    With the time of a turn, each azimuth gets its own: the stamp is taken as that of the last one.

    Intensity is decibels above the noise around the bin; of neighbouring bins the strongest counts (cell averaging CFAR
    along range, Finn and Johnson 1968).

    Raises:
        MessageError: what the picture's decoder raises; ``bad_layout`` if it has fewer than 16 ranges or azimuths.
    """
    image = decode_compressed_image(msg) if hasattr(msg, "format") else decode_image(msg)
    power: UInt8[np.ndarray, "r a"] = np.ascontiguousarray(image.rgb[:, :, 0])
    if min(power.shape) < 16:
        raise MessageError("bad_layout", f"radar picture is {power.shape[1]}x{power.shape[0]}; rows must be ranges, columns azimuths")
    above = DB_PER_LEVEL * (power - cv2.blur(power.astype(np.float32), (1, WINDOW), borderType=cv2.BORDER_REPLICATE))
    row, column = np.nonzero(_peaks(power) & (above > ABOVE_DB))
    far = row >= BLIND_M / range_resolution_m
    row, column = row[far], column[far]
    rays = _rays(power.shape[1])
    xyz = np.zeros((len(row), 3), np.float32)
    xyz[:, :2] = rays[column] * ((row + 0.5) * range_resolution_m).astype(np.float32)[:, None]
    times = (scan_period_s * ((column + 1) / power.shape[1] - 1)).astype(np.float32) if scan_period_s else None
    return PointCloud(stamp_ns=image.stamp_ns, frame_id=image.frame_id, xyz=xyz, intensity=above[row, column].astype(np.float32),
                      velocity=np.full(len(row), np.nan, np.float32), time_s=times)  # fmt: skip


def _peaks(power: UInt8[np.ndarray, "r a"]) -> Bool[np.ndarray, "r a"]:
    """Bins that no neighbour is stronger than; azimuths go round."""
    reach = PEAK // 2
    round_ = np.concatenate([power[:, -reach:], power, power[:, :reach]], axis=1)
    return np.asarray(power >= cv2.dilate(round_, np.ones((PEAK, PEAK), np.uint8))[:, reach:-reach])


@lru_cache(maxsize=4)
def _rays(count: int) -> Float32[np.ndarray, "a 2"]:
    """Unit vectors of the azimuths, x ahead and y left."""
    azimuth = -2 * np.pi * (np.arange(count) + 0.5) / count
    return np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1).astype(np.float32)

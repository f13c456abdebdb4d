# SPDX-License-Identifier: Apache-2.0
"""Raw pixels of sensor_msgs/Image encodings to 8-bit RGB. Knows no message."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from mm_nav.errors import MessageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How an encoding lies in memory.

    Attributes:
        channels: values per pixel and row. to_rgb: OpenCV's conversion; None where it is RGB already. wide: two bytes per
            value. planes: rows of the buffer per row of the picture, as (numerator, denominator). even: the picture's
            width (1) or width and height (2) must be even.
    """

    channels: int
    to_rgb: int | None = None
    wide: bool = False
    planes: tuple[int, int] = (1, 1)
    even: int = 0


def _bayer(wide: bool) -> dict[str, Layout]:
    kinds = {"rggb": cv2.COLOR_BayerRGGB2RGB, "bggr": cv2.COLOR_BayerBGGR2RGB, "gbrg": cv2.COLOR_BayerGBRG2RGB, "grbg": cv2.COLOR_BayerGRBG2RGB}
    return {f"bayer_{k}{16 if wide else 8}": Layout(channels=1, to_rgb=v, wide=wide, even=2) for k, v in kinds.items()}


_UYVY = Layout(channels=2, to_rgb=cv2.COLOR_YUV2RGB_UYVY, even=1)
_YUYV = Layout(channels=2, to_rgb=cv2.COLOR_YUV2RGB_YUY2, even=1)
LAYOUTS: dict[str, Layout] = {
    "rgb8": Layout(channels=3),
    "bgr8": Layout(channels=3, to_rgb=cv2.COLOR_BGR2RGB),
    "8uc3": Layout(channels=3, to_rgb=cv2.COLOR_BGR2RGB),  # an OpenCV matrix; OpenCV means BGR
    "rgba8": Layout(channels=4, to_rgb=cv2.COLOR_RGBA2RGB),
    "bgra8": Layout(channels=4, to_rgb=cv2.COLOR_BGRA2RGB),
    "8uc4": Layout(channels=4, to_rgb=cv2.COLOR_BGRA2RGB),
    "mono8": Layout(channels=1, to_rgb=cv2.COLOR_GRAY2RGB),
    "8uc1": Layout(channels=1, to_rgb=cv2.COLOR_GRAY2RGB),
    "rgb16": Layout(channels=3, wide=True),
    "bgr16": Layout(channels=3, to_rgb=cv2.COLOR_BGR2RGB, wide=True),
    "rgba16": Layout(channels=4, to_rgb=cv2.COLOR_RGBA2RGB, wide=True),
    "bgra16": Layout(channels=4, to_rgb=cv2.COLOR_BGRA2RGB, wide=True),
    "mono16": Layout(channels=1, to_rgb=cv2.COLOR_GRAY2RGB, wide=True),
    **_bayer(wide=False),
    **_bayer(wide=True),
    "uyvy": _UYVY, "yuv422": _UYVY, "yuyv": _YUYV, "yuv422_yuy2": _YUYV,
    "nv12": Layout(channels=1, to_rgb=cv2.COLOR_YUV2RGB_NV12, planes=(3, 2), even=2),
    "nv21": Layout(channels=1, to_rgb=cv2.COLOR_YUV2RGB_NV21, planes=(3, 2), even=2),
}  # fmt: skip
DEPTH = ("16uc1", "32fc1")


def layout_of(encoding: str) -> Layout:
    """How an encoding lies in memory; case does not count.

    Raises:
        MessageError: ``bad_encoding``, with those that are read.
    """
    found = LAYOUTS.get(encoding.lower())
    if found is None:
        what = "is a depth picture, not a camera's" if encoding.lower() in DEPTH else "is not supported"
        raise MessageError("bad_encoding", f"image encoding {encoding!r} {what}; publish one of {list(LAYOUTS)}")
    return found


def to_rgb(
    data: UInt8[np.ndarray, " n"], layout: Layout, *, width: int, height: int, step: int, big_endian: bool
) -> UInt8[np.ndarray, "h w 3"]:
    """Pixels as RGB, contiguous; a view of ``data`` where nothing is to do. 16-bit values keep their upper byte.

    Args:
        data: ``step`` bytes for each row of the buffer.

    Raises:
        MessageError: ``bad_layout`` (step or an odd size) or ``short_data``.
    """
    row = width * layout.channels * (2 if layout.wide else 1)
    rows = height * layout.planes[0] // layout.planes[1]
    if (layout.even >= 1 and width % 2) or (layout.even == 2 and height % 2):
        raise MessageError("bad_layout", f"image is {width}x{height}, its encoding needs even sizes; check the camera driver")
    if step < row:
        raise MessageError("bad_layout", f"image step {step} < width {width} x {row // max(width, 1)} bytes; fix the driver's step")
    if len(data) != step * rows:
        reason, needs = ("short_data", "needs") if len(data) < step * rows else ("bad_layout", "is")
        raise MessageError(reason, f"image holds {len(data)} bytes, step {step} x height {rows} {needs} {step * rows}")
    pixels = data.reshape(rows, step)[:, :row]
    if layout.wide:
        pixels = pixels[:, 0 if big_endian else 1 :: 2]  # the upper bytes
    pixels = pixels.reshape(rows, width, layout.channels)
    rgb = pixels if layout.to_rgb is None else cv2.cvtColor(np.ascontiguousarray(pixels), layout.to_rgb)
    return np.ascontiguousarray(rgb, np.uint8)

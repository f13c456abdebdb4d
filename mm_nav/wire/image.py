# SPDX-License-Identifier: Apache-2.0
"""Image, CompressedImage and CameraInfo messages to RGB pictures and intrinsics. Knows no ROS package."""

from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from mm_nav.core.types import CameraImage, CameraModel
from mm_nav.errors import MessageError
from mm_nav.wire.message import bytes_of, frame_of, stamp_of
from mm_nav.wire.pixels import layout_of, to_rgb

DISTORTIONS = {  # of sensor_msgs/distortion_models: how many numbers each may have
    "plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14), "thin_prism": (12, 14), "equidistant": (4,), "fisheye": (4,), "": (4, 5, 8, 12, 14),
}  # fmt: skip
MAX_PIXELS = 50_000_000
JPEG, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
PNG, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


def decode_image(msg: Any) -> CameraImage:
    """A sensor_msgs/Image as RGB; shares the message's memory when that is unpadded rgb8.

    Raises:
        MessageError: ``bad_encoding``, ``empty_image``, ``too_large``, ``bad_layout`` or ``short_data``.
    """
    layout = layout_of(str(msg.encoding))
    width, height = int(msg.width), int(msg.height)
    _check_size(width, height)
    rgb = to_rgb(bytes_of(msg.data), layout, width=width, height=height, step=int(msg.step), big_endian=bool(msg.is_bigendian))
    return CameraImage(stamp_ns=stamp_of(msg.header), frame_id=frame_of(msg.header), rgb=rgb)


def decode_compressed_image(msg: Any) -> CameraImage:
    """A sensor_msgs/CompressedImage (JPEG or PNG by content) as RGB, orientation tags ignored.

    Raises:
        MessageError: ``bad_encoding``, ``short_data``, ``empty_image``, ``too_large`` or ``bad_data``.
    """
    data = bytes_of(msg.data)
    head = data[:8].tobytes()
    if "compresseddepth" in str(msg.format).lower() or not head.startswith((JPEG, PNG)):
        raise MessageError(
            "bad_encoding", f"compressed image of format {msg.format!r} is no picture; publish jpeg or png"
        )
    png = head.startswith(PNG)
    tail = data[-4096:].tobytes().rstrip(b"\x00")  # some cameras pad with zeros
    if not tail.endswith(PNG_END if png else JPEG_END):
        raise MessageError(
            "short_data", f"compressed image of {len(data)} bytes is cut off; check the link to the camera"
        )
    _check_size(*(_png_size(data) if png else _jpeg_size(data)))
    try:
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise MessageError(
            "bad_data", f"compressed image of {len(data)} bytes cannot be decoded; check the camera driver"
        )
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr)
    return CameraImage(stamp_ns=stamp_of(msg.header), frame_id=frame_of(msg.header), rgb=np.asarray(rgb, np.uint8))


def decode_camera_info(msg: Any, *, rectified: bool = False) -> CameraModel:
    """A sensor_msgs/CameraInfo (ROS 2, or ROS 1 with capital letters), of the picture after binning and region of interest.

    Args:
        rectified: of image_rect topics: P instead of K, and no distortion.

    Raises:
        MessageError: ``bad_intrinsics`` for a zero size, K all zero, non-finite numbers or an unknown distortion model.
    """
    K = np.array(msg.k if hasattr(msg, "k") else msg.K, np.float64).reshape(3, 3)
    D = np.array(msg.d if hasattr(msg, "d") else msg.D, np.float64).reshape(-1)
    if rectified:
        P = np.array(msg.p if hasattr(msg, "p") else msg.P, np.float64).reshape(3, 4)
        K, D = (P[:, :3] if P.any() else K), np.zeros(0)
    K, width, height = _cropped(msg, K)
    if not (np.isfinite(K).all() and np.isfinite(D).all() and K[0, 0] > 0 and K[1, 1] > 0 and width and height):
        text = (
            f"camera_info of {frame_of(msg.header)!r} ({width}x{height}, K {K.reshape(-1).tolist()}) is not calibrated"
        )
        raise MessageError("bad_intrinsics", f"{text}; calibrate the camera")
    name = str(msg.distortion_model).lower()
    if D.any() and (name not in DISTORTIONS or len(D) not in DISTORTIONS[name]):
        text = f"camera_info of {frame_of(msg.header)!r} has distortion model {msg.distortion_model!r} with {len(D)} numbers"
        raise MessageError("bad_intrinsics", f"{text}; known are {', '.join(DISTORTIONS)}; calibrate again, or publish image_rect")
    return CameraModel(
        frame_id=frame_of(msg.header), width=width, height=height, K=K, distortion_model=str(msg.distortion_model), D=D
    )


def _cropped(msg: Any, K: np.ndarray) -> tuple[np.ndarray, int, int]:
    """K and size of the picture that is sent: first the region of interest is cut out, then pixels are binned."""
    width, height = int(msg.width), int(msg.height)
    roi = getattr(msg, "roi", None)
    if roi is not None and int(roi.width) and int(roi.height):
        K = K.copy()
        K[0, 2] -= int(roi.x_offset)
        K[1, 2] -= int(roi.y_offset)
        width, height = int(roi.width), int(roi.height)
    bins = [max(1, int(getattr(msg, f"binning_{axis}", 1))) for axis in "xy"]
    if bins != [1, 1]:
        K = K.copy()
        K[0] /= bins[0]
        K[1] /= bins[1]
        width, height = width // bins[0], height // bins[1]
    return K, width, height


def _check_size(width: int, height: int) -> None:
    """Before anything is allocated."""
    if not width or not height:
        raise MessageError("empty_image", f"image is {width}x{height}; check the camera driver")
    if width * height > MAX_PIXELS:
        raise MessageError("too_large", f"image is {width}x{height}; publish at most {MAX_PIXELS} pixels")


def _png_size(data: UInt8[np.ndarray, " n"]) -> tuple[int, int]:
    if len(data) < 24:
        raise MessageError("bad_data", f"PNG of {len(data)} bytes has no size; check the camera driver")
    width, height = data[16:24].view(">u4")
    return int(width), int(height)


def _jpeg_size(data: UInt8[np.ndarray, " n"]) -> tuple[int, int]:
    """Width and height of the first start-of-frame segment (ITU T.81, annex B)."""
    at = 2
    while at + 9 < len(data):
        marker = int(data[at + 1])
        if int(data[at]) != 0xFF or marker == 0xDA:
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = data[at + 5 : at + 9].view(">u2")
            return int(width), int(height)
        if marker == 0xFF:  # fill byte
            at += 1
        else:
            at += 2 + int(data[at + 2]) * 256 + int(data[at + 3])
    raise MessageError("bad_data", f"JPEG of {len(data)} bytes has no size; check the camera driver")

# SPDX-License-Identifier: Apache-2.0
"""Depth pictures of every encoding become points where the pixels look."""

import struct
from typing import Any

import cv2
import numpy as np
import pytest

from mm_nav.errors import MessageError
from mm_nav.wire.depth import DepthCamera

from .conftest import as_message

HEADER = {"stamp": {"sec": 3, "nanosec": 4}, "frame_id": "depth_optical"}
WIDTH, HEIGHT, FOCAL = 8, 6, 5.0
INFO = {"header": HEADER, "width": WIDTH, "height": HEIGHT, "k": [FOCAL, 0, 3.5, 0, FOCAL, 2.5, 0, 0, 1.0], "d": [], "distortion_model": "plumb_bob"}
METRES = np.round(np.random.default_rng(2).uniform(0.5, 9.0, (HEIGHT, WIDTH)), 3)
METRES[1, 2] = 0.0


def camera(**changes: Any) -> DepthCamera:
    found = DepthCamera()
    found.learn(as_message({**INFO, **changes}))
    return found


def expected() -> list[list[float]]:
    """Pixel by pixel, by the pinhole's formula."""
    out = []
    for v in range(HEIGHT):
        for u in range(WIDTH):
            z = float(METRES[v, u])
            if z > 0:
                out.append([(u - 3.5) / FOCAL * z, (v - 2.5) / FOCAL * z, z])
    return out


def plain(encoding: str, big: bool, pad: int) -> Any:
    """Bytes written one value at a time."""
    code, unit = ("H", 1000.0) if encoding == "16UC1" else ("f", 1.0)
    rows = []
    for row in METRES:
        values = b"".join(struct.pack((">" if big else "<") + code, round(z * unit) if code == "H" else z) for z in row)
        rows.append(values + b"\xee" * pad)
    return as_message({"header": HEADER, "encoding": encoding, "is_bigendian": big, "width": WIDTH, "height": HEIGHT,
                       "step": len(rows[0]), "data": b"".join(rows)})  # fmt: skip


@pytest.mark.parametrize("pad", [0, 3])
@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_every_plain_encoding_gives_the_pinholes_points(encoding: str, big: bool, pad: int) -> None:
    cloud = camera().cloud(plain(encoding, big, pad))
    np.testing.assert_allclose(cloud.xyz, expected(), atol=1e-3)
    assert (cloud.stamp_ns, cloud.frame_id) == (3_000_000_004, "depth_optical")
    assert np.isnan(cloud.velocity).all()


@pytest.mark.parametrize(("encoding", "tolerance"), [("16UC1", 1e-3), ("32FC1", 2e-3)])
def test_compressed_depth_is_what_its_transport_wrote(encoding: str, tolerance: float) -> None:
    """32FC1 is stored as a / depth + b; a = depth_quantization (depth_quantization + 1), b = 1 - a / depth_max."""
    a, b = 100.0 * 101.0, 1.0 - 100.0 * 101.0 / 10.0
    with np.errstate(divide="ignore"):
        stored = METRES * 1000 if encoding == "16UC1" else np.where(METRES > 0, a / METRES + b, 0)
    data = struct.pack("<iff", 0, a, b) + cv2.imencode(".png", np.round(stored).astype(np.uint16))[1].tobytes()
    cloud = camera().cloud(as_message({"header": HEADER, "format": f"{encoding}; compressedDepth png", "data": data}))
    np.testing.assert_allclose(cloud.xyz, expected(), atol=0.08 if encoding == "32FC1" else tolerance)


def test_not_a_number_and_what_is_too_far_are_no_points() -> None:
    message = plain("32FC1", big=False, pad=0)
    values = np.frombuffer(message.data, "<f4").copy()
    values[:3] = [np.nan, np.inf, 1e4]
    message.data = values.tobytes()
    assert len(camera().cloud(message).xyz) == len(expected()) - 3


def test_a_large_picture_is_thinned_and_stays_in_place() -> None:
    depth = np.full((480, 640), 2000, "<u2")
    message = as_message({"header": HEADER, "encoding": "16UC1", "is_bigendian": False, "width": 640, "height": 480, "step": 1280,
                          "data": depth.tobytes()})  # fmt: skip
    cloud = camera(width=640, height=480, k=[500.0, 0, 319.5, 0, 500.0, 239.5, 0, 0, 1.0]).cloud(message)
    assert 15_000 < len(cloud.xyz) <= 20_000
    np.testing.assert_allclose(cloud.xyz.mean(axis=0), [0, 0, 2.0], atol=0.01)
    assert cloud.xyz[:, 0].max() == pytest.approx(320 / 500 * 2, abs=0.02)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"encoding": "rgb8"}, "bad_encoding"), ({"step": 3}, "bad_layout"), ({"data": b"12"}, "short_data"), ({"width": 60, "step": 120}, "short_data"),
     ({"height": 2}, "bad_layout"), ({"format": "16UC1; compressedDepth rvl", "data": b"x" * 50}, "bad_data"),
     ({"format": "jpeg", "data": b"x" * 50}, "bad_encoding")],
)  # fmt: skip
def test_bad_pictures_are_refused_with_a_reason(change: dict[str, Any], reason: str) -> None:
    message = plain("16UC1", big=False, pad=0)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(MessageError) as refused:
        camera().cloud(message)
    assert refused.value.reason == reason


def test_a_picture_before_its_camera_info_says_so() -> None:
    with pytest.raises(MessageError, match="before its camera_info"):
        DepthCamera().cloud(plain("16UC1", big=False, pad=0))

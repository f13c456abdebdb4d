# SPDX-License-Identifier: Apache-2.0
"""Every raw encoding, padded and in both byte orders, against a decode written from its definition."""

import numpy as np
import pytest

from mm_nav.errors import MessageError
from mm_nav.wire.pixels import LAYOUTS, layout_of, to_rgb

HEIGHT, WIDTH = 12, 16
SMOOTH = np.stack(np.meshgrid(np.linspace(20, 230, WIDTH), np.linspace(200, 40, HEIGHT)), -1)
RGB = np.dstack([SMOOTH, SMOOTH.sum(axis=2) / 2]).round().astype(np.uint8)


def yuv(rgb: np.ndarray) -> np.ndarray:
    """ITU-R BT.601, studio range."""
    M = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]])
    return rgb / 255.0 @ M.T + [16, 128, 128]


def halved(plane: np.ndarray, rows: int) -> np.ndarray:
    """Chroma of pixels side by side (and, with 2 rows, above each other)."""
    h, w = plane.shape
    return plane.reshape(h // rows, rows, w // 2, 2).mean(axis=(1, 3))


def mosaic(pattern: str) -> np.ndarray:
    """What a sensor sees behind its colour filter: the pattern names the top left two by two pixels, row by row."""
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    for k, colour in enumerate(pattern):
        r, c = divmod(k, 2)
        out[r::2, c::2] = RGB[r::2, c::2, "rgb".index(colour)]
    return out


def packed(encoding: str) -> np.ndarray:
    """RGB as (rows, values) of an encoding, 8 bit per value."""
    name = encoding.removesuffix("16").removesuffix("8")
    if name.startswith("bayer_"):
        return mosaic(name.removeprefix("bayer_"))
    if name in ("rgb", "bgr", "rgba", "bgra"):
        channels = [("rgb".index(c) if c != "a" else 3) for c in name]
        return np.dstack([RGB, np.full((HEIGHT, WIDTH), 77, np.uint8)])[..., channels].reshape(HEIGHT, -1)
    if name.startswith("8uc"):
        return packed({"8uc1": "mono8", "8uc3": "bgr8", "8uc4": "bgra8"}[encoding])
    if name == "mono":
        return RGB[..., 1]
    y, u, v = np.moveaxis(yuv(RGB), -1, 0)
    if name in ("nv12", "nv21"):
        first, second = (u, v) if name == "nv12" else (v, u)
        chroma = np.stack([halved(first, 2), halved(second, 2)], -1).reshape(HEIGHT // 2, WIDTH)
        return np.vstack([y, chroma]).round().astype(np.uint8)
    chroma = np.stack([halved(u, 1), halved(v, 1)], -1).reshape(HEIGHT, WIDTH)
    order = [chroma, y] if name in ("uyvy", "yuv422") else [y, chroma]
    return np.stack(order, -1).reshape(HEIGHT, 2 * WIDTH).round().astype(np.uint8)


def in_memory(encoding: str, pad: int, big_endian: bool) -> tuple[np.ndarray, int]:
    values = packed(encoding)
    if LAYOUTS[encoding].wide:
        values = (values.astype(np.uint16) * 256 + 90).astype(">u2" if big_endian else "<u2").view(np.uint8).reshape(len(values), -1)
    values = np.pad(values, ((0, 0), (0, pad)), constant_values=255)
    return values.reshape(-1), values.shape[1]


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("pad", [0, 6])
@pytest.mark.parametrize("encoding", list(LAYOUTS))
@pytest.mark.fault("M17")
def test_every_encoding_becomes_the_picture_it_was_made_of(encoding: str, pad: int, big_endian: bool) -> None:
    data, step = in_memory(encoding, pad, big_endian)
    rgb = to_rgb(data, layout_of(encoding.upper()), width=WIDTH, height=HEIGHT, step=step, big_endian=big_endian)
    want = np.repeat(RGB[..., 1:2], 3, axis=2) if packed(encoding).size == HEIGHT * WIDTH and "bayer" not in encoding else RGB
    away = np.abs(rgb.astype(int) - want)
    guessed = 22 if "bayer" in encoding else 14 if any(w in encoding for w in ("yuv", "uyvy", "yuyv", "nv")) else 0  # colours between pixels
    assert rgb.shape == (HEIGHT, WIDTH, 3)
    assert away[2:-2, 2:-2].max() <= guessed
    assert np.median(away) <= guessed / 4


@pytest.mark.parametrize("encoding", ["nv12", "yuyv", "bayer_rggb8"])
def test_a_size_that_an_encoding_cannot_have_is_refused(encoding: str) -> None:
    with pytest.raises(MessageError, match=r"15x12.*even sizes"):
        to_rgb(np.zeros(1000, np.uint8), layout_of(encoding), width=15, height=12, step=40, big_endian=False)


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
@pytest.mark.fault("M18")
def test_depth_is_no_picture(encoding: str) -> None:
    with pytest.raises(MessageError, match="depth picture"):
        layout_of(encoding)


def test_a_plain_picture_is_not_copied() -> None:
    data, step = in_memory("rgb8", 0, False)
    assert np.shares_memory(data, to_rgb(data, layout_of("rgb8"), width=WIDTH, height=HEIGHT, step=step, big_endian=False))

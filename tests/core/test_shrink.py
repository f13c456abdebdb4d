# SPDX-License-Identifier: Apache-2.0
"""Shrunk pictures are OpenCV's INTER_AREA to the bit, whatever the sizes."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core import shrink as area
from mm_nav.core.shrink import shrink


def by_opencv(rgb: np.ndarray, height: int, width: int) -> np.ndarray:
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)


def ours(rgb: np.ndarray, height: int, width: int) -> np.ndarray:
    out = np.full((3, height, width), 7, np.uint8)
    shrink(rgb, out)
    return out


@pytest.mark.parametrize("size", [(720, 1280), (480, 640), (600, 960), (1080, 1920), (256, 512), (128, 256), (100, 200), (129, 3000)])
def test_sizes_of_usual_cameras(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (*size, 3), np.uint8)
    for rgb in (noise, cv2.GaussianBlur(noise, (15, 15), 4.0), noise // 128 * 255, np.full((*size, 3), 255, np.uint8)):
        np.testing.assert_array_equal(ours(rgb, 128, 256), by_opencv(rgb, 128, 256))


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 90), st.integers(2, 90), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_any_sizes_and_pictures_full_of_halves(rows: int, columns: int, height: int, width: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 2, (rows, columns, 3)).astype(np.uint8)
    np.testing.assert_array_equal(ours(rgb, height, width), by_opencv(rgb, height, width))


def test_a_cut_out_and_an_upside_down_picture_are_read_as_they_are() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (500, 700, 3), np.uint8)
    for view in (rgb[10:400, 20:650], rgb[::-1], rgb[..., ::-1]):
        np.testing.assert_array_equal(ours(view, 128, 256), by_opencv(np.ascontiguousarray(view), 128, 256))


def test_our_own_sums_are_used_where_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert area._as_opencv(720, 1280, 128, 256)
    monkeypatch.setattr(area.cv2, "resize", None)
    ours(np.zeros((720, 1280, 3), np.uint8), 128, 256)


def test_where_opencv_adds_up_otherwise_opencv_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    real = cv2.resize

    def other(rgb: np.ndarray, size: tuple[int, int], interpolation: int) -> np.ndarray:
        return np.asarray(real(rgb, size, interpolation=interpolation) ^ 1)

    area._as_opencv.cache_clear()
    monkeypatch.setattr(area.cv2, "resize", other)
    try:
        rgb = np.random.default_rng(2).integers(0, 256, (300, 410, 3), np.uint8)
        np.testing.assert_array_equal(ours(rgb, 100, 200), by_opencv(rgb, 100, 200))
    finally:
        area._as_opencv.cache_clear()

# SPDX-License-Identifier: Apache-2.0
"""Depth maps against a plain loop over the points."""

import numpy as np
import pytest

from mm_nav.core.depth_map import depth_map
from mm_nav.core.geometry import inverse, se3, transform
from mm_nav.core.preprocess import project_into
from mm_nav.core.types import CameraModel

OPTICAL = np.array([[0.0, 0, 1, 0.1], [-1, 0, 0, 0], [0, -1, 0, 0.7], [0, 0, 0, 1]])
K = np.array([[200.0, 0, 160.3], [0, 210, 119.2], [0, 0, 1]])


def camera(D: list[float]) -> CameraModel:
    return CameraModel(frame_id="c", width=320, height=240, K=K, distortion_model="plumb_bob", D=np.array(D))


def by_hand(xyz: np.ndarray, T: np.ndarray, model: CameraModel) -> np.ndarray:
    out = np.full((model.height, model.width), np.inf)
    seen = transform(T, xyz.astype(np.float64))
    for (u, v), inside, depth in zip(*project_into(model, seen), seen[:, 2], strict=True):
        if inside:
            at = int(np.floor(v + 0.5)), int(np.floor(u + 0.5))
            out[at] = min(out[at], depth)
    return out


@pytest.mark.parametrize("D", [[], [-0.1, 0.02, 0.001, -0.001, 0.0]], ids=["pinhole", "distorted"])
def test_the_nearest_point_of_each_pixel_is_kept(D: list[float]) -> None:
    xyz = np.random.default_rng(0).uniform([-5, -8, -1], [25, 8, 4], (20_000, 3)).astype(np.float32)
    T = inverse(OPTICAL) @ se3((0.1, 0.2, 0.3), (0.02, -0.01, 0.1))
    got, want = depth_map(xyz, T, camera(D)), by_hand(xyz, T, camera(D))
    same = np.isclose(got, want, atol=1e-3) | (np.isinf(got) & np.isinf(want))
    assert np.isfinite(want).sum() > 3000
    assert same.mean() > 0.9999  # float32 at the borders of pixels


def test_what_is_behind_beside_and_nowhere_is_not_seen() -> None:
    xyz = np.array([[-3, 0, 0.7], [3, 50, 0.7], [0.15, 0, 0.7], [1e30, 1e30, 0], [np.nan, 0, 0]], np.float32)
    assert np.isinf(depth_map(xyz, inverse(OPTICAL), camera([]))).all()
    assert np.isinf(depth_map(np.zeros((0, 3), np.float32), inverse(OPTICAL), camera([]))).all()


def test_a_given_array_is_written_anew() -> None:
    out = np.zeros((240, 320), np.float32)
    assert depth_map(np.array([[4.1, 0, 0.7]], np.float32), inverse(OPTICAL), camera([]), out) is out
    assert np.isfinite(out).sum() == 1
    assert out.min() == pytest.approx(4.0, abs=1e-5)

# SPDX-License-Identifier: Apache-2.0
"""Pictures that show nothing are taken out of a frame; pictures that show little say so."""

from pathlib import Path

import numpy as np
import pytest

from mm_nav.bags.playback import readings
from mm_nav.bags.reader import BagReader
from mm_nav.core.clarity import BLIND, clear, judge
from mm_nav.core.types import CameraImage, CameraModel, CameraView, SensorFrame


def view(name: str, rgb: np.ndarray) -> CameraView:
    model = CameraModel(frame_id="cam", width=rgb.shape[1], height=rgb.shape[0], K=np.eye(3))
    return CameraView(name=name, image=CameraImage(stamp_ns=1, frame_id="cam", rgb=rgb), model=model, T_base_cam=np.eye(4))


def street(seed: int = 0) -> np.ndarray:
    """Blocks of many greys, as big as houses and cars are in a picture."""
    blocks = np.random.default_rng(seed).integers(20, 235, (12, 20), np.uint8)
    return np.repeat(np.kron(blocks, np.ones((20, 20), np.uint8))[..., None], 3, axis=2)


def noisy(level: float, seed: int = 1) -> np.ndarray:
    """A sensor's noise around a level."""
    noise = np.random.default_rng(seed).normal(level, 3.0, (240, 400, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("level", [2.0, 120.0, 255.0], ids=["black", "covered", "washed out"])
@pytest.mark.fault("S09", "S10")
def test_a_camera_that_sees_nothing_is_missing_and_the_others_stay(level: float) -> None:
    frame = SensorFrame(stamp_ns=1, cameras=(view("left", noisy(level)), view("right", street())))
    found, contrast = clear(frame)
    assert [v.name for v in found.cameras] == ["right"]
    assert [(m.name, m.reason.split(":")[0]) for m in found.missing] == [("left", "blind")]
    assert set(contrast) == {"left", "right"}


def test_a_frame_of_seeing_cameras_is_left_as_it_is() -> None:
    frame = SensorFrame(stamp_ns=1, cameras=(view("left", street(1)), view("right", street(2))))
    assert clear(frame)[0] is frame


@pytest.mark.fault("S09")
def test_fog_takes_contrast_by_koschmieders_law_and_masks_nothing() -> None:
    """I = J t + A (1 - t) with mean J near A leaves t of the contrast."""
    plain = street()
    whole = judge(plain)[0]
    for left in (0.6, 0.3, 0.1):
        fog = (plain * left + 127.0 * (1 - left)).astype(np.uint8)
        contrast, spread = judge(fog)
        assert contrast < whole * (left + 0.15)
        assert spread > BLIND


def test_real_pictures_in_fog_have_less_contrast_than_any_in_clear_air(real_data: Path) -> None:
    """0.2, the parameter's default, lies between."""
    found = {}
    for name in ("radiate_foggy", "dgp_scene_01", "nuscenes_keyframe"):
        with BagReader(real_data / name / "bag") as reader:
            found[name] = [judge(r.rgb) for _, r, _ in readings(reader) if isinstance(r, CameraImage)]
    assert np.median([c for c, _ in found["radiate_foggy"]]) < 0.2
    assert min(c for name in ("dgp_scene_01", "nuscenes_keyframe") for c, _ in found[name]) > 0.25
    assert min(spread for seen in found.values() for _, spread in seen) > 10 * BLIND

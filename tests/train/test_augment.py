# SPDX-License-Identifier: Apache-2.0
"""Augmentation keeps the truth true."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se2
from mm_nav.core.memory import warp_grid
from mm_nav.core.preprocess import preprocess
from mm_nav.core.types import CameraImage, CameraModel, CameraView, PointCloud, PosedCloud, SensorFrame
from mm_nav.train.augment import SENSORS, lose, mirror, photometric, sensor_dropout, weather
from mm_nav.train.dataset import SENSED

SPEC = ModelSpec(memory_channels=4)


def sample(y_sign: float) -> dict[str, np.ndarray]:
    """A frame whose camera and cloud lie at +y or -y; the two are mirror images of each other."""
    K = np.array([[100.0, 0, 127.5], [0, 100, 63.5], [0, 0, 1]])
    image = np.zeros((128, 256, 3), np.uint8)
    image[:, (slice(0, 128) if y_sign > 0 else slice(128, 256))] = 200
    T = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0.7], [0, 0, 0, 1]])
    view = CameraView(name="c", image=CameraImage(stamp_ns=0, frame_id="c", rgb=image), T_base_cam=T,
                      model=CameraModel(frame_id="c", width=256, height=128, K=K))  # fmt: skip
    xyz = np.array([[3.1, 1.1 * y_sign, 0.4], [4.1, 2.1 * y_sign, 0.4]], np.float32)
    cloud = PointCloud(stamp_ns=0, frame_id="l", xyz=xyz, intensity=np.ones(2, np.float32),
                       velocity=np.array([1.0, -1.0], np.float32))  # fmt: skip
    posed = PosedCloud(name="l", cloud=cloud, T_base_sensor=np.eye(4))
    x = preprocess(SensorFrame(stamp_ns=0, cameras=(view,), lidars=(posed,), radars=(posed,)), SPEC)
    boxes = np.zeros((2, 9), np.float32)
    boxes[0] = [3, y_sign, 0.4, 1, 1, 1, 0.3 * y_sign, 1, 0.5 * y_sign]
    return {k: np.array(getattr(x, k)) for k in x.__slots__} | {
        "boxes": boxes, "occupancy": np.zeros((96, 96), np.float32), "visible": x.lidar_bev[8].copy(),
        "waypoints": np.array([[1, 0.2 * y_sign]], np.float32), "moving": np.array([[2, 1 * y_sign, 0.5, 0.3 * y_sign, 1]], np.float32),
        "box_coloured": np.ones(2, np.float32),
        "goal_hits": np.eye(3, 2, dtype=np.float32), "goal_unsure": np.zeros((3, 2), np.float32), "goal_by_colour": np.array([1, 0, 0], np.float32),
        "memory_grid": warp_grid(se2(1.0, 0.5 * y_sign, 0.2 * y_sign), SPEC), "past_on": np.ones(1, np.float32),
        **{f"past_{k}": np.array(getattr(x, k)) for k in SENSED},
    }  # fmt: skip


def test_the_mirror_image_equals_the_frame_built_mirrored() -> None:
    mirrored, built = sample(1.0), sample(-1.0)
    mirror(mirrored)
    for name, want in built.items():
        if name in ("visible",) or name.endswith("lidar_bev"):
            continue  # the visibility channel has azimuth bins, compared below
        np.testing.assert_allclose(mirrored[name], want, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(mirrored["lidar_bev"][:8], built["lidar_bev"][:8], atol=1e-4)
    assert np.mean(mirrored["lidar_bev"][8] == built["lidar_bev"][8]) > 0.99


def test_light_changes_keep_shape_and_range() -> None:
    image = np.full((1, 3, 4, 4), 250, np.uint8)
    out = photometric(image, np.random.default_rng(0))
    assert out.shape == image.shape
    assert out.dtype == np.uint8


@pytest.mark.parametrize("seed", range(40))
def test_dropout_never_takes_camera_and_lidar_together(seed: int) -> None:
    x = sample(1.0)
    sensor_dropout(x, np.random.default_rng(seed))
    assert x["camera_mask"].any() or x["lidar_mask"].any()
    if not x["camera_mask"].any():
        assert not x["box_coloured"].any()
        assert x["goal_hits"][0].sum() == 0  # a colour that no camera sees is unsure,
        assert x["goal_unsure"][0, 0] == 1
        assert x["goal_hits"][1, 1] == 1  # a shape is not


def test_dropout_reaches_every_sensor() -> None:
    gone = set()
    for seed in range(60):
        x = sample(1.0)
        sensor_dropout(x, np.random.default_rng(seed))
        gone |= {m for m in ("camera_mask", "lidar_mask", "radar_mask") if not x[m].any()}
    assert gone == {"camera_mask", "lidar_mask", "radar_mask"}


@pytest.mark.parametrize("sensors", [("camera",), ("lidar",), ("radar",), ("camera", "radar"), ("lidar", "radar")])
def test_a_robot_with_few_sensors_never_loses_the_one_it_needs(sensors: tuple[str, ...]) -> None:
    needed = next(s for s in ("camera", "lidar", "radar") if s in sensors)
    lost = set()
    for seed in range(60):
        x = sample(1.0)
        sensor_dropout(x, np.random.default_rng(seed), sensors)
        assert x[f"{needed}_mask"].any()
        lost |= {s for s in SENSORS if not x[f"{s}_mask"].any()}
    assert lost == set(sensors) - {needed}


def test_a_lost_camera_takes_colours_and_a_lost_lidar_takes_sight_with_it() -> None:
    x, y = sample(1.0), sample(1.0)
    lose(x, ("camera",))
    assert not x["camera_mask"].any()
    assert not x["past_camera_mask"].any()
    assert not x["box_coloured"].any()
    y["visible"][:] = 1
    y["camera_grid"][:] = -2  # no cell is in any picture
    lose(y, ("lidar",))
    assert not y["lidar_mask"].any()
    assert not y["visible"].any()


def test_weather_changes_sensors_and_no_label_and_leaves_them_finite() -> None:
    changed = set()
    for seed in range(80):
        x, before = sample(1.0), sample(1.0)
        weather(x, np.random.default_rng(seed))
        changed |= {k for k, v in before.items() if not np.array_equal(v, x[k])}
        assert all(np.isfinite(v).all() for v in x.values())
        assert x["camera_image"].dtype == np.uint8
    seen = {"camera_image", "lidar_bev", "radar_bev"}
    assert changed == seen | {f"past_{k}" for k in seen}

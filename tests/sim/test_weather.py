# SPDX-License-Identifier: Apache-2.0
"""Bad conditions: what each does to which sensor, the same each time, and nothing on a clear day."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("open3d")

from mm_nav.core.types import CameraImage, PointCloud
from mm_nav.errors import ConfigError
from mm_nav.sim.rig import Rig
from mm_nav.sim.rollout import LIST, SimulateConfig, _claim, scenario
from mm_nav.sim.simulation import SimConfig, Simulation
from mm_nav.sim.weather import CONDITIONS, View, make_weather

AHEAD = np.array([1.0, 0.0, 0.5])  # a sun in front of who looks along x


def readings(condition: str, seed: int = 3) -> tuple[np.ndarray, PointCloud, PointCloud]:
    """Pixels, LiDAR and radar at a start."""
    found = Simulation(SimConfig(seed=seed, condition=condition)).sense(with_truth=False).readings
    image, lidar, radar = found["camera/front"], found["lidar"], found["radar"]
    assert isinstance(image, CameraImage)
    assert isinstance(lidar, PointCloud)
    assert isinstance(radar, PointCloud)
    return image.rgb, lidar, radar


def pixels(*yaws_deg: float, distance: float = 5.0) -> View:
    """Rays along the ground; the first one is the camera's axis."""
    yaw = np.deg2rad(yaws_deg).astype(np.float32)
    flat, axis = np.zeros_like(yaw), yaw - yaw[0]
    return View(distance=np.full(len(yaw), distance, np.float32), local=np.stack([-np.sin(axis), flat, np.cos(axis)], 1),
                world=np.stack([np.cos(yaw), np.sin(yaw), flat], 1))  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_is_the_same_each_time_and_after_a_reset(condition: str) -> None:
    sim = Simulation(SimConfig(seed=8, condition=condition))
    first = sim.sense(with_truth=False).readings
    sim.step(0.3, 0.0, 0.2)
    sim.sense(with_truth=False)
    sim.reset()
    for again in (sim.sense(with_truth=False).readings, Simulation(SimConfig(seed=8, condition=condition)).sense().readings):
        for name in ("lidar", "radar"):
            np.testing.assert_array_equal(again[name].xyz, first[name].xyz)  # type: ignore[union-attr]
        np.testing.assert_array_equal(again["camera/front"].rgb, first["camera/front"].rgb)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("condition", "changed"),
    [("fog", "cl"), ("night", "c"), ("lidar_rain", "l"), ("radar_clutter", "r")],
)
def test_a_condition_changes_its_sensors_and_leaves_the_others_bit_by_bit(condition: str, changed: str) -> None:
    clear, bad = readings("none"), readings(condition)
    same = {
        "c": np.array_equal(clear[0], bad[0]),
        "l": np.array_equal(clear[1].xyz, bad[1].xyz),
        "r": np.array_equal(clear[2].xyz, bad[2].xyz),
    }
    assert same == {sensor: sensor not in changed for sensor in "clr"}


def test_fog_takes_contrast_with_distance_and_lidar_returns_from_afar() -> None:
    fog = make_weather("fog", 1, AHEAD, Rig())
    two = np.array([[250, 20, 20], [20, 20, 250]], np.uint8)
    contrast = [float(np.ptp(fog.picture(two, pixels(0, 0, distance=d)).astype(float))) for d in (0.0, 3.0, 9.0, np.inf)]
    assert contrast[0] == pytest.approx(230, abs=2)
    assert contrast == sorted(contrast, reverse=True)
    assert contrast[2] < 0.4 * contrast[0]
    clear, bad = readings("none")[1], readings("fog")[1]
    far = [np.linalg.norm(c.xyz, axis=1) > 7 for c in (clear, bad)]
    assert far[1].sum() < 0.8 * far[0].sum()
    assert bad.intensity.max() < clear.intensity.max()


def test_fog_and_rain_return_beams_from_near_by_where_nothing_is() -> None:
    nearest = {c: np.sort(np.linalg.norm(readings(c)[1].xyz, axis=1)) for c in ("none", "fog", "lidar_rain")}
    free = nearest["none"][0] - 0.1
    assert 10 < (nearest["fog"] < free).sum() < 200
    assert 10 < (nearest["lidar_rain"] < free).sum() < 200
    assert len(nearest["lidar_rain"]) == pytest.approx(0.66 * len(nearest["none"]), rel=0.05)


def test_at_night_the_picture_is_dark_but_in_the_headlamp() -> None:
    grey = np.full((3, 3), 200, np.uint8)
    night = make_weather("night", 1, AHEAD, Rig())
    ahead, aside, far = night.picture(np.repeat(grey, 300, 0), _headlamp(300)).reshape(3, 300, 3).mean((1, 2))
    assert ahead > 100
    assert max(aside, far) < 0.5 * ahead
    assert readings("night")[0].mean() < 0.5 * readings("none")[0].mean()


def test_glare_saturates_where_the_sun_is_and_is_gone_behind() -> None:
    glare = make_weather("glare", 1, AHEAD, Rig())
    dark = np.full((3, 3), 60, np.uint8)
    towards = glare.picture(dark, pixels(0, 10, 40)).astype(int).mean(axis=1)
    assert towards[0] > towards[1] > towards[2] > 60
    assert towards[0] > 200
    np.testing.assert_allclose(glare.picture(dark, pixels(180, 190, 220)), dark, atol=1)


def test_radar_clutter_adds_ghosts_with_any_range_rate() -> None:
    clear, bad = readings("none")[2], readings("radar_clutter")[2]
    n = len(clear.xyz)
    np.testing.assert_array_equal(bad.xyz[:n], clear.xyz)
    assert 50 <= len(bad.xyz) - n < 90
    assert np.std(bad.velocity[n:]) > 1.2


def test_an_unknown_condition_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    for refused in (lambda: SimConfig(condition="snow") and Simulation(SimConfig(condition="snow")),
                    lambda: SimulateConfig(out=tmp_path, condition="snow")):  # fmt: skip
        with pytest.raises(ConfigError, match="'snow' is unknown; use one of none, fog, night, glare, lidar_rain, radar_clutter"):
            refused()


def test_a_share_of_recordings_gets_a_bad_condition_and_the_worlds_stay_the_same(tmp_path: Path) -> None:
    plain, mixed = SimulateConfig(out=tmp_path), SimulateConfig(out=tmp_path, conditions_share=0.5)
    sims = [(scenario(plain, seed), scenario(mixed, seed)) for seed in range(14)]
    assert all(a.world == b.world and a.task.text == b.task.text and a.rig == b.rig for a, b in sims)
    assert {a.config.condition for a, _ in sims} == {"none"}
    drawn = [b.config.condition for _, b in sims]
    assert 2 <= drawn.count("none") <= 11
    assert len(set(drawn)) >= 3
    assert scenario(SimulateConfig(out=tmp_path, condition="fog"), 1).config.condition == "fog"


def test_a_folder_recorded_before_there_were_conditions_can_be_extended_on_a_clear_day_only(tmp_path: Path) -> None:
    _claim(SimulateConfig(out=tmp_path))
    listed = json.loads((tmp_path / LIST).read_text("utf-8"))
    for key in ("condition", "conditions_share"):
        del listed["config"][key]
    (tmp_path / LIST).write_text(json.dumps(listed), "utf-8")
    _claim(SimulateConfig(out=tmp_path))
    with pytest.raises(ConfigError, match=r"recorded with conditions_share=0\.0"):
        _claim(SimulateConfig(out=tmp_path, conditions_share=0.2))


def _headlamp(times: int) -> View:
    """Straight ahead at 2 m, aside at 2 m, and straight ahead far away, each many times."""
    one = pixels(0, 45, 0)
    return View(distance=np.repeat(np.array([2, 2, 30], np.float32), times), local=np.repeat(one.local, times, 0),
                world=np.repeat(one.world, times, 0))  # fmt: skip

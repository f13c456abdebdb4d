# SPDX-License-Identifier: Apache-2.0
"""Cameras and LiDARs that agree are told from those that are turned, on drawn and on real scenes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mm_nav.core.alignment import Fit, depth_edges, fit, look
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se3
from mm_nav.core.types import CameraImage, CameraModel, CameraView, PointCloud, PosedCloud, SensorFrame
from mm_nav.train.dataset import frames

OPTICAL = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)  # z ahead -> x ahead
EYE = se3((0.2, 0.0, 1.5)) @ OPTICAL


def cards(seed: int = 3) -> np.ndarray:
    """Upright cards: distance, left edge, width, height, grey."""
    rng = np.random.default_rng(seed)
    n = 40
    return np.column_stack([rng.uniform(6, 30, n), rng.uniform(-18, 18, n), rng.uniform(0.5, 2.5, n), rng.uniform(1.0, 4.0, n), rng.uniform(30, 225, n)])


def scene() -> SensorFrame:
    """One instant in front of the cards; the LiDAR's intensity is the card's grey."""
    shown, focal, (width, height) = cards(), 300.0, (640, 360)
    rgb = np.full((height, width, 3), 120, np.uint8)
    for away, left, wide, tall, grey in shown[np.argsort(-shown[:, 0])]:
        z = away - 0.2
        u = [round(width / 2 + focal * -y / z) for y in (left + wide, left)]
        v = [round(height / 2 + focal * (1.5 - top) / z) for top in (tall, 0.0)]
        rgb[max(v[0], 0) : max(v[1], 0), max(u[0], 0) : max(u[1], 0)] = int(grey)
    azimuth, elevation = np.meshgrid(np.deg2rad(np.arange(-50, 50, 0.4)), np.deg2rad(np.arange(-14, 8, 0.5)))
    rays = np.stack([np.ones(azimuth.size), np.tan(azimuth.ravel()), np.tan(elevation.ravel()) / np.cos(azimuth.ravel())], axis=1)
    depth, strength = np.full(len(rays), 55.0), np.full(len(rays), 120.0)
    for away, left, wide, tall, grey in shown:
        y, z = rays[:, 1] * away, 1.8 + rays[:, 2] * away
        hit = (y > left) & (y < left + wide) & (z > 0) & (z < tall) & (away < depth)
        depth[hit], strength[hit] = away, grey
    cloud = PointCloud(stamp_ns=1, frame_id="lidar", xyz=(rays * depth[:, None]).astype(np.float32), intensity=strength.astype(np.float32),
                       velocity=np.full(len(rays), np.nan, np.float32))  # fmt: skip
    model = CameraModel(frame_id="cam", width=width, height=height, K=np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]]))
    view = CameraView(name="front", image=CameraImage(stamp_ns=1, frame_id="cam", rgb=rgb), model=model, T_base_cam=EYE)
    return SensorFrame(stamp_ns=1, cameras=(view,), lidars=(PosedCloud(name="lidar", cloud=cloud, T_base_sensor=se3((0, 0, 1.8))),))


def judged(found: list[SensorFrame], turn_deg: float) -> Fit:
    """All cameras of some instants together, with the LiDAR's mounting turned about its vertical axis."""
    turn = se3((0.0, 0.0, 0.0), (0.0, 0.0, float(np.deg2rad(turn_deg))))
    looks: dict[str, list] = {}
    for frame in found:
        lidars = [replace(p, T_base_sensor=p.T_base_sensor @ turn) for p in frame.lidars]
        for view in frame.cameras:
            looks.setdefault(view.name, []).append(look(view, lidars))
    result = fit(list(looks.values()))
    assert result is not None
    return result


@pytest.mark.parametrize(("turn", "verdict", "yaw"), [(0.0, "agree", 0.0), (3.0, "off", -3.0), (-4.0, "off", 4.0)])
def test_a_lidar_that_is_turned_is_found_and_by_how_much(turn: float, verdict: str, yaw: float) -> None:
    """Turned to the left, its points must be moved back to the right."""
    found = judged([scene()], turn)
    assert found.verdict == verdict
    assert found.yaw_deg == pytest.approx(yaw, abs=1.0)


def test_a_lidar_whose_axes_are_mixed_up_is_found() -> None:
    assert judged([scene()], 90.0).turn_deg == -90.0


def mirrored(frame: SensorFrame) -> SensorFrame:
    """As from a driver that takes y to the right."""
    flip = np.array([1.0, -1.0, 1.0], np.float32)
    return replace(frame, lidars=tuple(replace(p, cloud=replace(p.cloud, xyz=p.cloud.xyz * flip)) for p in frame.lidars))


@pytest.mark.fault("F06", "S07")
def test_a_lidar_whose_left_is_right_is_found() -> None:
    found = judged([mirrored(scene())], 0.0)
    assert (found.verdict, found.turn_deg) == ("mirrored", 0.0)


def test_nothing_is_claimed_of_a_picture_that_shows_nothing() -> None:
    frame = scene()
    grey = np.random.default_rng(0).normal(120, 4, (360, 640, 3)).astype(np.uint8)
    blank = replace(frame, cameras=(replace(frame.cameras[0], image=replace(frame.cameras[0].image, rgb=grey)),))
    assert judged([blank], 0.0).verdict == "unclear"
    assert judged([blank], 3.0).verdict == "unclear"


def test_no_point_in_the_picture_is_no_verdict() -> None:
    view, nothing = scene().cameras[0], replace(scene().lidars[0].cloud, xyz=np.full((5000, 3), -9.0, np.float32), intensity=np.ones(5000, np.float32),
                                                velocity=np.full(5000, np.nan, np.float32))  # fmt: skip
    assert fit([[look(view, [PosedCloud(name="lidar", cloud=nothing, T_base_sensor=np.eye(4))])]]) is None


def test_depth_edges_are_the_near_sides_of_jumps() -> None:
    """A pole at 5 m before a wall at 20 m."""
    azimuth = np.deg2rad(np.arange(-20, 20, 0.5))
    away = np.where(np.abs(azimuth) < np.deg2rad(3), 5.0, 20.0)
    points = np.column_stack([away * np.cos(azimuth), away * np.sin(azimuth), np.zeros(len(away))])
    edges = depth_edges(points, np.zeros(3))
    assert np.hypot(*edges.T[:2]) == pytest.approx(5.0)
    assert len(edges) == 2


@pytest.mark.parametrize("name", ["dgp_scene_01", "nuscenes_keyframe"])
@pytest.mark.parametrize(("turn", "verdict"), [(0.0, "agree"), (3.0, "off"), (-3.0, "off")])
def test_real_cameras_and_lidars_agree_until_one_is_turned(real_data: Path, name: str, turn: float, verdict: str) -> None:
    found = judged([f for f in frames(real_data / name / "bag", ModelSpec()) if f.lidars], turn)
    assert found.verdict == verdict
    assert found.yaw_deg == pytest.approx(-turn, abs=1.0)


def test_a_real_lidar_frame_that_is_taken_for_rep_103_is_found(real_data: Path) -> None:
    """The recording's LiDAR looks along y; without the quarter turn of its mounting nothing fits."""
    assert judged(frames(real_data / "nuscenes_keyframe" / "bag", ModelSpec()), 90.0).turn_deg == -90.0


@pytest.mark.fault("F06", "S07")
@pytest.mark.parametrize(("name", "turn"), [("dgp_scene_01", 0.0), ("nuscenes_keyframe", 180.0)])
def test_a_real_lidar_whose_left_is_right_is_found(real_data: Path, name: str, turn: float) -> None:
    """The second LiDAR looks along y: what is exchanged is ahead and behind."""
    found = judged([mirrored(f) for f in frames(real_data / name / "bag", ModelSpec()) if f.lidars], 0.0)
    assert (found.verdict, found.turn_deg) == ("mirrored", turn)

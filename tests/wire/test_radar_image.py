# SPDX-License-Identifier: Apache-2.0
"""Pictures of scanning radars become returns where the things are."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from mm_nav.bags.reader import BagReader
from mm_nav.errors import MessageError
from mm_nav.wire import decode
from mm_nav.wire.radar_image import decode_radar_image


def picture(power: np.ndarray) -> Any:
    header = SimpleNamespace(stamp=SimpleNamespace(sec=7, nanosec=5), frame_id="/radar")
    data = cv2.imencode(".png", power)[1].reshape(-1)
    return SimpleNamespace(header=header, format="png", data=data)


def test_a_bright_bin_is_one_return_at_its_range_clockwise_from_ahead() -> None:
    """Column 100 of 400 looks to the right; rows are 0.5 m, so that row 40 is 20 m away."""
    power = np.random.default_rng(0).integers(10, 20, (200, 400)).astype(np.uint8)
    power[40, 100], power[60, 0] = 120, 90
    cloud = decode_radar_image(picture(power), 0.5)
    assert (cloud.stamp_ns, cloud.frame_id) == (7_000_000_005, "radar")
    right, ahead = sorted(cloud.xyz.tolist(), key=lambda p: p[0])
    assert right == pytest.approx([-20.25 * np.sin(np.pi / 400), -20.25 * np.cos(np.pi / 400), 0.0], abs=1e-3)
    assert ahead == pytest.approx([30.25 * np.cos(np.pi / 400), -30.25 * np.sin(np.pi / 400), 0.0], abs=1e-3)
    assert sorted(cloud.intensity) == pytest.approx([37, 51], abs=3)  # half a decibel per grey level above the noise
    assert np.isnan(cloud.velocity).all()


def test_each_azimuth_has_its_time_where_the_turn_is_known() -> None:
    power = np.random.default_rng(0).integers(10, 20, (200, 400)).astype(np.uint8)
    power[40, 99], power[60, 399] = 120, 90
    cloud = decode_radar_image(picture(power), 0.5, scan_period_s=0.25)
    assert cloud.time_s is not None
    assert sorted(cloud.time_s) == pytest.approx([-0.25 * 0.75, 0.0], abs=1e-6)
    assert decode_radar_image(picture(power), 0.5).time_s is None


def test_noise_and_the_antennas_own_ringing_are_no_returns() -> None:
    power = np.random.default_rng(1).integers(0, 24, (200, 400)).astype(np.uint8)
    power[:4] = 255
    assert len(decode_radar_image(picture(power), 0.5).xyz) == 0


def test_a_picture_that_cannot_be_polar_is_refused() -> None:
    with pytest.raises(MessageError, match="rows must be ranges, columns azimuths"):
        decode_radar_image(picture(np.zeros((8, 400), np.uint8)))


def test_a_cameras_picture_stays_a_picture() -> None:
    message = picture(np.zeros((64, 64), np.uint8))
    assert decode("sensor_msgs/msg/CompressedImage", message).rgb.shape == (64, 64, 3)  # type: ignore[union-attr]
    assert len(decode("sensor_msgs/msg/CompressedImage", message, instead=decode_radar_image).xyz) == 0  # type: ignore[union-attr]


def test_real_returns_lie_on_the_bright_cells_of_the_cartesian_picture_and_in_the_annotated_boxes(real_data: Path) -> None:
    """The cartesian picture is the radar's own: 0.173611 m per pixel around (576, 576), up is ahead."""
    polar, cartesian = {}, {}
    with BagReader(real_data / "radiate_foggy" / "bag") as reader:
        for message in reader.messages(["/radar/polar/compressed", "/radar/cartesian/compressed"]):
            if "polar" in message.topic:
                polar[message.log_time_ns] = decode_radar_image(message.msg)
            else:
                cartesian[message.log_time_ns] = cv2.imdecode(np.asarray(message.msg.data), cv2.IMREAD_GRAYSCALE)
    assert len(polar) == 18
    for stamp_ns, cloud in polar.items():
        power = cartesian[stamp_ns]
        column, row = (np.clip(np.round(576 - v / 0.173611).astype(int), 0, 1151) for v in (cloud.xyz[:, 1], cloud.xyz[:, 0]))
        assert power[row, column].mean() > 2.5 * power.mean()
        assert power[row, column].mean() > 2.0 * power[row, 1151 - column].mean()  # mirrored, they would lie anywhere
    boxes = json.loads((real_data / "radiate_foggy" / "annotations.json").read_text())
    assert _hit(polar, boxes) > 0.8


def _hit(polar: dict[int, Any], boxes: Any) -> float:
    """Share of annotated boxes with a return in them."""
    found = []
    for frame in boxes["frames"]:
        cloud = polar[min(polar, key=lambda s: abs(s - frame["stamp_ns"]))]
        for box in frame["boxes"]:
            c, s = np.cos(box["yaw"]), np.sin(box["yaw"])
            dx, dy = cloud.xyz[:, 0] - box["center_xy"][0], cloud.xyz[:, 1] - box["center_xy"][1]
            inside = (np.abs(c * dx + s * dy) < box["length"] / 2) & (np.abs(c * dy - s * dx) < box["width"] / 2)
            found.append(bool(inside.any()))
    print(f'{sum(found)} of {len(found)} boxes hold a return')
    return float(np.mean(found))

# SPDX-License-Identifier: Apache-2.0
"""Mountings from calibrations of KITTI and nuScenes, as the parameter ``calibration`` takes them."""

import json
from pathlib import Path

import numpy as np
import pytest

from mm_nav.errors import ConfigError
from mm_nav.wire.extrinsics import fixes, mount

HALF = 0.7071067811865476


def rows(**changes: object) -> list[dict[str, object]]:
    return [{"channel": "LIDAR_TOP", "translation": [0.9, 0.0, 1.8], "rotation": [HALF, 0, 0, -HALF], "camera_intrinsic": [], **changes},
            {"name": "cam_front", "translation": [1.7, 0.1, 1.5], "rotation": [0.5, -0.5, 0.5, -0.5]}]  # fmt: skip


def test_a_list_of_nuscenes_sensors_places_each_in_base_link(tmp_path: Path) -> None:
    file = tmp_path / "rig.json"
    file.write_text(json.dumps(rows()))
    tree = mount({}, str(file), "base_link")
    np.testing.assert_allclose(tree.lookup("base_link", "lidar_top") @ [0, 1, 0, 1], [1.9, 0, 1.8, 1], atol=1e-9)  # its y is ahead
    np.testing.assert_allclose(tree.lookup("base_link", "cam_front")[:3, 3], [1.7, 0.1, 1.5])
    assert fixes(str(file)) == {}


def test_names_come_from_the_table_of_sensors_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sensor.json").write_text(json.dumps([{"token": "t", "channel": "RADAR_FRONT"}]))
    file = tmp_path / "calibrated_sensor.json"
    file.write_text(json.dumps([{"sensor_token": "t", "translation": [3.4, 0, 0.5], "rotation": [1, 0, 0, 0]}]))
    assert mount({}, str(file), "base_link").lookup("base_link", "radar_front")[0, 3] == 3.4


@pytest.mark.parametrize(
    ("content", "said"),
    [(rows(rotation=[1, 1, 0, 0]), r"rotation \[1.0, 1.0, 0.0, 0.0\] of norm 1.414"), ([*rows(), *rows(translation=[2.0, 0, 1])], r"is at \[0.9, 0.0, 1.8\] and at \[2.0"),
     ([{"translation": [0, 0, 0]}], "is no list of sensors"), ({"a": 1}, "is no list of sensors")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_values(tmp_path: Path, content: object, said: str) -> None:
    (tmp_path / "rig.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=said):
        mount({}, str(tmp_path / "rig.json"), "base_link")


def test_a_kitti_days_folder_places_camera_and_unit_by_the_lidar(tmp_path: Path) -> None:
    """With axes that are only swapped: the camera looks along the LiDAR's x, 0.3 m before it; the unit sits behind and below."""
    (tmp_path / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 -0.3\n")
    (tmp_path / "calib_imu_to_velo.txt").write_text("R: 1 0 0 0 1 0 0 0 1\nT: -0.8 0.3 -0.8\n")
    (tmp_path / "calib_cam_to_cam.txt").write_text("R_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: 700 0 600 35 0 700 170 0 0 0 1 0\n")
    tree = mount({}, str(tmp_path), "base_link")
    np.testing.assert_allclose(tree.lookup("base_link", "velodyne")[:3, 3], [0, 0, 1.73])
    np.testing.assert_allclose(tree.lookup("base_link", "imu")[:3, 3], [-0.8, 0.3, 0.93])
    # P's fourth column: 35 = 700 * 0.05, the left camera is 5 cm to the left of camera 0
    np.testing.assert_allclose(tree.lookup("base_link", "camera_left_optical")[:3, 3], [0.3, 0.05, 1.73], atol=1e-9)
    np.testing.assert_allclose(tree.lookup("base_link", "camera_left_optical")[:3, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-9)


def test_a_folder_without_calibration_says_which_file_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"calib_cam_to_cam.txt cannot be read"):
        mount({}, str(tmp_path), "base_link")

# SPDX-License-Identifier: Apache-2.0
"""Mountings from parameters and calibration files."""

from pathlib import Path

import numpy as np
import pytest

from mm_nav.core.geometry import se3
from mm_nav.errors import ConfigError
from mm_nav.wire.extrinsics import mount


def calibration(folder: Path, text: str) -> str:
    path = folder / "calibration.yaml"
    path.write_text(text)
    return str(path)


def test_a_parameter_places_a_frame_in_the_base_frame() -> None:
    tree = mount({"lidar": (0.1, 0.2, 0.5, 0.0, 0.0, 0.0, 1.0)}, "", "base_footprint")
    np.testing.assert_allclose(tree.lookup("base_footprint", "lidar"), se3((0.1, 0.2, 0.5)))


def test_a_calibration_file_may_chain_frames_and_use_either_rotation(tmp_path: Path) -> None:
    path = calibration(tmp_path, "frames:\n  mast: {xyz: [0, 0, 1]}\n  cam: {parent: mast, xyz: [0.5, 0, 0], rpy: [0, 0, 1.5707963]}\n")
    np.testing.assert_allclose(mount({}, path, "base_link").lookup("base_link", "cam"), se3((0.5, 0, 1), (0, 0, 1.5707963)))


def test_parameters_and_the_file_that_disagree_are_refused(tmp_path: Path) -> None:
    path = calibration(tmp_path, "frames:\n  lidar: {xyz: [0, 0, 2]}\n")
    with pytest.raises(ConfigError, match="lidar"):
        mount({"lidar": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)}, path, "base_link")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frames: [", "is not YAML"),
        ("lidar: {xyz: [0, 0, 0]}", "has no mapping 'frames'"),
        ("frames:\n  lidar: {xyz: [0, 0]}", r"'lidar' xyz is \[0, 0\]; it must be 3 numbers"),
        ("frames:\n  lidar: {xyz: [0, 0, 0], xyzw: [0, 0, 0, 2]}", "norm 2; it must be a unit one"),
        ("frames:\n  lidar: {xyz: [0, 0, 0], rpy: [0, 0, 0], xyzw: [0, 0, 0, 1]}", "keep one"),
        ("frames:\n  lidar: {xyz: [0, 0, .nan]}", "not a finite rigid motion"),
        ("frames:\n  lidar: {xyz: [0, 0, 0], ypr: [0, 0, 0]}", "may have parent"),
    ],
)
def test_a_malformed_calibration_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        mount({}, calibration(tmp_path, text), "base_link")


def test_a_missing_calibration_and_a_zero_quaternion_are_named() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        mount({}, "no_such_calibration.yaml", "base_link")
    with pytest.raises(ConfigError, match=r"extrinsics\.lidar.*norm 0"):
        mount({"lidar": (0.0,) * 7}, "", "base_link")

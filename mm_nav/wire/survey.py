# SPDX-License-Identifier: Apache-2.0
"""Calibrations in the forms of KITTI and nuScenes. Knows no recording.

KITTI raw: a day's folder with calib_velo_to_cam.txt, calib_imu_to_velo.txt and calib_cam_to_cam.txt (Geiger et al. 2013); base_link is
on the ground under the LiDAR. nuScenes: a JSON list of sensors with translation and rotation (w x y z), as calibrated_sensor.json;
names come from ``channel``, ``name``, or the sensor.json beside it (Caesar et al. 2020).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from mm_nav.core.geometry import from_quaternion, inverse, se3
from mm_nav.errors import ConfigError

LIDAR, LIDAR_HEIGHT_M = "velodyne", 1.73
T_BASE_LIDAR = se3((0.0, 0.0, LIDAR_HEIGHT_M))
CAMERAS = {"00": "grey_left", "01": "grey_right", "02": "left", "03": "right"}
QUATERNION_TOLERANCE = 1e-2


def kitti_mountings(folder: Path) -> dict[str, Float64[np.ndarray, "4 4"]]:
    """Poses in base_link of all that a day's calibration names.

    Raises:
        ConfigError: a file is missing or malformed.
    """
    out = {LIDAR: T_BASE_LIDAR}
    for number, name in CAMERAS.items():
        if f"P_rect_{number}" in _values(folder / "calib_cam_to_cam.txt"):
            out[f"camera_{name}_optical"] = kitti_camera(folder, number)[1]
    if (folder / "calib_imu_to_velo.txt").is_file():
        out["imu"] = T_BASE_LIDAR @ kitti_rigid(folder / "calib_imu_to_velo.txt")
    return out


def kitti_camera(folder: Path, number: str) -> tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "4 4"]]:
    """K of a rectified camera and its pose in base_link: x = P_rect R_rect_00 T_cam0_velo X.

    Raises:
        ConfigError: a file is missing or malformed.
    """
    file = folder / "calib_cam_to_cam.txt"
    found = _values(file)
    P, R = found.get(f"P_rect_{number}"), found.get("R_rect_00")
    if P is None or R is None or P.size != 12 or R.size != 9:
        raise ConfigError(f"{file} lacks P_rect_{number} or R_rect_00; download the calibration of this day again")
    P = P.reshape(3, 4)
    rectified, beside = np.eye(4), np.eye(4)
    rectified[:3, :3] = R.reshape(3, 3)
    beside[:3, 3] = np.linalg.solve(P[:, :3], P[:, 3])
    T_cam_velo = beside @ rectified @ kitti_rigid(folder / "calib_velo_to_cam.txt")
    U, _, V = np.linalg.svd(T_cam_velo[:3, :3])  # seven digits in the files: make it a rotation again
    T_cam_velo[:3, :3] = U @ V
    return P[:, :3], T_BASE_LIDAR @ inverse(T_cam_velo)


def kitti_rigid(file: Path) -> Float64[np.ndarray, "4 4"]:
    """R and T of a calibration file.

    Raises:
        ConfigError: the file is missing or malformed.
    """
    found = _values(file)
    if {"R", "T"} - found.keys() or found["R"].size != 9 or found["T"].size != 3:
        raise ConfigError(f"{file} lacks R (9 numbers) or T (3 numbers); download the calibration of this day again")
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = found["R"].reshape(3, 3), found["T"]
    return T


def nuscenes_mountings(file: Path) -> dict[str, Float64[np.ndarray, "4 4"]]:
    """Poses in base_link by lower-case name.

    Raises:
        ConfigError: not such a list, a name that stands for two mountings, or a quaternion that is no unit one.
    """
    rows, beside = _json(file), file.with_name("sensor.json")
    channels = {row["token"]: row["channel"] for row in _json(beside)} if beside.is_file() and beside != file else {}
    out: dict[str, Float64[np.ndarray, "4 4"]] = {}
    try:
        for row in rows:
            name = str(row.get("channel") or row.get("name") or channels[row["sensor_token"]]).lower()
            T = nuscenes_pose(row, f"{file}: {name}")
            if name in out and not np.allclose(out[name], T, atol=1e-3):
                raise ConfigError(f"{file}: {name} is at {out[name][:3, 3].tolist()} and at {T[:3, 3].tolist()}; give the calibration of one vehicle")
            out[name] = T
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(f"{file} is no list of sensors ({error!r}); each needs channel, translation and rotation (w x y z)") from error
    return out


def nuscenes_pose(row: dict[str, Any], place: str) -> Float64[np.ndarray, "4 4"]:
    """Translation and rotation (w x y z) of a row.

    Raises:
        ConfigError: the quaternion is no unit one.
    """
    w, x, y, z = (float(v) for v in row["rotation"])
    norm = float(np.linalg.norm([w, x, y, z]))
    if not abs(norm - 1) <= QUATERNION_TOLERANCE:
        raise ConfigError(f"{place} has rotation {[w, x, y, z]} of norm {norm:.4g}; it must be a unit quaternion (w x y z)")
    return from_quaternion(np.array(row["translation"], np.float64), np.array([x, y, z, w]) / norm)


def _values(file: Path) -> dict[str, Float64[np.ndarray, " n"]]:
    """``KEY: numbers`` of a calibration file."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read ({error}); download the calibration of this day again") from error
    out = {}
    for line in lines:
        key, _, numbers = line.partition(":")
        try:
            out[key.strip()] = np.array(numbers.split(), np.float64)
        except ValueError:  # calib_time
            continue
    return out


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read as JSON ({error}); check the path") from error

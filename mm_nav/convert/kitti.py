# SPDX-License-Identifier: Apache-2.0
"""KITTI raw drives (synced and rectified) as recordings. The format is plain text and binary, so no reader of others is needed.

Geiger et al. 2013, Vision meets Robotics. A drive's folder holds image_00..03, velodyne_points and oxts, each with timestamps.txt;
the folder above it holds calib_*.txt. base_link is on the ground under the LiDAR, which is 1.73 m above it. Stamps have no
time zone and are taken as UTC.
"""

from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from jaxtyping import Float64

from mm_nav.convert import scene
from mm_nav.core.geometry import inverse, se3
from mm_nav.core.types import CameraModel, Odometry
from mm_nav.errors import ConfigError
from mm_nav.wire.encode import encode_odometry
from mm_nav.wire.outcome import LabelledBox

EARTH_M = 6378137.0
LIDAR_HEIGHT_M = 1.73
CAMERAS = {"00": "grey_left", "01": "grey_right", "02": "left", "03": "right"}
LIDAR, T_BASE_LIDAR = "velodyne", se3((0.0, 0.0, LIDAR_HEIGHT_M))


def events(drive: Path) -> tuple[list[scene.Event], dict[str, Float64[np.ndarray, "4 4"]]]:
    """Everything in a drive, and its mountings.

    Raises:
        ConfigError: a file is missing or malformed.
    """
    if not (drive / "velodyne_points").is_dir() and not any((drive / f"image_{c}").is_dir() for c in CAMERAS):
        raise ConfigError(f"{drive} has neither velodyne_points nor image_00..03; give a drive, as 2011_09_26/2011_09_26_drive_0001_sync")
    calibration = drive.parent
    out, mounts = [], {LIDAR: T_BASE_LIDAR}
    stamps = _stamps(drive / "velodyne_points") if (drive / "velodyne_points").is_dir() else {}
    for name, stamp_ns in stamps.items():
        file = drive / "velodyne_points" / "data" / f"{name}.bin"
        out.append(scene.scan("/lidar/points", LIDAR, ("x", "y", "z", "intensity"), lambda f=file: scene.floats(f, 4), stamp_ns))  # type: ignore[misc]
    for number, camera in CAMERAS.items():
        if (drive / f"image_{number}").is_dir():
            K, T = _camera(calibration, number)
            frame = f"camera_{camera}_optical"
            mounts[frame] = T
            out += _pictures(drive / f"image_{number}", camera, frame, K)
    if (drive / "oxts").is_dir():
        out += _odometry(drive / "oxts", calibration)
    if (drive / "tracklet_labels.xml").is_file():
        out += _boxes(drive / "tracklet_labels.xml", stamps)
    return out, mounts


def _stamps(folder: Path) -> dict[str, int]:
    """Names of the frames that are there, and nanoseconds; a frame that is missing (as in drive 0009) has no file."""
    lines = [line for line in scene.content(folder / "timestamps.txt").decode().splitlines() if line.strip()]
    there = {file.stem for file in (folder / "data").glob("*")}
    out = {}
    for number, line in enumerate(lines):
        if f"{number:010d}" in there:
            out[f"{number:010d}"] = _nanoseconds(line.strip(), folder)
    return out


def _nanoseconds(text: str, folder: Path) -> int:
    whole, _, fraction = text.partition(".")
    try:
        at = datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
        return int(at.timestamp()) * 10**9 + int(fraction.ljust(9, "0")[:9] or 0)
    except ValueError as error:
        raise ConfigError(f"{folder / 'timestamps.txt'} has {text!r}; it must be as 2011-09-26 13:02:25.594360375") from error


def _values(file: Path) -> dict[str, Float64[np.ndarray, " n"]]:
    """``KEY: numbers`` of a calibration file."""
    out = {}
    for line in scene.content(file).decode().splitlines():
        key, _, numbers = line.partition(":")
        try:
            out[key.strip()] = np.array(numbers.split(), np.float64)
        except ValueError:  # calib_time
            continue
    return out


def _rigid(file: Path) -> Float64[np.ndarray, "4 4"]:
    found = _values(file)
    if {"R", "T"} - found.keys() or found["R"].size != 9 or found["T"].size != 3:
        raise ConfigError(f"{file} lacks R (9 numbers) or T (3 numbers); download the calibration of this day again")
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = found["R"].reshape(3, 3), found["T"]
    return T


def _camera(folder: Path, number: str) -> tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "4 4"]]:
    """K of a rectified camera and its pose in base_link: x = P_rect R_rect_00 T_cam0_velo X."""
    file = folder / "calib_cam_to_cam.txt"
    found = _values(file)
    P, R = found.get(f"P_rect_{number}"), found.get("R_rect_00")
    if P is None or R is None or P.size != 12 or R.size != 9:
        raise ConfigError(f"{file} lacks P_rect_{number} or R_rect_00; download the calibration of this day again")
    P = P.reshape(3, 4)
    rectified, beside = np.eye(4), np.eye(4)
    rectified[:3, :3] = R.reshape(3, 3)
    beside[:3, 3] = np.linalg.solve(P[:, :3], P[:, 3])
    T_cam_velo = beside @ rectified @ _rigid(folder / "calib_velo_to_cam.txt")
    U, _, V = np.linalg.svd(T_cam_velo[:3, :3])  # seven digits in the files: make it a rotation again
    T_cam_velo[:3, :3] = U @ V
    return P[:, :3], T_BASE_LIDAR @ inverse(T_cam_velo)


def _pictures(folder: Path, camera: str, frame: str, K: Float64[np.ndarray, "3 3"]) -> list[scene.Event]:
    out = []
    size: tuple[int, int] | None = None
    for name, stamp_ns in _stamps(folder).items():
        file = next(iter((folder / "data").glob(f"{name}.*")))
        size = size or _size(file)
        model = CameraModel(frame_id=frame, width=size[0], height=size[1], K=K, distortion_model="plumb_bob", D=np.zeros(5))
        out.append(scene.picture(camera, file, model, stamp_ns))
    return out


def _size(file: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    head = scene.content(file)[:24]
    if head[1:4] != b"PNG":
        raise ConfigError(f"{file} is no PNG; use the synced and rectified data")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _odometry(folder: Path, calibration: Path) -> list[scene.Event]:
    """Poses by Mercator's projection at the first latitude, velocities as the unit measured them (dataformat.txt of oxts)."""
    T_velo_imu = _rigid(calibration / "calib_imu_to_velo.txt")
    T_base_imu = T_BASE_LIDAR @ T_velo_imu
    scale, start = 0.0, np.eye(4)
    out: list[scene.Event] = []
    for name, stamp_ns in _stamps(folder).items():
        row = np.array(scene.content(folder / "data" / f"{name}.txt").split(), np.float64)
        if row.size < 23 or not np.isfinite(row[:23]).all():
            raise ConfigError(f"{folder / 'data' / name}.txt has {row.size} numbers; an oxts packet has 30")
        lat, lon, alt, roll, pitch, yaw = (float(v) for v in row[:6])
        scale = scale or float(np.cos(np.deg2rad(lat)))
        east = scale * EARTH_M * np.deg2rad(lon)
        north = scale * EARTH_M * float(np.log(np.tan(np.deg2rad(90 + lat) / 2)))
        T_world_base = se3((east, north, alt), (roll, pitch, yaw)) @ inverse(T_base_imu)
        if not out:
            start = inverse(T_world_base)
        angular = T_base_imu[:3, :3] @ row[17:20]
        linear = T_base_imu[:3, :3] @ row[8:11] - np.cross(angular, T_base_imu[:3, 3])
        message = encode_odometry(Odometry(stamp_ns=stamp_ns, frame_id=scene.ODOM, child_frame_id=scene.BASE, T_odom_base=start @ T_world_base,
                                           linear=linear, angular=angular))  # fmt: skip
        out.append(scene.Event(stamp_ns, lambda m=message: [("/odom", m), ("/ground_truth/odom", m)]))  # type: ignore[misc]
    return out


def _boxes(file: Path, stamps: dict[str, int]) -> list[scene.Event]:
    """Tracklets are in the LiDAR's frame, their place is the middle of the bottom."""
    try:
        root = ET.fromstring(scene.content(file))  # noqa: S314 - the parser expands no external entities
        by_frame: dict[int, list[LabelledBox]] = {}
        for number, item in zip(count(), root.findall("./tracklets/item"), strict=False):
            h, w, length = (float(item.findtext(k, "nan")) for k in ("h", "w", "l"))
            word, first = item.findtext("objectType", "misc"), int(item.findtext("first_frame", "0"))
            for frame, pose in enumerate(item.findall("./poses/item"), start=first):
                x, y, z, yaw = (float(pose.findtext(k, "nan")) for k in ("tx", "ty", "tz", "rz"))
                center = np.array([x, y, z + h / 2 + LIDAR_HEIGHT_M])
                by_frame.setdefault(frame, []).append(scene.box(number, word, center, np.array([length, w, h]), yaw))
    except (ET.ParseError, ValueError) as error:
        raise ConfigError(f"{file} is no tracklet file ({error}); download it again, or remove it") from error
    return [scene.boxes(listed, stamps[f"{frame:010d}"]) for frame, listed in by_frame.items() if f"{frame:010d}" in stamps]

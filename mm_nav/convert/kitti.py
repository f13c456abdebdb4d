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
from mm_nav.wire.survey import CAMERAS, LIDAR, LIDAR_HEIGHT_M, T_BASE_LIDAR, kitti_camera, kitti_rigid

EARTH_M = 6378137.0


def events(drive: Path) -> tuple[list[scene.Event], dict[str, Float64[np.ndarray, "4 4"]]]:
    """Everything in a drive, and its mountings.

    Raises:
        ConfigError: a file is missing or malformed.
    """
    if not (drive / "velodyne_points").is_dir() and not any((drive / f"image_{c}").is_dir() for c in CAMERAS):
        raise ConfigError(f"{drive} has neither velodyne_points nor image_00..03; give a drive, as 2011_09_26/2011_09_26_drive_0001_sync")
    calibration = drive.parent
    out, mounts = [], {LIDAR: T_BASE_LIDAR}
    scans = _frames(drive / "velodyne_points") if (drive / "velodyne_points").is_dir() else {}
    for file, stamp_ns in scans.values():
        out.append(scene.scan("/lidar/points", LIDAR, ("x", "y", "z", "intensity"), lambda f=file: scene.floats(f, 4), stamp_ns))  # type: ignore[misc]
    for number, camera in CAMERAS.items():
        if (drive / f"image_{number}").is_dir():
            K, T = kitti_camera(calibration, number)
            frame = f"camera_{camera}_optical"
            mounts[frame] = T
            out += _pictures(drive / f"image_{number}", camera, frame, K)
    if (drive / "oxts").is_dir():
        out += _odometry(drive / "oxts", calibration)
    if (drive / "tracklet_labels.xml").is_file():
        out += _boxes(drive / "tracklet_labels.xml", {name: stamp_ns for name, (_, stamp_ns) in scans.items()})
    return out, mounts


def _frames(folder: Path) -> dict[str, tuple[Path, int]]:
    """Files of the frames that are there by name, and nanoseconds; a frame that is missing (as in drive 0009) has no file."""
    text = scene.content(folder / "timestamps.txt").decode("ascii", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    there = {file.stem: file for file in (folder / "data").glob("*")}
    names = {f"{number:010d}": line for number, line in enumerate(lines)}
    out = {name: (there[name], _nanoseconds(line, folder)) for name, line in names.items() if name in there}
    if spare := sorted(there.keys() - names.keys()):
        raise ConfigError(f"{folder / 'timestamps.txt'} has {len(lines)} lines, none of which is for {there[spare[0]]}; copy it again")
    return out


def _nanoseconds(text: str, folder: Path) -> int:
    whole, _, fraction = text.partition(".")
    try:
        at = datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
        return int(at.timestamp()) * 10**9 + int(fraction.ljust(9, "0")[:9] or 0)
    except ValueError as error:
        raise ConfigError(f"{folder / 'timestamps.txt'} has {text!r}; it must be as 2011-09-26 13:02:25.594360375") from error


def _pictures(folder: Path, camera: str, frame: str, K: Float64[np.ndarray, "3 3"]) -> list[scene.Event]:
    out = []
    size: tuple[int, int] | None = None
    for file, stamp_ns in _frames(folder).values():
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
    T_velo_imu = kitti_rigid(calibration / "calib_imu_to_velo.txt")
    T_base_imu = T_BASE_LIDAR @ T_velo_imu
    scale, start = 0.0, np.eye(4)
    out: list[scene.Event] = []
    for file, stamp_ns in _frames(folder).values():
        row = _packet(file)
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


def _packet(file: Path) -> Float64[np.ndarray, " n"]:
    """Numbers of one measurement, the first 23 of which are used."""
    words = scene.content(file).split()
    try:
        row = np.array(words, np.float64)
    except ValueError as error:
        raise ConfigError(f"{file} is not made of numbers ({error}); download it again") from error
    if row.size < 23 or not np.isfinite(row[:23]).all():
        raise ConfigError(f"{file} has {int(np.isfinite(row).sum())} finite numbers of {row.size}; an oxts packet has 30")
    return row


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

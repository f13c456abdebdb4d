# SPDX-License-Identifier: Apache-2.0
"""PointCloud2, LaserScan and radar messages to points, by field name and datatype. Knows no ROS package."""

from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from mm_nav.core.types import PointCloud
from mm_nav.errors import MessageError
from mm_nav.wire import point_time
from mm_nav.wire.message import bytes_of, frame_of, stamp_of

DATATYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
INTENSITY = ("rcs", "intensity", "intensities", "reflectivity", "power", "snr", "amplitude", "i")
VELOCITY = (
    "velocity",
    "doppler",
    "doppler_velocity",
    "range_rate",
    "v_r",
    "vr",
    "radial_velocity",
    "radial_speed",
    "vel",
)
RANGE, AZIMUTH, ELEVATION = ("range", "r"), ("azimuth", "azimuth_angle", "az"), ("elevation", "elevation_angle", "el")

Layout = dict[str, tuple[int, np.dtype[Any]]]  # lower-case field name -> offset in a point, dtype


def decode_point_cloud(msg: Any) -> PointCloud:
    """A sensor_msgs/PointCloud2 of any layout: fields in any order and type, holes, padded rows, either byte order.

    Positions come from x, y, z or, for radars, from range, azimuth and elevation (radians). Points with a non-finite
    coordinate are removed; a non-finite intensity becomes 0, a non-finite velocity NaN. Bytes after the last row are
    ignored. No point is a valid cloud. ``time_s`` comes from a field of time, in any unit (wire/point_time.py).

    Raises:
        MessageError: ``bad_layout``, ``short_data`` or ``no_xyz``.
    """
    stamp_ns, frame_id = stamp_of(msg.header), frame_of(msg.header)
    if int(msg.width) * int(msg.height) == 0:
        none = np.zeros(0, np.float32)
        return PointCloud(
            stamp_ns=stamp_ns, frame_id=frame_id, xyz=np.zeros((0, 3), np.float32), intensity=none, velocity=none
        )
    layout = _layout(msg)
    polar = None if {"x", "y", "z"} <= layout.keys() else _polar(layout)
    used = ["x", "y", "z"] if polar is None else polar
    intensity = _first(layout, INTENSITY)
    velocity = _first(layout, VELOCITY)
    moment = _first(layout, point_time.NAMES)
    used += [name for name in (intensity, velocity, moment) if name is not None]
    points = _points(msg, {name: layout[name] for name in used})
    with np.errstate(over="ignore", invalid="ignore"):
        xyz = _cartesian(points) if polar is None else _from_polar(points, polar)
        count = len(xyz)
        strength = np.zeros(count, np.float32) if intensity is None else _column(points, intensity)
        speed = np.full(count, np.nan, np.float32) if velocity is None else _column(points, velocity)
        times = None if moment is None else point_time.seconds(points[moment].reshape(-1), stamp_ns)
        if not np.isfinite(xyz[:, 0] + xyz[:, 1] + xyz[:, 2]).all():  # a finite sum has finite parts
            keep = np.isfinite(xyz).all(axis=1)
            xyz, strength, speed = xyz[keep], strength[keep], speed[keep]
            times = None if times is None else times[keep]
    strength[~np.isfinite(strength)] = 0.0
    speed[~np.isfinite(speed)] = np.nan
    return PointCloud(stamp_ns=stamp_ns, frame_id=frame_id, xyz=xyz, intensity=strength, velocity=speed, time_s=times)


def decode_laser_scan(msg: Any) -> PointCloud:
    """A sensor_msgs/LaserScan or MultiEchoLaserScan as points at z = 0; NaN, infinite and out-of-range beams are dropped.

    Every echo of a beam is a point: rain and glass give several, and which is the thing is not for a decoder to say.

    Raises:
        MessageError: ``not_finite`` for angles that are no numbers.
    """
    start, increment = float(msg.angle_min), float(msg.angle_increment)
    if not np.isfinite((start, increment)).all():
        raise MessageError("not_finite", f"scan angle_min {start}, angle_increment {increment}; check the driver")
    ranges, beam, intensity = _beams(msg)
    nearest, farthest = float(msg.range_min), float(msg.range_max)
    keep = np.isfinite(ranges) & (ranges >= nearest)
    if farthest > 0:  # 0 means not set
        keep &= ranges <= farthest
    angles = start + increment * beam[keep]
    distance = ranges[keep]
    xyz = np.zeros((len(distance), 3), np.float32)
    xyz[:, 0] = distance * np.cos(angles)
    xyz[:, 1] = distance * np.sin(angles)
    stamp_ns, step_s = stamp_of(msg.header), float(msg.time_increment)
    return PointCloud(
        stamp_ns=stamp_ns,
        frame_id=frame_of(msg.header),
        xyz=xyz,
        intensity=np.nan_to_num(intensity[keep], nan=0.0, posinf=0.0, neginf=0.0),
        velocity=np.full(len(xyz), np.nan, np.float32),
        time_s=point_time.seconds(beam[keep] * step_s, stamp_ns) if np.isfinite(step_s) and step_s > 0 else None,
    )


def decode_radar_scan(msg: Any) -> PointCloud:
    """A radar_msgs/RadarScan; amplitude (dB) is the intensity."""
    table = np.array([[r.range, r.azimuth, r.elevation, r.doppler_velocity, r.amplitude] for r in msg.returns], np.float32).reshape(-1, 5)
    table = table[np.isfinite(table[:, :3]).all(axis=1)]
    away, azimuth, elevation, speed, strength = table.T
    ground = away * np.cos(elevation)
    xyz = np.stack([ground * np.cos(azimuth), ground * np.sin(azimuth), away * np.sin(elevation)], axis=1).astype(np.float32)
    return _radar_cloud(msg, xyz, strength, speed)


def decode_radar_tracks(msg: Any) -> PointCloud:
    """A radar_msgs/RadarTracks: one point per track, with the part of its velocity along the ray."""
    table = np.array([[t.position.x, t.position.y, t.position.z, t.velocity.x, t.velocity.y, t.velocity.z] for t in msg.tracks], np.float32).reshape(-1, 6)
    table = table[np.isfinite(table[:, :3]).all(axis=1)]
    xyz = np.ascontiguousarray(table[:, :3])
    rays = xyz / np.maximum(np.linalg.norm(xyz, axis=1, keepdims=True), 1e-6)
    return _radar_cloud(msg, xyz, np.zeros(len(xyz), np.float32), (table[:, 3:] * rays).sum(axis=1))


def _radar_cloud(msg: Any, xyz: np.ndarray, strength: np.ndarray, speed: np.ndarray) -> PointCloud:
    return PointCloud(
        stamp_ns=stamp_of(msg.header), frame_id=frame_of(msg.header), xyz=xyz,
        intensity=np.nan_to_num(strength, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32),
        velocity=np.where(np.isfinite(speed), speed, np.nan).astype(np.float32),
    )  # fmt: skip


def _beams(msg: Any) -> tuple[Float32[np.ndarray, " n"], Int64[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
    """Range, number of the beam and intensity of every echo."""
    if len(msg.ranges) and hasattr(msg.ranges[0], "echoes"):
        echoes = [np.asarray(e.echoes, np.float32) for e in msg.ranges]
        strength = [np.asarray(e.echoes, np.float32) for e in msg.intensities]
        if [len(s) for s in strength] != [len(e) for e in echoes]:
            strength = [np.zeros_like(e) for e in echoes]
        beam = np.repeat(np.arange(len(echoes)), [len(e) for e in echoes])
        return np.concatenate(echoes), beam, np.concatenate(strength)
    ranges, strengths = np.asarray(msg.ranges, np.float32), np.asarray(msg.intensities, np.float32)
    return ranges, np.arange(len(ranges)), strengths if len(strengths) == len(ranges) else np.zeros(len(ranges), np.float32)


def _layout(msg: Any) -> Layout:
    """The fields that can be read; those of an unknown datatype are left out."""
    order = ">" if msg.is_bigendian else "<"
    return {
        str(f.name).lower(): (int(f.offset), np.dtype(order + DATATYPES[int(f.datatype)]))
        for f in msg.fields
        if int(f.datatype) in DATATYPES
    }


def _polar(layout: Layout) -> list[str]:
    """Names of range, azimuth and, where there is one, elevation."""
    names = [_first(layout, choice) for choice in (RANGE, AZIMUTH, ELEVATION)]
    if names[0] is None or names[1] is None:
        found = [f"{name} {dtype.name}" for name, (_, dtype) in layout.items()]
        raise MessageError("no_xyz", f"cloud has fields {found}, none says where; publish x, y, z or range, azimuth")
    return [name for name in names if name is not None]


def _first(layout: Layout, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in layout), None)


def _points(msg: Any, used: Layout) -> np.ndarray:
    """A structured view [height, width] of the used fields, sizes checked in unbounded integers before."""
    width, height, step, row = int(msg.width), int(msg.height), int(msg.point_step), int(msg.row_step)
    data = bytes_of(msg.data)
    if row == 0:  # an old velodyne driver leaves it out
        row = width * step
    if step == 0 or row < width * step:
        raise MessageError(
            "bad_layout", f"cloud of width {width} has point_step {step} and row_step {row}; fix the driver"
        )
    if len(data) < row * height:
        raise MessageError(
            "short_data", f"cloud holds {len(data)} bytes, row_step {row} x height {height} needs {row * height}"
        )
    end = 0
    for offset, name, dtype in sorted((offset, name, dtype) for name, (offset, dtype) in used.items()):
        if offset < end or offset + dtype.itemsize > step:
            raise MessageError(
                "bad_layout", f"cloud field {name!r} at byte {offset} overlaps or leaves point_step {step}"
            )
        end = offset + dtype.itemsize
    names, places = list(used), list(used.values())
    formats, offsets = [dtype for _, dtype in places], [offset for offset, _ in places]
    point = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": step})
    return np.ndarray((height, width), point, buffer=data.data, strides=(row, step))


def _column(points: np.ndarray, name: str) -> Float32[np.ndarray, " n"]:
    return points[name].astype(np.float32).reshape(-1)


def _cartesian(points: np.ndarray) -> Float32[np.ndarray, "n 3"]:
    xyz = np.empty((*points.shape, 3), np.float32)
    for axis, name in enumerate("xyz"):
        xyz[..., axis] = points[name]
    return xyz.reshape(-1, 3)


def _from_polar(points: np.ndarray, names: list[str]) -> Float32[np.ndarray, "n 3"]:
    """Azimuth turns left from x, elevation up from the xy plane."""
    distance, azimuth = _column(points, names[0]), _column(points, names[1])
    elevation = _column(points, names[2]) if len(names) > 2 else np.zeros_like(distance)
    ground = distance * np.cos(elevation)
    return np.column_stack([ground * np.cos(azimuth), ground * np.sin(azimuth), distance * np.sin(elevation)])

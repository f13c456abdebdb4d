# SPDX-License-Identifier: Apache-2.0
"""Where the sensors sit, from parameters and from a calibration file; transforms on /tf come on top. No rclpy.

A calibration file is plain YAML::

    frames:
      lidar: {parent: base_link, xyz: [0.1, 0.0, 0.5], xyzw: [0.0, 0.0, 0.0, 1.0]}
      camera_front_optical: {xyz: [0.2, 0.0, 0.4], rpy: [-1.5708, 0.0, -1.5708]}
    sources:  # only where a driver gets it wrong; names as `mm_nav inspect` shows them
      radar: {frame_id: radar, time_offset_s: -0.3}
      radar/polar: {range_resolution_m: 0.1736, scan_period_s: 0.25}  # of a scanning radar's picture: per row; of a turn

A KITTI day's folder and nuScenes' calibrated_sensor.json are read as well (wire/survey.py).
``parent`` defaults to the base frame; metres, radians (fixed axes, REP-103), unit quaternions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mm_nav.core.frames import TransformTree
from mm_nav.core.geometry import from_quaternion, se3
from mm_nav.errors import ConfigError
from mm_nav.wire.radar_image import RANGE_RESOLUTION_M
from mm_nav.wire.survey import kitti_mountings, nuscenes_mountings

QUATERNION_TOLERANCE = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFix:
    """What to change in the messages of one source: its frame and what is added to its stamps; how its pictures are to be read."""

    frame_id: str | None = None
    time_offset_s: float = 0.0
    range_resolution_m: float = RANGE_RESOLUTION_M
    scan_period_s: float = 0.0  # 0: all azimuths are of one moment


FIXES = {"frame_id", "time_offset_s", "range_resolution_m", "scan_period_s"}
NO_FIX = SourceFix()


def fixes(calibration: str) -> dict[str, SourceFix]:
    """The ``sources`` of a calibration file, by source name; none where it has none.

    Raises:
        ConfigError: the file is not there or malformed.
    """
    if Path(calibration).is_dir() or Path(calibration).suffix in (".json", ".txt"):
        return {}
    listed = _content(Path(calibration)).get("sources") or {}
    if not isinstance(listed, dict):
        raise ConfigError(f"{calibration}: sources is {str(listed)[:60]!r}; it must map names of sources")
    out = {}
    for name, entry in listed.items():
        place = f"{calibration}: source {name!r}"
        if not isinstance(entry, dict) or set(entry) - FIXES:
            raise ConfigError(f"{place} is {str(entry)[:60]!r}; it may have {', '.join(sorted(FIXES))}")
        offset, frame = entry.get("time_offset_s", 0.0), entry.get("frame_id")
        row_m, period_s = entry.get("range_resolution_m", RANGE_RESOLUTION_M), entry.get("scan_period_s", 0.0)
        if not all(type(v) in (int, float) and 0 <= v < 10 for v in (row_m, period_s)) or not row_m:
            raise ConfigError(f"{place} is {str(entry)[:60]!r}; range_resolution_m must be metres per row, scan_period_s seconds, both below 10")
        if type(offset) not in (int, float) or not np.isfinite(offset) or not (frame is None or (isinstance(frame, str) and frame)):
            raise ConfigError(f"{place} is {str(entry)[:60]!r}; time_offset_s must be a number, frame_id a name")
        out[str(name)] = SourceFix(frame_id=frame, time_offset_s=float(offset), range_resolution_m=float(row_m), scan_period_s=float(period_s))
    return out


def mount(extrinsics: Mapping[str, Sequence[float]], calibration: str, base_frame: str) -> TransformTree:
    """The tree of ``extrinsics.FRAME`` parameters (x y z qx qy qz qw) and a calibration file ('' for none).

    Raises:
        ConfigError: the file is not there or malformed, a quaternion is no unit one, or a frame has two parents.
    """
    tree = TransformTree()
    for frame, values in extrinsics.items():
        place = f"parameter 'extrinsics.{frame}'"
        tree.set(base_frame, frame, _posed(values[:3], values[3:], place))
    path = Path(calibration)
    if calibration and (path.is_dir() or path.suffix in (".json", ".txt")):
        found = nuscenes_mountings(path) if path.suffix == ".json" else kitti_mountings(path if path.is_dir() else path.parent)
        for frame, T in found.items():
            tree.set(base_frame, frame, T)
    elif calibration:
        for frame, entry in _frames(Path(calibration)).items():
            place = f"{calibration}: frame {frame!r}"
            parent, T = _entry(entry, base_frame, place)
            tree.set(parent, frame, T)
    return tree


def _frames(path: Path) -> dict[str, Any]:
    content = _content(path)
    frames = content.get("frames") or {}
    if not content.keys() & {"frames", "sources"} or not isinstance(frames, dict):
        raise ConfigError(f"calibration {str(path)!r} has no mapping 'frames'; see mm_nav/wire/extrinsics.py for the form")
    return frames


def _content(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"calibration {str(path)!r} cannot be read ({error.strerror}); correct the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"calibration {str(path)!r} is not YAML: {error}") from error
    return content if isinstance(content, dict) else {}


def _entry(entry: Any, base_frame: str, place: str) -> tuple[str, Any]:
    known = {"parent", "xyz", "xyzw", "rpy"}
    if not isinstance(entry, dict) or set(entry) - known:
        raise ConfigError(f"{place} is {str(entry)[:60]!r}; it must have xyz and xyzw (or rpy), and may have parent")
    xyz = _numbers(entry.get("xyz"), 3, f"{place} xyz")
    if "rpy" in entry and "xyzw" in entry:
        raise ConfigError(f"{place} has both rpy and xyzw; keep one")
    if "rpy" in entry:
        x, y, z = xyz
        roll, pitch, yaw = _numbers(entry["rpy"], 3, f"{place} rpy")
        return str(entry.get("parent", base_frame)), se3((x, y, z), (roll, pitch, yaw))
    xyzw = _numbers(entry.get("xyzw", [0, 0, 0, 1]), 4, f"{place} xyzw")
    return str(entry.get("parent", base_frame)), _posed(xyz, xyzw, place)


def _numbers(values: Any, count: int, place: str) -> list[float]:
    if not isinstance(values, list) or len(values) != count or not all(type(v) in (int, float) for v in values):
        raise ConfigError(f"{place} is {values!r}; it must be {count} numbers")
    return [float(v) for v in values]


def _posed(xyz: Sequence[float], xyzw: Sequence[float], place: str) -> Any:
    norm = float(np.linalg.norm(xyzw))
    if not abs(norm - 1.0) <= QUATERNION_TOLERANCE:
        raise ConfigError(f"{place} has quaternion {list(xyzw)} of norm {norm:.4g}; it must be a unit one (x y z w)")
    return from_quaternion(np.array(xyz, np.float64), np.array(xyzw, np.float64) / norm)

# SPDX-License-Identifier: Apache-2.0
"""nuScenes scenes, keyframes and sweeps, as recordings (Caesar et al. 2020).

The tables are read as the JSON that they are: nuscenes-devkit would bring a plotting and a notebook stack for it. base_link is
the data set's ego frame, on the ground under the rear axle.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.convert import scene
from mm_nav.core.geometry import inverse, yaw_of
from mm_nav.core.types import CameraModel
from mm_nav.errors import ConfigError
from mm_nav.wire.survey import nuscenes_pose

TYPES = {("F", 4): "<f4", ("F", 8): "<f8", ("I", 1): "i1", ("I", 2): "<i2", ("I", 4): "<i4", ("U", 1): "u1", ("U", 2): "<u2", ("U", 4): "<u4"}
VALID, UNAMBIGUOUS = 0, 3  # invalid_state and ambig_state of radar returns that the devkit keeps


class Tables:
    """The JSON tables of one version, each read once."""

    def __init__(self, root: Path, version: str = "") -> None:
        """Args: root: holds samples, sweeps and the version's folder. version: as v1.0-mini; empty if there is one only.

        Raises:
            ConfigError: no such version, or several.
        """
        found = sorted(folder for folder in root.glob(version or "v1.0-*") if (folder / "scene.json").is_file())
        if len(found) != 1:
            names = [folder.name for folder in found]
            raise ConfigError(f"{root} has the versions {names}; give the folder of nuScenes, and --version where there are several")
        self.root, self.folder = root, found[0]
        self.table = cache(self._table)
        self.by_token = cache(self._by_token)
        self.of = cache(self._of)

    def _table(self, name: str) -> list[dict[str, Any]]:
        try:
            rows = json.loads(scene.content(self.folder / f"{name}.json"))
        except ValueError as error:
            raise ConfigError(f"{self.folder / name}.json is not JSON ({error}); unpack the metadata again") from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ConfigError(f"{self.folder / name}.json is no list of rows; unpack the metadata again")
        return rows

    def _by_token(self, name: str) -> dict[str, dict[str, Any]]:
        """Rows of a table by their token."""
        return {row["token"]: row for row in self.table(name)}

    def _of(self, name: str, key: str) -> dict[str, list[dict[str, Any]]]:
        """Rows of a table by what ``key`` refers to; sorted once, for a scene after the other."""
        out: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.table(name):
            out[row[key]].append(row)
        return out


def names(tables: Tables) -> list[str]:
    """Scenes of this version."""
    return [str(row.get("name")) for row in tables.table("scene")]


def events(tables: Tables, name: str) -> tuple[list[scene.Event], dict[str, Float64[np.ndarray, "4 4"]]]:
    """Everything in a scene, and its mountings.

    Raises:
        ConfigError: no such scene, or a file is missing or malformed.
    """
    try:
        return _events(tables, name)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{tables.folder}, {name}: a row lacks or contradicts what it refers to ({error!r}); unpack the metadata again") from error


def _events(tables: Tables, name: str) -> tuple[list[scene.Event], dict[str, Float64[np.ndarray, "4 4"]]]:
    chosen = next((row for row in tables.table("scene") if row["name"] == name), None)
    if chosen is None:
        raise ConfigError(f"{tables.folder} has no scene {name!r}; it has {names(tables)[:20]}")
    taken = tables.of("sample_data", "sample_token")
    rows = [row for sample in tables.of("sample", "scene_token")[chosen["token"]] for row in taken[sample["token"]]]
    calibrated, sensors, ego = (tables.by_token(t) for t in ("calibrated_sensor", "sensor", "ego_pose"))
    out: list[scene.Event] = []
    mounts: dict[str, Float64[np.ndarray, "4 4"]] = {}
    ridden: dict[int, Float64[np.ndarray, "4 4"]] = {}
    keys: dict[str, dict[str, Any]] = {}
    for row in rows:
        mounted = calibrated[row["calibrated_sensor_token"]]
        sensor = sensors[mounted["sensor_token"]]
        channel, stamp_ns = str(sensor["channel"]).lower(), int(row["timestamp"]) * 1000
        mounts[channel] = nuscenes_pose(mounted, channel)
        out.append(_event(tables.root / row["filename"], channel, str(sensor["modality"]), mounted, row, stamp_ns))
        if sensor["modality"] == "lidar" or not any(s["modality"] == "lidar" for s in sensors.values()):
            ridden[stamp_ns] = nuscenes_pose(ego[row["ego_pose_token"]], channel)
            if row["is_key_frame"]:
                keys[row["sample_token"]] = row
    return [*out, *scene.poses(ridden), *_boxes(tables, keys, ego)], mounts


def _event(file: Path, channel: str, modality: str, mounted: dict[str, Any], row: dict[str, Any], stamp_ns: int) -> scene.Event:
    if modality == "camera":
        K = np.array(mounted["camera_intrinsic"], np.float64).reshape(3, 3)
        model = CameraModel(frame_id=channel, width=int(row["width"]), height=int(row["height"]), K=K, distortion_model="plumb_bob", D=np.zeros(5))
        return scene.picture(channel, file, model, stamp_ns)
    if modality == "lidar":
        topic = "/lidar/points" if channel == "lidar_top" else f"/lidar/{channel}/points"
        return scene.scan(topic, channel, ("x", "y", "z", "intensity", "ring"), lambda: scene.floats(file, 5), stamp_ns)
    return scene.scan(f"/radar/{channel.removeprefix('radar_')}/points", channel, ("x", "y", "z", "velocity", "rcs"), lambda: radar(file), stamp_ns)


def radar(file: Path) -> Float32[np.ndarray, "n 5"]:
    """x y z, radial speed and RCS of the returns that are valid, from a binary PCD; its vx, vy are relative to the car.

    Raises:
        ConfigError: no binary PCD with these fields.
    """
    data = scene.content(file)
    head, mark, body = data.partition(b"DATA binary\n")
    fields = {line.split()[0]: line.split()[1:] for line in head.decode("ascii", "replace").splitlines() if line.split()}
    try:
        point = np.dtype([(n, TYPES[t, int(s)]) for n, s, t in zip(fields["FIELDS"], fields["SIZE"], fields["TYPE"], strict=True)])
        points = np.frombuffer(body, point, int(fields["POINTS"][0]))
        points = points[(points["invalid_state"] == VALID) & (points["ambig_state"] == UNAMBIGUOUS)]
        xyz = np.stack([points["x"], points["y"], points["z"]], axis=1).astype(np.float64)
        away = np.maximum(np.hypot(xyz[:, 0], xyz[:, 1]), 1e-6)
        speed = (xyz[:, 0] * points["vx"] + xyz[:, 1] * points["vy"]) / away
        return np.column_stack([xyz, speed, points["rcs"]]).astype(np.float32)
    except (KeyError, ValueError) as error:
        what = "no `DATA binary`" if not mark else repr(error)
        raise ConfigError(f"{file} is no radar PCD of nuScenes ({what}); unpack it again") from error


def _boxes(tables: Tables, keys: dict[str, dict[str, Any]], ego: dict[str, dict[str, Any]]) -> Iterator[scene.Event]:
    """Annotations of keyframes, moved from the map into base_link at the LiDAR's stamp."""
    instances, categories = tables.by_token("instance"), tables.by_token("category")
    numbers = {token: i for i, token in enumerate(instances)}
    by_sample = tables.of("sample_annotation", "sample_token")
    for token in (t for t in keys if t in by_sample):
        T_base_world = inverse(nuscenes_pose(ego[keys[token]["ego_pose_token"]], "ego_pose"))
        listed = []
        for row in by_sample[token]:
            placed = T_base_world @ nuscenes_pose(row, "sample_annotation")
            width, length, height = row["size"]
            word = categories[instances[row["instance_token"]]["category_token"]]["name"]
            listed.append(scene.box(numbers[row["instance_token"]], word, placed[:3, 3], np.array([length, width, height]), yaw_of(placed)))
        yield scene.boxes(listed, int(keys[token]["timestamp"]) * 1000)

# SPDX-License-Identifier: Apache-2.0
"""Scenes of TRI's Dataset Governance Policy (DGP, DDAD) as recordings. Its reader is not on PyPI; the files are plain JSON.

A scene folder holds scene_*.json (data by key, samples), calibration/KEY.json (names, intrinsics, extrinsics), ontology/KEY.json,
point_cloud/*.npz, rgb/*, bounding_box_3d/*. base_link is the frame that the extrinsics are given in; poses of the LiDAR
become odometry.
"""

import json
import re
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.convert import scene
from mm_nav.core.geometry import from_quaternion, inverse, yaw_of
from mm_nav.core.types import CameraModel
from mm_nav.errors import ConfigError

ANNOTATION_3D = "1"  # BOUNDING_BOX_3D of dgp's annotation types
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")  # of protobuf's JSON: up to nanoseconds, which datetime cannot hold


def events(folder: Path, stamp_scale: float) -> tuple[list[scene.Event], dict[str, Float64[np.ndarray, "4 4"]]]:
    """Everything in a scene, and its mountings.

    Raises:
        ConfigError: a file is missing or malformed.
    """
    files = [folder] if folder.is_file() else sorted(folder.glob("scene_*.json"))
    if not files:
        raise ConfigError(f"{folder} has no scene_*.json; give the folder of one DGP scene")
    if len(files) > 1:
        raise ConfigError(f"{folder} has {[f.name for f in files]}; give one of these files")
    (file,) = files
    try:
        return _Scene(file, stamp_scale).events()
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file} is no DGP scene ({type(error).__name__}: {error}); check what wrote it") from error


class _Scene:
    def __init__(self, file: Path, stamp_scale: float) -> None:
        self.folder, self.scale = file.parent, Fraction(str(stamp_scale))  # a float has too few digits for nanoseconds
        self.content = _json(file)
        self.data = {datum["key"]: datum for datum in self.content["data"]}

    def events(self) -> tuple[list[scene.Event], dict[str, Float64[np.ndarray, "4 4"]]]:
        out: list[scene.Event] = []
        mounts: dict[str, Float64[np.ndarray, "4 4"]] = {}
        ridden: dict[int, Float64[np.ndarray, "4 4"]] = {}
        words = self._words()
        for sample in self.content["samples"]:
            calibration = _json(self.folder / "calibration" / f"{sample['calibration_key']}.json")
            named = {name: i for i, name in enumerate(calibration["names"])}
            for key in sample["datum_keys"]:
                datum = self.data[key]
                name, stamp_ns = datum["id"]["name"], self._stamp(datum["id"]["timestamp"])
                T = _pose(calibration["extrinsics"][named[name]])
                mounts[name.lower()] = T
                if "point_cloud" in datum["datum"]:
                    cloud = datum["datum"]["point_cloud"]
                    out.append(self._scan(name.lower(), cloud, stamp_ns))
                    out += self._boxes(cloud, T, words, stamp_ns)
                    ridden[stamp_ns] = _pose(cloud["pose"]) @ inverse(T)
                elif "image" in datum["datum"]:
                    out.append(self._picture(name.lower(), datum["datum"]["image"], calibration["intrinsics"][named[name]], stamp_ns))
        return out + scene.poses(ridden), mounts

    def _stamp(self, text: str) -> int:
        found = TIME.fullmatch(text)
        if found is None:
            raise ConfigError(f"timestamp {text!r} is not as 2019-05-03T21:39:53.120375Z; check what wrote the scene")
        at = datetime.fromisoformat(f"{found[1]}+00:00") - EPOCH
        stamp_ns = round(((at.days * 86400 + at.seconds) * 10**9 + int((found[2] or "").ljust(9, "0"))) * self.scale)
        if not 0 < stamp_ns < scene.LAST_S * 10**9:
            raise ConfigError(f"timestamp {text!r} does not fit ROS time (1970 to 2038); if its clock counts too fast, give --stamp-scale, for example 0.1")
        return stamp_ns

    def _scan(self, name: str, cloud: dict[str, Any], stamp_ns: int) -> scene.Event:
        file = self.folder / cloud["filename"]
        columns = [str(f).upper() for f in cloud["point_format"]]
        at = [columns.index(c) for c in ("X", "Y", "Z")] + ([columns.index("INTENSITY")] if "INTENSITY" in columns else [])

        def read() -> Float32[np.ndarray, "n k"]:
            scene.content(file)  # says so if it is missing
            with np.load(file, allow_pickle=False) as arrays:
                table = arrays["data"]
            return np.asarray(table[:, at], np.float32)

        topic = "/lidar/points" if name == "lidar" else f"/lidar/{name}/points"
        return scene.scan(topic, name, ("x", "y", "z", "intensity")[: len(at)], read, stamp_ns)

    def _picture(self, name: str, image: dict[str, Any], k: dict[str, float], stamp_ns: int) -> scene.Event:
        K = np.array([[k["fx"], k.get("skew", 0.0), k["cx"]], [0, k["fy"], k["cy"]], [0, 0, 1]], np.float64)
        model = CameraModel(frame_id=name, width=int(image["width"]), height=int(image["height"]), K=K, distortion_model="plumb_bob", D=np.zeros(5))
        return scene.picture(name, self.folder / image["filename"], model, stamp_ns)

    def _boxes(self, cloud: dict[str, Any], T: Float64[np.ndarray, "4 4"], words: dict[int, str], stamp_ns: int) -> list[scene.Event]:
        file = cloud.get("annotations", {}).get(ANNOTATION_3D)
        if not file:
            return []
        listed = []
        for entry in _json(self.folder / file)["annotations"]:
            size = np.array([entry["box"][k] for k in ("length", "width", "height")], np.float64)
            placed = T @ _pose(entry["box"]["pose"])
            word = words.get(int(entry["class_id"]), f"class {entry['class_id']}")
            listed.append(scene.box(int(entry["instance_id"]) % 2**31, word, placed[:3, 3], size, yaw_of(placed)))
        return [scene.boxes(listed, stamp_ns)] if listed else []

    def _words(self) -> dict[int, str]:
        """Class names by number; none where the ontology is not there."""
        key = self.content.get("ontologies", {}).get(ANNOTATION_3D)
        file = self.folder / "ontology" / f"{key}.json"
        return {int(item["id"]): str(item["name"]) for item in _json(file)["items"]} if key and file.is_file() else {}


def _pose(entry: dict[str, Any]) -> Float64[np.ndarray, "4 4"]:
    t, q = entry["translation"], entry["rotation"]
    xyzw = np.array([q["qx"], q["qy"], q["qz"], q["qw"]], np.float64)
    return from_quaternion(np.array([t["x"], t["y"], t["z"]], np.float64), xyzw / np.linalg.norm(xyzw))


def _json(file: Path) -> Any:
    try:
        return json.loads(scene.content(file))
    except ValueError as error:
        raise ConfigError(f"{file} is not JSON ({error}); copy it again") from error

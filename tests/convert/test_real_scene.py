# SPDX-License-Identifier: Apache-2.0
"""Real recordings, put back into the folders of nuScenes and DGP by their schemas, come back as they were recorded.

What is written into the folders is turned by quaternions of this file alone, in a map far from the origin, so that an error in the
import's own geometry cannot cancel out.
"""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.convert.recorded import imported, messages, played

EGO = np.array([0.9238795325112867, 0.0, 0.0, 0.3826834323650898])  # w x y z: 45 degrees to the left
PLACE = np.array([411.3, 1180.9, 0.4])
MARGIN = 0.05  # metres; with it 1078 points lie in the boxes of the keyframe as it was recorded (989 without)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton's product of quaternions w x y z."""
    return np.array([a[0] * b[0] - a[1:] @ b[1:], *(a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:]))])


def turned(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    return product(product(q, np.array([0.0, *v])), q * [1, -1, -1, -1])[1:]


def mountings(found: dict[str, list[Any]]) -> dict[str, tuple[list[float], list[float]]]:
    """Sensor -> translation and quaternion w x y z, as recorded in /tf_static."""
    listed = found["/tf_static"][0].msg.transforms
    vectors = {t.child_frame_id: (t.transform.translation, t.transform.rotation) for t in listed}
    return {frame.removesuffix("_optical"): ([v.x, v.y, v.z], [q.w, q.x, q.y, q.z]) for frame, (v, q) in vectors.items()}


def stamp_of(msg: Any) -> int:
    return int(msg.header.stamp.sec) * 10**9 + int(msg.header.stamp.nanosec)


def counted(boxes: list[Any], points: np.ndarray) -> list[int]:
    """Points in each marker's box, turned by its yaw, or within MARGIN of it."""
    out = []
    for box in boxes:
        yaw = 2 * np.arctan2(box.pose.orientation.z, box.pose.orientation.w)
        x, y, z = (points - [box.pose.position.x, box.pose.position.y, box.pose.position.z]).T
        along, across = x * np.cos(yaw) + y * np.sin(yaw), y * np.cos(yaw) - x * np.sin(yaw)
        inside = np.abs(np.stack([along, across, z], axis=1)) <= np.array([box.scale.x, box.scale.y, box.scale.z]) / 2 + MARGIN
        out.append(int(inside.all(axis=1).sum()))
    return out


def in_base(bag: Path, index: int, frame: str) -> np.ndarray:
    found, tree = played(bag)
    T = tree.lookup("base_link", frame)
    return np.asarray(found["lidar"][index].xyz.astype(np.float64) @ T[:3, :3].T + T[:3, 3])


def nuscenes_folder(source: dict[str, list[Any]], annotated: list[dict[str, Any]], folder: Path) -> Path:
    """One keyframe; /tf_static names the sensors, boxes are carried into the map."""
    tables: dict[str, list[dict[str, Any]]] = {
        "scene": [{"token": "s", "name": "scene-0001"}], "sample": [{"token": "k", "scene_token": "s"}], "sample_data": [], "ego_pose": [],
        "calibrated_sensor": [], "sensor": [], "sample_annotation": [], "instance": [], "category": [],
    }  # fmt: skip
    for frame, (t, q) in mountings(source).items():
        camera = frame.startswith("cam")
        message = source[f"/camera/{frame}/image/compressed" if camera else "/lidar/points"][0].msg
        info = source[f"/camera/{frame}/camera_info"][0].msg if camera else None
        name = f"samples/{frame.upper()}/0{'.jpg' if camera else '.pcd.bin'}"
        (folder / name).parent.mkdir(parents=True)
        if camera:
            (folder / name).write_bytes(bytes(message.data))
        else:
            raw = np.frombuffer(bytes(message.data), np.uint8).reshape(-1, message.point_step)
            ring = np.ascontiguousarray(raw[:, 16:18]).view("<u2").astype("<f4")
            (folder / name).write_bytes(np.hstack([np.ascontiguousarray(raw[:, :16]).view("<f4"), ring]).tobytes())
        tables["sensor"].append({"token": frame, "channel": frame.upper(), "modality": "camera" if camera else "lidar"})
        K = np.array(info.k).reshape(3, 3).tolist() if info else []
        tables["calibrated_sensor"].append({"token": frame, "sensor_token": frame, "translation": t, "rotation": q, "camera_intrinsic": K})
        tables["ego_pose"].append({"token": frame, "translation": PLACE.tolist(), "rotation": EGO.tolist()})
        tables["sample_data"].append({
            "token": frame, "sample_token": "k", "ego_pose_token": frame, "calibrated_sensor_token": frame, "timestamp": stamp_of(message) // 1000,
            "is_key_frame": True, "filename": name, "width": info.width if info else 0, "height": info.height if info else 0})  # fmt: skip
    for i, box in enumerate(annotated):
        length, width, height = box["size_lwh"]
        heading = np.array([np.cos(box["yaw"] / 2), 0, 0, np.sin(box["yaw"] / 2)])
        tables["category"].append({"token": str(i), "name": f"vehicle.{box['cls']}"})
        tables["instance"].append({"token": str(i), "category_token": str(i)})
        tables["sample_annotation"].append({
            "token": str(i), "sample_token": "k", "instance_token": str(i), "size": [width, length, height],
            "translation": (turned(EGO, np.array(box["center"])) + PLACE).tolist(), "rotation": product(EGO, heading).tolist()})  # fmt: skip
    (folder / "v1.0-mini").mkdir()
    for name, rows in tables.items():
        (folder / "v1.0-mini" / f"{name}.json").write_text(json.dumps(rows))
    return folder


def test_a_real_keyframe_comes_back_from_the_folder_of_nuscenes(real_data: Path, tmp_path: Path) -> None:
    source = messages(real_data / "nuscenes_keyframe" / "bag")
    (annotated,) = json.loads((real_data / "nuscenes_keyframe" / "boxes.json").read_text())["frames"]
    root = nuscenes_folder(source, annotated["boxes"], tmp_path / "nuscenes")
    assert imported("nuscenes", str(root), "--out", str(tmp_path / "out")) == 0
    bag = tmp_path / "out" / "scene-0001"
    found = messages(bag)
    for topic in (t for t in source if t.endswith("compressed")):
        assert bytes(found[topic][0].msg.data) == bytes(source[topic][0].msg.data)
        assert stamp_of(found[topic][0].msg) == stamp_of(source[topic][0].msg)
    for topic in (t for t in source if t.endswith("camera_info")):
        np.testing.assert_array_equal(found[topic][0].msg.k, source[topic][0].msg.k)
    before, after = mountings(source), mountings(found)
    assert before.keys() == after.keys()
    for frame, (t, q) in before.items():
        np.testing.assert_allclose(after[frame][0], t, atol=1e-9)
        assert abs(np.dot(after[frame][1], q)) == pytest.approx(1, abs=1e-9)
    boxes = [m for m in found["/ground_truth/objects"][0].msg.markers if m.action == 0]
    np.testing.assert_allclose([[m.pose.position.x, m.pose.position.y, m.pose.position.z] for m in boxes],
                               [b["center"] for b in annotated["boxes"]], atol=1e-6)  # fmt: skip
    inside = counted(boxes, in_base(bag, 0, "lidar_top"))
    said = [b["num_points"] for b in annotated["boxes"]]
    assert len(boxes) == 69
    assert np.corrcoef(inside, said)[0, 1] > 0.999
    assert sum(inside) == pytest.approx(1078, abs=3)  # those on the border of a box may fall to either side


def dgp_pose(t: np.ndarray, q: np.ndarray) -> dict[str, Any]:
    return {"translation": dict(zip("xyz", map(float, t), strict=True)), "rotation": dict(zip(("qw", "qx", "qy", "qz"), map(float, q), strict=True))}


def dgp_time(stamp_ns: int) -> str:
    """What this scene's own files said: a clock ten times too fast, to the microsecond."""
    microseconds = stamp_ns // 100
    at = datetime.fromtimestamp(microseconds // 10**6, timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{microseconds % 10**6:06d}Z"


def dgp_folder(source: dict[str, list[Any]], frames: list[dict[str, Any]], folder: Path) -> Path:
    """Three samples; poses of the LiDAR in a map far away, where the car stands turned."""
    placed = mountings(source)
    data, samples, classes = [], [], sorted({b["cls"] for f in frames for b in f["boxes"]})
    for part in ("calibration", "ontology", "point_cloud", "rgb", "bounding_box_3d"):
        (folder / part).mkdir(parents=True)
    cameras = sorted(t.split("/")[2] for t in source if t.endswith("compressed"))
    for i, annotated in enumerate(frames):
        scan = source["/lidar/points"][i].msg
        np.savez(folder / f"point_cloud/{i}.npz", data=np.frombuffer(bytes(scan.data), "<f4").reshape(-1, 4).astype(np.float64))
        boxes = [{"class_id": classes.index(b["cls"]), "instance_id": int(b["track_id"]), "box": {
            **dict(zip(("length", "width", "height"), b["size_lwh"], strict=True)), "pose": dgp_pose(b["center"], np.roll(b["quat_xyzw"], 1))}}
            for b in annotated["boxes"]]  # fmt: skip
        (folder / f"bounding_box_3d/{i}.json").write_text(json.dumps({"annotations": boxes}))
        cloud = {"filename": f"point_cloud/{i}.npz", "point_format": ["X", "Y", "Z", "INTENSITY"], "pose": dgp_pose(PLACE, EGO),
                 "annotations": {"1": f"bounding_box_3d/{i}.json"}}  # fmt: skip
        data.append({"key": f"l{i}", "id": {"name": "LIDAR", "timestamp": dgp_time(stamp_of(scan))}, "datum": {"point_cloud": cloud}})
        for camera in cameras:
            picture, info = (source[f"/camera/{camera}/{kind}"][i].msg for kind in ("image/compressed", "camera_info"))
            (folder / f"rgb/{camera}_{i}.jpg").write_bytes(bytes(picture.data))
            image = {"filename": f"rgb/{camera}_{i}.jpg", "width": info.width, "height": info.height}
            data.append({"key": f"{camera}{i}", "id": {"name": camera.upper(), "timestamp": dgp_time(stamp_of(picture))}, "datum": {"image": image}})
        samples.append({"calibration_key": "c", "datum_keys": [f"l{i}", *(f"{camera}{i}" for camera in cameras)]})
    names = ["lidar", *cameras]
    models = [np.array(source[f"/camera/{c}/camera_info"][0].msg.k) for c in cameras]
    (folder / "calibration/c.json").write_text(json.dumps({
        "names": [n.upper() for n in names], "extrinsics": [dgp_pose(*map(np.array, placed.get(n, ([0, 0, 0], [1, 0, 0, 0])))) for n in names],
        "intrinsics": [{}, *({"fx": k[0], "skew": k[1], "cx": k[2], "fy": k[4], "cy": k[5]} for k in models)]}))  # fmt: skip
    (folder / "ontology/o.json").write_text(json.dumps({"items": [{"id": i, "name": name} for i, name in enumerate(classes)]}))
    (folder / "scene_1.json").write_text(json.dumps({"data": data, "samples": samples, "ontologies": {"1": "o"}}))
    return folder


def test_a_real_scene_comes_back_from_the_folder_of_dgp(real_data: Path, tmp_path: Path) -> None:
    """Stamps too, to the nanosecond, through the clock that counts ten times too fast."""
    source = messages(real_data / "dgp_scene_01" / "bag")
    frames = json.loads((real_data / "dgp_scene_01" / "boxes.json").read_text())["frames"]
    folder = dgp_folder(source, frames, tmp_path / "scene")
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag"), "--stamp-scale", "0.1") == 0
    found = messages(tmp_path / "bag")
    for topic in (t for t in source if t.endswith(("compressed", "points"))):
        assert [stamp_of(m.msg) for m in found[topic]] == [stamp_of(m.msg) for m in source[topic]]
        assert [bytes(m.msg.data) for m in found[topic]] == [bytes(m.msg.data) for m in source[topic]]
    for frame, (t, q) in mountings(source).items():
        np.testing.assert_allclose(mountings(found)[frame][0], t, atol=1e-9)
        assert abs(np.dot(mountings(found)[frame][1], q)) == pytest.approx(1, abs=1e-9)
    for i, annotated in enumerate(frames):
        boxes = [m for m in found["/ground_truth/objects"][i].msg.markers if m.action == 0]
        assert len(boxes) == len(annotated["boxes"])
        np.testing.assert_allclose([[m.pose.position.x, m.pose.position.y, m.pose.position.z] for m in boxes],
                                   [b["center"] for b in annotated["boxes"]], atol=1e-6)  # fmt: skip
        inside = counted(boxes, in_base(tmp_path / "bag", i, "lidar"))
        assert np.corrcoef(inside, [b["num_points"] for b in annotated["boxes"]])[0, 1] > 0.99
    np.testing.assert_allclose([m.msg.twist.twist.linear.x for m in found["/odom"]], 0, atol=1e-9)  # it stands

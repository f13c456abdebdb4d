# SPDX-License-Identifier: Apache-2.0
"""A nuScenes scene, written here by its published schema, comes back from the recording."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav.convert import scene
from tests.convert.recorded import imported, jpeg, messages, played

START_US = 1_532_402_927_600_000
HALF = 0.7071067811865476
MOUNTS = {  # translation, rotation wxyz
    "LIDAR_TOP": ([0.94, 0.0, 1.84], [HALF, 0, 0, -HALF]),
    "CAM_FRONT": ([1.7, 0.0, 1.5], [0.5, -0.5, 0.5, -0.5]),
    "RADAR_FRONT": ([3.4, 0.0, 0.5], [1, 0, 0, 0]),
}
MODALITY = {"LIDAR_TOP": "lidar", "CAM_FRONT": "camera", "RADAR_FRONT": "radar"}
RADAR_FIELDS = [("x", "f"), ("y", "f"), ("z", "f"), ("dyn_prop", "b"), ("id", "h"), ("rcs", "f"), ("vx", "f"), ("vy", "f"), ("vx_comp", "f"),
                ("vy_comp", "f"), ("is_quality_valid", "b"), ("ambig_state", "b"), ("x_rms", "b"), ("y_rms", "b"), ("invalid_state", "b"),
                ("pdh0", "b"), ("vx_rms", "b"), ("vy_rms", "b")]  # fmt: skip


def radar_pcd(rows: list[dict[str, float]]) -> bytes:
    kinds = {"f": ("4", "F"), "b": ("1", "I"), "h": ("2", "I")}
    head = ["# .PCD v0.7", "VERSION 0.7", "FIELDS " + " ".join(n for n, _ in RADAR_FIELDS), "SIZE " + " ".join(kinds[k][0] for _, k in RADAR_FIELDS),
            "TYPE " + " ".join(kinds[k][1] for _, k in RADAR_FIELDS), "COUNT " + " ".join("1" for _ in RADAR_FIELDS), f"WIDTH {len(rows)}",
            "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0", f"POINTS {len(rows)}", "DATA binary"]  # fmt: skip
    body = b"".join(struct.pack("<" + "".join(k for _, k in RADAR_FIELDS), *(row.get(n, 3 if n == "ambig_state" else 0) for n, _ in RADAR_FIELDS))
                    for row in rows)  # fmt: skip
    return ("\n".join(head) + "\n").encode() + body


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two keyframes and a sweep between them; the car drives 1 m per tenth of a second along the map's y."""
    folder = tmp_path / "nuscenes"
    tables: dict[str, list[dict[str, Any]]] = {t: [] for t in ("scene", "sample", "sample_data", "ego_pose", "calibrated_sensor", "sensor",
                                                                 "sample_annotation", "instance", "category")}  # fmt: skip
    tables["scene"].append({"token": "s", "name": "scene-0061"})
    for channel, (t, q) in MOUNTS.items():
        tables["sensor"].append({"token": f"sensor {channel}", "channel": channel, "modality": MODALITY[channel]})
        K = [[1266.0, 0, 24.0], [0, 1266.0, 10.0], [0, 0, 1]] if channel == "CAM_FRONT" else []
        tables["calibrated_sensor"].append({"token": channel, "sensor_token": f"sensor {channel}", "translation": t, "rotation": q, "camera_intrinsic": K})
    for step, key in enumerate((True, False, True)):
        sample = f"sample {min(step, 1) if key else 0}"
        if key:
            tables["sample"].append({"token": sample, "scene_token": "s"})
        for channel in MOUNTS:
            at = START_US + step * 100_000 + {"LIDAR_TOP": 0, "CAM_FRONT": -36_000, "RADAR_FRONT": 5_000}[channel]
            name = f"{'samples' if key else 'sweeps'}/{channel}/{step}" + {"lidar": ".pcd.bin", "camera": ".jpg", "radar": ".pcd"}[MODALITY[channel]]
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes({"lidar": struct.pack("<10f", 1, 2, 3, 40, 5, 6, 7, 8, 90, 31), "camera": jpeg(step), "radar": radar_pcd(
                [{"x": 3, "y": 4, "vx": -5, "vy": 0, "vx_comp": 9, "rcs": 12.5}, {"x": 9, "invalid_state": 1}, {"x": 9, "ambig_state": 1}])}[MODALITY[channel]])  # fmt: skip
            tables["ego_pose"].append({"token": name, "timestamp": at, "translation": [600.0, 1600.0 + step, 0.0], "rotation": [HALF, 0, 0, HALF]})
            tables["sample_data"].append({"token": name, "sample_token": sample, "ego_pose_token": name, "calibrated_sensor_token": channel,
                                          "timestamp": at, "is_key_frame": key, "filename": name, "width": 48, "height": 20})  # fmt: skip
    tables["category"].append({"token": "c", "name": "human.pedestrian.adult"})
    tables["instance"].append({"token": "i", "category_token": "c"})
    tables["sample_annotation"].append({"token": "a", "sample_token": "sample 1", "instance_token": "i", "translation": [597.0, 1612.0, 0.9],
                                        "size": [0.7, 0.6, 1.8], "rotation": [HALF, 0, 0, HALF]})  # fmt: skip
    (folder / "v1.0-mini").mkdir()
    for name, rows in tables.items():
        (folder / "v1.0-mini" / f"{name}.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture
def bag(root: Path, tmp_path: Path) -> Path:
    assert imported("nuscenes", str(root), "--out", str(tmp_path / "out")) == 0
    return tmp_path / "out" / "scene-0061"


def test_keyframes_and_sweeps_of_all_sensors_come_with_their_stamps(bag: Path) -> None:
    found, _ = played(bag)
    assert [c.stamp_ns for c in found["lidar"]] == [(START_US + k * 100_000) * 1000 for k in range(3)]
    np.testing.assert_array_equal(found["lidar"][0].xyz, [[1, 2, 3], [6, 7, 8]])
    np.testing.assert_array_equal(found["lidar"][0].intensity, [40, 90])
    pictures = messages(bag)["/camera/cam_front/image/compressed"]
    assert [bytes(m.msg.data) for m in pictures] == [jpeg(k) for k in range(3)]
    assert pictures[0].log_time_ns == (START_US - 36_000) * 1000


def test_a_radars_doppler_is_the_part_of_the_relative_velocity_along_the_ray(bag: Path) -> None:
    """(3, 4) m away with (-5, 0) m/s: 3 m/s of it come nearer; invalid and ambiguous returns are left out as by the devkit."""
    found, _ = played(bag)
    (cloud, *_) = found["radar/front"]
    np.testing.assert_array_equal(cloud.xyz, [[3, 4, 0]])
    assert cloud.velocity[0] == pytest.approx(-3.0)
    assert cloud.intensity[0] == pytest.approx(12.5)


def test_odometry_is_ahead_at_the_speed_of_the_poses(bag: Path) -> None:
    found, _ = played(bag)
    np.testing.assert_allclose([o.T_odom_base[:2, 3] for o in found["odom"]], [[0, 0], [1, 0], [2, 0]], atol=1e-9)
    np.testing.assert_allclose([o.linear for o in found["odom"]], [[10, 0, 0]] * 3, atol=1e-6)


def test_a_person_of_the_map_stands_beside_the_car_at_the_second_keyframe(bag: Path) -> None:
    """The car looks along the map's y from (600, 1602); the person is 10 m ahead and 3 m to the left, turned as the car."""
    (message,) = messages(bag)["/ground_truth/objects"]
    (box,) = [m for m in message.msg.markers if m.action == 0]
    assert box.ns == "person"
    np.testing.assert_allclose([box.pose.position.x, box.pose.position.y, box.pose.position.z], [10, 3, 0.9], atol=1e-9)
    np.testing.assert_allclose([box.scale.x, box.scale.y, box.scale.z], [0.6, 0.7, 1.8])
    assert box.pose.orientation.z == pytest.approx(0.0, abs=1e-9)
    assert message.log_time_ns == (START_US + 200_000) * 1000


def test_mountings_are_those_of_the_calibration(bag: Path) -> None:
    """The LiDAR looks along y of its frame, so that its y axis is the car's x."""
    _, tree = played(bag)
    np.testing.assert_allclose(tree.lookup("base_link", "lidar_top")[:3, :3] @ [0, 1, 0], [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(tree.lookup("base_link", "cam_front")[:3, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(tree.lookup("base_link", "radar_front")[:3, 3], [3.4, 0, 0.5])


@pytest.mark.parametrize(
    ("harm", "said"),
    [(lambda r: (r / "v1.0-mini" / "ego_pose.json").unlink(), "ego_pose.json cannot be read"),
     (lambda r: (r / "v1.0-mini" / "sample.json").write_text("[{"), "is not JSON"),
     (lambda r: (r / "samples/RADAR_FRONT/0.pcd").write_bytes(b"hello"), "is no radar PCD"),
     (lambda r: (r / "samples/LIDAR_TOP/0.pcd.bin").unlink(), "cannot be read"),
     (lambda r: (r / "v1.0-mini" / "ego_pose.json").write_text("[]"), "a row lacks or contradicts what it refers to"),
     (lambda r: (r / "v1.0-mini" / "sensor.json").write_text("{}"), "is no list of rows"),
     (lambda r: (r / "v1.0-mini").rename(r / "mini"), "has the versions []")],
)  # fmt: skip
def test_a_broken_set_is_refused_by_name(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm, said: str) -> None:
    harm(root)
    assert imported("nuscenes", str(root), "--out", str(tmp_path / "out")) == 2
    assert said in capsys.readouterr().err


def altered(root: Path, name: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    file = root / "v1.0-mini" / f"{name}.json"
    rows = json.loads(file.read_text())
    change(rows)
    file.write_text(json.dumps(rows))


@pytest.mark.parametrize(
    ("harm", "said"),
    [(lambda r: altered(r, "sample_data", lambda t: t[0].pop("timestamp")), "KeyError('timestamp')"),
     (lambda r: altered(r, "ego_pose", lambda t: t.pop(0)), "KeyError('samples/LIDAR_TOP/0.pcd.bin')"),
     (lambda r: altered(r, "instance", lambda t: t.clear()), "KeyError('i')"),
     (lambda r: altered(r, "calibrated_sensor", lambda t: [row.update(camera_intrinsic=[]) for row in t]), "cannot reshape"),
     (lambda r: (r / "v1.0-mini" / "sample.json").write_text("3"), "sample.json is no list of rows"),
     (lambda r: (r / "v1.0-mini" / "scene.json").write_text('{"name": 1}'), "scene.json is no list of rows"),
     (lambda r: (r / "samples/CAM_FRONT/0.jpg").write_bytes(b""), "0.jpg is empty (0 bytes)")],
)  # fmt: skip
def test_rows_that_lead_nowhere_are_refused_with_what_they_lack(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm, said: str) -> None:
    harm(root)
    assert imported("nuscenes", str(root), "--out", str(tmp_path / "out")) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out" / "scene-0061").exists()


def test_what_was_imported_is_not_overwritten(root: Path, bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file.name: file.read_bytes() for file in bag.iterdir()}
    assert imported("nuscenes", str(root), "--out", str(bag.parent)) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in bag.iterdir()} == before


def test_a_scene_takes_only_its_own_samples(root: Path, tmp_path: Path) -> None:
    altered(root, "scene", lambda t: t.append({"token": "other", "name": "scene-0103"}))
    altered(root, "sample", lambda t: t[1].update({"scene_token": "other"}))
    assert imported("nuscenes", str(root), "--out", str(tmp_path / "out")) == 0
    first, second = (played(tmp_path / "out" / name)[0] for name in ("scene-0061", "scene-0103"))
    assert [len(found["lidar"]) for found in (first, second)] == [2, 1]
    assert [c.stamp_ns for c in second["lidar"]] == [(START_US + 200_000) * 1000]
    assert "/ground_truth/objects" not in messages(tmp_path / "out" / "scene-0061")


def test_a_scene_that_is_not_there_is_answered_with_those_that_are(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported("nuscenes", str(root), "--out", str(tmp_path / "out"), "--scenes", "scene-9") == 2
    assert "scene-0061" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "label", "text"),
    [("vehicle.bus.rigid", "car", "bus"), ("vehicle.truck", "car", "truck"), ("human.pedestrian.adult", "person", "person"),
     ("movable_object.trafficcone", "cone", "traffic cone"), ("movable_object.barrier", "movable_object.barrier", "barrier"), ("Van", "car", "van")],
)  # fmt: skip
def test_a_class_is_the_networks_and_the_text_what_people_say(word: str, label: str, text: str) -> None:
    found = scene.box(1, word, np.zeros(3), np.ones(3), 0.0)
    assert (found.label, found.text) == (label, text)

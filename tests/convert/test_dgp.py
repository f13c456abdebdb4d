# SPDX-License-Identifier: Apache-2.0
"""A DGP scene, written here by its schema, comes back from the recording; a real one as it was recorded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.convert.recorded import imported, jpeg, messages, played

HALF = 0.7071067811865476
LIDAR = {"translation": {"x": 0.5, "y": 0.0, "z": 1.8}, "rotation": {"qw": 1.0, "qx": 0.0, "qy": 0.0, "qz": 0.0}}
CAMERA = {"translation": {"x": 1.6, "y": 0.2, "z": 1.3}, "rotation": {"qw": 0.5, "qx": -0.5, "qy": 0.5, "qz": -0.5}}
POINTS = np.array([[4.0, 1.0, -1.5, 0.2], [9.0, -2.0, 0.3, 0.7]])


def pose(x: float, y: float, z: float) -> dict[str, Any]:
    """Looking along the world's y."""
    return {"translation": {"x": x, "y": y, "z": z}, "rotation": {"qw": HALF, "qx": 0.0, "qy": 0.0, "qz": HALF}}


def datum(key: str, name: str, stamp: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "id": {"name": name, "timestamp": stamp, "log": "", "index": "0"}, "datum": content, "next_key": "", "prev_key": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "scene_01"
    for part in ("calibration", "ontology", "point_cloud/LIDAR", "rgb/CAMERA_01", "bounding_box_3d/LIDAR"):
        (out / part).mkdir(parents=True)
    data, samples = [], []
    for i in range(2):
        np.savez(out / f"point_cloud/LIDAR/{i}.npz", data=POINTS + i)
        (out / f"rgb/CAMERA_01/{i}.jpg").write_bytes(jpeg(i))
        box = {"class_id": 2, "instance_id": 3_934_200_682, "num_points": 9, "attributes": {}, "box": {
            "length": 4.5, "width": 1.9, "height": 1.6, "occlusion": 0, "truncation": 0.0,
            "pose": {"translation": {"x": 8.0, "y": -3.0, "z": -1.0}, "rotation": {"qw": HALF, "qx": 0.0, "qy": 0.0, "qz": HALF}}}}  # fmt: skip
        (out / f"bounding_box_3d/LIDAR/{i}.json").write_text(json.dumps({"annotations": [box]}))
        cloud = {"point_cloud": {"filename": f"point_cloud/LIDAR/{i}.npz", "point_format": ["X", "Y", "Z", "INTENSITY"], "pose": pose(400.0, -260.0 + i, 12.0),
                                 "annotations": {"1": f"bounding_box_3d/LIDAR/{i}.json"}}}  # fmt: skip
        image = {"image": {"filename": f"rgb/CAMERA_01/{i}.jpg", "width": 48, "height": 20, "pose": pose(399.0, -258.9 + i, 13.0), "annotations": {}}}
        data += [datum(f"l{i}", "LIDAR", f"2019-05-03T21:39:53.{i + 1}00000Z", cloud), datum(f"c{i}", "CAMERA_01", f"2019-05-03T21:39:53.{i + 1}21148Z", image)]
        samples.append({"calibration_key": "cal", "datum_keys": [f"l{i}", f"c{i}"], "id": {"timestamp": ""}})
    k = {"fx": 2167.7, "fy": 2156.2, "cx": 24.0, "cy": 10.0, "skew": 0.0}
    (out / "calibration/cal.json").write_text(json.dumps({"names": ["LIDAR", "CAMERA_01"], "extrinsics": [LIDAR, CAMERA],
                                                          "intrinsics": [dict.fromkeys(k, 0.0), k]}))  # fmt: skip
    (out / "ontology/onto.json").write_text(json.dumps({"items": [{"id": 2, "name": "Car"}, {"id": 0, "name": "Person"}]}))
    (out / "scene_abc.json").write_text(json.dumps({"data": data, "samples": samples, "ontologies": {"1": "onto"}, "name": "", "log": ""}))
    return out


def test_a_scene_comes_back_as_it_was_written(folder: Path, tmp_path: Path) -> None:
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag")) == 0
    found, tree = played(tmp_path / "bag")
    np.testing.assert_allclose(found["lidar"][1].xyz, POINTS[:, :3] + 1)
    np.testing.assert_allclose(found["lidar"][1].intensity, POINTS[:, 3] + 1, rtol=1e-6)
    assert [c.stamp_ns for c in found["lidar"]] == [1_556_919_593_100_000_000, 1_556_919_593_200_000_000]
    pictures = messages(tmp_path / "bag")["/camera/camera_01/image/compressed"]
    assert [bytes(m.msg.data) for m in pictures] == [jpeg(0), jpeg(1)]
    assert pictures[0].log_time_ns == 1_556_919_593_121_148_000
    np.testing.assert_allclose(tree.lookup("base_link", "camera_01")[:3, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-9)  # the camera looks ahead
    np.testing.assert_allclose(tree.lookup("base_link", "camera_01")[:3, 3], [1.6, 0.2, 1.3])


def test_odometry_follows_the_lidars_poses_and_boxes_stand_in_base_link(folder: Path, tmp_path: Path) -> None:
    """One metre along the world's y in a tenth of a second is ahead; a box is placed by the LiDAR's mounting."""
    imported("dgp", str(folder), "--out", str(tmp_path / "bag"))
    found, _ = played(tmp_path / "bag")
    np.testing.assert_allclose(found["odom"][1].T_odom_base[:3, 3], [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(found["odom"][0].linear, [10, 0, 0], atol=1e-6)
    message, _ = messages(tmp_path / "bag")["/ground_truth/objects"]
    (box,) = [m for m in message.msg.markers if m.action == 0]
    p, s, q = box.pose.position, box.scale, box.pose.orientation
    assert box.ns == "car"
    np.testing.assert_allclose([p.x, p.y, p.z, s.x, s.y, s.z], [8.5, -3.0, 0.8, 4.5, 1.9, 1.6])
    assert 2 * np.arctan2(q.z, q.w) == pytest.approx(np.pi / 2)


def test_stamps_that_ros_cannot_hold_are_refused_with_the_option_that_mends_them(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The set's own test scene says 2463; its clock counts ten times too fast."""
    file = folder / "scene_abc.json"
    for i in range(2):
        file.write_text(file.read_text().replace(f"2019-05-03T21:39:53.{i + 1}00000Z", f"2463-05-15T00:38:5{8 + i}.203752Z"))
        file.write_text(file.read_text().replace(f"2019-05-03T21:39:53.{i + 1}21148Z", f"2463-05-15T00:38:5{8 + i}.415230Z"))
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag")) == 2
    assert "--stamp-scale" in capsys.readouterr().err
    assert not (tmp_path / "bag").exists()
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag"), "--stamp-scale", "0.1") == 0
    found, _ = played(tmp_path / "bag")
    assert found["lidar"][0].stamp_ns == 1_556_919_593_820_375_200


def test_stamps_keep_their_nanoseconds(folder: Path, tmp_path: Path) -> None:
    file = folder / "scene_abc.json"
    file.write_text(file.read_text().replace("2019-05-03T21:39:53.100000Z", "2019-05-03T21:39:53.100000789Z").replace("2019-05-03T21:39:53.200000Z", "2019-05-03T21:39:54Z"))
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag")) == 0
    assert [c.stamp_ns for c in played(tmp_path / "bag")[0]["lidar"]] == [1_556_919_593_100_000_789, 1_556_919_594_000_000_000]


def test_samples_need_not_stand_in_order(folder: Path, tmp_path: Path) -> None:
    file = folder / "scene_abc.json"
    content = json.loads(file.read_text())
    content["samples"].reverse()
    file.write_text(json.dumps(content))
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag")) == 0
    found, _ = played(tmp_path / "bag")
    np.testing.assert_allclose([o.T_odom_base[0, 3] for o in found["odom"]], [0, 1], atol=1e-9)
    np.testing.assert_allclose(found["odom"][0].linear, [10, 0, 0], atol=1e-6)


def test_of_several_scenes_in_a_folder_one_must_be_chosen(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "scene_other.json").write_bytes((folder / "scene_abc.json").read_bytes())
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag")) == 2
    assert "['scene_abc.json', 'scene_other.json']" in capsys.readouterr().err
    assert imported("dgp", str(folder / "scene_other.json"), "--out", str(tmp_path / "bag")) == 0


@pytest.mark.parametrize(
    ("harm", "said"),
    [(lambda f: (f / "scene_abc.json").unlink(), "has no scene_*.json"), (lambda f: (f / "scene_b.json").write_text("{}"), "give one of these files"),
     (lambda f: (f / "rgb/CAMERA_01/0.jpg").write_bytes(b""), "0.jpg is empty"),
     (lambda f: (f / "scene_abc.json").write_text((f / "scene_abc.json").read_text().replace("2019-05-03T21:39:53.100000Z", "yesterday")), "'yesterday' is not as"), (lambda f: (f / "scene_abc.json").write_text("{}"), "is no DGP scene (KeyError"),
     (lambda f: (f / "calibration/cal.json").unlink(), "cal.json cannot be read"), (lambda f: (f / "rgb/CAMERA_01/1.jpg").unlink(), "1.jpg cannot be read"),
     (lambda f: (f / "point_cloud/LIDAR/0.npz").unlink(), "0.npz cannot be read"), (lambda f: (f / "bounding_box_3d/LIDAR/0.json").write_text("["), "is not JSON"),
     (lambda f: (f / "scene_abc.json").write_text((f / "scene_abc.json").read_text().replace("2019-05-03T21:39:53.1", "yesterday")), "is not as 2019-05-03")],
)  # fmt: skip
def test_a_broken_scene_is_refused_by_name_and_leaves_nothing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm, said: str) -> None:
    harm(folder)
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag")) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "bag").exists()


def test_nanoseconds_of_protobuf_are_kept(folder: Path, tmp_path: Path) -> None:
    file = folder / "scene_abc.json"
    file.write_text(file.read_text().replace("53.100000Z", "53.100000123Z"))
    assert imported("dgp", str(folder), "--out", str(tmp_path / "bag")) == 0
    assert played(tmp_path / "bag")[0]["lidar"][0].stamp_ns == 1_556_919_593_100_000_123


def test_an_imported_scene_trains(folder: Path, tmp_path: Path) -> None:
    """Its labels are those that training reads: boxes by their class, waypoints by odometry."""
    from mm_nav.core.config import ModelSpec
    from mm_nav.train import labels
    from mm_nav.train.dataset import frames

    imported("dgp", str(folder), "--out", str(tmp_path / "bag"))
    truth = labels.read_truth(tmp_path / "bag")
    first = frames(tmp_path / "bag", ModelSpec())[0]
    assert first.lidars
    assert first.cameras
    found = labels.boxes(truth, first, ModelSpec())
    np.testing.assert_allclose(found["boxes"][0][:3], [8.5, -3.0, 0.8], rtol=1e-5)
    assert truth.exact

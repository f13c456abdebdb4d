# SPDX-License-Identifier: Apache-2.0
"""A KITTI drive, written here by its published format, comes back from the recording as its own formulas say."""

import struct
from pathlib import Path

import numpy as np
import pytest

from tests.convert.recorded import imported, messages, played, png

VELO_TO_CAM = {
    "R": [7.533745e-03, -9.999714e-01, -6.166020e-04, 1.480249e-02, 7.280733e-04, -9.998902e-01, 9.998621e-01, 7.523790e-03, 1.480755e-02],
    "T": [-4.069766e-03, -7.631618e-02, -2.717806e-01],
}
IMU_TO_VELO = {"R": [1, 0, 0, 0, 1, 0, 0, 0, 1], "T": [-0.81, 0.32, -0.80]}
R_RECT = [9.999239e-01, 9.837760e-03, -7.445048e-03, -9.869795e-03, 9.999421e-01, -4.278459e-03, 7.402527e-03, 4.351614e-03, 9.999631e-01]
P_RECT = [721.5, 0, 24.0, 44.9, 0, 721.5, 10.0, 0.22, 0, 0, 1, 0.0027]
POINTS = np.array([[12.0, 1.5, -1.0, 0.3], [20.0, -2.0, 0.5, 0.9], [8.0, 0.2, -1.6, 0.0]], np.float32)
SPEED, LATITUDE, LONGITUDE = 10.0, 49.015, 8.4344


def line(key: str, values: list[float]) -> str:
    return f"{key}: {' '.join(f'{v:.6e}' for v in values)}\n"


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    day = tmp_path / "2011_09_26"
    folder = day / "2011_09_26_drive_0001_sync"
    for part in ("velodyne_points", "image_02", "oxts"):
        (folder / part / "data").mkdir(parents=True)
        stamps = [f"2011-09-26 13:02:25.{k}00000{i}" for i, k in enumerate((100, 200, 300))]
        (folder / part / "timestamps.txt").write_text("\n".join(stamps) + "\n")
    (day / "calib_velo_to_cam.txt").write_text("calib_time: 15-Mar-2012 11:37:16\n" + "".join(line(k, v) for k, v in VELO_TO_CAM.items()))
    (day / "calib_imu_to_velo.txt").write_text("".join(line(k, v) for k, v in IMU_TO_VELO.items()))
    (day / "calib_cam_to_cam.txt").write_text(line("R_rect_00", R_RECT) + line("P_rect_02", P_RECT))
    for i in (0, 2):  # the second sweep is missing, as in drive 0009
        (folder / "velodyne_points" / "data" / f"{i:010d}.bin").write_bytes(b"".join(struct.pack("<4f", *(p + i)) for p in POINTS))
    for i in range(3):
        (folder / "image_02" / "data" / f"{i:010d}.png").write_bytes(png(i))
        east = np.rad2deg(SPEED * 0.1 * i / (6378137.0 * np.cos(np.deg2rad(LATITUDE))))
        row = [LATITUDE, LONGITUDE + east, 112.0, 0, 0, 0, 0, SPEED, SPEED, 0, 0, *[0] * 6, 0, 0, 0.0, *[0] * 10]
        (folder / "oxts" / "data" / f"{i:010d}.txt").write_text(" ".join(map(str, row)))
    (folder / "tracklet_labels.xml").write_text(
        "<boost_serialization><tracklets><count>1</count><item><objectType>Van</objectType><h>2.0</h><w>1.8</w><l>4.5</l><first_frame>2</first_frame>"
        "<poses><count>1</count><item><tx>15</tx><ty>-3</ty><tz>-1.7</tz><rx>0</rx><ry>0</ry><rz>0.5</rz></item></poses></item></tracklets></boost_serialization>"
    )  # fmt: skip
    return folder


def test_points_and_pixels_and_stamps_are_those_of_the_drive(drive: Path, tmp_path: Path) -> None:
    assert imported("kitti", str(drive), "--out", str(tmp_path / "bag")) == 0
    found, _ = played(tmp_path / "bag")
    first, last = found["lidar"]
    np.testing.assert_array_equal(first.xyz, POINTS[:, :3])
    np.testing.assert_array_equal(last.intensity, POINTS[:, 3] + 2)
    assert [c.stamp_ns for c in found["lidar"]] == [1_317_042_145_100_000_000, 1_317_042_145_300_000_002]
    pictures = messages(tmp_path / "bag")["/camera/left/image/compressed"]
    assert [bytes(m.msg.data) for m in pictures] == [png(i) for i in range(3)]


def test_a_point_lands_on_the_pixel_of_kittis_own_formula(drive: Path, tmp_path: Path) -> None:
    """y = P_rect R_rect T_velo_to_cam x, with numbers as they stand in the files."""
    imported("kitti", str(drive), "--out", str(tmp_path / "bag"))
    found, tree = played(tmp_path / "bag")
    model = next(r for r in found["camera/left"] if hasattr(r, "K"))
    T = tree.lookup("camera_left_optical", "velodyne")
    for point in POINTS[:, :3]:
        camera = np.array(R_RECT).reshape(3, 3) @ (np.array(VELO_TO_CAM["R"]).reshape(3, 3) @ point + VELO_TO_CAM["T"])
        u, v, w = np.array(P_RECT).reshape(3, 4) @ [*camera, 1.0]
        ours = model.K @ (T @ [*point, 1.0])[:3]
        np.testing.assert_allclose(ours[:2] / ours[2], [u / w, v / w], atol=0.02)
    assert tree.lookup("base_link", "velodyne")[2, 3] == pytest.approx(1.73)


def test_odometry_drives_east_as_fast_as_the_unit_measured(drive: Path, tmp_path: Path) -> None:
    imported("kitti", str(drive), "--out", str(tmp_path / "bag"))
    found, _ = played(tmp_path / "bag")
    first, _, last = found["odom"]
    np.testing.assert_allclose(first.T_odom_base, np.eye(4), atol=1e-9)
    np.testing.assert_allclose(last.T_odom_base[:3, 3], [2.0, 0.0, 0.0], atol=1e-3)
    np.testing.assert_allclose(last.linear, [SPEED, 0, 0], atol=1e-9)
    assert "/ground_truth/odom" in messages(tmp_path / "bag")


def test_a_tracklet_becomes_a_box_around_its_middle(drive: Path, tmp_path: Path) -> None:
    imported("kitti", str(drive), "--out", str(tmp_path / "bag"))
    (message,) = messages(tmp_path / "bag")["/ground_truth/objects"]
    (box,) = [m for m in message.msg.markers if m.action == 0]
    p, s = box.pose.position, box.scale
    assert (box.ns, p.x, p.y, s.x, s.y, s.z) == ("car", 15.0, -3.0, 4.5, 1.8, 2.0)
    assert p.z == pytest.approx(-1.7 + 1.0 + 1.73)
    assert message.log_time_ns == 1_317_042_145_300_000_002
    assert 2 * np.arctan2(box.pose.orientation.z, box.pose.orientation.w) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("harm", "said"),
    [(lambda d: (d.parent / "calib_velo_to_cam.txt").unlink(), "calib_velo_to_cam.txt cannot be read"),
     (lambda d: (d / "velodyne_points" / "data" / "0000000000.bin").write_bytes(b"x" * 9), "no whole number of 4 float32"),
     (lambda d: (d / "oxts" / "timestamps.txt").write_text("yesterday\n"), "'yesterday'; it must be as"),
     (lambda d: (d.parent / "calib_cam_to_cam.txt").write_text("P_rect_00: 1 2\n"), "lacks P_rect_02"),
     (lambda d: (d / "tracklet_labels.xml").write_text("<a>"), "is no tracklet file"),
     (lambda d: (d / "oxts" / "data" / "0000000001.txt").write_text("49.0 east 1"), "0000000001.txt is not made of numbers"),
     (lambda d: (d / "oxts" / "data" / "0000000001.txt").write_text("nan " * 30), "has 0 finite numbers of 30"),
     (lambda d: (d / "image_02" / "data" / "0000000001.png").write_bytes(b""), "0000000001.png is empty"),
     (lambda d: (d / "image_02" / "timestamps.txt").write_bytes(b"\xff\xfe"), "it must be as"),
     (lambda d: (d / "image_02" / "timestamps.txt").write_text("2011-09-26 13:02:25.1\n"), "has 1 lines, none of which is for"),
     (lambda d: (d / "velodyne_points" / "timestamps.txt").write_text("1950-09-26 13:02:25.1\n" * 3), "does not fit ROS time")],
)  # fmt: skip
def test_a_broken_drive_is_refused_by_name_and_leaves_nothing(drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm, said: str) -> None:
    harm(drive)
    assert imported("kitti", str(drive), "--out", str(tmp_path / "bag")) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "bag").exists()


def test_a_folder_that_is_no_drive_says_what_one_looks_like(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported("kitti", str(tmp_path), "--out", str(tmp_path / "bag")) == 2
    assert "2011_09_26_drive_0001_sync" in capsys.readouterr().err

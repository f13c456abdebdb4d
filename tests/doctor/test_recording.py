# SPDX-License-Identifier: Apache-2.0
"""``mm_nav doctor BAG`` finds by itself what is known to be wrong with real recordings, and nothing in sound ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav import cli
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.core.geometry import se2, se3
from mm_nav.core.types import Odometry, PointCloud
from mm_nav.doctor.recording import Checkup
from mm_nav.wire import encode_odometry, encode_point_cloud, encode_transforms

START = 1_700_000_000_000_000_000


def faults_of(bag: Path, out: Path, level: str = "fault") -> dict[tuple[str, str], dict[str, Any]]:
    """Findings of a level by topic and check; the exit status says whether there is a fault."""
    code = cli.main(["doctor", str(bag), "--json", str(out / "found.json")])
    said = json.loads((out / "found.json").read_text(encoding="utf-8"))
    assert code == (1 if said["faults"] else 0)
    return {(f["subject"], f["check"]): f for f in said["findings"] if f["level"] == level}


def test_a_radar_without_clock_and_frame_beside_an_imu_of_another_day(real_data: Path, tmp_path: Path) -> None:
    found = faults_of(real_data / "mmwave_radar" / "bag", tmp_path)
    radar = "/ti_mmwave/radar_scan_pcl"
    assert set(found) == {(radar, "stamp"), (radar, "frame"), *((f"/sensor_platform/{t}", "clock") for t in ("imu", "baro", "radar_right/trigger"))}
    assert found["/sensor_platform/imu", "clock"]["values"]["behind_s"] == pytest.approx(338_524.9, abs=0.5)
    assert found[radar, "stamp"]["remedy"] == "stamp_policy: arrival"


def test_scanners_without_mounting_whose_ranges_are_no_numbers(real_data: Path, tmp_path: Path) -> None:
    bag = real_data / "two_lidars" / "bag"
    assert set(faults_of(bag, tmp_path)) == {("/front_scan", "mounting"), ("/rear_scan", "mounting")}
    notes = faults_of(bag, tmp_path, "note")
    assert notes["/front_scan", "clock"]["values"]["behind_s"] == pytest.approx(0.084, abs=0.005)
    with BagReader(bag) as reader:
        texts = [f.text for f in Checkup(reader).findings() if (f.subject, f.check) == ("/front_scan", "ranges")]
    assert texts[0] == "22 % of the ranges are NaN"
    assert "below range_min" in texts[1]


def test_sensors_that_start_late_and_a_lost_picture(real_data: Path, tmp_path: Path) -> None:
    notes = faults_of(real_data / "radiate_foggy" / "bag", tmp_path, "note")
    for side in ("left", "right"):
        topic = f"/camera/{side}/image/compressed"
        assert notes[topic, "start"]["values"]["starts_s"] == pytest.approx(0.73, abs=0.02)
        assert notes[topic, "rate"]["values"]["lost"] == 1


def test_a_radar_without_mounting_and_how_fast_the_car_drives(real_data: Path, tmp_path: Path) -> None:
    bag = real_data / "nebula_radar" / "derived_points"
    assert {subject for subject, check in faults_of(bag, tmp_path) if check == "mounting"} == {
        "/radar/front_left/points_near", "/radar/front_left/points_hrr",
    }  # fmt: skip
    doppler = faults_of(bag, tmp_path, "ok")["/radar/front_center/points", "doppler"]["values"]
    assert doppler["speed_median_mps"] == pytest.approx(6.18, abs=0.05)
    assert doppler["standing_share"] > 0.9


@pytest.mark.parametrize("name", ["dgp_scene_01", "nuscenes_keyframe"])
def test_nothing_is_wrong_with_sound_recordings(real_data: Path, tmp_path: Path, name: str) -> None:
    assert faults_of(real_data / name / "bag", tmp_path) == {}
    assert faults_of(real_data / name / "bag", tmp_path, "note") == {}


def drive(path: Path, yaw: float, sign: float = 1.0) -> Path:
    """A robot that drives at 2 m/s with a radar that is said to look straight ahead, and really looks ``yaw`` aside."""
    rng = np.random.default_rng(0)
    with BagWriter(path) as writer:
        writer.write("/tf_static", encode_transforms([("base_link", "radar", se3((0.5, 0.0, 0.4)))], START), START)
        for k in range(20):
            at = START + k * 100_000_000
            odometry = Odometry(stamp_ns=at, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(0.2 * k, 0, 0),
                                linear=np.array([2.0, 0, 0]), angular=np.zeros(3))  # fmt: skip
            writer.write("odom", encode_odometry(odometry), at)
            angle, away = rng.uniform(-1, 1, 40), rng.uniform(3, 20, 40)
            xyz = np.column_stack([away * np.cos(angle), away * np.sin(angle), np.zeros(40)]).astype(np.float32)
            speed = sign * -2.0 * np.cos(angle + yaw)
            speed[:5] += 3.0  # people
            cloud = PointCloud(stamp_ns=at, frame_id="radar", xyz=xyz, intensity=np.zeros(40, np.float32), velocity=speed.astype(np.float32))
            writer.write("radar/points", encode_point_cloud(cloud, radar=True), at)
    return path


def test_doppler_that_agrees_with_odometry_is_sound(tmp_path: Path) -> None:
    bag = drive(tmp_path / "bag", yaw=0.0)
    assert faults_of(bag, tmp_path) == {}
    values = faults_of(bag, tmp_path, "ok")["/radar/points", "doppler"]["values"]
    assert values["against_odometry_mps"] < 0.05
    assert values["standing_share"] == pytest.approx(35 / 40, abs=0.05)


@pytest.mark.parametrize(("yaw", "sign"), [(0.6, 1.0), (0.0, -1.0)])
def test_a_radar_that_looks_elsewhere_or_counts_the_other_way_is_found_out(tmp_path: Path, yaw: float, sign: float) -> None:
    found = faults_of(drive(tmp_path / "bag", yaw, sign), tmp_path)
    assert set(found) == {("/radar/points", "doppler")}
    assert "odometry differs by" in found["/radar/points", "doppler"]["text"]


def test_messages_that_cannot_be_read_are_counted_with_the_reason(tmp_path: Path) -> None:
    from mm_nav.wire.message import Encoded
    from tests.ros.robot import TOPICS

    with BagWriter(tmp_path / "bag") as writer:
        good = dict(TOPICS.values())["sensor_msgs/msg/Image"](START)
        writer.write("camera/front/image", good, START)
        writer.write("camera/front/image", Encoded(good.type_name, good.fields | {"encoding": "yuv999"}), START + 1)
    found = faults_of(tmp_path / "bag", tmp_path)
    assert "1 of 2 cannot be read: image encoding 'yuv999'" in found["/camera/front/image", "message"]["text"]
    assert found["/camera/front/image", "intrinsics"]["remedy"].startswith("record its camera_info")

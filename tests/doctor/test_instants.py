# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of the instants of a recording: how often each sensor is in one, and whether they agree."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from mm_nav import cli
from mm_nav.bags.playback import sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.geometry import se3, to_quaternion


def findings(bag: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    cli.main(["doctor", str(bag), "--json", str(out / "found.json"), *more])
    return list(json.loads((out / "found.json").read_text())["findings"])


@pytest.mark.parametrize("name", ["dgp_scene_01", "nuscenes_keyframe"])
def test_sound_recordings_have_no_fault_and_no_note(real_data: Path, tmp_path: Path, name: str) -> None:
    found = findings(real_data / name / "bag", tmp_path)
    assert {f["level"] for f in found} == {"ok"}
    assert [f["values"]["verdict"] for f in found if f["check"] == "alignment"] == ["agree"]


def test_the_synchronisers_report_names_rate_offset_and_share_of_each_sensor(real_data: Path, tmp_path: Path) -> None:
    found = findings(real_data / "radiate_foggy" / "bag", tmp_path)
    rates = {f["subject"]: f["values"]["rate_hz"] for f in found if f["check"] == "rate"}
    synced = {f["subject"]: f["values"] for f in found if f["check"] == "sync"}
    for topic, rate in (("/camera/left/image/compressed", 15), ("/lidar/points", 10), ("/radar/polar/compressed", 4)):
        assert rates[topic] == pytest.approx(rate, rel=0.06)
    assert synced["/lidar/points"]["share"] == 1.0
    assert synced["/camera/left/image/compressed"]["matched"] == 35  # the cameras start 0.7 s later
    assert synced["/radar/polar/compressed"]["share"] == pytest.approx(0.45, abs=0.03)
    assert abs(synced["/camera/left/image/compressed"]["offset_s"]) < 0.04
    assert [f["values"]["verdict"] for f in found if f["check"] == "alignment"] == ["unclear"]  # fog, and no false alarm


@pytest.fixture
def turned(real_data: Path, tmp_path: Path) -> Path:
    """A real recording beside a calibration whose LiDAR is turned by three degrees."""
    (tmp_path / "bag").symlink_to(real_data / "nuscenes_keyframe" / "bag")
    with BagReader(real_data / "nuscenes_keyframe" / "bag") as reader:
        T = sources(reader)[1].lookup("base_link", "lidar_top") @ se3((0.0, 0.0, 0.0), (0.0, 0.0, 0.0524))
    entry = {"xyz": [float(v) for v in T[:3, 3]], "xyzw": [float(v) for v in to_quaternion(T)]}
    (tmp_path / "calibration.yaml").write_text(yaml.safe_dump({"frames": {"lidar_top": entry}}))
    return tmp_path / "bag"


@pytest.mark.fault("F06", "S07")
def test_a_lidar_that_is_calibrated_wrongly_is_a_fault_with_its_angle(turned: Path, tmp_path: Path) -> None:
    (found,) = [f for f in findings(turned, tmp_path) if f["check"] == "alignment"]
    assert found["level"] == "fault"
    assert found["values"]["yaw_deg"] == pytest.approx(-3.0, abs=1.0)
    assert "degrees to the right" in found["text"]
    assert "extrinsics" in found["remedy"]


def test_pictures_show_each_camera_and_the_view_from_above(real_data: Path, tmp_path: Path) -> None:
    findings(real_data / "dgp_scene_01" / "bag", tmp_path, "--picture", str(tmp_path / "drawn"))
    drawn = {p.name for p in (tmp_path / "drawn").iterdir()}
    assert drawn == {"camera_camera_01.png", "camera_camera_05.png", "camera_camera_06.png", "from_above.png"}
    with Image.open(tmp_path / "drawn" / "camera_camera_06.png") as shown:
        colours = shown.convert("RGB").getcolors(1 << 24)
    assert colours is not None
    vivid = sum(n for n, (r, g, b) in colours if max(r, g, b) - min(r, g, b) > 150)
    assert vivid > 3000  # points by depth, from red to blue

# SPDX-License-Identifier: Apache-2.0
"""What ``mm_nav inspect`` prints."""

import json
import shutil

import pytest

from mm_nav import cli, wire
from mm_nav.bags.inspect import InspectConfig, main
from mm_nav.bags.writer import BagWriter
from mm_nav.core.types import Velocity
from mm_nav.errors import BagError


def test_each_topic_is_shown_with_what_it_is_used_as(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with BagWriter(tmp_path / "bag") as writer:
        for i in range(3):
            writer.write("command", wire.encode_string("go"), i * 500_000_000)
            writer.write("cmd_vel", wire.encode_velocity(Velocity(linear=0.0, angular=0.0), 5, True), i * 500_000_000)
    assert main(InspectConfig(path=tmp_path / "bag")) == 0
    lines = capsys.readouterr().out.splitlines()
    command = next(line for line in lines if "/command" in line)
    assert "std_msgs/msg/String" in command
    assert " 2.0 " in command
    assert "command command" in command
    velocity = next(line for line in lines if "/cmd_vel" in line)
    assert "base_link" in velocity
    assert "not used: geometry_msgs/msg/TwistStamped is not read" in velocity


def test_a_narrow_terminal_is_shown_topics_and_their_use_rather_than_types_in_pieces(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with BagWriter(tmp_path / "bag") as writer:
        writer.write("/front_cam/camera_info", wire.encode_string("go"), 0)
    assert main(InspectConfig(path=tmp_path / "bag")) == 0
    said = capsys.readouterr().out
    assert "/front_cam/camera_info" in said
    assert " type " not in said.splitlines()[2]


def test_what_is_no_recording_is_an_error(tmp_path):
    with pytest.raises(BagError, match="holds no"):
        main(InspectConfig(path=tmp_path))


def inspected(path, out, capsys):
    code = cli.main(["inspect", str(path), "--json", str(out / "found.json")])
    said = capsys.readouterr()
    return code, said.err, json.loads((out / "found.json").read_text()) if code == 0 else None


def test_gaps_times_and_what_is_missing_are_told(tmp_path, capsys):
    with BagWriter(tmp_path / "bag") as writer:
        for i in (0, 1, 2, 3, 6, 7, 8):  # two are missing
            writer.write("command", wire.encode_string("go"), 10**9 + i * 100_000_000)
    _, _, found = inspected(tmp_path / "bag", tmp_path, capsys)
    (row,) = found["topics"]
    assert (row["count"], row["rate_hz"], row["first_s"], row["last_s"]) == (7, 10.0, 0.0, 0.8)
    assert (row["longest_gap_s"], row["missing"]) == (0.3, 2)
    assert found["lacks"]["replay"] == ["no camera, LiDAR or radar: record one of them"]
    assert any("Odometry" in text for text in found["lacks"]["training"])


def test_real_recordings_are_described(real_data, tmp_path, capsys):
    code, _, found = inspected(real_data / "radiate_foggy" / "bag", tmp_path, capsys)
    by_topic = {row["topic"]: row for row in found["topics"]}
    assert code == 0
    assert found["lacks"]["replay"] == []
    assert by_topic["/camera/left/image/compressed"]["missing"] == 1
    assert by_topic["/lidar/points"]["rate_hz"] == pytest.approx(10, abs=0.2)
    assert by_topic["/radar/polar/compressed"]["used_as"] == "radar radar/polar"
    _, _, found = inspected(real_data / "two_lidars" / "bag", tmp_path, capsys)
    assert sum("has no mounting" in text for text in found["lacks"]["replay"]) == 2
    _, _, found = inspected(real_data / "mmwave_radar" / "bag", tmp_path, capsys)
    assert any("frame_id is empty" in text for text in found["lacks"]["replay"])
    for name in ("dgp_scene_01", "nuscenes_keyframe"):
        _, _, found = inspected(real_data / name / "bag", tmp_path, capsys)
        assert found["lacks"]["replay"] == []
    _, _, found = inspected(real_data / "husky_odometry" / "bag", tmp_path, capsys)
    assert found["lacks"]["replay"] == ["no camera, LiDAR or radar: record one of them"]


def test_metadata_without_a_format_is_refused_with_what_to_write(real_data, tmp_path, capsys):
    code, said, _ = inspected(real_data / "nebula_radar" / "vls128_empty_format", tmp_path, capsys)
    assert code == 2
    assert "write `serialization_format: cdr`" in said


def test_a_recording_with_less_than_it_says_ends_with_status_three(tmp_path, capsys):
    path = tmp_path / "bag"
    with BagWriter(path, compression="none") as writer:
        for i in range(200):
            writer.write("command", wire.encode_string("go" * 50), i)
    (file,) = path.glob("*.mcap")
    whole = file.read_bytes()
    assert inspected(path, tmp_path, capsys)[0] == 0
    file.write_bytes(whole[: len(whole) // 2])
    code, said, _ = inspected(path, tmp_path, capsys)
    assert (code, "cut off" in said, "--allow-partial" in said) == (3, True, True)
    zeroed = bytearray(whole)
    zeroed[len(whole) // 3 : len(whole) // 2] = bytes(len(whole) // 2 - len(whole) // 3)
    file.write_bytes(bytes(zeroed))
    code, said, _ = inspected(path, tmp_path, capsys)
    assert code == 3
    assert "of 200 messages" in said
    shutil.rmtree(path)
    assert inspected(path, tmp_path, capsys)[0] == 2


def test_a_bundle_is_told_to_programs_too(tmp_path):
    assert cli.main(["inspect", "models/tiny", "--json", str(tmp_path / "tiny.json")]) == 0
    told = json.loads((tmp_path / "tiny.json").read_text())
    assert told["bundle"] == "tiny"
    assert {t["name"] for t in told["outputs"]} >= {"occupancy", "waypoints"}
    assert told["training"]["command"].startswith("mm_nav train")

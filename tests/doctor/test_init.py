# SPDX-License-Identifier: Apache-2.0
"""``mm_nav init``: a recording becomes the files of a robot, and what it does not tell is asked for."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from mm_nav import cli
from mm_nav.bags.writer import BagWriter
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se3
from mm_nav.ros import launch_xml
from mm_nav.ros.params import FusionConfig, NavigatorConfig, load
from mm_nav.train.dataset import frames
from mm_nav.wire import encode_string, encode_transforms
from mm_nav.wire.extrinsics import mount
from tests.ros.robot import PERIOD_NS, TOPICS

START_NS = 1_000_000_000_000
MOUNTS = {"cam": se3((0.1, 0.0, 0.6), (-np.pi / 2, 0.0, -np.pi / 2)), "lidar": se3((0.0, 0.0, 0.5)), "radar": se3((0.2, 0.0, 0.4), (0, 0, 0.3))}
OTHER = {"camera/front/image": "/eye/image_raw", "camera/front/camera_info": "/eye/camera_info", "lidar/points": "/velodyne_points",
         "radar/points": "/mmwave/targets", "odom": "/odometry/filtered"}  # fmt: skip


def recorded(path: Path, mounted: tuple[str, ...]) -> Path:
    """A robot with names of its own; only some of its mountings are on /tf_static."""
    assert set(OTHER) <= set(TOPICS)
    with BagWriter(path) as writer:
        if mounted:
            writer.write("/tf_static", encode_transforms([("base_link", f, MOUNTS[f]) for f in mounted], START_NS), START_NS)
        for number in range(4):
            stamp_ns = START_NS + number * PERIOD_NS
            for topic, (_, encode) in TOPICS.items():
                writer.write(OTHER.get(topic, f"/{topic}"), encode(stamp_ns), stamp_ns)
        writer.write("/voice/command", encode_string("go to the red cone"), stamp_ns + 1)
    return path


def started(out: Path) -> dict[str, tuple[dict[str, object], dict[str, str]]]:
    """Parameters and remaps by executable, as ``mm_nav up`` and ``ros2 launch`` read them."""
    found = {}
    for node in launch_xml.read(out / "robot.launch.xml", {}):
        values: dict[str, object] = {}
        for part in node.params:
            values |= yaml.safe_load(part.read_text())["/**"]["ros__parameters"] if isinstance(part, Path) else part
        found[node.executable] = (values, dict(node.remaps))
    return found


def test_the_files_start_the_nodes_on_the_robots_own_topics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "robot"
    assert cli.main(["init", str(recorded(tmp_path / "bag", tuple(MOUNTS))), "--out", str(out)]) == 0
    assert "still needed" not in capsys.readouterr().out
    nodes = started(out)
    values, remaps = nodes["fusion_node"]
    foreign = {k: v for k, v in values.items() if k not in ("bundle", "use_sim_time")}
    config = load(FusionConfig, foreign)  # strict: an unknown key or a wrong type would be refused
    assert (config.cameras, config.lidars, config.radars) == (("eye",), ("/velodyne_points",), ("/mmwave/targets",))
    assert remaps == {"camera/eye/image": "/eye/image_raw", "camera/eye/camera_info": "/eye/camera_info", "odom": "/odometry/filtered",
                      "command": "/voice/command"}  # fmt: skip
    load(NavigatorConfig, {k: v for k, v in nodes["navigator_node"][0].items() if k not in ("use_sim_time",)})
    assert nodes["navigator_node"][0]["enable_cmd_vel"] is False
    assert nodes["navigator_node"][1]["odom"] == "/odometry/filtered"
    tree = mount({}, str(out / "calibration.yaml"), "base_link")
    for frame, T in MOUNTS.items():
        np.testing.assert_allclose(tree.lookup("base_link", frame), T, atol=1e-5)


def test_a_mounting_that_nobody_recorded_is_asked_for_and_used_once_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = recorded(tmp_path / "drives" / "bag", ("cam", "radar"))
    assert not frames(bag, ModelSpec())[0].lidars
    assert cli.main(["init", str(bag), "--out", str(tmp_path / "drives")]) == 0
    said = capsys.readouterr().out
    assert said.count("still needed") == 1
    assert "where is lidar?" in said
    file = tmp_path / "drives" / "calibration.yaml"
    text = file.read_text()
    mount({}, str(file), "base_link")  # it can be read as it is
    (line,) = [x for x in text.splitlines() if "# lidar:" in x]
    told = line.split("   <-")[0].replace("# ", "").replace("[x, y, z]", "[0.0, 0.0, 0.5]").replace("[roll, pitch, yaw]", "[0.0, 0.0, 0.0]")
    file.write_text(text.replace(line, told))
    (posed,) = frames(bag, ModelSpec())[0].lidars
    np.testing.assert_allclose(posed.T_base_sensor, MOUNTS["lidar"], atol=1e-6)
    assert cli.main(["init", str(bag), "--out", str(tmp_path / "drives")]) == 0
    said = capsys.readouterr().out
    assert "still needed" not in said
    assert f"kept {file}" in said


def test_late_stamps_and_a_frame_are_mended_by_the_file_beside_the_bag(tmp_path: Path) -> None:
    bag = recorded(tmp_path / "bag", tuple(MOUNTS))
    assert all(f.lidars and f.cameras for f in frames(bag, ModelSpec())[1:])
    (bag / "calibration.yaml").write_text("sources:\n  velodyne_points: {time_offset_s: 30.0}\n")
    assert not any(f.lidars and f.cameras for f in frames(bag, ModelSpec()))  # half a minute away from everything else
    (bag / "calibration.yaml").write_text("sources:\n  mmwave/targets: {frame_id: lidar}\n")
    np.testing.assert_allclose(frames(bag, ModelSpec())[1].radars[0].T_base_sensor, MOUNTS["lidar"])
    (bag / "calibration.yaml").write_text("sources:\n  velodyne_points: {time_offset_s: soon}\n")
    assert cli.main(["doctor", str(bag)]) == 2


def test_a_radar_without_clock_and_frame(real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", str(real_data / "mmwave_radar" / "bag"), "--out", str(tmp_path / "robot")]) == 0
    said = capsys.readouterr().out
    assert "messages of ti_mmwave/radar_scan_pcl name no frame" in said
    assert started(tmp_path / "robot")["fusion_node"][0]["stamp_policy"] == "arrival"


def test_a_recording_of_nothing_that_is_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.write("/chatter", encode_string("hello"), START_NS)
    assert cli.main(["init", str(tmp_path / "bag"), "--out", str(tmp_path / "robot")]) == 2
    assert "no camera, LiDAR or radar" in capsys.readouterr().err
    assert not (tmp_path / "robot").exists()

# SPDX-License-Identifier: Apache-2.0
"""Recordings of the expert: topics, truth, seeds and refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.types import CameraImage, PointCloud
from mm_nav.errors import ConfigError
from mm_nav.sim.rollout import LIST, SimulateConfig, main, messages, scenario, simulate
from mm_nav.sim.simulation import START_NS
from mm_nav.wire import decode_odometry

TOPICS = {
    "/tf_static", "ground_truth/target", "command", "camera/front/image", "camera/front/camera_info", "lidar/points",
    "radar/points", "odom", "ground_truth/odom", "ground_truth/objects", "ground_truth/occupancy",
}  # fmt: skip


def short(out: Path, **more: object) -> SimulateConfig:
    return SimulateConfig(out=out, **({"scenarios": 2, "seed": 40, "max_seconds": 1.0, "workers": 1} | more))  # type: ignore[arg-type]


def test_a_drive_yields_every_topic_in_time_order_at_its_rate(tmp_path: Path) -> None:
    _, items = messages(short(tmp_path, max_seconds=2.0), 41)
    said = list(items)
    assert {topic for topic, _, _ in said} == TOPICS
    stamps = [stamp for _, _, stamp in said]
    assert stamps == sorted(stamps)
    images = [s for t, _, s in said if t == "camera/front/image"]
    assert set(np.diff(images)) == {200_000_000}
    assert set(np.diff([s for t, _, s in said if t == "odom"])) == {100_000_000}
    clouds = [s for t, _, s in said if t == "lidar/points"]
    assert images == clouds == [s for t, _, s in said if t == "ground_truth/objects"]


def test_a_bag_holds_what_was_simulated_and_plays_back_as_sensors(tmp_path: Path) -> None:
    (row, _) = simulate(short(tmp_path))
    sim = scenario(short(tmp_path), 40)
    first = sim.sense()
    with BagReader(tmp_path / row["name"]) as bag:
        specs, tree = sources(bag)
        assert {(s.name, s.kind) for s in specs} == {("camera/front", "camera"), ("lidar", "lidar"), ("radar", "radar"), ("odom", "odometry")}
        np.testing.assert_allclose(tree.lookup("base_link", "lidar"), sim.rig.transforms["lidar"], atol=1e-9)
        heard = list(readings(bag))
        image = next(r for n, r, _ in heard if isinstance(r, CameraImage))
        cloud = next(r for n, r, _ in heard if isinstance(r, PointCloud) and n == "radar")
        np.testing.assert_array_equal(image.rgb, first.frame().cameras[0].image.rgb)
        np.testing.assert_array_equal(cloud.velocity, first.frame().radars[0].cloud.velocity)
        markers = next(bag.messages(["/ground_truth/objects"])).msg.markers
        exact = decode_odometry(next(bag.messages(["/ground_truth/odom"])).msg)
        about = json.loads(next(bag.messages(["/ground_truth/target"])).msg.data)
    assert image.stamp_ns == START_NS
    named = {m.id: (m.ns, m.text, m.header.frame_id) for m in markers if m.action == 0}
    assert named == {o.id: (o.label, o.phrase, "base_link") for o in first.truth.objects}
    np.testing.assert_allclose(exact.T_odom_base, first.exact.T_odom_base, atol=1e-9)
    assert (about["id"], about["phrase"], about["task"]) == (sim.task.target_id, sim.task.phrase, sim.task.name)
    assert set(about["phrases"]) == {str(t.id) for t in sim.things}
    assert all(len(names) >= 4 for names in about["phrases"].values())


def test_a_scenario_depends_on_its_seed_alone_and_the_list_says_what_each_is(tmp_path: Path) -> None:
    rows = simulate(short(tmp_path / "a", scenarios=3, workers=2))
    alone = simulate(short(tmp_path / "b", scenarios=1, seed=42))
    assert [r["seed"] for r in rows] == [40, 41, 42]
    assert rows[2] == alone[0]
    listed = json.loads((tmp_path / "a" / LIST).read_text(encoding="utf-8"))
    assert listed["scenarios"] == rows
    assert {"seed", "world", "task", "command"} <= set(rows[0])


def test_a_second_run_keeps_what_is_there_and_adds_what_is_new(tmp_path: Path) -> None:
    first = simulate(short(tmp_path, scenarios=1))
    before = (tmp_path / first[0]["name"] / "metadata.yaml").stat().st_mtime_ns
    again = simulate(short(tmp_path, scenarios=2))
    assert again[0]["kept"]
    assert (tmp_path / first[0]["name"] / "metadata.yaml").stat().st_mtime_ns == before
    listed = json.loads((tmp_path / LIST).read_text(encoding="utf-8"))["scenarios"]
    assert listed[0] == first[0]
    assert len(listed) == 2


def test_a_folder_with_scenarios_of_other_options_is_refused(tmp_path: Path) -> None:
    simulate(short(tmp_path, scenarios=1))
    with pytest.raises(ConfigError, match=r"rate_hz=5\.0"):
        simulate(short(tmp_path, rate_hz=2.0))


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [("scenarios", 0, "--scenarios 0 is out of range"), ("worlds", ("moon",), "--worlds moon is unknown; use room"),
     ("robot", "hexapod", "--robot hexapod is unknown"), ("tasks", (), "--tasks \\(nothing\\)"), ("rate_hz", 50.0, "--rate-hz 50.0")],
)  # fmt: skip
def test_options_that_mean_nothing_are_named(tmp_path: Path, option: str, value: object, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        short(tmp_path, **{option: value})


def test_the_verb_reports_frames_and_succeeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(short(tmp_path, scenarios=1)) == 0
    assert "5 frames" in " ".join(capsys.readouterr().out.split())

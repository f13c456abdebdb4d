# SPDX-License-Identifier: Apache-2.0
"""A recording played on real topics is what was recorded, and the network sees the same as without ROS."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se3
from mm_nav.core.preprocess import preprocess
from mm_nav.core.sync import Synchronizer
from mm_nav.core.types import FusionInput, Utterance
from mm_nav.wire import encode_string, encode_transforms
from tests.ros.conftest import Graph, parameters
from tests.ros.robot import PERIOD_NS, TOPICS

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

START_NS = 1_000_000_000_000
MOUNTS = {
    "cam": se3((0.1, 0.0, 0.6), (-np.pi / 2, 0.0, -np.pi / 2)),
    "lidar": se3((0.0, 0.0, 0.5)),
    "radar": se3((0.2, 0.0, 0.4)),
}


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Four instants of all sensors, mountings, and one command."""
    path = tmp_path / "bag"
    with BagWriter(path) as writer:
        writer.write("/tf_static", encode_transforms([("base_link", f, T) for f, T in MOUNTS.items()], START_NS), START_NS)
        for number in range(4):
            stamp_ns = START_NS + number * PERIOD_NS
            for topic, (_, encode) in TOPICS.items():
                writer.write(f"/{topic}", encode(stamp_ns), stamp_ns)
        writer.write("/command", encode_string("go to the red cone"), stamp_ns + 1)
    return path


def without_ros(path: Path, spec: ModelSpec) -> dict[int, FusionInput]:
    """Network inputs of a recording by stamp, through the bag reader."""
    with BagReader(path) as reader:
        specs, tree = sources(reader)
        sync = Synchronizer(specs, slop_ns=spec.sync_slop_ns, window_ns=spec.sync_window_ns, tree=tree)
        for name, reading, _ in readings(reader):
            if not isinstance(reading, Utterance):
                sync.push(name, reading)
    frames = {}
    while (frame := sync.flush()) is not None:
        frames[frame.stamp_ns] = preprocess(frame, spec)
    return frames


def through_topics(graph: Graph, path: Path, bundle: Path, **more: Any) -> tuple[Any, dict[int, FusionInput]]:
    """Network inputs of a recording by stamp, as the fusion node made them."""
    from mm_nav.ros.fusion_node import FusionNode
    from mm_nav.ros.play import Player, fusion_params

    seen: dict[int, FusionInput] = {}
    with BagReader(path) as reader:
        given = fusion_params(reader)
        mounts = {f"extrinsics__{frame}": values for frame, values in given.pop("extrinsics").items()}
        plain = {name: value for name, value in given.items() if value != []}
        empty: dict[str, list[str]] = {name: [] for name, value in given.items() if value == []}
        node = graph.add(FusionNode(parameter_overrides=parameters(**plain, **mounts, **empty, bundle=str(bundle), **more)))
        step = node._pipeline.step

        def watched(frame: Any) -> Any:
            outcome = step(frame)
            seen[frame.stamp_ns] = outcome.fusion_input
            return outcome

        node._pipeline.step = watched
        player = Player(graph.probe, reader)
        graph.until(lambda: not player.unheard(), "listeners to every topic")
        # between messages the node gets time: it keeps only the newest of each topic
        player.play(rate=0.0, tick=lambda _: graph.spin(4))
        graph.until(lambda: len(seen) >= 2, "frames in the pipeline")
    return node, seen


def test_every_message_arrives_under_the_name_that_the_fusion_node_reads(graph: Graph, bag: Path) -> None:
    from mm_nav.ros.play import Player

    heard = {topic: graph.heard(type_name, topic) for topic, (type_name, _) in TOPICS.items()}
    commands = graph.heard("std_msgs/msg/String", "command")
    with BagReader(bag) as reader:
        player = Player(graph.probe, reader)
        graph.until(lambda: not player.unheard(), "listeners")
        assert player.play(rate=0.0) == 4 * len(TOPICS) + 1
        graph.until(lambda: commands and all(len(m) == 4 for m in heard.values()), "all messages")
        recorded = [m.msg for m in reader.messages(["/lidar/points"])]
    assert [m.header.stamp.nanosec for m in heard["lidar/points"]] == [m.header.stamp.nanosec for m in recorded]
    assert bytes(heard["lidar/points"][0].data) == bytes(recorded[0].data)
    assert commands[0].data == "go to the red cone"


def test_the_parameters_for_a_recording_name_its_topics_and_mountings(bag: Path, tmp_path: Path) -> None:
    from mm_nav.ros.params import FusionConfig, load
    from mm_nav.ros.play import PlayConfig, main
    from mm_nav.wire.extrinsics import mount

    out = tmp_path / "fits.yaml"
    assert main(PlayConfig(bag=bag, write_params=out)) == 0
    given = yaml.safe_load(out.read_text())["/**"]["ros__parameters"]
    mounts = given.pop("extrinsics")
    config = load(FusionConfig, {**given, **{f"extrinsics.{frame}": values for frame, values in mounts.items()}})
    assert (config.cameras, config.lidars, config.radars) == (("front",), ("lidar/points",), ("radar/points",))
    tree = mount(config.extrinsics, "", "base_link")
    for frame, T in MOUNTS.items():
        np.testing.assert_allclose(tree.lookup("base_link", frame), T, atol=1e-12)


def test_the_network_sees_the_same_bits_through_topics_and_through_the_bag_reader(graph: Graph, bag: Path, bundle: Path) -> None:
    from tests.engine.networks import SPEC

    _, seen = through_topics(graph, bag, bundle)
    wanted = without_ros(bag, SPEC)
    assert set(seen) <= set(wanted)
    for stamp_ns, inputs in seen.items():
        for field in dataclasses.fields(FusionInput):
            if field.name not in ("phrase", "phrase_mask"):
                given, got = getattr(wanted[stamp_ns], field.name), getattr(inputs, field.name)
                np.testing.assert_array_equal(got, given, err_msg=field.name)
                assert got.dtype == given.dtype


@pytest.mark.parametrize("name", ["radiate_foggy", "dgp_scene_01"])
def test_a_recording_of_real_sensors_flows_through_real_topics(graph: Graph, bundle: Path, real_data: Path, name: str) -> None:
    from tests.engine.networks import SPEC

    if not (real_data / name / "bag").exists():
        pytest.skip(f"{name} is not in {real_data}")
    occupancy = graph.heard("nav_msgs/msg/OccupancyGrid", "occupancy")
    plans = graph.heard("nav_msgs/msg/Path", "plan")
    node, seen = through_topics(graph, real_data / name / "bag", bundle)
    graph.until(lambda: occupancy and plans, "outputs for real sensors")
    wanted = without_ros(real_data / name / "bag", SPEC)
    common = set(seen) & set(wanted)
    assert common
    for stamp_ns in common:
        np.testing.assert_array_equal(seen[stamp_ns].lidar_bev, wanted[stamp_ns].lidar_bev)
        np.testing.assert_array_equal(seen[stamp_ns].camera_image, wanted[stamp_ns].camera_image)
    assert node.guard.count("pipeline") == 0

# SPDX-License-Identifier: Apache-2.0
"""What is said on topics is in the recording, bit by bit, and a recording of a robot of its own trains."""

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

from mm_nav import cli
from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.ros.record import NOISE, Recorder
from mm_nav.wire import encode_string
from tests.ros.conftest import Graph
from tests.ros.robot import TOPICS

STAMP_NS = 1_000_000_000_000


def record(graph: Graph, path: Path, topics: tuple[str, ...], say: Any) -> Recorder:
    """Record what ``say`` publishes; it is called until the recorder has listened to everything."""
    with BagWriter(path) as writer:
        recorder = Recorder(graph.probe, writer, topics)
        say(recorder)
        recorder.close()
    return recorder


def test_readings_come_back_as_they_were_published(graph: Graph, tmp_path: Path) -> None:
    def say(recorder: Recorder) -> None:
        speakers = {t: graph.speaker(f"{type_name}", t, listeners=0) for t, (type_name, _) in TOPICS.items()}
        graph.until(lambda: recorder.look() is not None and set(recorder._heard) >= {f"/{t}" for t in TOPICS}, "topics are not found")
        for topic, (_, encode) in TOPICS.items():
            graph.until(lambda t=topic: graph.probe.count_subscribers(t) > 0 and graph.spin(), f"{topic} is not heard")
            graph.until(lambda t=topic, e=encode: speakers[t](e(STAMP_NS)) and graph.spin() and recorder.kept[f"/{t}"], f"{topic} is lost")

    record(graph, tmp_path / "bag", (), say)
    direct = tmp_path / "direct"
    with BagWriter(direct) as writer:
        for topic, (_, encode) in TOPICS.items():
            writer.write(f"/{topic}", encode(STAMP_NS), STAMP_NS)

    def first(path: Path) -> dict[str, str]:
        with BagReader(path) as reader:
            assert not any(topic in NOISE for topic in reader.topics)
            return {name: repr(reading) for name, reading, _ in readings(reader)}

    assert first(tmp_path / "bag") == first(direct)


def test_only_the_topics_that_were_asked_for_are_recorded(graph: Graph, tmp_path: Path) -> None:
    def say(recorder: Recorder) -> None:
        kept, left = (graph.speaker("std_msgs/msg/String", t, listeners=0) for t in ("arm/words", "leg/words"))
        graph.until(lambda: recorder.look() or "/arm/words" in recorder._heard, "it is not found")
        graph.until(lambda: kept(encode_string("a")) and left(encode_string("b")) and graph.spin() and recorder.kept["/arm/words"] > 2, "it is lost")

    recorder = record(graph, tmp_path / "bag", ("arm/*",), say)
    assert set(recorder.kept) == {"/arm/words"}
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.topics) == ["/arm/words"]


def test_mountings_of_a_calibration_file_are_in_the_recording(graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "mounts.yaml"
    file.write_text(yaml.safe_dump({"frames": {"mast": {"xyz": [0.1, 0, 1.2]}, "lidar": {"parent": "mast", "xyz": [0, 0, 0.3]}}}))

    def say(recorder: Recorder) -> None:
        recorder.mountings(str(file), "base_link")
        speak = graph.speaker("std_msgs/msg/String", "words", listeners=0)
        graph.until(lambda: recorder.look() or "/words" in recorder._heard, "it is not found")
        graph.until(lambda: speak(encode_string("a")) and graph.spin() and recorder.kept["/words"], "it is lost")

    record(graph, tmp_path / "bag", ("words",), say)
    with BagReader(tmp_path / "bag") as reader:
        _, tree = sources(reader)
    assert tree.lookup("base_link", "lidar")[:3, 3] == pytest.approx([0.1, 0, 1.5])


def test_a_recording_of_nothing_is_an_error_and_leaves_no_bag(
    domain: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["record", "/nobody", "--out", str(tmp_path / "bag"), "--seconds", "0.3"]) == 2
    assert "nothing was published on /nobody" in capsys.readouterr().err
    assert not (tmp_path / "bag").exists()
    assert cli.main(["record", "--out", str(tmp_path / "bag"), "--seconds", "-1"]) == 2
    assert "--seconds -1" in capsys.readouterr().err

# SPDX-License-Identifier: Apache-2.0
"""Replaying a recording: the outputs are the pipeline's, under the node's topics, at the frames' stamps."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("open3d")

from mm_nav import replay
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.core.types import Command, FusionInput, FusionOutput, Intent
from mm_nav.errors import BagError, ConfigError
from mm_nav.evaluate.recording import Heard, Seen, outcomes
from mm_nav.pipeline import Pipeline
from mm_nav.wire import decode_occupancy
from tests.demo import recorded
from tests.evaluate.oracle import SPEC, Letters


class Echo:
    """An engine whose map is the LiDAR's: occupied where a return is high, seen where a ray passed."""

    name = "echo"

    def run(self, inputs: FusionInput) -> FusionOutput:
        """Deterministic, and different for every frame."""
        shape = (SPEC.grid.rows, SPEC.grid.columns)
        nothing = np.zeros(shape, np.float32)
        goal = nothing.copy()
        goal[48, 60] = 0.9 * inputs.phrase_mask[0]
        return FusionOutput(
            occupancy=(inputs.lidar_bev[1] > 0.15).astype(np.float32), visible=inputs.lidar_bev[8],
            motion=np.zeros((2, *shape), np.float32), object_heat=nothing, object_box=np.zeros((8, *shape), np.float32),
            object_class=np.full((len(SPEC.classes), *shape), 0.2, np.float32), goal_map=np.stack([goal, nothing, nothing]),
            goal_present=np.ones(3, np.float32), waypoints=np.zeros((SPEC.waypoint_count, 2), np.float32),
            stop=np.zeros(1, np.float32),
        )  # fmt: skip


def pipeline() -> Pipeline:
    """A new one that remembers nothing."""
    return Pipeline(Echo(), Letters(), SPEC)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second and a half of a drive, with a command, without mm_nav's own outputs being used."""
    path = tmp_path_factory.mktemp("replay") / "bag"
    recorded.drive(path, seconds=1.5)
    return path


def test_every_instant_gives_outputs_at_its_stamp(bag: Path, tmp_path: Path) -> None:
    count = replay.replay(bag, tmp_path / "out", pipeline(), SPEC, about={"bundle": "echo"})
    frames = [e for e in outcomes(bag, pipeline(), SPEC) if isinstance(e, Seen)]
    assert count == len(frames) == 8  # 0, 0.2 … 1.4 s
    counts: Counter[str] = Counter()
    stamps: list[int] = []
    with BagReader(tmp_path / "out") as reader:
        for message in reader.messages():
            counts[message.topic] += 1
            if message.topic == "/occupancy":
                stamps.append(decode_occupancy(message.msg)[0])
                assert message.log_time_ns == stamps[-1]
            if message.topic == "/diagnostics":
                values = {v.key: v.value for v in message.msg.status[0].values}
                assert values["bundle"] == "echo"
                assert float(values["ms.network"]) >= 0
    assert stamps == [f.frame.stamp_ns for f in frames]
    for topic in ("/occupancy", "/objects", "/plan", "/obstacles", "/diagnostics"):
        assert counts[topic] == count
    assert counts["/goal_pose"] > 0


def test_the_written_map_is_the_pipelines(bag: Path, tmp_path: Path) -> None:
    replay.replay(bag, tmp_path / "out", pipeline(), SPEC)
    wanted = [e.outcome.scene.occupancy for e in outcomes(bag, pipeline(), SPEC) if isinstance(e, Seen)]
    with BagReader(tmp_path / "out") as reader:
        written = [decode_occupancy(m.msg)[3] for m in reader.messages(["/occupancy"])]
    assert sum(np.isfinite(w).sum() for w in wanted) > 1000
    for a, b in zip(wanted, written, strict=True):
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        np.testing.assert_allclose(a[np.isfinite(a)], b[np.isfinite(b)], atol=0.0051)  # whole per cents


def test_commands_of_the_recording_are_answered_in_it(bag: Path, tmp_path: Path) -> None:
    replay.replay(bag, tmp_path / "out", pipeline(), SPEC)
    with BagReader(tmp_path / "out") as reader:
        answers = [m.msg for m in reader.messages(["/command_status"])]
    assert answers[0].message == "accepted"
    assert {v.key: v.value for v in answers[0].values}["phrase"] == "barrel that is black"


def test_a_command_can_be_added_at_the_start(bag: Path) -> None:
    events = list(outcomes(bag, pipeline(), SPEC, say="turn left 90 degrees"))
    first = events[0]
    assert isinstance(first, Heard)
    assert isinstance(first.answer, Command)
    assert first.answer.intent is Intent.TURN
    assert sum(isinstance(e, Heard) for e in events) == 2  # and the recording's own


def test_replay_never_overwrites(bag: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="exists already"):
        replay.main(replay.ReplayConfig(bag=bag, out=tmp_path / "out"))


def test_a_recording_without_sensors_is_refused_and_leaves_nothing(tmp_path: Path, bag: Path) -> None:
    replay.replay(bag, tmp_path / "outputs", pipeline(), SPEC)  # holds mm_nav's outputs only
    with pytest.raises(BagError, match="no synchronised frame"):
        replay.replay(tmp_path / "outputs", tmp_path / "again", pipeline(), SPEC)
    assert not (tmp_path / "again").exists()


def test_replay_needs_neither_rclpy_nor_torch() -> None:
    code = "import mm_nav.replay, sys; print({'rclpy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "set()"


@pytest.mark.fault("B11")
def test_a_clock_that_is_reset_within_a_recording_begins_another_run(
    bag: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice, resets = tmp_path / "twice", list[int]()
    with BagReader(bag) as reader, BagWriter(twice) as writer:
        for later_ns in (0, reader.duration_ns + 200_000_000):  # the log goes on, the sensors' stamps are set back
            for connection, log_time_ns, data in reader._reader.messages():
                writer.write_serialized(connection.topic, connection.msgtype, data, log_time_ns + later_ns)
    once = [e for e in outcomes(bag, pipeline(), SPEC) if isinstance(e, Seen)]
    fresh = pipeline()
    monkeypatch.setattr(fresh, "reset", lambda: resets.append(1))
    seen = [e for e in outcomes(twice, fresh, SPEC) if isinstance(e, Seen)]
    assert [e.frame.stamp_ns for e in seen] == 2 * [e.frame.stamp_ns for e in once]
    assert len(resets) == 1
    assert "time jumps" in caplog.text


def test_what_it_came_to_is_told(bag: Path, tmp_path: Path) -> None:
    tally, shares = replay.Tally(), list[float]()
    count = replay.replay(bag, tmp_path / "out", pipeline(), SPEC, told=shares.append, tally=tally)
    told = tally.to_json()
    assert told["instants"] == count == sum(told["states"].values())
    assert told["ms"]["network"]["p50"] <= told["ms"]["step"]["p95"]
    assert [c["answer"] for c in told["commands"]] == ["go_to"]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1

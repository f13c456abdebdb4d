# SPDX-License-Identifier: Apache-2.0
"""A recorded run read back: what the pictures are made of is what happened."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("open3d")

from PIL import Image

from mm_nav import demo
from mm_nav.bags.writer import BagWriter
from mm_nav.demo import story
from mm_nav.demo.run import Done
from mm_nav.errors import BagError
from mm_nav.sim.simulation import Simulation
from mm_nav.wire import encode_string
from tests.demo import recorded


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, story.Story, Simulation]:
    """One recorded run, read once."""
    bag = tmp_path_factory.mktemp("demo") / "bag"
    sim = recorded.drive(bag)
    return bag, story.read(bag), sim


def test_every_instant_is_there_in_order(run: tuple[Path, story.Story, Simulation]) -> None:
    _, told, sim = run
    times = [i.time_s for i in told.instants]
    assert times == pytest.approx([0.2 * k for k in range(len(times))])
    assert times[-1] == pytest.approx(sim.time_s, abs=0.25)
    assert told.rate_hz == pytest.approx(5.0)


def test_a_silent_sensor_is_seen_as_an_outage(run: tuple[Path, story.Story, Simulation]) -> None:
    _, told, _ = run
    (outage,) = told.outages
    assert outage.sensor == "camera"
    assert (outage.start_s, outage.end_s) == pytest.approx((recorded.OFF_S, recorded.ON_S), abs=0.21)
    during = [i for i in told.instants if recorded.OFF_S + 0.1 < i.time_s < recorded.ON_S - 0.1]
    assert during
    assert all(dict(i.sensors) == {"camera": False, "LiDAR": True, "radar": True} for i in during)


def test_latency_runs_from_the_last_sensor_to_the_plan(run: tuple[Path, story.Story, Simulation]) -> None:
    _, told, _ = run
    assert told.latency_ms == pytest.approx([14.0] * len(told.instants))


def test_target_goal_and_path_are_where_they_were_in_the_robots_frame(
    run: tuple[Path, story.Story, Simulation],
) -> None:
    _, told, sim = run
    last = told.instants[-1]
    assert last.target is not None
    assert sim.target is not None
    c, s = np.cos(sim.robot.yaw), np.sin(sim.robot.yaw)
    dx, dy = sim.target.x - sim.robot.x, sim.target.y - sim.robot.y
    assert last.target == pytest.approx([c * dx + s * dy, -s * dx + c * dy], abs=0.35)  # it drove on for 0.2 s
    grounded = [i for i in told.instants if i.scene.goal is not None]
    assert len(grounded) > 5
    for instant in grounded:
        assert instant.scene.goal is not None
        assert instant.target is not None
        assert np.hypot(*(instant.scene.goal.xy - instant.target)) < 0.5
    driving = [i for i in told.instants if i.plan is not None and len(i.plan.path) > 1]
    assert driving
    assert all(np.hypot(*i.plan.path[0]) < 0.6 for i in driving if i.plan is not None)


def said(text: str) -> story._Said:
    """An order about thing 3, a black barrel."""
    marker = SimpleNamespace(text="black barrel")
    return story._Said(commands=[(1, text)], target={"id": 3, "command": text}, truth={1: {3: marker}})


def test_the_words_and_the_way_are_told(run: tuple[Path, story.Story, Simulation]) -> None:
    _, told, sim = run
    last = told.instants[-1]
    assert last.command == sim.task.text
    assert last.gloss == ""  # it was said in English
    assert story._words(said(sim.task.text), 5) == (sim.task.text, "")
    assert story._words(said("去黑色的桶那里"), 5) == ("去黑色的桶那里", "go to the black barrel")
    assert len(last.trail) == len(told.instants)
    assert last.trail[-1] == pytest.approx([0, 0], abs=1e-9)
    assert (np.diff(last.history[:, 0]) > 0).all()
    assert last.history[-1, 1] < last.history[0, 1]
    assert any(i.state in ("drive", "driving") for i in told.instants)


def test_the_run_is_drawn_and_reported(run: tuple[Path, story.Story, Simulation], tmp_path: Path) -> None:
    bag, told, sim = run
    result = {"success": True, "reason": "success", "seed": recorded.SEED, "task": "goto", "command": sim.task.text,
              "time_s": sim.time_s, "collided": False, "distance_m": 2.0, "shortest_m": 1.9, "target_distance_m": 0.9}  # fmt: skip
    summary = demo.summarise(Done(result=result, messages={"/odom": 3}, wall_s=9.0), told)
    demo.draw(tmp_path, told, summary)
    json.dumps(summary)
    with Image.open(tmp_path / "demo.gif") as gif:
        assert getattr(gif, "n_frames", 1) == len(told.instants)
    assert (tmp_path / "demo.gif").stat().st_size <= 3_000_000
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/") == 1 + demo.PICTURES
    assert sim.task.text in page
    assert summary["outages"][0]["sensor"] == "camera"
    assert summary["latency_ms"] == {"p50": 14.0, "p95": 14.0}


def test_a_recording_in_which_nothing_was_seen_says_where_to_look(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.write("command", encode_string("go"), 1)
    with pytest.raises(BagError, match=r"no instant in it; look into nodes\.log"):
        story.read(tmp_path / "bag")

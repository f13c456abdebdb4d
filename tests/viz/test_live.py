# SPDX-License-Identifier: Apache-2.0
"""The live view: what is logged where, at which time; read back from a recording."""

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav.core.geometry import se2
from mm_nav.core.types import Odometry
from mm_nav.wire.outcome import LabelledBox
from tests.viz.instants import GRID, frame, scene
from tests.viz.recorded import rows

rr = pytest.importorskip("rerun", reason="rerun-sdk is not installed; pip install 'mm_nav[viz]'")

from mm_nav.viz.live import WIDEST, LiveView, layout  # noqa: E402

SECOND = 10**9
Recorded = Callable[[Callable[[LiveView], None]], dict[str, list[dict[str, Any]]]]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """What a view logs, as rows by entity; what Rerun would only warn of is an error."""

    def run(log: Callable[[LiveView], None]) -> dict[str, list[dict[str, Any]]]:
        stream = rr.RecordingStream("test")
        stream.save(tmp_path / "x.rrd")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            log(LiveView(stream, ["camera/front"]))
        stream.flush()
        stream.disconnect()
        return rows(tmp_path / "x.rrd")

    return run


def everything(view: LiveView) -> None:
    """Each kind of thing once."""
    seen = frame()
    view.at(SECOND)
    none = np.zeros(3)
    view.odometry(Odometry(stamp_ns=SECOND, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(1, 2, 0), linear=none, angular=none))
    view.camera("camera/front", seen.cameras[0].image, seen.cameras[0].model, seen.cameras[0].T_base_cam)
    view.lidar(seen.lidars[0])
    view.radar(seen.radars[0])
    view.occupancy(GRID, scene().occupancy)
    box = LabelledBox(id=1, label="cone", text="cone 0.9", center=np.array([4.0, 0, 0.3]), size=np.array([0.4, 0.4, 0.6]), yaw=0.5)
    view.objects([box])
    view.obstacles(np.array([[4.0, 0, 0.3]], np.float32))
    view.plan("odom", np.array([[0.0, 0], [1, 0], [2, 0.5]]))
    view.goal("odom", np.array([4.0, 0.1]))
    view.number("velocity/linear", 0.5)
    view.words("answer", "accepted: go to red cone")


def test_everything_has_its_place_and_rerun_warns_of_nothing(recorded: Recorded) -> None:
    found = recorded(everything)
    assert set(found) >= {
        "/world", "/world/robot", "/world/robot/camera/front", "/world/robot/lidar", "/world/robot/radar", "/world/robot/radar/moving",
        "/world/robot/occupancy", "/world/robot/objects", "/world/robot/obstacles", "/world/plan", "/world/goal", "/plots/velocity/linear",
        "/plots/velocity/measured", "/log/answer",
    }  # fmt: skip
    (line,) = found["/log/answer"]
    assert line["text"] == ["accepted: go to red cone"]
    (boxes,) = found["/world/robot/objects"]
    assert boxes["labels"] == ["cone 0.9"]
    assert np.allclose(boxes["half_sizes"], [[0.2, 0.2, 0.3]])
    (path,) = found["/world/plan"]
    assert np.allclose(np.array(path["strips"])[0, :, :2], [[0, 0], [1, 0], [2, 0.5]])
    assert np.allclose(found["/world/robot/occupancy"][0]["vertex_positions"][0][:2], [GRID.x_max, GRID.y_max])


def test_time_is_that_of_the_sensors_and_what_has_no_stamp_is_of_the_newest(recorded: Recorded) -> None:
    def log(view: LiveView) -> None:
        view.at(5 * SECOND)
        view.number("velocity/linear", 1.0)
        view.at(0)
        view.words("command", "stop")

    found = recorded(log)
    times = {entity: found[entity][0]["stamp"] for entity in ("/plots/velocity/linear", "/log/command")}
    assert set(times.values()) == {5 * SECOND}


def test_what_is_said_before_the_first_reading_does_not_stand_in_1970(recorded: Recorded) -> None:
    def log(view: LiveView) -> None:
        view.at(0)
        view.words("answer", "accepted")

    (line,) = recorded(log)["/log/answer"]
    assert "stamp" not in line


def test_a_large_picture_is_made_small_and_its_calibration_with_it(recorded: Recorded) -> None:
    view_of = frame().cameras[0]
    large = dataclasses.replace(view_of.image, rgb=np.zeros((1080, 1920, 3), np.uint8))
    model = dataclasses.replace(view_of.model, width=1920, height=1080, K=np.array([[1000.0, 0, 960], [0, 1000, 540], [0, 0, 1]]))
    found = recorded(lambda view: view.camera("camera/front", large, model, view_of.T_base_cam))
    merged: dict[str, Any] = {}
    for row in found["/world/robot/camera/front"]:
        merged |= row
    width, height = merged["resolution"][0]
    assert (width, height) == (480, 270)
    assert width <= WIDEST
    assert np.allclose(np.array(merged["image_from_camera"][0]).reshape(3, 3).T, [[250, 0, 240], [0, 250, 135], [0, 0, 1]])
    assert len(bytes(merged["blob"][0])) < 20_000


def test_a_plan_to_stand_clears_the_last_one(recorded: Recorded) -> None:
    def log(view: LiveView) -> None:
        view.at(SECOND)
        view.plan("base_link", np.array([[0.0, 0], [1, 0]]))
        view.at(2 * SECOND)
        view.plan("base_link", np.zeros((0, 2)))

    assert recorded(log)["/world/robot/plan"][-1]["strips"] == []


@pytest.mark.parametrize("count", [0, 1, 2, 6])
def test_there_is_a_layout_for_any_number_of_cameras(count: int) -> None:
    assert layout([f"camera/{i}" for i in range(count)]).root_container is not None

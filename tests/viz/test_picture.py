# SPDX-License-Identifier: Apache-2.0
"""The picture of one instant."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from mm_nav.viz import canvas
from mm_nav.viz.birdseye import FREE, OCCUPIED, UNKNOWN, occupancy_colours
from mm_nav.viz.picture import HEIGHT, WIDTH, draw
from tests.viz.instants import GRID, frame, instant, scene


def test_a_picture_has_its_size_and_is_not_empty() -> None:
    pixels = np.asarray(draw(instant()))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200


def test_ahead_is_up_and_left_is_left() -> None:
    occupancy = np.zeros((GRID.rows, GRID.columns), np.float32)
    occupancy[-1, -1] = 1.0  # largest y (left), largest x (ahead)
    occupancy[0, -1] = np.nan  # right, ahead
    colours = occupancy_colours(occupancy)
    assert tuple(colours[0, 0]) == OCCUPIED
    assert tuple(colours[0, -1]) == UNKNOWN
    assert tuple(colours[-1, -1]) == FREE


@pytest.mark.parametrize("missing", ["camera", "goal", "plan", "everything"])
def test_what_is_missing_is_drawn_as_missing(missing: str) -> None:
    every: dict[str, dict[str, Any]] = {
        "camera": {"frame": frame(camera=False)},
        "goal": {"scene": scene(goal=None)},
        "plan": {"plan": None},
        "everything": {"frame": frame(camera=False), "scene": scene(goal=None, objects=()), "plan": None, "command": "",
                       "sensors": (), "facts": (), "trail": np.zeros((0, 2)), "target": None, "history": np.zeros((0, 2))},
    }  # fmt: skip
    full, reduced = np.asarray(draw(instant())), np.asarray(draw(instant(**every[missing])))
    assert (full != reduced).any()


def test_a_goal_behind_the_camera_stays_out_of_its_picture() -> None:
    behind = scene(objects=(), goal=scene().goal)
    goal = behind.goal
    assert goal is not None
    moved = scene(objects=(), goal=type(goal)(xy=np.array([-4.0, 0.0]), confidence=0.8, seen_now=False))
    without = scene(objects=(), goal=None)
    left = (slice(52, 280), slice(16, 480))
    with_goal, none = (np.asarray(draw(instant(scene=s, plan=None)))[left] for s in (moved, without))
    np.testing.assert_array_equal(with_goal, none)


def test_chinese_is_written_in_english_where_no_font_has_the_signs() -> None:
    with patch.object(canvas, "cjk_font_file", return_value=None):
        assert canvas.drawable("去红色锥桶旁边", "go to the red cone") == "go to the red cone"
        assert canvas.drawable("去红色锥桶旁边", "去") == "?"
        assert canvas.drawable("go on", "unused") == "go on"


def test_chinese_is_kept_where_a_font_has_the_signs() -> None:
    with patch.object(canvas, "cjk_font_file", return_value=Path("some.ttf")):
        assert canvas.drawable("去红色锥桶旁边", "go to the red cone") == "去红色锥桶旁边"


def test_a_long_command_is_cut_to_its_room() -> None:
    sheet = canvas.Canvas(100, 30)
    assert sheet.text(0, 0, "go to the red cone " * 100, room=80) <= 80

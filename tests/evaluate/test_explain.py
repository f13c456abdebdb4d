# SPDX-License-Identifier: Apache-2.0
"""Explanations of an engine whose reasons are known: covering finds what it weighs, and how much."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training extra not installed: pip install mm_nav[train]")
pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.evaluate import explain
from mm_nav.evaluate.labelled import run, with_memory
from tests.evaluate.frames import SPEC, Weighs, field, watched


def test_the_memory_of_a_frame_is_what_the_engine_kept_of_its_past() -> None:
    assert (with_memory(Weighs(), watched()).memory == 1.0).all()
    assert (with_memory(Weighs(), dataclasses.replace(watched(), past=None)).memory == 0.0).all()
    assert run(Weighs(), watched()).goal_map.max() == pytest.approx(1.0)


def test_each_sensor_is_worth_what_the_engine_weighs_it() -> None:
    found = explain.explain(Weighs(), watched(), SPEC).left_out
    # the camera is also what the memory is of; without odometry nobody knows where the memory lies
    weights = {"camera": 0.3 + 0.2, "lidar": 0.4, "radar": 0.1, "odometry": 0.2, "memory": 0.2}
    assert {k: v["goal_score_change"] for k, v in found.items()} == {k: pytest.approx(w) for k, w in weights.items()}
    assert {k: v["waypoint_change_m"] for k, v in found.items() if v["waypoint_change_m"]} == {"odometry": pytest.approx(1.0)}


def test_the_cell_that_counts_is_found_and_others_are_not() -> None:
    found = explain.explain(Weighs(), watched(), SPEC)
    cell = field((4.5, 0.5, 1.0)) > 0
    assert found.lidar[cell] == pytest.approx(0.4)
    assert found.radar[cell] == pytest.approx(0.1)
    assert found.lidar.max() == found.lidar[cell]
    far = field((14.5, -6.5, 1.0)) > 0
    assert found.lidar[far] == 0


def test_covering_a_picture_with_its_own_colour_changes_nothing() -> None:
    assert np.abs(explain.explain(Weighs(), watched(), SPEC).camera).max() == 0


def test_the_brightest_part_of_a_picture_speaks_for_what_is_bright() -> None:
    frame = watched()
    image = np.zeros_like(frame.now.camera_image)
    image[..., :32, :32] = 255
    found = explain.explain(Weighs(), dataclasses.replace(frame, now=dataclasses.replace(frame.now, camera_image=image)), SPEC).camera
    assert found.shape == (1, 32, 64)
    assert found[0, 5, 5] > 0.05
    assert found[0, 5, 60] < -0.05  # a dark part that is painted grey makes the picture brighter


def test_pictures_of_absent_cameras_explain_nothing() -> None:
    frame = watched()
    two = {"camera_image": np.repeat(frame.now.camera_image, 2, axis=0), "camera_grid": np.repeat(frame.now.camera_grid, 2, axis=0)}
    now = dataclasses.replace(frame.now, **two, camera_mask=np.array([0, 1], np.float32))
    assert explain.explain(Weighs(), dataclasses.replace(frame, now=now), SPEC).camera.shape == (1, 32, 64)


def test_without_a_phrase_the_way_is_what_is_explained() -> None:
    frame = watched()
    frame = dataclasses.replace(frame, now=dataclasses.replace(frame.now, phrase_mask=np.zeros(3, np.float32)))
    found = explain.explain(Weighs(), frame, SPEC)
    assert not found.asked
    assert found.left_out["lidar"]["goal_score_change"] is None
    assert found.left_out["odometry"]["waypoint_change_m"] == pytest.approx(1.0)
    assert not found.lidar.any()


def test_a_sensor_that_is_absent_is_not_asked_about() -> None:
    frame = watched()
    absent = dataclasses.replace(frame.now, radar_mask=np.zeros(1, np.float32))
    assert not explain.has(dataclasses.replace(frame, now=absent), "radar")
    assert explain.has(frame, "radar")
    assert not explain.has(dataclasses.replace(frame, past=None), "memory")
    assert not explain.cover_cells(absent, "radar_bev", lambda _: 1.0).any()


@pytest.mark.parametrize(("rows", "columns", "side"), [(16, 16, 8), (33, 10, 8), (5, 5, 8)])
def test_patches_leave_no_place_uncovered(rows: int, columns: int, side: int) -> None:
    seen = np.zeros((rows, columns))
    for place in explain.patches(rows, columns, side):
        seen[place] += 1
    assert seen.min() >= 1
    assert explain.cover(rows, columns, side, lambda _: 2.0) == pytest.approx(2.0)

# SPDX-License-Identifier: Apache-2.0
"""Network maps become unknown cells, boxes and sightings."""

import numpy as np
import pytest

from mm_nav.core.config import BOX_CHANNELS, ModelSpec
from mm_nav.core.postprocess import camera_view, scene, sightings
from mm_nav.core.preprocess import preprocess
from mm_nav.core.types import FusionOutput, Missing, SensorFrame

SPEC = ModelSpec()
GRID = SPEC.grid


def empty_output(**maps: np.ndarray) -> FusionOutput:
    shape = (GRID.rows, GRID.columns)
    fields = {
        "occupancy": np.zeros(shape, np.float32), "visible": np.ones(shape, np.float32),
        "motion": np.zeros((2, *shape), np.float32), "object_heat": np.zeros(shape, np.float32),
        "object_box": np.zeros((BOX_CHANNELS, *shape), np.float32),
        "object_class": np.full((len(SPEC.classes), *shape), 0.2, np.float32),
        "goal_map": np.zeros((3, *shape), np.float32), "goal_present": np.ones(3, np.float32),
        "waypoints": np.zeros((SPEC.waypoint_count, 2), np.float32), "stop": np.zeros(1, np.float32),
    }  # fmt: skip
    return FusionOutput(**(fields | maps))


def goals(first: np.ndarray) -> np.ndarray:
    return np.stack([first, np.zeros_like(first), np.zeros_like(first)])


def cell(x: float, y: float) -> tuple[int, int]:
    return int((y - GRID.y_min) / GRID.cell), int((x - GRID.x_min) / GRID.cell)


def center(row: int, column: int) -> np.ndarray:
    return np.array([GRID.x_min + (column + 0.5) * GRID.cell, GRID.y_min + (row + 0.5) * GRID.cell])


def test_cells_that_are_not_observed_are_unknown() -> None:
    visible = np.ones((96, 96), np.float32)
    visible[10:20] = 0.2
    seen = scene(empty_output(visible=visible), SensorFrame(stamp_ns=7, missing=(Missing(name="lidar", reason="silent"),)), SPEC)
    assert np.isnan(seen.occupancy[10:20]).all()
    assert np.isfinite(seen.occupancy[20:]).all()
    assert (seen.stamp_ns, seen.missing[0].name) == (7, "lidar")


def test_a_box_is_decoded_where_its_peak_points() -> None:
    heat, box = np.zeros((96, 96), np.float32), np.zeros((8, 96, 96), np.float32)
    kinds, motion = np.full((5, 96, 96), 0.1, np.float32), np.zeros((2, 96, 96), np.float32)
    r, c = cell(3.1, -1.3)
    heat[r - 1 : r + 2, c - 1 : c + 2] = 0.5
    heat[r, c] = 0.8
    box[:, r, c] = [0.05, -0.07, 0.45, *np.log([0.9, 0.6, 0.9]), np.sin(0.7), np.cos(0.7)]
    kinds[SPEC.classes.index("person"), r, c] = 0.6
    motion[:, r, c] = [0.5, -0.25]
    (found,) = scene(empty_output(object_heat=heat, object_box=box, object_class=kinds, motion=motion), SensorFrame(stamp_ns=0), SPEC).objects
    assert found.label == "person"
    assert found.score == pytest.approx(0.8)
    np.testing.assert_allclose(found.center, [*(center(r, c) + np.array([0.05, -0.07])), 0.45], atol=1e-6)
    np.testing.assert_allclose(found.size, [0.9, 0.6, 0.9], rtol=1e-5)
    assert found.yaw == pytest.approx(0.7)
    np.testing.assert_allclose(found.velocity, [0.5, -0.25])


def test_neighbouring_peaks_are_one_object_and_weak_ones_none() -> None:
    heat = np.zeros((96, 96), np.float32)
    heat[40, 40], heat[40, 42], heat[40, 60], heat[70, 70] = 0.9, 0.7, 0.6, 0.2
    found = scene(empty_output(object_heat=heat), SensorFrame(stamp_ns=0), SPEC).objects
    assert [o.score for o in found] == pytest.approx([0.9, 0.6])


def test_a_wild_box_regression_stays_finite() -> None:
    heat, box = np.zeros((96, 96), np.float32), np.full((8, 96, 96), 1e4, np.float32)
    heat[50, 50] = 0.9
    (found,) = scene(empty_output(object_heat=heat, object_box=box), SensorFrame(stamp_ns=0), SPEC).objects
    assert np.isfinite([*found.center, *found.size, found.yaw]).all()
    assert np.hypot(*(found.center[:2] - center(50, 50))) < 0.6


def test_a_sighting_lies_between_the_cells_that_share_its_peak() -> None:
    goal = np.zeros((96, 96), np.float32)
    goal[40, 50], goal[40, 51] = 0.81, 0.80
    (found,) = sightings(empty_output(goal_map=goals(goal)), (), GRID)
    np.testing.assert_allclose(found.xy, (center(40, 50) + center(40, 51)) / 2, atol=0.01)
    assert found.confidence == pytest.approx(0.9, abs=0.01)


def test_a_sighting_next_to_an_object_is_that_object() -> None:
    goal, heat, box = np.zeros((96, 96), np.float32), np.zeros((96, 96), np.float32), np.zeros((8, 96, 96), np.float32)
    goal[40, 50], heat[40, 52] = 0.9, 0.9
    box[1, 40, 52] = 0.1
    output = empty_output(goal_map=goals(goal), object_heat=heat, object_box=box)
    seen = scene(output, SensorFrame(stamp_ns=0), SPEC)
    assert seen.goal is not None
    np.testing.assert_allclose(seen.goal.xy, center(40, 52) + np.array([0, 0.1]), atol=1e-6)


def test_without_presence_there_is_no_sighting() -> None:
    goal = np.zeros((96, 96), np.float32)
    goal[40, 50] = 0.9
    assert scene(empty_output(goal_map=goals(goal), goal_present=np.zeros(3, np.float32)), SensorFrame(stamp_ns=0), SPEC).goal is None


def test_no_camera_sees_nothing() -> None:
    inputs = preprocess(SensorFrame(stamp_ns=0), SPEC)
    assert not camera_view(inputs, GRID).any()


@pytest.mark.parametrize(("kind", "share"), [(None, 1.0), (3, 1.0), (1, 0.35)])
def test_what_is_clearly_of_another_class_is_hardly_what_was_meant(kind: int | None, share: float) -> None:
    goal, heat = np.zeros((96, 96), np.float32), np.zeros((96, 96), np.float32)
    likely = np.full((len(SPEC.classes), 96, 96), 0.01, np.float32)
    goal[40, 50], heat[40, 51], likely[3, 40, 51] = 0.81, 0.8, 0.9
    output = empty_output(goal_map=goals(goal), object_heat=heat, object_class=likely)
    (found,) = sightings(output, (), GRID, 0, kind)
    assert found.confidence == pytest.approx(0.9 * share, abs=0.01)


def test_without_an_object_there_its_class_says_nothing() -> None:
    goal = np.zeros((96, 96), np.float32)
    goal[40, 50] = 0.81
    (found,) = sightings(empty_output(goal_map=goals(goal)), (), GRID, 0, 1)
    assert found.confidence == pytest.approx(0.9, abs=0.01)

# SPDX-License-Identifier: Apache-2.0
"""Figures of each head on frames made by hand; what is not labelled is not judged."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training extra not installed: pip install mm_nav[train]")
pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.evaluate import heads
from tests.evaluate.frames import BOX, CONE, GRID, SPEC, field, judged, label, output, sees

WORDS = ["red box"]


def test_heads_without_labels_are_not_judged_instead_of_zero() -> None:
    found = heads.measure([judged(label(), sees((4.5, 0.5, BOX, 0.9)))], SPEC, WORDS)
    assert found.pop("frames") == 1
    assert set(found.values()) == {None}
    assert set(heads.summary(found | {"frames": 1}).values()) == {1, None}


def test_occupancy_is_judged_where_it_is_labelled_and_a_ray_went() -> None:
    truth = field((1.5, 0.5, 1), (2.5, 0.5, 1), (3.5, 0.5, 1))
    truth[0] = -1  # not labelled
    seen = np.ones_like(truth)
    seen[field((3.5, 0.5, 1)) > 0] = 0  # no ray
    said = field((1.5, 0.5, 1), (5.5, 0.5, 1), (1.5, -7.5, 1))
    found = heads.occupancy([judged(label(occupancy=truth, visible=seen), output(occupancy=said))])
    assert found is not None
    assert found["count"] == 16 * 15 - 1
    assert found["iou"] == pytest.approx(1 / 3)  # of 1.5, 2.5 and 5.5 m


def test_occupancy_is_judged_without_lidar_too() -> None:
    found = heads.occupancy([judged(label(occupancy=field((1.5, 0.5, 1))), output())])
    assert found is not None
    assert found["count"] == 256
    assert found["classes"]["yes"]["recall"] == 0


def test_detections_are_matched_missed_confused_and_made_up() -> None:
    truth = label((2.5, 0.5, BOX), (6.5, 0.5, CONE), (10.5, 0.5, CONE))
    found = heads.objects([judged(truth, sees((2.5, 0.5, BOX, 0.9), (6.5, 0.5, BOX, 0.8), (2.5, 5.5, CONE, 0.6)))], SPEC)
    assert found is not None
    counted = {(t, s): found["matrix"][i][j] for i, t in enumerate(found["names"]) for j, s in enumerate(found["names"]) if found["matrix"][i][j]}
    assert counted == {("box", "box"): 1, ("cone", "box"): 1, ("cone", heads.MISSED): 1, (heads.NOTHING, "cone"): 1}
    assert found["by_class"] == {"box": 1.0, "cone": 0.0, "barrel": None, "person": None, "car": None}
    assert found["size_error_m"] == pytest.approx(0.0, abs=1e-6)
    assert found["yaw_error_deg"] is None  # square things have no heading
    assert found["certainty"]["classes"]["yes"]["precision"] == pytest.approx(1 / 3)


def test_detections_at_unseen_things_or_of_an_unknown_class_count_for_nothing() -> None:
    truth = label((2.5, 0.5, BOX), (6.5, 0.5, CONE), (10.5, 0.5, -1), box_unsure=np.array([0, 1, 0], np.float32))
    truth["box_seen"] = np.array([1, 0, 1], np.float32)
    found = heads.objects([judged(truth, sees((2.5, 0.5, BOX, 0.9), (6.5, 0.5, CONE, 0.8), (10.5, 0.5, CONE, 0.8)))], SPEC)
    assert found is not None
    assert found["things"] == 1
    assert set(found["classes"]) == {"box"}


def test_a_long_thing_has_a_heading_that_half_a_turn_does_not_change() -> None:
    truth = label((2.5, 0.5, BOX))
    truth["boxes"][0, 3:7] = [2.0, 0.5, 1.0, np.pi - 0.1]
    found = heads.objects([judged(truth, sees((2.5, 0.5, BOX, 0.9)))], SPEC)
    assert found is not None
    assert found["yaw_error_deg"] == pytest.approx(np.degrees(0.1), abs=1e-3)
    assert found["size_error_m"] == pytest.approx(1.5 / 3)


@pytest.mark.parametrize(("at", "within"), [(4.5, 1.0), (8.5, 0.0)])
def test_a_goal_is_found_if_its_peak_is_within_a_metre(at: float, within: float) -> None:
    said = output(goal_map=field((at, 0.5, 0.9), layers=3), goal_present=np.array([0.9, 0, 0], np.float32))
    found = heads.goals([judged(label((4.5, 0.5, BOX)), said)], SPEC, WORDS)
    assert found is not None
    assert (found["asked"], found["within_1m"]) == (1, within)
    assert found["by_class"] == {"box": {"asked": 1, "within_1m": within}}
    assert found["by_colour"] == {"red": {"asked": 1, "within_1m": within}}
    assert heads.goal_error(said, label((4.5, 0.5, BOX)), GRID)[0] == pytest.approx(at - 4.5)


def test_a_phrase_whose_thing_may_be_hidden_is_neither_present_nor_absent() -> None:
    truth = label((4.5, 0.5, BOX), (6.5, 0.5, BOX))
    truth["goal_unsure"][1, 1] = 1  # the second phrase means something that nobody sees
    truth["goal_known"] = np.array([1, 1, 1], np.float32)  # the third means nothing that is there
    found = heads.goals([judged(truth, output(goal_present=np.array([0.9, 0.9, 0.9], np.float32)))], SPEC, WORDS)
    assert found is not None
    assert found["presence"]["count"] == 2
    assert found["presence"]["positives"] == 1


def test_waypoints_are_judged_as_far_as_the_recording_goes() -> None:
    known = np.array([1, 1, 0, 0, 0, 0, 0, 0], np.float32)
    way = np.zeros((8, 2), np.float32)
    way[:2, 0], way[2:, 0] = [0.1, 0.3], 99
    found = heads.waypoints([judged(label(waypoints_known=known), output(waypoints=way)), judged(label(), output())], SPEC)
    assert found is not None
    assert found["frames"] == 1
    assert found["ade_m"] == pytest.approx(0.2)
    assert found["fde_m"] == pytest.approx(0.3)
    assert found["by_horizon_s"]["1"] == pytest.approx(0.3)
    assert found["by_horizon_s"]["4"] is None


def test_motion_is_judged_on_what_moves() -> None:
    truth = label((2.5, 0.5, BOX), (6.5, 0.5, BOX))
    truth["boxes"][1, 7:9] = [0.6, 0.8]
    said = np.zeros((2, 16, 16), np.float32)
    said[0] = field((6.5, 0.5, 0.6), (2.5, 0.5, 9.0))
    found = heads.motion([judged(truth, output(motion=said))], GRID)
    assert found == {"moving": 1, "error_mps": pytest.approx(0.8), "mean_speed_mps": pytest.approx(1.0)}


def test_stop_is_judged_where_an_order_has_a_target() -> None:
    known, at_it = np.ones(1, np.float32), np.ones(1, np.float32)
    frames = [judged(label(stop=at_it, stop_known=known), output(stop=np.array([p], np.float32))) for p in (0.9, 0.2)]
    found = heads.stop([*frames, judged(label(stop=at_it), output())])
    assert found is not None
    assert found["count"] == 2
    assert found["classes"]["yes"]["recall"] == 0.5


def test_every_intent_has_a_row_of_its_own_frames() -> None:
    good, bad = (output(goal_map=field((x, 0.5, 0.9), layers=3)) for x in (4.5, 9.5))
    frames = [judged(label((4.5, 0.5, BOX)), good), judged(label((4.5, 0.5, BOX)), bad, "follow"), judged(label(), good, "stop")]
    found = heads.by_intent(frames, SPEC, WORDS)
    assert {k: (v["frames"], v["goal within 1 m"]) for k, v in found.items()} == {"go_to": (1, 1.0), "follow": (1, 0.0), "stop": (1, None)}

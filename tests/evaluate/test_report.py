# SPDX-License-Identifier: Apache-2.0
"""Episodes added up, against sums worked out by hand, and the keys that others rely on."""

from typing import Any

import pytest

from mm_nav.evaluate.report import Episode, closed_loop_report

KEYS = ("success_rate", "collision_rate", "spl", "grounding_accuracy", "command_accuracy", "occupancy_iou", "latency_ms",
        "per_task")  # fmt: skip


def made(**changes: Any) -> Episode:
    """A goto that succeeded on the shortest way."""
    values: dict[str, Any] = {
        "seed": 1, "task": "goto", "command": "go to the red cone", "world": "room", "success": True, "collided": False,
        "reason": "success", "duration_s": 9.0, "driven_m": 4.0, "shortest_m": 4.0, "frames_visible": 10,
        "frames_grounded": 8, "commands": 1, "commands_right": 1, "cells_common": 30, "cells_union": 40,
        "step_ms": (10.0, 20.0),
    }  # fmt: skip
    return Episode(**(values | changes))


EPISODES = [
    made(),
    made(seed=2, success=False, collided=True, reason="collision with wall", category="collision", frames_grounded=2, cells_common=0, step_ms=(30.0,)),
    made(seed=3, task="turn", command="左转90度", driven_m=0.0, shortest_m=0.0, frames_visible=0, frames_grounded=0,
         commands_right=0, cells_union=0, cells_common=0, step_ms=()),
    made(seed=4, task="goto_zh", driven_m=5.0),
]  # fmt: skip


def test_a_report_adds_up() -> None:
    report = closed_loop_report(EPISODES, seed=7, training_seeds=[5, 4], sensors_off=("radar",), bundle="tiny 0.1.0")
    assert report.success_rate == 0.75
    assert report.collision_rate == 0.25
    assert report.spl == pytest.approx((1 + 0 + 4 / 5) / 3)  # the turn has no way to drive
    assert report.grounding_accuracy == pytest.approx(18 / 30)
    assert report.command_accuracy == 0.75
    assert report.occupancy_iou == pytest.approx(60 / 120)
    assert report.latency_ms == pytest.approx({"p50": 20.0, "p95": 28.0})  # of 10 20 30 10 20
    assert report.training_seeds == [4, 5]
    assert report.evaluation_seeds == [1, 2, 3, 4]


def test_every_task_has_its_own_row() -> None:
    per_task = closed_loop_report(EPISODES, seed=7, training_seeds=None).per_task
    assert list(per_task) == ["goto", "goto_zh", "turn"]
    assert per_task["goto"]["scenarios"] == 2
    assert per_task["goto"]["success_rate"] == 0.5
    assert per_task["turn"]["spl"] is None
    assert per_task["turn"]["grounding_accuracy"] is None
    assert per_task["turn"]["command_accuracy"] == 0.0


def test_failures_say_where_to_look() -> None:
    (failure,) = closed_loop_report(EPISODES, seed=7, training_seeds=None).failures
    assert failure["seed"] == 2
    assert failure["reason"] == "collision with wall"
    assert failure["command"] == "go to the red cone"
    assert failure["task"] == "goto"


def test_the_promised_keys_are_there() -> None:
    values = closed_loop_report(EPISODES, seed=7, training_seeds=None).to_json()
    assert values.keys() >= set(KEYS) | {"scenarios", "seed", "training_seeds", "evaluation_seeds", "failures", "versions"}
    assert set(values["latency_ms"]) == {"p50", "p95"}
    assert values["training_seeds"] is None


def test_intervals_stand_next_to_the_figures() -> None:
    report = closed_loop_report(EPISODES, seed=7, training_seeds=None)
    assert report.intervals["success_rate"] == pytest.approx((0.301, 0.954), abs=1e-3)  # Wilson, 3 of 4
    assert set(report.intervals) == {"success_rate", "collision_rate", "spl", "grounding_accuracy", "occupancy_iou"}
    for key, bounds in report.intervals.items():
        assert bounds is not None
        assert bounds[0] <= getattr(report, key) <= bounds[1]
    nothing = closed_loop_report([made(frames_visible=0, frames_grounded=0, cells_union=0, cells_common=0)], seed=7, training_seeds=None)
    assert nothing.intervals["grounding_accuracy"] is None
    assert nothing.intervals["occupancy_iou"] is None


def test_grounding_has_a_trial_per_episode_and_not_per_frame() -> None:
    many = [made(frames_visible=1000, frames_grounded=800) for _ in range(4)]
    few = [made(frames_visible=10, frames_grounded=8) for _ in range(4)]
    bounds = [closed_loop_report(e, seed=7, training_seeds=None).intervals["grounding_accuracy"] for e in (many, few)]
    assert bounds[0] == bounds[1]


def test_failures_are_counted_by_category() -> None:
    report = closed_loop_report(EPISODES, seed=7, training_seeds=None, driver="classical", condition="fog", sensors_die=[("lidar", 3.0)])
    assert {name: count for name, count in report.failure_categories.items() if count} == {"collision": 1}
    assert set(report.failure_categories) >= {"look_alike_reached", "not_found", "blocked", "time_limit", "collision"}
    assert report.failures[0]["category"] == "collision"
    assert (report.driver, report.condition, report.sensors_die) == ("classical", "fog", {"lidar": 3.0})

# SPDX-License-Identifier: Apache-2.0
"""Closed loop with an oracle in place of the network: what is judged, how it ends, and which seeds are allowed."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("open3d")

from mm_nav.core.types import Command, Intent, Rejection, Utterance
from mm_nav.errors import ConfigError
from mm_nav.evaluate.closed_loop import (
    Drive,
    _Tally,
    check_driver,
    episode,
    evaluation_seeds,
    parse_death,
    refuse_shared_seeds,
    simulation,
)
from mm_nav.evaluate.report import Episode
from mm_nav.pipeline import Pipeline
from mm_nav.sim.simulation import SimConfig, Simulation
from mm_nav.sim.task import Task
from tests.evaluate.oracle import SPEC, Letters, Oracle

ROOM_GOTO = 1_030_002  # a goto in a room, 2 m of way


def run(seed: int, *, miss_m: float = 0.0, **changes: Any) -> Episode:
    """Drive a seed with the oracle."""
    drive = Drive(bundle="none", **changes)
    sim = simulation(drive, seed)
    return episode(drive, sim, Pipeline(Oracle(sim, miss_m), Letters(), SPEC))


def test_with_perfect_eyes_a_goal_is_reached_and_everything_is_right() -> None:
    result = run(ROOM_GOTO)
    assert (result.success, result.collided, result.reason) == (True, False, "success")
    assert result.frames_grounded == result.frames_visible > 5
    assert result.cells_common == result.cells_union > 0
    assert (result.commands, result.commands_right) == (1, 1)
    assert 0.5 * result.shortest_m < result.driven_m < 3 * result.shortest_m
    assert result.duration_s < 30
    assert len(result.step_ms) == pytest.approx(result.duration_s * 5, abs=2)


def test_a_goal_that_is_put_too_far_off_counts_as_not_grounded() -> None:
    result = run(ROOM_GOTO, miss_m=1.6, time_limit_s=3.0)
    assert result.frames_visible > 5
    assert result.frames_grounded == 0


def test_the_time_limit_ends_an_episode_with_its_reason() -> None:
    result = run(ROOM_GOTO, time_limit_s=1.0)
    assert not result.success
    assert result.reason.startswith("time limit, ")
    assert result.category == "time_limit"
    assert result.duration_s == pytest.approx(1.0, abs=0.06)


def test_without_odometry_the_robot_stands() -> None:
    result = run(ROOM_GOTO, sensors_off=("odom",), time_limit_s=2.0)
    assert result.driven_m == 0.0
    assert not result.success


def test_an_episode_can_be_driven_again_with_the_same_result() -> None:
    first, second = run(ROOM_GOTO), run(ROOM_GOTO)
    assert (first.duration_s, first.driven_m, first.cells_union) == (second.duration_s, second.driven_m, second.cells_union)


def test_a_collision_ends_an_episode_and_names_what_was_hit() -> None:
    drive = Drive(bundle="none", time_limit_s=40.0)
    sim = simulation(drive, ROOM_GOTO)

    class Blind(Oracle):
        """Sees a free world and the goal behind the nearest wall."""

        def run(self, inputs: Any) -> Any:
            import dataclasses

            found = super().run(inputs)
            free = np.zeros_like(found.occupancy)
            goal = np.zeros_like(free)
            goal[48, 90] = 1.0  # 11.7 m ahead, wherever that is
            return dataclasses.replace(found, occupancy=free, visible=np.ones_like(free), goal_map=np.stack([goal, 0 * goal, 0 * goal]),
                                       goal_present=np.ones(3, np.float32))  # fmt: skip

    result = episode(drive, sim, Pipeline(Blind(sim), Letters(), SPEC))
    assert result.collided
    assert not result.success
    assert result.reason == f"collision with {sim.hit_label}"
    assert result.category == "collision"


def test_a_command_is_right_when_intent_and_amount_are() -> None:
    turn = Task(name="turn", text="turn left 90 degrees", script=((0.0, "turn left 90 degrees"),), amount=np.pi / 2)
    said = Utterance(stamp_ns=0, text=turn.text)

    def judged(answer: Command | Rejection) -> list[bool]:
        tally = _Tally(turn)
        tally.hear(said, answer)
        return tally.answers

    assert judged(Command(intent=Intent.TURN, text=turn.text, amount=np.pi / 2)) == [True]
    assert judged(Command(intent=Intent.TURN, text=turn.text, amount=-np.pi / 2)) == [False]
    assert judged(Command(intent=Intent.GO_TO, text=turn.text, phrase="left")) == [False]
    assert judged(Rejection(reason="not_understood", text="?")) == [False]


def test_of_a_stop_task_both_orders_are_judged() -> None:
    task = Task(name="stop", text="halt", script=((0.0, "go to the cone"), (2.0, "halt")), at_s=2.0)
    tally = _Tally(task)
    tally.hear(Utterance(stamp_ns=0, text="go to the cone"), Command(intent=Intent.GO_TO, text="", phrase="cone"))
    tally.hear(Utterance(stamp_ns=1, text="halt"), Command(intent=Intent.GO_TO, text=""))
    assert tally.answers == [True, False]


def test_runs_of_different_seeds_share_no_world() -> None:
    worlds = [set(evaluation_seeds(seed, 10_000)) for seed in range(3)]
    assert not worlds[0] & worlds[1]
    assert not worlds[1] & worlds[2]
    assert evaluation_seeds(7, 2) == [1_070_000, 1_070_001]


@pytest.mark.parametrize(("seed", "count"), [(0, 0), (0, 10_001), (-1, 5)])
def test_a_run_that_would_leave_its_seeds_is_refused(seed: int, count: int) -> None:
    with pytest.raises(ConfigError, match=f"{count} scenarios of seed {seed}"):
        evaluation_seeds(seed, count)


def test_evaluating_where_it_was_trained_is_refused() -> None:
    with pytest.raises(ConfigError, match="1 evaluation seeds were trained on, for example 1070001"):
        refuse_shared_seeds([3, 1_070_001], evaluation_seeds(7, 3))
    refuse_shared_seeds([3, 4], evaluation_seeds(7, 3))
    refuse_shared_seeds(None, evaluation_seeds(7, 3))


def test_an_unknown_sensor_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="sensor 'sonar' is unknown"):
        Simulation(SimConfig(seed=1, sensors_off=("sonar",)))


def test_odometry_that_dies_on_the_way_leaves_the_robot_standing_there() -> None:
    free = run(ROOM_GOTO)
    late = free.duration_s - 2.5
    result = run(ROOM_GOTO, sensors_die=(("odom", late),), time_limit_s=free.duration_s + 2)
    assert not result.success
    assert 0 < result.driven_m < free.driven_m


def test_when_a_sensor_dies_is_read_from_the_option() -> None:
    assert parse_death("lidar") == ("lidar", 3.0)
    assert parse_death("camera@1.5") == ("camera/front", 1.5)
    for odd in ("lidar@soon", "lidar@-1", "lidar@nan", "lidar@"):
        with pytest.raises(ConfigError, match="NAME@SECONDS"):
            parse_death(odd)


def test_an_unknown_driver_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="'expert' is unknown; use one of bundle, classical"):
        check_driver("expert")

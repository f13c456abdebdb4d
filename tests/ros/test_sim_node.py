# SPDX-License-Identifier: Apache-2.0
"""The simulated robot on real topics: it looks like a real one, waits for its driver, and says how it went."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav.ros.inputs import inputs_of
from mm_nav.ros.params import FusionConfig, SimConfig
from mm_nav.wire import Encoded, decode, decode_occupancy
from tests.ros.conftest import Graph, parameters

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
pytest.importorskip("open3d", reason="open3d is not installed; pip install 'mm_nav[sim]'")

STAMPED = "geometry_msgs/msg/TwistStamped"


@pytest.fixture
def start(graph: Graph) -> Callable[..., Any]:
    """Start a sim node in this process."""

    def made(**values: Any) -> Any:
        from mm_nav.ros.sim_node import SimNode

        return graph.add(SimNode(parameter_overrides=parameters(**values)))

    return made


def test_it_publishes_what_the_fusion_node_reads_by_default() -> None:
    from mm_nav.ros.scenario import OFFERS

    wanted = {i.topic: i.type_name for i in inputs_of(FusionConfig()) if i.kind != "command"}
    assert wanted.items() <= OFFERS.items()


def test_sensors_clock_and_truth_come_on_their_topics(graph: Graph, start: Callable[..., Any]) -> None:
    from mm_nav.ros.scenario import OFFERS

    heard = {topic: graph.heard(type_name, topic) for topic, type_name in OFFERS.items()}
    clock = graph.heard("rosgraph_msgs/msg/Clock", "/clock")
    target = graph.heard("std_msgs/msg/String", "ground_truth/target", latched=True)
    start(hold_s=0.0, seed=7)
    graph.until(lambda: target and len(clock) > 3 and all(heard.values()), "every topic of the simulator")
    lidar = decode("sensor_msgs/msg/PointCloud2", heard["lidar/points"][0])
    assert len(lidar.xyz) > 500  # type: ignore[union-attr]
    image = decode("sensor_msgs/msg/Image", heard["camera/front/image"][0])
    assert image.rgb.std() > 5  # type: ignore[union-attr]
    stamps = {decode(OFFERS[t], heard[t][0]).stamp_ns for t in ("camera/front/image", "lidar/points", "radar/points")}  # type: ignore[union-attr]
    assert len(stamps) == 1
    _, frame, grid, occupancy = decode_occupancy(heard["ground_truth/occupancy"][0])
    assert (frame, grid.columns) == ("base_link", 96)
    assert 0.0 < float(np.nanmean(occupancy)) < 0.9
    assert {"id", "phrase", "task"} <= set(json.loads(target[0].data))


def test_time_and_the_order_wait_for_a_node_that_plans_and_listens(graph: Graph, start: Callable[..., Any]) -> None:
    clock = graph.heard("rosgraph_msgs/msg/Clock", "/clock")
    node = start(seed=7, say="go to the red cone")
    graph.until(lambda: len(clock) > 20, "the clock")
    assert len({(m.clock.sec, m.clock.nanosec) for m in clock}) == 1  # it stands
    commands = graph.heard("std_msgs/msg/String", "command")
    seen = len(clock)
    graph.until(lambda: len(clock) > seen + 20, "more of the clock")
    assert not commands  # a listener that does not plan is no driver
    graph.speaker("nav_msgs/msg/Path", "plan", listeners=0)
    graph.until(lambda: commands, "the order, once somebody plans")
    assert commands[0].data == "go to the red cone"
    graph.until(lambda: node._scenario.time_s > 0.2, "time that passes")


def test_an_order_that_nobody_answers_is_said_again(graph: Graph, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from mm_nav.ros import sim_node

    monkeypatch.setattr(sim_node, "REPEAT_S", 0.2)
    commands = graph.heard("std_msgs/msg/String", "command")
    start(hold_s=0.0, seed=7, say="go to the red cone")
    graph.until(lambda: len(commands) >= 2, "the order again")
    answer = graph.speaker("diagnostic_msgs/msg/DiagnosticStatus", "command_status")
    answer(Encoded("diagnostic_msgs/msg/DiagnosticStatus", {"name": "command", "message": "accepted"}))
    clock = graph.heard("rosgraph_msgs/msg/Clock", "/clock")
    graph.until(lambda: len(clock) > 3, "the clock")
    seen = len(commands)
    graph.until(lambda: len(clock) > 30, "more of the clock")
    assert len(commands) <= seen + 1


def test_it_drives_by_cmd_vel_and_stands_when_nobody_drives(graph: Graph, start: Callable[..., Any]) -> None:
    node = start(hold_s=0.0, seed=7)
    speak = graph.speaker(STAMPED, "cmd_vel")
    turn = Encoded(STAMPED, {"twist": {"angular": {"z": 0.8}}})
    graph.until(lambda: speak(turn) and graph.spin() and abs(node._scenario.sim.robot.w) > 0.3, "turning")
    graph.until(lambda: node._scenario.sim.robot.w == 0.0, "standing without commands")
    bad = Encoded(STAMPED, {"twist": {"linear": {"x": float("nan")}}})
    graph.until(lambda: speak(bad) and graph.spin() and node.guard.count("timer") > 0, "the NaN command counted")
    graph.until(lambda: node.guard.recent("timer") == [], "going on after it")


@pytest.mark.parametrize("exit_when_done", [True, False])
def test_time_that_is_up_makes_a_result_and_ends_the_node_if_wanted(
    graph: Graph, start: Callable[..., Any], tmp_path: Path, exit_when_done: bool
) -> None:
    out = tmp_path / "deep" / "result.json"
    node = start(hold_s=0.0, seed=7, time_limit_s=1.0, real_time_factor=5.0, result_file=str(out), exit_when_done=exit_when_done)
    graph.until(out.is_file, "the result")
    graph.spin()
    result = json.loads(out.read_text())
    assert len(out.read_text().splitlines()) == 1
    assert (result["success"], result["reason"], result["seed"]) == (False, "time limit", 7)
    assert result["time_s"] >= 1.0
    assert node.exit_code == (0 if exit_when_done else None)


def scenario(**values: Any) -> Any:
    from mm_nav.ros.scenario import Scenario

    return Scenario(SimConfig(**values))


def test_words_of_the_user_that_name_one_thing_are_judged_by_it() -> None:
    made = scenario(seed=7)
    thing = next(t for t in made.sim.world.things if not t.walks)
    same = [t for t in made.sim.world.things if (t.label, t.colour) == (thing.label, thing.colour)]
    told = scenario(seed=7, say=f"go to the {thing.colour} {thing.label}")
    assert told.order == f"go to the {thing.colour} {thing.label}"
    assert told.sim.task.target_id == (thing.id if len(same) == 1 else None)


def test_words_that_name_nothing_here_are_judged_by_the_robots_own_word() -> None:
    made = scenario(seed=7, say="go to the violet submarine", time_limit_s=600.0)
    assert made.sim.task.target_id is None
    for _ in range(3):
        list(made.advance(0.0, 0.0, False))
    assert made.verdict() == ""
    made.hear_answer("reached")
    assert made.verdict() == "reached"
    assert json.loads(made.result("reached"))["success"] is True


def test_a_turn_of_the_users_own_words_is_judged_by_the_turn() -> None:
    made = scenario(seed=7, say="turn left 90 degrees", time_limit_s=600.0)
    for _ in range(200):
        list(made.advance(0.0, 0.8 if made.sim.turned < 1.4 else 0.0, False))
        if made.verdict():
            break
    assert made.verdict() == "success"


def test_odometry_comes_between_the_instants_of_the_sensors() -> None:
    made = scenario(seed=7, sensor_rate_hz=5.0)
    topics = [[topic for topic, _, _ in made.advance(0.0, 0.0, False)] for _ in range(9)]
    assert [("lidar/points" in t) for t in topics] == [True, False, False, False, True, False, False, False, True]
    assert all("odom" in t for t in topics)


def test_an_endless_simulation_says_another_order_when_time_is_up(graph: Graph, start: Callable[..., Any]) -> None:
    orders = graph.heard("std_msgs/msg/String", "command")
    results = graph.heard("std_msgs/msg/String", "ground_truth/result", latched=True)
    clock = graph.heard("rosgraph_msgs/msg/Clock", "/clock")
    node = start(hold_s=0.0, seed=7, time_limit_s=1.0, endless=True, real_time_factor=5.0)
    graph.until(lambda: len(results) >= 3 and len({o.data for o in orders}) >= 3, "three orders that nobody obeys")
    assert node.exit_code is None
    assert all(json.loads(r.data)["time_s"] <= 1.1 for r in results)
    seconds = [m.clock.sec + m.clock.nanosec * 1e-9 for m in clock]
    assert seconds == sorted(seconds)

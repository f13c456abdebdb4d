# SPDX-License-Identifier: Apache-2.0
"""What Nav2 is asked to do, and when it is taken back; an injected client stands for rclpy's, for nav2_msgs is not needed here."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mm_nav.core.geometry import se2
from mm_nav.errors import ConfigError
from mm_nav.ros import compat, nav2
from mm_nav.ros.guard import Guard
from mm_nav.wire import Encoded
from mm_nav.wire.message import header_fields, pose_fields
from tests.ros.conftest import Graph, parameters

SUCCEEDED, ABORTED = 4, 6


def pose(x: float, y: float = 0.0, frame: str = "odom") -> Encoded:
    return Encoded("geometry_msgs/msg/PoseStamped", {"header": header_fields(10**9, frame), "pose": pose_fields(se2(x, y, 0.0))})


class Later:
    """A future that the test ends."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[Any], None]] = []
        self.value: Any = None

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self.callbacks.append(callback)

    def result(self) -> Any:
        return self.value

    def end(self, value: Any) -> None:
        self.value = value
        for callback in self.callbacks:
            callback(self)


class Handle:
    def __init__(self, accepted: bool = True) -> None:
        self.accepted, self.cancels, self.outcome, self.cancelled = accepted, 0, Later(), Later()

    def cancel_goal_async(self) -> Later:
        self.cancels += 1
        return self.cancelled

    def get_result_async(self) -> Later:
        return self.outcome


class Server:
    """Nav2's side: goals as they came, answered when the test says so."""

    def __init__(self) -> None:
        self.ready, self.goals, self.answers, self.destroyed = True, list[Encoded](), list[Later](), False
        self.now_s = 100.0
        self.guard = Guard(lambda _line: None, clock=lambda: self.now_s)
        self.nav2 = nav2.Nav2Goals(self, "navigate_to_pose", lambda goal: goal, self.guard, clock=lambda: self.now_s)

    def server_is_ready(self) -> bool:
        return self.ready

    def send_goal_async(self, goal: Any) -> Later:
        self.goals.append(goal)
        self.answers.append(Later())
        return self.answers[-1]

    def destroy(self) -> None:
        self.destroyed = True

    def tick(self, after_s: float = 0.0) -> None:
        self.now_s += after_s
        self.nav2.tick()

    def drive(self, goal: Encoded) -> Handle:
        """A goal that is seen, given and accepted."""
        self.nav2.see("driving", goal)
        self.tick(after_s=2.0)
        handle = Handle()
        self.answers[-1].end(handle)
        return handle


@pytest.fixture
def server() -> Server:
    return Server()


def test_a_goal_that_the_robot_is_sure_of_is_given_once(server: Server) -> None:
    server.nav2.forget()
    handle = server.drive(pose(3.0))
    for _ in range(50):
        server.nav2.see("driving", pose(3.1))
        server.tick(after_s=0.2)
    assert server.goals == [pose(3.0)]
    assert (server.nav2.state, handle.cancels) == ("driving", 0)
    handle.outcome.end(SimpleNamespace(status=SUCCEEDED, result=None))
    server.tick(after_s=5.0)
    assert (server.nav2.state, len(server.goals)) == ("succeeded", 1)


@pytest.mark.parametrize("status", ["idle", "searching", "turning", "moving", "waiting", "avoiding", "blocked", "reached", "not_found"])
def test_a_guess_or_a_thing_to_keep_away_from_is_no_goal(server: Server, status: str) -> None:
    server.nav2.forget()
    server.nav2.see(status, pose(3.0))
    server.tick(after_s=2.0)
    assert server.goals == []


def test_a_goal_that_moves_is_given_anew_but_not_in_every_frame(server: Server) -> None:
    first = server.drive(pose(3.0))
    server.nav2.see("following", pose(3.0, 0.4))
    server.tick(after_s=2.0)
    assert len(server.goals) == 1
    for step in range(10):
        server.nav2.see("following", pose(3.0, 1.0 + step))
        server.tick(after_s=0.01)
        if len(server.answers) == 2:
            server.answers[1].end(Handle())
    assert server.goals[1:] == [pose(3.0, 1.0)]
    assert first.cancels == 0  # bt_navigator takes the newer goal in its place
    server.tick(after_s=1.0)
    assert server.goals[-1] == pose(3.0, 10.0)


def test_the_same_numbers_in_another_frame_are_another_goal(server: Server) -> None:
    server.drive(pose(3.0))
    server.nav2.see("driving", pose(3.0, frame="base_link"))
    server.tick(after_s=2.0)
    assert len(server.goals) == 2


@pytest.mark.parametrize("word", ["stop", "STOP!", "停"])
def test_a_stop_word_cancels_at_once_and_frames_in_hand_do_not_bring_it_back(server: Server, word: str) -> None:
    handle = server.drive(pose(3.0))
    server.nav2.hear(word)
    assert handle.cancels == 1
    server.nav2.see("driving", pose(5.0))  # the network was still busy with the frame before
    server.tick(after_s=5.0)
    assert len(server.goals) == 1
    server.nav2.forget()  # the worker has come to the stop
    server.tick(after_s=5.0)
    assert (len(server.goals), server.nav2.state) == (1, "canceled")
    server.nav2.forget()
    server.drive(pose(5.0))
    assert len(server.goals) == 2


def test_an_order_that_is_no_stop_cancels_when_it_is_accepted_and_talk_does_not(server: Server) -> None:
    handle = server.drive(pose(3.0))
    for text in ("go to the blue box", "", "x" * 10_000):
        server.nav2.hear(text)
    server.tick(after_s=2.0)
    assert handle.cancels == 0
    server.nav2.forget()
    server.tick()
    assert handle.cancels == 1
    server.tick(after_s=9.0)
    assert handle.cancels == 1


def test_a_goal_that_is_believed_no_longer_is_taken_back_and_given_again_when_found(server: Server) -> None:
    handle = server.drive(pose(3.0))
    for status in ("blocked", "reached"):  # Nav2 may know a way round, and comes to its end by itself
        server.nav2.see(status, pose(3.0))
        server.tick()
        assert handle.cancels == 0
    server.nav2.see("searching", pose(3.0))
    server.tick()
    assert handle.cancels == 1
    server.drive(pose(3.0))
    assert len(server.goals) == 2


def test_a_goal_that_was_taken_back_on_its_way_is_cancelled_when_nav2_accepts_it(server: Server) -> None:
    server.nav2.see("driving", pose(3.0))
    server.tick()
    server.nav2.hear("stop")
    late = Handle()
    server.answers[0].end(late)
    assert (late.cancels, server.nav2.state) == (1, "canceled")


def test_a_refusal_is_told_of_and_tried_again_in_a_while(server: Server) -> None:
    server.nav2.see("driving", pose(3.0))
    server.tick()
    server.answers[0].end(Handle(accepted=False))
    server.tick(after_s=0.5)
    assert len(server.goals) == 1
    assert "is Nav2 active" in server.guard.report(nav2.SOURCE)["dropped.rejected"]
    server.tick(after_s=2.0)
    assert len(server.goals) == 2


def test_a_refused_replacement_leaves_the_goal_that_stop_can_still_cancel(server: Server) -> None:
    first = server.drive(pose(3.0))
    server.nav2.see("driving", pose(6.0))
    server.tick(after_s=2.0)
    server.answers[1].end(Handle(accepted=False))
    assert server.nav2.state == "driving"
    server.nav2.hear("stop")
    assert first.cancels == 1


def test_without_a_server_the_reason_is_told_and_the_goal_waits(server: Server) -> None:
    server.ready = False
    server.nav2.see("driving", pose(3.0))
    server.tick()
    assert "nobody serves the action 'navigate_to_pose'; start" in server.guard.report(nav2.SOURCE)["dropped.no_server"]
    server.ready = True
    server.tick(after_s=2.0)
    assert server.goals == [pose(3.0)]


def test_a_server_that_does_not_answer_is_told_of_and_asked_again(server: Server) -> None:
    server.nav2.see("driving", pose(3.0))
    server.tick()
    server.tick(after_s=5.1)
    assert "did not answer" in server.guard.report(nav2.SOURCE)["dropped.no_answer"]
    server.tick(after_s=2.0)
    assert len(server.goals) == 2
    late = Handle()
    server.answers[0].end(late)
    assert late.cancels == 1


@pytest.mark.parametrize("result", [SimpleNamespace(error_code=9002, error_msg="no transform"), SimpleNamespace()])
def test_giving_up_is_told_of_with_nav2s_own_words_and_not_tried_again(server: Server, result: Any) -> None:
    handle = server.drive(pose(3.0))
    handle.outcome.end(SimpleNamespace(status=ABORTED, result=result))
    said = server.guard.report(nav2.SOURCE)["dropped.aborted"]
    assert "error 9002 'no transform'" in said if vars(result) else "error 0" in said
    server.tick(after_s=60.0)
    assert (len(server.goals), server.nav2.state) == (1, "aborted")
    server.nav2.forget()
    server.drive(pose(3.0))
    assert len(server.goals) == 2


def test_an_old_goals_end_does_not_end_the_new_one(server: Server) -> None:
    first = server.drive(pose(3.0))
    server.drive(pose(6.0))
    first.outcome.end(SimpleNamespace(status=ABORTED, result=SimpleNamespace()))
    assert server.nav2.state == "driving"
    assert server.guard.count(nav2.SOURCE) == 0


def test_a_cancel_that_nav2_refuses_is_told_of(server: Server) -> None:
    handle = server.drive(pose(3.0))
    server.nav2.hear("stop")
    handle.cancelled.end(SimpleNamespace(return_code=1))
    assert "told to cancel; stop it" in server.guard.report(nav2.SOURCE)["dropped.cancel_refused"]


def test_closing_cancels_and_leaves_the_graph(server: Server) -> None:
    handle = server.drive(pose(3.0))
    server.nav2.close()
    assert (handle.cancels, server.destroyed) == (1, True)


# ---------------------------------------------------------------- in the node


def test_without_nav2_msgs_the_parameter_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nav2_msgs.action", None)
    with pytest.raises(ConfigError, match=r"'nav2_action' is 'go', but nav2_msgs is not installed .*; install ros-DISTRO-nav2-msgs"):
        compat.navigate_action("go")


def test_the_fusion_node_gives_stops_and_takes_back_with_what_it_hears_and_sees(
    graph: Graph, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mm_nav.ros.fusion_node import FusionNode
    from mm_nav.wire import encode_string
    from tests.ros.robot import EXTRINSICS, Robot

    said: list[str] = []
    server = Server()
    real_see, real_forget = server.nav2.see, server.nav2.forget
    monkeypatch.setattr(nav2, "connect", lambda *_: server.nav2)
    monkeypatch.setattr(server.nav2, "see", lambda status, goal: (said.append(status), real_see("driving", pose(3.0))))
    monkeypatch.setattr(server.nav2, "forget", lambda: (said.append("forget"), real_forget()))
    overrides = parameters(**{"bundle": str(bundle), **EXTRINSICS, "nav2_action": "navigate_to_pose"})
    node = graph.add(FusionNode(parameter_overrides=overrides))
    robot = Robot(graph)
    speak = graph.speaker("std_msgs/msg/String", "command")
    speak(encode_string("go to the red cone"))
    graph.until(lambda: "forget" in said, "the order")
    graph.until(lambda: robot.instant() and server.goals, "a goal given by the timer of the node")
    handle = Handle()
    server.answers[0].end(handle)
    speak(encode_string("stop"))
    graph.until(lambda: handle.cancels, "the stop word")
    graph.until(lambda: said.count("forget") == 2, "the worker's stop")
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert server.destroyed


def test_a_node_without_nav2_msgs_refuses_to_be_configured_and_may_be_configured_after_that(graph: Graph, bundle: Path) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn

    from mm_nav.ros.fusion_node import FusionNode

    if _installed():
        pytest.skip("nav2_msgs is installed here")
    node = graph.add(FusionNode(parameter_overrides=parameters(autostart=False, bundle=str(bundle), nav2_action="navigate_to_pose")))
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert node._state_machine.current_state[1] == "unconfigured"


def _installed() -> bool:
    try:
        compat.navigate_action("")
    except ConfigError:
        return False
    return True

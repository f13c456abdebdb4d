# SPDX-License-Identifier: Apache-2.0
"""What Nav2 is asked to do, and when it is taken back."""

from types import SimpleNamespace
from typing import Any

import pytest

from mm_nav.ros import nav2
from tests.ros.nav2_server import Handle, Server, pose

SUCCEEDED, ABORTED = 4, 6  # action_msgs/GoalStatus


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


def test_a_stop_word_cancels_at_once_and_frames_in_hand_do_not_bring_it_back(server: Server) -> None:
    handle = server.drive(pose(3.0))
    server.nav2.stop()
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


def test_another_order_cancels_once(server: Server) -> None:
    handle = server.drive(pose(3.0))
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
    server.nav2.stop()
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
    server.nav2.stop()
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
    server.nav2.stop()
    handle.cancelled.end(SimpleNamespace(return_code=1))
    assert "told to cancel; stop it" in server.guard.report(nav2.SOURCE)["dropped.cancel_refused"]


def test_closing_cancels_and_leaves_the_graph(server: Server) -> None:
    handle = server.drive(pose(3.0))
    server.nav2.close()
    assert (handle.cancels, server.destroyed) == (1, True)

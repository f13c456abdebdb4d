# SPDX-License-Identifier: Apache-2.0
"""Hands the goal that the robot is sure of to Nav2's NavigateToPose, and takes it back. Knows no topic, no network, no nav2_msgs.

Two threads: the worker says what was ordered and what is seen, the executor talks to Nav2 (an action client is not made
for two threads). What goes from one to the other is one value, the wish.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mm_nav.errors import ConfigError
from mm_nav.ros import compat
from mm_nav.ros.guard import Guard
from mm_nav.ros.messages import to_message
from mm_nav.wire import Encoded

SOURCE = "nav2"  # under which faults are counted
SURE = ("driving", "following")  # Mission.status while there is a goal that it drives to
LOST = ("searching", "not_found")  # it no longer believes in the goal
MOVED_M = 0.5  # a goal that was seen this far from where Nav2 drives is given anew
PERIOD_S = 1.0  # at most one goal in this time
RETRY_S = 2.0  # after a refusal, or while nobody serves the action
ANSWER_S = 5.0  # patience with the answer to a goal
SUCCEEDED, CANCELED = 4, 5  # action_msgs/GoalStatus
REFUSED = 1  # action_msgs/CancelGoal


class Future(Protocol):
    """rclpy's, of an answer."""

    def result(self) -> Any:
        """The answer."""

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call with this future once it is done."""


class Client(Protocol):
    """What is used of rclpy's ActionClient."""

    def server_is_ready(self) -> bool:
        """Whether somebody serves the action."""

    def send_goal_async(self, goal: Any) -> Future:
        """Future of a goal handle."""

    def destroy(self) -> None:
        """Leave the graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the worker wants of Nav2: ``pose`` (geometry_msgs/PoseStamped) None for nothing; ``order`` counts orders."""

    order: int = 0
    pose: Encoded | None = None


class Nav2Goals:
    """At most one goal of ours at Nav2.

    Args:
        client: of the action ``name``.
        make_goal: the action's goal of a PoseStamped.
        guard: counts and logs faults, as source ``nav2``.
        clock: monotonic seconds.

    Attributes:
        state: idle, asked, driving, succeeded, canceled or aborted; for diagnostics.
    """

    def __init__(
        self, client: Client, name: str, make_goal: Callable[[Encoded], Any], guard: Guard,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.client, self.name, self.state = client, name, "idle"
        self._make_goal, self._guard, self._clock = make_goal, guard, clock
        self._wish, self._lock = Wish(), threading.Lock()
        self._order = 0  # what the goal below belongs to
        self._stopped_order = -1  # a stop word was heard while this one was current
        self._sent: Encoded | None = None
        self._ticket = 0  # of the newest goal; answers with an older one are history
        self._handle: Any = None
        self._waits = False  # for the answer to a goal
        self._sent_s = self._not_before_s = -math.inf

    # ---- in any thread

    def forget(self) -> None:
        """Another order, or nothing is known any more: what Nav2 does for us is over."""
        with self._lock:
            self._wish = Wish(order=self._wish.order + 1)

    def see(self, status: str, pose: Encoded | None) -> None:
        """After each frame: Mission.status, and goal_pose if there is one. A goal that is only guessed at is not given."""
        with self._lock:
            if status in SURE and pose is not None:
                self._wish = replace(self._wish, pose=pose)
            elif status in LOST:
                self._wish = replace(self._wish, pose=None)

    # ---- in the executor's thread

    def stop(self) -> None:
        """A stop word was heard: obey at once, before the network has come to it, and whatever it still sees."""
        self._stopped_order = self._wish.order
        self.withdraw()

    def tick(self) -> None:
        """Bring Nav2 to what is wished; call it often."""
        wish, now_s = self._wish, self._clock()
        if wish.order != self._order:
            self._order, self._not_before_s = wish.order, now_s
            self.withdraw()
        if wish.pose is None:
            self.withdraw()
        elif wish.order != self._stopped_order and now_s >= self._not_before_s:
            if self._waits and now_s - self._sent_s > ANSWER_S:
                self._later("no_answer", f"{self.name} did not answer a goal in {ANSWER_S:g} s; look at its log")
            elif not self._waits and (self._sent is None or _apart_m(self._sent, wish.pose) > MOVED_M):
                self._send(wish.pose, now_s)

    def withdraw(self) -> None:
        """Cancel the goal that Nav2 has of us, if there is one; one that it has not answered yet is cancelled when it does."""
        self._ticket += 1
        self._sent, self._waits = None, False
        if self._handle is not None:
            self._cancel(self._handle)
            self.state = "canceled"
        elif self.state == "asked":
            self.state = "canceled"
        self._handle = None

    def close(self) -> None:
        """Cancel, and leave the graph."""
        self.withdraw()
        self.client.destroy()

    def _send(self, pose: Encoded, now_s: float) -> None:
        if not self.client.server_is_ready():
            self._later("no_server", f"nobody serves the action {self.name!r}; start Nav2's bt_navigator, or name its action in nav2_action")
            return
        self._ticket += 1
        self._sent, self._sent_s, self._not_before_s, self._waits, self.state = pose, now_s, now_s + PERIOD_S, True, "asked"
        ticket = self._ticket
        answer = self.client.send_goal_async(self._make_goal(pose))
        answer.add_done_callback(self._guard.wrap(SOURCE, lambda future: self._answered(ticket, future.result())))

    def _answered(self, ticket: int, handle: Any) -> None:
        if ticket != self._ticket:
            if handle.accepted:  # too late: it was taken back while it was on its way
                self._cancel(handle)
        elif not handle.accepted:
            self._later("rejected", f"{self.name} does not accept the goal; is Nav2 active, and is there a transform to its global_frame?")
        else:
            self._handle, self._waits, self.state = handle, False, "driving"
            handle.get_result_async().add_done_callback(
                self._guard.wrap(SOURCE, lambda future: self._ended(ticket, future.result()))
            )

    def _ended(self, ticket: int, outcome: Any) -> None:
        if ticket != self._ticket:
            return
        self._handle = None
        self.state = {SUCCEEDED: "succeeded", CANCELED: "canceled"}.get(outcome.status, "aborted")
        if self.state == "aborted":  # not tried again until the goal moves or another order comes
            code, text = getattr(outcome.result, "error_code", 0), getattr(outcome.result, "error_msg", "")
            self._guard.drop(SOURCE, "aborted", f"Nav2 gave up (error {code} {text!r}); free the way and give the order again")

    def _cancel(self, handle: Any) -> None:
        handle.cancel_goal_async().add_done_callback(self._guard.wrap(SOURCE, lambda future: self._canceled(future.result())))

    def _canceled(self, answer: Any) -> None:
        if answer.return_code == REFUSED:
            self._guard.drop(SOURCE, "cancel_refused", f"{self.name} goes on although it was told to cancel; stop it by its own means")

    def _later(self, reason: str, text: str) -> None:
        """A goal that did not get there: say so, and try again in a while."""
        self._ticket += 1
        self._sent, self._waits = None, False
        self.state = "idle" if self._handle is None else "driving"  # Nav2 keeps to the goal that it had
        self._not_before_s = self._clock() + RETRY_S
        self._guard.drop(SOURCE, reason, text)


def connect(node: Any, name: str, guard: Guard) -> Nav2Goals:
    """The client of the action ``name`` on a node of ours.

    Raises:
        ConfigError: nav2_msgs is not installed, or the name is none.
    """
    action = compat.navigate_action(name)
    from rclpy.action.client import ActionClient
    from rclpy.exceptions import NameValidationException

    try:
        client: Client = ActionClient(node, action, name)
    except NameValidationException as error:
        raise ConfigError(f"parameter 'nav2_action' is {name!r}, which cannot name an action ({error}); use 'navigate_to_pose'") from error
    return Nav2Goals(client, name, lambda pose: action.Goal(pose=to_message(pose)), guard, clock=node.monotonic_s)


def _apart_m(one: Encoded, other: Encoded) -> float:
    """Metres between two poses; infinite if their frames differ."""
    if one.fields["header"]["frame_id"] != other.fields["header"]["frame_id"]:
        return math.inf
    a, b = one.fields["pose"]["position"], other.fields["pose"]["position"]
    return math.hypot(a["x"] - b["x"], a["y"] - b["y"])

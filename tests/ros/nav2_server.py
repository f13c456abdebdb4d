# SPDX-License-Identifier: Apache-2.0
"""Stands for Nav2's action server and for rclpy's client of it, which need nav2_msgs: goals as they came, answers when a test says so."""

from collections.abc import Callable
from typing import Any

from mm_nav.core.geometry import se2
from mm_nav.ros import nav2
from mm_nav.ros.guard import Guard
from mm_nav.wire import Encoded
from mm_nav.wire.message import header_fields, pose_fields


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

# SPDX-License-Identifier: Apache-2.0
"""From plan, occupancy and odometry messages to a velocity, whatever is late or missing. Knows neither rclpy nor nodes.

Ages are of arrival, by the caller's monotonic seconds. A stop word stops at once, before anything else has heard it. After an
input was late the robot stands until RESUME plans in a row were in time: it does not jerk along with a failing network.
"""

import math
from collections import deque
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core import command, safety
from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import inverse, se2, transform, wrap_angle, yaw_of
from mm_nav.core.pulse import Pulse
from mm_nav.core.script import normalise
from mm_nav.core.types import Command, Intent, Plan, Velocity
from mm_nav.errors import MessageError
from mm_nav.ros.guard import one_line
from mm_nav.wire import decode_occupancy, decode_odometry, decode_path
from mm_nav.wire.message import transform_of

HISTORY = 256  # odometry messages
APART_NS = 200_000_000  # odometry that is used for a stamp is at most this far from it
JUMP_BACK_NS = 1_000_000_000
NEVER_S = math.inf
RESUME = 5  # plans in time after one that was not


class Follower:
    """What the navigator knows. One thread at a time.

    Args:
        limits: of the robot.
        base_frame: frame that plans may be in besides the odometry's.
    """

    def __init__(self, limits: safety.DriveLimits, base_frame: str = "base_link") -> None:
        self.base_frame = base_frame
        self.stopped = False  # a stop word was heard, and no order since
        self._asked: str | None = None  # what was said last, if these rules do not understand it
        self.degraded = False  # a sensor is missing
        self._hold = ""  # why the fusion node knows nothing
        self.previous = Velocity(linear=0.0, angular=0.0)
        self._plan: tuple[int, str, Float64[np.ndarray, "n 2"], Float64[np.ndarray, " n"]] | None = None
        self._scene: tuple[int, BevGrid, Float32[np.ndarray, "y x"]] | None = None
        self._odom_frame = "odom"
        self._poses: deque[tuple[int, Float64[np.ndarray, "4 4"]]] = deque(maxlen=HISTORY)
        self._plan_s = self._scene_s = self._odom_s = -NEVER_S
        self._pulses = {"plan": Pulse(limits.max_plan_age_s), "occupancy": Pulse(limits.max_scene_age_s), "odometry": Pulse(limits.max_odom_age_s)}
        self._in_time = RESUME  # plans since an input was late
        self.holds = 0  # how often an input was late
        self._obeyed_ns = -1  # instant whose plan and occupancy were both here and asked for
        self.limits = limits

    @property
    def limits(self) -> safety.DriveLimits:
        """What the robot may do; may be changed while it drives."""
        return self._limits

    @limits.setter
    def limits(self, limits: safety.DriveLimits) -> None:
        self._limits = limits
        for name, most_s in (("plan", limits.max_plan_age_s), ("occupancy", limits.max_scene_age_s), ("odometry", limits.max_odom_age_s)):
            self._pulses[name].most_s = most_s

    def hear_plan(self, message: Any, now_s: float) -> None:
        """A nav_msgs/Path as ros/outputs.py writes it.

        Raises:
            MessageError: not finite, or in a frame that is neither the base's nor the odometry's.
        """
        stamp_ns, frame, xy = decode_path(message)
        if len(xy) and frame not in (self.base_frame, self._odom_frame):
            text = f"plan is in frame {frame!r}; send it in {self.base_frame!r} or in the odometry's {self._odom_frame!r}"
            raise MessageError("unknown_frame", text)
        headings = np.array([_heading(p.pose) for p in message.poses])
        self._plan, self._plan_s = (stamp_ns, frame, xy, headings), now_s
        self._in_time += 1
        self._pulses["plan"].beat(now_s)

    def hear_occupancy(self, message: Any, now_s: float) -> None:
        """A nav_msgs/OccupancyGrid in the base frame.

        Raises:
            MessageError: malformed, or in another frame.
        """
        stamp_ns, frame, grid, occupancy = decode_occupancy(message)
        if frame != self.base_frame:
            raise MessageError("unknown_frame", f"occupancy is in frame {frame!r}; send it in {self.base_frame!r}")
        self._scene, self._scene_s = (stamp_ns, grid, occupancy), now_s
        self._pulses["occupancy"].beat(now_s)

    def hear_odometry(self, message: Any, now_s: float) -> None:
        """A nav_msgs/Odometry.

        Raises:
            MessageError: not finite, or no unit quaternion.
        """
        odometry = decode_odometry(message)
        if self._poses and odometry.stamp_ns < self._poses[-1][0] - JUMP_BACK_NS:
            self._poses.clear()
        self._odom_frame = odometry.frame_id or "odom"
        self._poses.append((odometry.stamp_ns, odometry.T_odom_base))
        self._odom_s = now_s
        self._pulses["odometry"].beat(now_s)

    def hear_status(self, message: Any, _now_s: float) -> None:
        """The fusion node's fusion_status: at level 1 a sensor is missing, and the robot drives more slowly; at 2 it stands."""
        self.degraded = bytes(message.level) != b"\x00"
        self._hold = one_line(str(message.message)) if bytes(message.level) >= b"\x02" else ""

    def hear_command(self, text: str) -> bool:
        """A spoken command. Returns whether it was a stop word: then the robot stands until another order is heard."""
        heard = command.parse(text)
        self._asked = one_line(normalise(text), 80) if command.is_unknown(heard) else None
        if not isinstance(heard, Command):
            return False
        self.stopped = heard.intent is Intent.STOP
        if self.stopped:
            self._plan = None  # an older plan must not come back with the next order
        return self.stopped

    def hear_answer(self, message: Any) -> None:
        """The fusion node's command_status: it may understand, by meaning, the order that was heard last and not understood here."""
        values = {pair.key: pair.value for pair in message.values}
        ours = self._asked is not None and values.get("text") == self._asked
        if ours and message.message == "accepted" and values.get("intent") != Intent.STOP.value:
            self.stopped, self._plan, self._asked = False, None, None

    @property
    def plan_stamp_ns(self) -> int:
        """Instant of the plan that is followed; 0 without one."""
        return 0 if self._plan is None else self._plan[0]

    def fresh(self) -> bool:
        """Whether plan and occupancy of one instant are both here; True once for each instant."""
        if self._plan is None or self._scene is None or self._plan[0] != self._scene[0] or self._plan[0] == self._obeyed_ns:
            return False
        self._obeyed_ns = self._plan[0]
        return True

    def velocity(self, now_s: float, dt_s: float) -> Velocity:
        """What the wheels should do now; ``dt_s`` is the time since the last call."""
        self.previous = self._velocity(now_s, dt_s)
        return self.previous

    def stand(self, reason: str) -> Velocity:
        """Zero, at once."""
        self.previous = Velocity(linear=0.0, angular=0.0, reason=reason)
        return self.previous

    def ages(self, now_s: float) -> safety.Ages:
        """Seconds since each input arrived, infinite for one that never did; odometry that never did is None.

        A plan or scene that arrived just now but is stamped long before the newest odometry is as old as its stamp says.
        """
        odom_s = now_s - self._odom_s if self._poses else None
        plan_s = max(now_s - self._plan_s, self._behind_s(self._plan[0] if self._plan else None))
        scene_s = max(now_s - self._scene_s, self._behind_s(self._scene[0] if self._scene else None))
        return safety.Ages(plan_s=plan_s, scene_s=scene_s, odom_s=odom_s)

    def _behind_s(self, stamp_ns: int | None) -> float:
        return (self._poses[-1][0] - stamp_ns) * 1e-9 if self._poses and stamp_ns is not None else 0.0

    def _velocity(self, now_s: float, dt_s: float) -> Velocity:
        if self.stopped:
            return self.stand("told to stop")
        if self._plan is None or self._scene is None:
            return self.stand("no plan yet" if self._plan is None else "no occupancy yet")
        if not self._poses and len(self._plan[2]) and self._plan[1] != self.base_frame:
            return self.stand(f"plan is in {self._plan[1]!r}, and no odometry was heard")
        if late := self._late(now_s):
            return self.stand(late)
        stamp_ns, grid, occupancy = self._scene
        T_odom_scene = self._pose_at(stamp_ns)
        if T_odom_scene is None:
            return self.stand("no odometry at the time of the occupancy")
        plan = self._plan_in_scene(*self._plan, T_odom_scene)
        if plan is None:
            return self.stand("no odometry at the time of the plan")
        T_scene_now = inverse(T_odom_scene) @ self._poses[-1][1] if self._poses else np.eye(4)
        return safety.velocity(
            plan, occupancy, grid, T_scene_now, self.ages(now_s), self.limits, self.previous, dt_s, degraded=self.degraded
        )

    def _late(self, now_s: float) -> str:
        """Why to hold: an input is late or says nothing, or was and has not come in time often enough since."""
        if self._hold:
            self._in_time = 0
            return self._hold
        for name, pulse in self._pulses.items():
            if late := pulse.late(now_s):
                self.holds += self._in_time >= RESUME
                self._in_time = 0
                return f"{name} is {late}"
        return "" if self._in_time >= RESUME else f"an input was late; {self._in_time} of {RESUME} plans came in time since"

    def _plan_in_scene(
        self,
        stamp_ns: int,
        frame: str,
        xy: Float64[np.ndarray, "n 2"],
        headings: Float64[np.ndarray, " n"],
        T_odom_scene: Float64[np.ndarray, "4 4"],
    ) -> Plan | None:
        T_odom_plan = self._pose_at(stamp_ns) if frame == self.base_frame else np.eye(4)
        if T_odom_plan is None:
            return None
        T = inverse(T_odom_scene) @ T_odom_plan
        path = transform(T, np.column_stack([xy, np.zeros(len(xy))]))[:, :2]
        if len(path) == 1:
            turn_rad = wrap_angle(yaw_of(T @ se2(0.0, 0.0, float(headings[0]))))
            return Plan(stamp_ns=stamp_ns, path=path[:0], stop=False, state="turn", turn_rad=turn_rad, T_odom_base=T_odom_scene)
        stand = len(path) == 0
        state, reverse = "hold" if stand else "drive", _is_reverse(xy, headings)
        return Plan(stamp_ns=stamp_ns, path=path, stop=stand, state=state, reverse=reverse, T_odom_base=T_odom_scene)

    def _pose_at(self, stamp_ns: int) -> Float64[np.ndarray, "4 4"] | None:
        if not self._poses:
            return np.eye(4)  # this robot has no odometry: where it was then is where it is
        stamp, T = min(self._poses, key=lambda p: abs(p[0] - stamp_ns))
        return None if abs(stamp - stamp_ns) > APART_NS else T


def _heading(pose: Any) -> float:
    """Yaw of a pose; NaN where a planner left the orientation empty."""
    q = pose.orientation
    if not (q.x or q.y or q.z or q.w):
        return math.nan
    return yaw_of(transform_of(pose.position, q, "plan"))


def _is_reverse(xy: Float64[np.ndarray, "n 2"], headings: Float64[np.ndarray, " n"]) -> bool:
    """Whether every pose looks against the way that the path goes from it."""
    steps = np.diff(xy, axis=0)
    steps, ahead = steps[(moves := np.hypot(*steps.T) > 1e-6)], headings[:-1][moves]
    along = steps[:, 0] * np.cos(ahead) + steps[:, 1] * np.sin(ahead)
    return bool(len(along)) and bool((along < 0).all())

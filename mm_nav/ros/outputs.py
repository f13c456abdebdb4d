# SPDX-License-Identifier: Apache-2.0
"""What the fusion node says: an outcome as messages by topic, and the words of command_status. Knows neither rclpy nor nodes.

``plan`` says what nav_msgs/Path has no fields for by its poses: none means stand; one, at the robot, means turn in place
to its heading; more mean drive along them, backwards where their headings look against the path.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import se2
from mm_nav.core.types import Command, Goal, Missing, Plan, Rejection, Scene
from mm_nav.ros.guard import one_line
from mm_nav.wire import (
    Encoded,
    Status,
    encode_command_status,
    encode_grid,
    encode_objects,
    encode_obstacles,
    encode_occupancy,
    encode_plan,
)
from mm_nav.wire.message import header_fields, pose_fields

OFFERS = {
    "occupancy": "nav_msgs/msg/OccupancyGrid",
    "objects": "visualization_msgs/msg/MarkerArray",
    "obstacles": "sensor_msgs/msg/PointCloud2",
    "goal_pose": "geometry_msgs/msg/PoseStamped",
    "plan": "nav_msgs/msg/Path",
    "command_status": "diagnostic_msgs/msg/DiagnosticStatus",
    "fusion_status": "diagnostic_msgs/msg/DiagnosticStatus",
}
MOST_TURN_RAD = 2.5  # a heading says nothing about the way round; less than half a turn keeps the side
REPORTED = ("searching", "reached", "not_found")


def outcome_messages(
    scene: Scene, plan: Plan, grid: BevGrid, base_frame: str, odom_frame: str
) -> dict[str, Callable[[], Encoded]]:
    """How to encode each topic of an outcome; nothing is encoded before it is called. ``goal_pose`` only with a goal."""
    made: dict[str, Callable[[], Encoded]] = {
        "occupancy": lambda: encode_occupancy(scene, grid, base_frame),
        "fusion_status": lambda: encode_state(plan.state, scene.missing),
        "plan": lambda: encode_motion(plan, base_frame, odom_frame),
        "objects": lambda: encode_objects(scene, base_frame),
        "obstacles": lambda: encode_obstacles(scene, grid, base_frame),
    }
    goal = scene.goal
    if goal is not None:
        made["goal_pose"] = lambda: encode_goal(goal, scene.stamp_ns, plan.T_odom_base, base_frame, odom_frame)
    return made


def hold_messages(reason: str, stamp_ns: int, grid: BevGrid, base_frame: str) -> dict[str, Callable[[], Encoded]]:
    """What is said while nothing is known: an empty plan, unknown occupancy and why; stamped as the last instant, not as now."""
    unknown = np.full((grid.rows, grid.columns), np.nan, np.float32)
    stand = Plan(stamp_ns=stamp_ns, path=np.zeros((0, 2)), stop=True, state="hold")
    state = {"level": 2, "name": "fusion", "message": f"hold: {one_line(reason)}", "values": []}
    return {
        "occupancy": lambda: encode_grid(unknown, grid, stamp_ns, base_frame),
        "plan": lambda: encode_motion(stand, base_frame, base_frame),
        "fusion_status": lambda: Encoded("diagnostic_msgs/msg/DiagnosticStatus", state),
    }


def encode_motion(plan: Plan, base_frame: str, odom_frame: str) -> Encoded:
    """nav_msgs/Path of a plan: empty to stand, one pose to turn, else the path (in ``odom_frame`` with odometry)."""
    if plan.turn_rad and not len(plan.path) and not plan.stop:  # to obey, to look around, or to get free
        turn_rad = float(np.clip(plan.turn_rad, -MOST_TURN_RAD, MOST_TURN_RAD))
        frame, T = _placed(se2(0.0, 0.0, turn_rad), plan.T_odom_base, base_frame, odom_frame)
        header = header_fields(plan.stamp_ns, frame)
        return Encoded("nav_msgs/msg/Path", {"header": header, "poses": [{"header": header, "pose": pose_fields(T)}]})
    encoded = encode_plan(plan, base_frame, odom_frame)
    poses = [] if plan.stop or len(plan.path) < 2 else encoded.fields["poses"]
    if plan.reverse:
        poses = [{**p, "pose": {**p["pose"], "orientation": _turned_round(p["pose"]["orientation"])}} for p in poses]
    return Encoded(encoded.type_name, {**encoded.fields, "poses": poses})


def encode_goal(
    goal: Goal, stamp_ns: int, T_odom_base: Float64[np.ndarray, "4 4"] | None, base_frame: str, odom_frame: str
) -> Encoded:
    """geometry_msgs/PoseStamped of a goal, heading away from the robot; in ``odom_frame`` with odometry."""
    x, y = (float(v) for v in goal.xy)
    frame, T = _placed(se2(x, y, float(np.arctan2(y, x))), T_odom_base, base_frame, odom_frame)
    return Encoded("geometry_msgs/msg/PoseStamped", {"header": header_fields(stamp_ns, frame), "pose": pose_fields(T)})


def encode_answer(answer: Command | Rejection) -> Encoded:
    """command_status of a text that was heard: accepted, or rejected with the reason."""
    values = {"text": one_line(answer.text, 80)}
    if isinstance(answer, Rejection):
        return encode_command_status(Status(name="command", level=1, message="rejected", values={"reason": answer.reason, **values}))
    values |= {"intent": answer.intent.value, "phrase": one_line(answer.phrase, 80), "amount": f"{answer.amount:.3f}"}
    return encode_command_status(Status(name="command", level=0, message="accepted", values=values))


def encode_progress(status: str, scene: Scene) -> Encoded | None:
    """command_status of a pipeline status, or None for one that is no news to the speaker."""
    if status not in REPORTED:
        return None
    values = {} if scene.goal is None else {"confidence": f"{scene.goal.confidence:.2f}"}
    return encode_command_status(Status(name="command", level=int(status == "not_found"), message=status, values=values))


def encode_state(status: str, missing: Sequence[Missing]) -> Encoded:
    """diagnostic_msgs/DiagnosticStatus of an instant: what the robot is about, level 1 while a sensor is missing."""
    values = [{"key": f"missing.{m.name}", "value": m.reason} for m in missing]
    fields = {"level": int(bool(missing)), "name": "fusion", "message": status, "values": values}
    return Encoded("diagnostic_msgs/msg/DiagnosticStatus", fields)


def _turned_round(quaternion: dict[str, float]) -> dict[str, float]:
    """The heading of a flat pose, the other way."""
    return {"x": quaternion["y"], "y": -quaternion["x"], "z": quaternion["w"], "w": -quaternion["z"]}


def _placed(
    T_base: Float64[np.ndarray, "4 4"], T_odom_base: Float64[np.ndarray, "4 4"] | None, base_frame: str, odom_frame: str
) -> tuple[str, Float64[np.ndarray, "4 4"]]:
    return (base_frame, T_base) if T_odom_base is None else (odom_frame, T_odom_base @ T_base)

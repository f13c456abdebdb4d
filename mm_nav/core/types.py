# SPDX-License-Identifier: Apache-2.0
"""What flows through mm_nav, from a decoded message to a velocity.

Frozen dataclasses with shapes in the annotations (checked in tests by an import hook). Units are metres,
radians, seconds; time is ``int`` nanoseconds and its names end in ``_ns``; frames follow REP-103/105.
``T_a_b`` maps points of frame ``b`` into frame ``a``: ``p_a = T_a_b @ p_b``.

Shape letters: H W image rows and columns, N points or cameras, Y X rows (along +y) and columns (along +x) of
the bird's-eye view, Z lift heights, K classes, T waypoints.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from jaxtyping import Float32, Float64, UInt8

# ---------------------------------------------------------------- readings: what one message says


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraImage:
    """One picture, always RGB, rows from the top."""

    stamp_ns: int
    frame_id: str
    rgb: UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraModel:
    """Pinhole intrinsics with optional distortion, as in sensor_msgs/CameraInfo."""

    frame_id: str
    width: int
    height: int
    K: Float64[np.ndarray, "3 3"]
    distortion_model: str = ""
    D: Float64[np.ndarray, " d"] = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCloud:
    """LiDAR or radar points in the sensor's own frame; non-finite points are already gone.

    ``intensity`` is LiDAR intensity or radar RCS (0 where the sensor has none); ``velocity`` is radial speed
    in m/s, positive away from the sensor, and NaN where it was not measured (always for LiDAR). ``time_s`` is when each
    point was measured, in seconds after ``stamp_ns`` (negative before it); None where all are of that instant.
    """

    stamp_ns: int
    frame_id: str
    xyz: Float32[np.ndarray, "n 3"]
    intensity: Float32[np.ndarray, " n"]
    velocity: Float32[np.ndarray, " n"]
    time_s: Float32[np.ndarray, " n"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Odometry:
    """Pose of ``child_frame_id`` in ``frame_id`` and the twist in the child frame (nav_msgs/Odometry)."""

    stamp_ns: int
    frame_id: str
    child_frame_id: str
    T_odom_base: Float64[np.ndarray, "4 4"]
    linear: Float64[np.ndarray, "3"]
    angular: Float64[np.ndarray, "3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A command in plain words, as heard."""

    stamp_ns: int
    text: str


Reading = CameraImage | CameraModel | PointCloud | Odometry | Utterance

# ---------------------------------------------------------------- one instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraView:
    """A picture with what is needed to project into it."""

    name: str
    image: CameraImage
    model: CameraModel
    T_base_cam: Float64[np.ndarray, "4 4"]  # camera optical frame (z forward) -> base_link


@dataclass(frozen=True, slots=True, kw_only=True)
class PosedCloud:
    """A cloud with its mounting."""

    name: str
    cloud: PointCloud
    T_base_sensor: Float64[np.ndarray, "4 4"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why a configured source is not in a frame."""

    name: str
    reason: str  # "silent", "late by 0.31 s", "no transform base_link <- radar", "no camera_info", …


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorFrame:
    """One instant: everything that belongs to ``stamp_ns``, and what is missing."""

    stamp_ns: int
    cameras: tuple[CameraView, ...] = ()
    lidars: tuple[PosedCloud, ...] = ()
    radars: tuple[PosedCloud, ...] = ()
    odometry: Odometry | None = None
    missing: tuple[Missing, ...] = ()

    def without(self, reasons: Mapping[str, str]) -> "SensorFrame":
        """The frame as if the named sensors were off; each is listed as missing with its reason."""
        return replace(
            self,
            cameras=tuple(view for view in self.cameras if view.name not in reasons),
            lidars=tuple(posed for posed in self.lidars if posed.name not in reasons),
            radars=tuple(posed for posed in self.radars if posed.name not in reasons),
            missing=(*self.missing, *(Missing(name=name, reason=reason) for name, reason in reasons.items())),
        )


# ---------------------------------------------------------------- language


class Intent(Enum):
    """The only things a text can ask for. Text never sets parameters, topics or files."""

    GO_TO = "go_to"
    FOLLOW = "follow"
    LOOK_FOR = "look_for"
    AVOID = "avoid"
    TURN = "turn"
    MOVE_BY = "move_by"
    WAIT = "wait"
    STOP = "stop"


class Relation(Enum):
    """How the thing that is meant stands to its landmarks, seen from where the robot was when it was told."""

    NEXT_TO = "next_to"
    BEHIND = "behind"
    IN_FRONT_OF = "in_front_of"
    LEFT_OF = "left_of"
    RIGHT_OF = "right_of"
    BETWEEN = "between"  # two landmarks, or one that stands for several ("between the barrels")
    NEAREST = "nearest"  # to the robot, or to the landmark if there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A parsed utterance. ``amount`` is radians for TURN (+ is left), metres for MOVE_BY (+ is ahead), s for WAIT."""

    intent: Intent
    text: str
    phrase: str = ""  # everything that was said of the goal, without verb and filler: "red cone next to the blue box"
    target: str = ""  # the thing alone: "red cone"; equals ``phrase`` without a relation
    relation: Relation | None = None
    landmarks: tuple[str, ...] = ()  # at most two: "blue box"
    amount: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a text is not a command. ``reason``: empty, too_long, not_text, not_understood, ambiguous."""

    reason: str
    text: str  # for people; quotes at most 60 characters of the command


# ---------------------------------------------------------------- the network's two sides


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionInput:
    """Network inputs of one instant. Field names are the ONNX input names; the engine adds the batch axis."""

    camera_image: UInt8[np.ndarray, "n 3 h w"]  # RGB 0..255; mean and std live in the network
    camera_grid: Float32[np.ndarray, "n zy x 2"]  # where each BEV cell, per lift height, falls: -1..1, -2 outside
    camera_mask: Float32[np.ndarray, " n"]  # 1 where the camera is there
    lidar_bev: Float32[np.ndarray, "cl y x"]
    lidar_mask: Float32[np.ndarray, "1"]
    radar_bev: Float32[np.ndarray, "cr y x"]
    radar_mask: Float32[np.ndarray, "1"]
    ego: Float32[np.ndarray, "3"]  # forward speed m/s, yaw rate rad/s, 1 if odometry is there
    phrase: Float32[np.ndarray, "p e"]  # sentence embeddings: what is looked for, then its landmarks; zeros if none
    phrase_mask: Float32[np.ndarray, " p"]
    memory: Float32[np.ndarray, "m hy hx"] = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))  # a past view
    memory_grid: Float32[np.ndarray, "hy hx 2"] = field(default_factory=lambda: np.zeros((0, 0, 2), np.float32))  # where each
    # cell of now lies in it: -1..1, -2 where it was not covered


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionOutput:
    """Network outputs of one instant, in base_link. Field names are the ONNX output names."""

    occupancy: Float32[np.ndarray, "y x"]  # probability that something taller than 0.15 m stands here
    visible: Float32[np.ndarray, "y x"]  # probability that the cell is observed now (else: unknown)
    motion: Float32[np.ndarray, "2 y x"]  # velocity over ground of what stands here, m/s
    object_heat: Float32[np.ndarray, "y x"]  # object centre score, 0..1
    object_box: Float32[np.ndarray, "8 y x"]  # dx dy z, log(l w h), sin yaw, cos yaw; metres from the cell centre
    object_class: Float32[np.ndarray, "k y x"]  # similarity of the cell with each class phrase, softmax over k
    goal_map: Float32[np.ndarray, "p y x"]  # probability that the object of each phrase is centred here
    goal_present: Float32[np.ndarray, " p"]  # probability that it is in view
    waypoints: Float32[np.ndarray, "t 2"]  # metres, spaced by ModelSpec.waypoint_dt_s
    stop: Float32[np.ndarray, "1"]  # probability that the command is fulfilled here
    kept: Float32[np.ndarray, "m hy hx"] = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))  # a later ``memory``


# ---------------------------------------------------------------- what the robot is told


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectBox:
    """A detected object in base_link."""

    label: str
    score: float
    center: Float64[np.ndarray, "3"]
    size: Float64[np.ndarray, "3"]  # length, width, height
    yaw: float
    velocity: Float64[np.ndarray, "2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where the thing is that was asked for, in base_link at the scene's stamp."""

    xy: Float64[np.ndarray, "2"]
    confidence: float
    seen_now: bool  # False: remembered through odometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is around the robot, in base_link at ``stamp_ns``. Grid cells follow ModelSpec.grid."""

    stamp_ns: int
    occupancy: Float32[np.ndarray, "y x"]  # probability; NaN where unknown
    motion: Float32[np.ndarray, "2 y x"]
    objects: tuple[ObjectBox, ...]
    goal: Goal | None
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where to drive, in base_link at ``stamp_ns``; the first row is near the robot, the last is the end.

    ``T_odom_base`` is the pose at ``stamp_ns`` (None without odometry), so that a follower can catch up.
    ``state``: idle, search, drive, turn, reached, not_found, blocked, hold.
    """

    stamp_ns: int
    path: Float64[np.ndarray, "n 2"]
    stop: bool
    state: str
    turn_rad: float = 0.0  # what is left to turn in place, + is left
    reverse: bool = False  # follow the path backwards, without turning round first
    T_odom_base: Float64[np.ndarray, "4 4"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity:
    """What goes to the wheels; ``reason`` says why it is slower than the plan wants ('' if it is not)."""

    linear: float  # m/s, + is ahead
    angular: float  # rad/s, + is left
    reason: str = ""

# SPDX-License-Identifier: Apache-2.0
"""A small hand-made instant that the picture tests share."""

from typing import Any

import numpy as np

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import se3
from mm_nav.core.types import (
    CameraImage,
    CameraModel,
    CameraView,
    Goal,
    ObjectBox,
    Plan,
    PointCloud,
    PosedCloud,
    Scene,
    SensorFrame,
)
from mm_nav.viz.picture import Instant

GRID = BevGrid()
OPTICAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])


def frame(*, camera: bool = True) -> SensorFrame:
    """One grey picture, two LiDAR returns, one radar return."""
    T_cam = se3((0.2, 0, 0.8))
    T_cam[:3, :3] = OPTICAL
    model = CameraModel(frame_id="c", width=64, height=32, K=np.array([[30.0, 0, 32], [0, 30, 16], [0, 0, 1]]))
    image = CameraImage(stamp_ns=1, frame_id="c", rgb=np.full((32, 64, 3), 128, np.uint8))
    nothing = np.zeros(2, np.float32)
    lidar = PointCloud(stamp_ns=1, frame_id="l", xyz=np.array([[3, 1, 0], [4, -1, 0]], np.float32), intensity=nothing,
                       velocity=nothing)  # fmt: skip
    radar = PointCloud(stamp_ns=1, frame_id="r", xyz=np.array([[5, 0, 0]], np.float32), intensity=nothing[:1],
                       velocity=np.array([1.0], np.float32))  # fmt: skip
    return SensorFrame(
        stamp_ns=1,
        cameras=(CameraView(name="front", image=image, model=model, T_base_cam=T_cam),) if camera else (),
        lidars=(PosedCloud(name="lidar", cloud=lidar, T_base_sensor=se3((0, 0, 0.6))),),
        radars=(PosedCloud(name="radar", cloud=radar, T_base_sensor=se3((0, 0, 0.5))),),
    )


def scene(**changes: Any) -> Scene:
    """A free floor with one occupied cell at (4.1, 0.1), a cone there, and a goal on it."""
    occupancy = np.zeros((GRID.rows, GRID.columns), np.float32)
    occupancy[48, 52] = 1.0
    cone = ObjectBox(label="cone", score=0.9, center=np.array([4.1, 0.1, 0.3]), size=np.array([0.4, 0.4, 0.6]), yaw=0.3,
                     velocity=np.array([0.5, 0.0]))  # fmt: skip
    values: dict[str, Any] = {
        "stamp_ns": 1, "occupancy": occupancy, "motion": np.zeros((2, GRID.rows, GRID.columns), np.float32),
        "objects": (cone,), "goal": Goal(xy=np.array([4.1, 0.1]), confidence=0.8, seen_now=True),
    }  # fmt: skip
    return Scene(**(values | changes))


def instant(**changes: Any) -> Instant:
    """Everything that a picture can show, at once."""
    path = np.column_stack([np.linspace(0, 3.5, 8), np.zeros(8)])
    values: dict[str, Any] = {
        "frame": frame(), "scene": scene(), "grid": GRID, "command": "go to the red cone", "gloss": "go to the red cone",
        "plan": Plan(stamp_ns=1, path=path, stop=False, state="drive"), "state": "driving", "time_s": 3.2,
        "sensors": (("camera", True), ("LiDAR", True), ("radar", False)), "facts": (("speed", "0.5 m/s"),),
        "trail": np.array([[-2.0, 0], [-1, 0], [0, 0]]), "target": np.array([4.1, 0.1]),
        "history": np.array([[0.0, 6], [1, 5], [3.2, 4]]), "outages": ((1.0, 2.0),),
    }  # fmt: skip
    return Instant(**(values | changes))

# SPDX-License-Identifier: Apache-2.0
"""What a simulated robot senses at one instant, and what is true then. Knows no simulation."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from mm_nav.core.types import (
    CameraImage,
    CameraModel,
    CameraView,
    Missing,
    Odometry,
    PointCloud,
    PosedCloud,
    SensorFrame,
    Utterance,
)
from mm_nav.sim.rig import CAMERA_FRAME, LIDAR_FRAME, RADAR_FRAME
from mm_nav.sim.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything about one instant: what the sensors say, and what is true."""

    stamp_ns: int
    readings: Mapping[str, CameraImage | PointCloud | Odometry]  # by source name; sensors that are off are absent
    camera_models: Mapping[str, CameraModel]
    transforms: Mapping[str, Float64[np.ndarray, "4 4"]]  # frame -> T_base_sensor
    missing: tuple[Missing, ...]
    heard: tuple[Utterance, ...]  # orders given since the last snapshot
    exact: Odometry  # true pose in frame map
    truth: Truth

    def frame(self) -> SensorFrame:
        """The instant as the synchroniser would hand it to the pipeline."""
        cameras = []
        if isinstance(image := self.readings.get("camera/front"), CameraImage):
            cameras = [CameraView(name="camera/front", image=image, model=self.camera_models["camera/front"],
                                  T_base_cam=self.transforms[CAMERA_FRAME])]  # fmt: skip
        odom = self.readings.get("odom")
        return SensorFrame(
            stamp_ns=self.stamp_ns,
            cameras=tuple(cameras),
            lidars=self._posed("lidar", LIDAR_FRAME),
            radars=self._posed("radar", RADAR_FRAME),
            odometry=odom if isinstance(odom, Odometry) else None,
            missing=self.missing,
        )

    def _posed(self, name: str, frame: str) -> tuple[PosedCloud, ...]:
        cloud = self.readings.get(name)
        if not isinstance(cloud, PointCloud):
            return ()
        return (PosedCloud(name=name, cloud=cloud, T_base_sensor=self.transforms[frame]),)

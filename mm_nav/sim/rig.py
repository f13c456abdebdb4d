# SPDX-License-Identifier: Apache-2.0
"""Where the sensors sit and how good they are, with a randomised version for training. Knows no world."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from mm_nav.core.geometry import se3
from mm_nav.core.types import CameraModel

CAMERA_FRAME, LIDAR_FRAME, RADAR_FRAME = "camera_front_optical", "lidar", "radar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Sensor mounting in base_link (metres, radians) and quality."""

    camera_width: int = 256
    camera_height: int = 128
    camera_hfov: float = float(np.deg2rad(100))
    camera_x: float = 0.15
    camera_z: float = 0.7
    camera_pitch: float = float(np.deg2rad(8))  # positive looks down
    camera_noise: float = 3.0  # grey levels
    lidar_x: float = 0.0
    lidar_z: float = 0.6
    lidar_beams: int = 16
    lidar_low: float = float(np.deg2rad(-22))
    lidar_high: float = float(np.deg2rad(12))
    lidar_columns: int = 360
    lidar_range: float = 20.0
    lidar_noise: float = 0.015
    lidar_dropout: float = 0.02
    radar_x: float = 0.25
    radar_z: float = 0.5
    radar_fov: float = float(np.deg2rad(60))  # half width
    radar_range: float = 20.0
    radar_noise: float = 0.08
    radar_azimuth_noise: float = float(np.deg2rad(1.2))
    radar_speed_noise: float = 0.08
    odometry_noise: float = 0.03  # share of v and w that is wrong, constant part and white part

    @property
    def camera_model(self) -> CameraModel:
        """Pinhole without distortion, square pixels."""
        f = self.camera_width / 2 / np.tan(self.camera_hfov / 2)
        K = np.array([[f, 0, self.camera_width / 2], [0, f, self.camera_height / 2], [0, 0, 1.0]])
        return CameraModel(frame_id=CAMERA_FRAME, width=self.camera_width, height=self.camera_height, K=K)

    @property
    def transforms(self) -> dict[str, Float64[np.ndarray, "4 4"]]:
        """T_base_sensor of each sensor frame."""
        c, s = np.cos(self.camera_pitch), np.sin(self.camera_pitch)
        camera = np.eye(4)
        camera[:3, :3] = np.array([[0, -s, c], [-1, 0, 0], [0, -c, -s]])  # columns: right, down, ahead
        camera[:3, 3] = [self.camera_x, 0, self.camera_z]
        return {
            CAMERA_FRAME: camera,
            LIDAR_FRAME: se3((self.lidar_x, 0, self.lidar_z)),
            RADAR_FRAME: se3((self.radar_x, 0, self.radar_z)),
        }


def randomised(rng: np.random.Generator) -> Rig:
    """Another robot's sensors: other heights, views, beams and noise. A tall camera looks further down."""
    camera_z = float(rng.uniform(0.4, 1.6))
    down = float(np.deg2rad(rng.uniform(0, 8) + 8 * (camera_z - 0.4)))
    lidar_z = float(rng.uniform(0.4, 1.9))
    low = float(np.deg2rad(rng.uniform(-28, -15) - 8 * max(0.0, lidar_z - 0.8)))
    return replace(
        Rig(),
        camera_hfov=float(np.deg2rad(rng.uniform(70, 110))),
        camera_x=float(rng.uniform(0.0, 0.3)),
        camera_z=camera_z,
        camera_pitch=down,
        camera_noise=float(rng.uniform(1, 7)),
        lidar_x=float(rng.uniform(-0.15, 0.2)),
        lidar_z=lidar_z,
        lidar_beams=int(rng.choice([8, 12, 16, 24, 32])),
        lidar_low=low,
        lidar_high=float(np.deg2rad(rng.uniform(2, 16))),
        lidar_noise=float(rng.uniform(0.005, 0.03)),
        lidar_dropout=float(rng.uniform(0.0, 0.06)),
        radar_x=float(rng.uniform(0.1, 0.4)),
        radar_z=float(rng.uniform(0.3, 0.8)),
        radar_noise=float(rng.uniform(0.04, 0.15)),
        odometry_noise=float(rng.uniform(0.005, 0.05)),
    )

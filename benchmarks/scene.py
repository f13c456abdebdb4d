# SPDX-License-Identifier: Apache-2.0
"""What a robot's sensors say in a simulated world, at the sizes of real ones: 1280x720 rgb8, 64x2048 points, radar, odometry.

Rendered once into a file that the processes of a benchmark share; played forwards and backwards, so that the pose never jumps.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from mm_nav.core.types import CameraImage, CameraModel, CameraView, Odometry, PointCloud, PosedCloud, SensorFrame
from mm_nav.sim.rig import CAMERA_FRAME, LIDAR_FRAME, RADAR_FRAME, Rig
from mm_nav.sim.sensors import Sensors
from mm_nav.sim.simulation import SimConfig, Simulation

SEED = 3  # a world whose order is to go to a blue cone
RIG = replace(Rig(), camera_width=1280, camera_height=720, lidar_beams=64, lidar_columns=2048)
STEP_S = 0.1
SPEED = 0.3  # m/s
MODEL: CameraModel = RIG.camera_model
TRANSFORMS = RIG.transforms


@dataclass(frozen=True, slots=True)
class Instant:
    """All sensors at one moment."""

    image: CameraImage
    lidar: PointCloud
    radar: PointCloud
    odometry: Odometry

    def at(self, stamp_ns: int) -> "Instant":
        """The same, at another time."""
        return Instant(*(replace(r, stamp_ns=stamp_ns) for r in (self.image, self.lidar, self.radar, self.odometry)))

    def frame(self) -> SensorFrame:
        """As the synchroniser hands it on."""
        def posed(name: str, cloud: PointCloud, frame: str) -> tuple[PosedCloud, ...]:
            return (PosedCloud(name=name, cloud=cloud, T_base_sensor=TRANSFORMS[frame]),)

        view = CameraView(name="camera/front", image=self.image, model=MODEL, T_base_cam=TRANSFORMS[CAMERA_FRAME])
        return SensorFrame(stamp_ns=self.image.stamp_ns, cameras=(view,), lidars=posed("lidar", self.lidar, LIDAR_FRAME),
                           radars=posed("radar", self.radar, RADAR_FRAME), odometry=self.odometry)  # fmt: skip


def order() -> str:
    """What the robot is told in this world."""
    return Simulation(SimConfig(seed=SEED)).task.text


def render(path: Path, count: int) -> None:
    """Drive ahead and write what is sensed; needs Open3D."""
    sim = Simulation(SimConfig(seed=SEED))
    sim.rig = RIG
    sim._sensors = Sensors(sim.world, RIG, np.random.default_rng(SEED))
    kept: dict[str, np.ndarray] = {}
    for i in range(count):
        readings = sim.sense(with_truth=False).readings
        image, lidar, radar = readings["camera/front"], readings["lidar"], readings["radar"]
        odometry = sim.exact_odometry()
        if not (isinstance(image, CameraImage) and isinstance(lidar, PointCloud) and isinstance(radar, PointCloud)):
            raise TypeError(f"the rig senses {sorted(readings)}; it must have a camera, a LiDAR and a radar")
        kept |= {f"{i}.rgb": image.rgb, f"{i}.T": odometry.T_odom_base, f"{i}.linear": odometry.linear, f"{i}.angular": odometry.angular}
        for name, cloud in (("lidar", lidar), ("radar", radar)):
            kept |= {f"{i}.{name}.xyz": cloud.xyz, f"{i}.{name}.intensity": cloud.intensity, f"{i}.{name}.velocity": cloud.velocity}
        sim.step(SPEED, 0.0, STEP_S)
    np.savez(path, **kept)  # type: ignore[arg-type]  # names are keywords


def load(path: Path) -> list[Instant]:
    """There and back again."""
    with np.load(path) as kept:
        files = dict(kept)
    count = 1 + max(int(name.partition(".")[0]) for name in files)
    there = [_instant(files, i) for i in range(count)]
    return there + there[-2:0:-1]


def _instant(files: dict[str, np.ndarray], i: int) -> Instant:
    def cloud(name: str, frame: str) -> PointCloud:
        return PointCloud(stamp_ns=0, frame_id=frame, xyz=files[f"{i}.{name}.xyz"], intensity=files[f"{i}.{name}.intensity"],
                          velocity=files[f"{i}.{name}.velocity"])  # fmt: skip

    T: Float64[np.ndarray, "4 4"] = files[f"{i}.T"]
    return Instant(
        CameraImage(stamp_ns=0, frame_id=CAMERA_FRAME, rgb=files[f"{i}.rgb"]), cloud("lidar", LIDAR_FRAME), cloud("radar", RADAR_FRAME),
        Odometry(stamp_ns=0, frame_id="odom", child_frame_id="base_link", T_odom_base=T, linear=files[f"{i}.linear"], angular=files[f"{i}.angular"]),
    )  # fmt: skip

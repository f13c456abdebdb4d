# SPDX-License-Identifier: Apache-2.0
"""The robot's senses: everything one instant's rays bring back, and odometry that drifts.

Casts all rays of an instant at once, then hands the hits to camera.py and ranging.py. Knows no task and no wheels.
"""

import numpy as np
from jaxtyping import Float32, Float64

from mm_nav.core.geometry import se2
from mm_nav.core.types import CameraImage, Odometry, PointCloud
from mm_nav.sim.camera import Look, look_of, noise_tile, paint
from mm_nav.sim.ranging import RCS, lidar_cloud, lidar_directions, radar_cloud, radar_directions
from mm_nav.sim.raycast import GROUND_ID, Hits, RayScene
from mm_nav.sim.rig import CAMERA_FRAME, LIDAR_FRAME, RADAR_FRAME, Rig
from mm_nav.sim.robot import arc
from mm_nav.sim.weather import View, make_weather
from mm_nav.sim.world import Thing, World


class Sensors:
    """Camera, LiDAR and radar of one robot in one world.

    Attributes:
        rig: mounting and quality. scene: what the rays meet. look: light and ground of this world.
        weather: what is done to the readings.
    """

    def __init__(self, world: World, rig: Rig, rng: np.random.Generator) -> None:
        """Prepare what does not change: the static scene, ray directions, materials."""
        self.rig, self.rng = rig, rng
        self.look: Look = look_of(world.kind, rng)
        self.scene = RayScene(world)
        labels = {t.id: t.label for t in (*world.walls, *world.things)} | {GROUND_ID: "ground"}
        named = [labels[int(i)] for i in self.scene.owner]
        self._rcs = np.array([RCS[label] for label in named])
        self._reflectivity = 0.15 + 0.75 * self.scene.material[:, :3].mean(axis=1)
        self.weather = make_weather("none", 0, self.look.sun, rig)
        self._noise = noise_tile(rng) * np.float32(rig.camera_noise)
        self._pixels = _pixel_directions(rig)
        self._beams = lidar_directions(rig)

    def look_around(
        self, T_world_base: Float64[np.ndarray, "4 4"], twist: tuple[float, float, float], things: tuple[Thing, ...],
        stamp_ns: int, names: frozenset[str],
    ) -> dict[str, CameraImage | PointCloud]:  # fmt: skip
        """Readings of the sensors in ``names`` (camera/front, lidar, radar) from the robot's exact pose.

        Args:
            twist: the robot's speed ahead and to the left and its yaw rate, for Doppler.
        """
        self.scene.update(things)
        local = {"camera/front": self._pixels, "lidar": self._beams}
        if "radar" in names:
            local["radar"] = radar_directions(self.rig, self.rng)
        local = {name: rays for name, rays in local.items() if name in names}
        if not local:
            return {}
        frames = {"camera/front": CAMERA_FRAME, "lidar": LIDAR_FRAME, "radar": RADAR_FRAME}
        poses = {name: T_world_base @ self.rig.transforms[frames[name]] for name in local}
        rays = {name: local[name] @ poses[name][:3, :3].T.astype(np.float32) for name in local}
        origins = [np.broadcast_to(poses[name][:3, 3].astype(np.float32), rays[name].shape) for name in local]
        hits = self.scene.cast(np.concatenate(origins), np.concatenate(list(rays.values())))
        out: dict[str, CameraImage | PointCloud] = {}
        start = 0
        for name, directions in rays.items():
            end = start + len(directions)
            own = Hits(distance=hits.distance[start:end], part=hits.part[start:end], normal=hits.normal[start:end])
            start = end
            if name == "camera/front":
                out[name] = self._picture(own, poses[name], directions, stamp_ns)
            elif name == "lidar":
                incidence = np.abs(np.einsum("ij,ij->i", own.normal, directions))
                turn = lidar_cloud(self.rig, own, local[name], incidence, self._reflectivity, stamp_ns, self.rng)
                out[name] = self.weather.lidar(turn)
            else:
                radial = self._range_rate(own, T_world_base, poses[name], directions, twist, things)
                sweep = radar_cloud(self.rig, own, local[name], radial, self._rcs, stamp_ns, self.rng)
                out[name] = self.weather.radar(sweep)
        return out

    def _picture(
        self, hits: Hits, T_world_cam: Float64[np.ndarray, "4 4"], directions: Float32[np.ndarray, "n 3"], stamp_ns: int
    ) -> CameraImage:
        offset = int(self.rng.integers(len(self._noise)))
        rgb = paint(self.look, hits, T_world_cam[:3, 3], directions, self.scene.material, self._noise, offset)
        rgb = self.weather.picture(rgb, View(distance=hits.distance, local=self._pixels, world=directions))
        return CameraImage(
            stamp_ns=stamp_ns,
            frame_id=CAMERA_FRAME,
            rgb=rgb.reshape(self.rig.camera_height, self.rig.camera_width, 3),
        )

    def _range_rate(
        self, hits: Hits, T_world_base: Float64[np.ndarray, "4 4"], T_world_radar: Float64[np.ndarray, "4 4"],
        directions: Float32[np.ndarray, "n 3"], twist: tuple[float, float, float], things: tuple[Thing, ...],
    ) -> Float64[np.ndarray, " n"]:  # fmt: skip
        """Velocity of what was hit minus that of the radar, along each ray: positive moves away."""
        lever = T_world_radar[:2, 3] - T_world_base[:2, 3]
        sensor = T_world_base[:2, :2] @ twist[:2] + twist[2] * np.array([-lever[1], lever[0]])
        walking = {t.id: t.velocity for t in things}
        moving = np.array([walking.get(int(i), (0.0, 0.0)) for i in self.scene.owner])
        velocity = np.where(hits.part[:, None] >= 0, moving[hits.part], 0.0)
        return np.asarray(((velocity - sensor) * directions[:, :2]).sum(axis=1))


class WheelOdometry:
    """Integrates v and w with a constant and a white share of error, from the identity."""

    def __init__(self, share: float, rng: np.random.Generator, axle: float = 0.0) -> None:
        """``share`` is the standard deviation of the relative error; ``axle`` as in Robot."""
        self._share, self._rng, self._axle = share, rng, axle
        self._bias = rng.normal(0, share, 2)
        self._pose = (0.0, 0.0, 0.0)
        self._measured = (0.0, 0.0)

    def step(self, v: float, w: float, dt: float) -> None:
        """Count the wheels for ``dt`` seconds."""
        white = self._rng.normal(0, self._share, 2)
        self._measured = (v * (1 + self._bias[0] + white[0]), w * (1 + self._bias[1] + white[1]))
        self._pose = arc(*self._pose, *self._measured, dt, self._axle)

    def reading(self, stamp_ns: int) -> Odometry:
        """Pose in frame odom and twist, as the robot believes them."""
        v, w = self._measured
        return odometry(stamp_ns, se2(*self._pose), (v, w * self._axle, w), "odom")


def odometry(stamp_ns: int, T: Float64[np.ndarray, "4 4"], twist: tuple[float, float, float], frame_id: str) -> Odometry:
    """A planar odometry reading of base_link; ``twist`` is the speed ahead and to the left, and the yaw rate."""
    ahead, left, turn = twist
    return Odometry(
        stamp_ns=stamp_ns, frame_id=frame_id, child_frame_id="base_link", T_odom_base=T,
        linear=np.array([ahead, left, 0.0]), angular=np.array([0.0, 0.0, turn]),
    )  # fmt: skip


def _pixel_directions(rig: Rig) -> Float32[np.ndarray, "n 3"]:
    """Unit rays through pixel centres, optical frame. Pixel (i, j) covers [i, i+1) x [j, j+1) in K's coordinates."""
    model = rig.camera_model
    u, v = np.meshgrid(np.arange(model.width) + 0.5, np.arange(model.height) + 0.5)
    K = model.K
    rays = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones_like(u)], -1).reshape(-1, 3)
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True), np.float32)

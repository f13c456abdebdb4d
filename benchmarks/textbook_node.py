# SPDX-License-Identifier: Apache-2.0
"""The peer of ``endtoend``: one rclpy node that does what mm_nav's two do, written the way that tutorials and popular nodes are.

Its own way: default DDS and executor; ApproximateTime over picture, LiDAR, radar and odometry (queue 10, slop 0.05 s); typed
subscriptions; ``read_points`` (structured array, then columns); homogeneous coordinates by ``hstack`` and a matrix product;
pillars by ``np.add.at``; the network by torch eager in float32; ``.tolist()`` into the occupancy grid. Perception, planning and
velocity run in the synchroniser's callback, so that it has no second hop to a navigator as we have.

Shared with mm_nav, since no tutorial has an idiom for them: the weights, where BEV cells fall in the picture (once per calibration),
ground levelling, the radar's Doppler, the network's temporal memory, the mission with its planner, and the law of velocity.

Usage: ``textbook_node.py BUNDLE ORDER``.
"""

import contextlib
import os
import sys
from typing import Any

import cv2
import numpy as np
import rclpy
import torch
from geometry_msgs.msg import PoseStamped, TwistStamped
from nav_msgs.msg import OccupancyGrid, Odometry, Path
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import Image, PointCloud2

from benchmarks import scene
from benchmarks.approximate_time import ApproximateTime
from mm_nav.core import safety
from mm_nav.core.command import parse
from mm_nav.core.config import LIDAR_CHANNELS, ModelSpec
from mm_nav.core.geometry import se3
from mm_nav.core.ground import levelled
from mm_nav.core.memory import ViewMemory
from mm_nav.core.mission import Mission
from mm_nav.core.postprocess import camera_view
from mm_nav.core.postprocess import scene as scene_of
from mm_nav.core.preprocess import preprocess
from mm_nav.core.types import CameraImage, FusionOutput, Plan, PointCloud, Scene, SensorFrame, Velocity
from mm_nav.core.types import Odometry as Pose
from mm_nav.engine import load_bundle
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.eager import load_net
from mm_nav.engine.text import open_text_encoder

NUMPY_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
SLICES, AZIMUTH_BINS = (-0.4, 0.15, 0.5, 1.1, 2.2), 240


def read_points(msg: PointCloud2, names: list[str]) -> np.ndarray:
    """As sensor_msgs_py.point_cloud2.read_points: a structured array of the named fields."""
    dtype = np.dtype({"names": [f.name for f in msg.fields], "formats": [NUMPY_TYPES[f.datatype] for f in msg.fields],
                      "offsets": [f.offset for f in msg.fields], "itemsize": msg.point_step})  # fmt: skip
    points = np.frombuffer(msg.data, dtype)[names]
    return points[np.all([np.isfinite(points[n]) for n in ("x", "y", "z")], axis=0)]


def columns_of(points: np.ndarray) -> np.ndarray:
    """As structured_to_unstructured: [n, fields] float32."""
    return np.stack([points[name].astype(np.float32) for name in points.dtype.names], axis=1)


class Perception:
    """Messages in, scene and plan out."""

    def __init__(self, bundle: Bundle, order: str) -> None:
        self.spec: ModelSpec = bundle.spec
        self.net = load_net(bundle).eval()
        self.names = [t.name for t in bundle.outputs]
        self.mission, self.past = Mission(self.spec), ViewMemory(self.spec)
        self.order = parse(order)
        self.phrases = open_text_encoder(bundle).encode([self.order.target or self.order.phrase, *self.order.landmarks])
        self.begun = False

    def __call__(self, image: Image, lidar: PointCloud2, radar: PointCloud2, odom: Odometry) -> tuple[Scene, Plan, FusionOutput]:
        frame = self.frame(image, lidar, radar, odom)
        if not self.begun:
            self.mission.accept(self.order, frame.stamp_ns)
            self.begun = True
        rgb = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        small = cv2.resize(rgb, (self.spec.image_width, self.spec.image_height), interpolation=cv2.INTER_AREA)
        # what is shared comes from preprocess of a frame without LiDAR and picture; these two are made here
        empty = CameraImage(stamp_ns=0, frame_id="", rgb=small)
        view = frame.cameras[0].__class__(name="", image=empty, model=scene.MODEL, T_base_cam=scene.TRANSFORMS[scene.CAMERA_FRAME])
        slim = SensorFrame(stamp_ns=frame.stamp_ns, cameras=(view,), radars=frame.radars, odometry=frame.odometry)
        inputs = preprocess(slim, self.spec, self.phrases, self.past.recall(frame))
        tensors = {name: torch.from_numpy(np.ascontiguousarray(getattr(inputs, name)))[None] for name in inputs.__slots__}
        tensors["camera_image"] = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)))[None, None]
        tensors["lidar_bev"] = torch.from_numpy(self.lidar_bev(frame))[None]
        tensors["lidar_mask"] = torch.ones(1, 1)
        with torch.no_grad():
            out = self.net(**tensors)
        output = FusionOutput(**{name: out[name][0].float().numpy() for name in self.names})
        self.past.keep(frame, output.kept)
        seen = scene_of(output, frame, self.spec)
        plan = self.mission.update(seen, frame.odometry, output, camera_view(inputs, self.spec.grid))
        return seen, plan, output

    def frame(self, image: Image, lidar: PointCloud2, radar: PointCloud2, odom: Odometry) -> SensorFrame:
        """The messages as plain arrays."""
        stamp_ns = lidar.header.stamp.sec * 10**9 + lidar.header.stamp.nanosec
        xyzi = columns_of(read_points(lidar, ["x", "y", "z", "intensity"]))
        echoes = columns_of(read_points(radar, ["x", "y", "z", "velocity", "rcs"]))
        p, q, t = odom.pose.pose.position, odom.pose.pose.orientation, odom.twist.twist
        yaw = np.arctan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
        pose = Pose(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=se3((p.x, p.y, p.z), (0.0, 0.0, float(yaw))),
                    linear=np.array([t.linear.x, t.linear.y, t.linear.z]), angular=np.array([t.angular.x, t.angular.y, t.angular.z]))  # fmt: skip
        rgb = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        cloud = PointCloud(stamp_ns=stamp_ns, frame_id="lidar", xyz=xyzi[:, :3].copy(), intensity=xyzi[:, 3].copy(),
                           velocity=np.full(len(xyzi), np.nan, np.float32))  # fmt: skip
        radar_cloud = PointCloud(stamp_ns=stamp_ns, frame_id="radar", xyz=echoes[:, :3].copy(), intensity=echoes[:, 4].copy(), velocity=echoes[:, 3].copy())
        return scene.Instant(CameraImage(stamp_ns=stamp_ns, frame_id="", rgb=rgb), cloud, radar_cloud, pose).frame()

    def lidar_bev(self, frame: SensorFrame) -> np.ndarray:
        """The nine LiDAR channels (mm_nav.core.preprocess says which), in numpy."""
        grid = self.spec.grid
        (posed,) = levelled(frame.lidars)
        T, cloud = posed.T_base_sensor, posed.cloud
        points = (np.hstack([cloud.xyz, np.ones((len(cloud.xyz), 1), np.float32)]) @ T.astype(np.float32).T)[:, :3]
        strength = np.minimum(cloud.intensity / (2.0 * cloud.intensity.mean() + 1e-6), 1.0)
        keep = (points[:, 2] >= SLICES[0]) & (points[:, 2] < SLICES[-1])
        points, strength = points[keep], strength[keep]
        away = np.hypot(points[:, 0] - T[0, 3], points[:, 1] - T[1, 3])
        bins = ((np.arctan2(points[:, 1] - T[1, 3], points[:, 0] - T[0, 3]) + np.pi) * AZIMUTH_BINS / (2 * np.pi)).astype(int) % AZIMUTH_BINS
        clear, nearest = np.zeros(AZIMUTH_BINS), np.full(AZIMUTH_BINS, 1e9)
        np.maximum.at(clear, bins, away)
        tall = points[:, 2] >= SLICES[1]
        np.minimum.at(nearest, bins[tall], away[tall])
        clear = np.minimum(clear, nearest)
        column = np.floor((points[:, 0] - grid.x_min) / grid.cell).astype(int)
        row = np.floor((points[:, 1] - grid.y_min) / grid.cell).astype(int)
        inside = (column >= 0) & (column < grid.columns) & (row >= 0) & (row < grid.rows)
        at, z, strength = (row[inside], column[inside]), points[inside, 2], strength[inside]
        out = np.zeros((LIDAR_CHANNELS, grid.rows, grid.columns), np.float32)
        out[1], out[2] = -np.inf, np.inf
        np.add.at(out[0], at, 1)
        np.maximum.at(out[1], at, z)
        np.minimum.at(out[2], at, z)
        np.add.at(out[3], at, strength)
        level = np.digitize(z, SLICES[1:4])
        for k in range(4):
            np.add.at(out[4 + k], (at[0][level == k], at[1][level == k]), 1)
        hit = out[0] > 0
        out[1:3, ~hit] = 0
        out[3, hit] /= out[0, hit]
        out[0], out[4:8] = np.log1p(out[0]), np.log1p(out[4:8])
        xs = grid.x_min + (np.arange(grid.columns) + 0.5) * grid.cell - T[0, 3]
        ys = grid.y_min + (np.arange(grid.rows) + 0.5) * grid.cell - T[1, 3]
        angle = ((np.arctan2(ys[:, None], xs[None]) + np.pi) * AZIMUTH_BINS / (2 * np.pi)).astype(int) % AZIMUTH_BINS
        out[8] = np.hypot(xs[None], ys[:, None]) <= clear[angle] + 0.5 * grid.cell
        return out


class TextbookNode(Node):
    """Everything in one node and one callback."""

    def __init__(self, bundle: Bundle, order: str) -> None:
        super().__init__("textbook")
        self.perception = Perception(bundle, order)
        self.limits, self.previous, self.last_ns = safety.DriveLimits(), Velocity(linear=0.0, angular=0.0), 0
        self.sync = ApproximateTime(4, 10, 0.05, self.step)
        kinds = ((Image, "camera/front/image"), (PointCloud2, "lidar/points"), (PointCloud2, "radar/points"), (Odometry, "odom"))
        for i, (kind, topic) in enumerate(kinds):
            self.create_subscription(kind, topic, lambda msg, i=i: self.sync.add(i, Time.from_msg(msg.header.stamp), msg), 10)
        self.occupancy = self.create_publisher(OccupancyGrid, "occupancy", 10)
        self.path = self.create_publisher(Path, "plan", 10)
        self.cmd_vel = self.create_publisher(TwistStamped, "cmd_vel", 10)

    def step(self, image: Image, lidar: PointCloud2, radar: PointCloud2, odom: Odometry) -> None:
        """One set of messages."""
        seen, plan, _ = self.perception(image, lidar, radar, odom)
        grid, stamp = self.perception.spec.grid, lidar.header.stamp
        msg = OccupancyGrid()
        msg.header.stamp, msg.header.frame_id = stamp, "base_link"
        msg.info.resolution, msg.info.width, msg.info.height = grid.cell, grid.columns, grid.rows
        msg.info.origin.position.x, msg.info.origin.position.y = grid.x_min, grid.y_min
        percent = np.where(np.isfinite(seen.occupancy), np.rint(100 * np.nan_to_num(seen.occupancy)), -1)
        msg.data = percent.astype(np.int8).flatten().tolist()
        self.occupancy.publish(msg)
        path = Path()
        path.header.stamp, path.header.frame_id = stamp, "base_link"
        for x, y in plan.path:
            pose = PoseStamped(header=path.header)
            pose.pose.position.x, pose.pose.position.y, pose.pose.orientation.w = float(x), float(y), 1.0
            path.poses.append(pose)
        self.path.publish(path)
        self.cmd_vel.publish(self.twist(plan, seen, image.header.stamp, lidar.header.stamp, radar.header.stamp, odom.header.stamp))

    def twist(self, plan: Plan, seen: Scene, *stamps: Any) -> TwistStamped:
        """The velocity; ``frame_id`` names the stamps that it comes from, for the benchmark."""
        now_ns = self.get_clock().now().nanoseconds
        dt_s, self.last_ns = min(0.2, max(1e-3, (now_ns - self.last_ns) * 1e-9)), now_ns
        ages = safety.Ages(plan_s=0.0, scene_s=0.0, odom_s=0.0)
        self.previous = safety.velocity(plan, seen.occupancy, self.perception.spec.grid, np.eye(4), ages, self.limits, self.previous, dt_s)
        msg = TwistStamped()
        listed = [s.sec * 10**9 + s.nanosec for s in stamps]
        msg.header.stamp = self.get_clock().now().to_msg()
        msg.header.frame_id = f"{listed[1]} {max(listed)}"
        msg.twist.linear.x, msg.twist.angular.z = self.previous.linear, self.previous.angular
        return msg


def main(bundle: str, order: str) -> None:
    """Run it."""
    rclpy.init()
    node = TextbookNode(load_bundle(bundle), order)
    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)
    os._exit(0)  # whatever was in hand


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

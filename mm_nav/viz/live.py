# SPDX-License-Identifier: Apache-2.0
"""Inputs and outputs as they come, in Rerun: what is where in the viewer's tree, and its layout. Knows no ROS and no sink.

``world`` is the odometry frame, ``world/robot`` base_link. Each camera is a pinhole below the robot, so that Rerun itself
projects plan, goal and boxes into its picture. Everything lies on the timeline ``stamp``: the time of the sensors.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import rerun as rr
import rerun.blueprint as rrb
from jaxtyping import Float, Float32, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.doppler import MOVES, over_ground
from mm_nav.core.types import CameraImage, CameraModel, Odometry, PosedCloud
from mm_nav.viz.birdseye import LIDAR, RADAR, ROBOT_RADIUS, occupancy_colours
from mm_nav.viz.camera import colour_of
from mm_nav.viz.canvas import CYAN, RED, YELLOW
from mm_nav.wire.outcome import LabelledBox

APPLICATION, TIMELINE = "mm_nav", "stamp"
WIDEST = 480  # pixels of a picture's width that are shown
MAX_POINTS = 4000  # shown per cloud
JPEG = 75
LEVELS = {0: "INFO", 1: "WARN", 2: "ERROR", 3: "WARN"}  # of a diagnostic -> of a line
OVERLAYS = ("world/plan", "world/goal", "world/robot/plan", "world/robot/goal", "world/robot/objects")


class LiveView:
    """Logs into a stream. One thread at a time.

    Args:
        stream: where it goes; its sink is somebody else's.
        cameras: names of the cameras that get a panel, "camera/front".
        base_frame: frame of the robot; all others are taken for the odometry frame.
    """

    def __init__(self, stream: rr.RecordingStream, cameras: Sequence[str], base_frame: str = "base_link") -> None:
        self._stream, self._base_frame = stream, base_frame
        self._stamp_ns = 0
        self._odometry: Odometry | None = None
        stream.send_blueprint(layout(cameras), make_active=True, make_default=True)
        self._log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        body = rr.Cylinders3D(lengths=[0.4], radii=[ROBOT_RADIUS], centers=[[0, 0, 0.2]], colors=[_rgba(CYAN + "a0")], fill_mode="solid")
        self._log("world/robot/body", body, static=True)
        self._log("world/robot/ahead", rr.Arrows3D(origins=[[0, 0, 0.42]], vectors=[[0.6, 0, 0]], colors=[_rgba(CYAN)], radii=[0.04]), static=True)

    def at(self, stamp_ns: int) -> None:
        """Instant of what is logged next; 0 leaves it at the newest so far, for what has no stamp."""
        self._stamp_ns = stamp_ns or self._stamp_ns
        if self._stamp_ns:
            self._stream.set_time(TIMELINE, timestamp=np.datetime64(self._stamp_ns, "ns"))
        else:  # no sensor yet: it would stand in 1970
            self._stream.disable_timeline(TIMELINE)

    def odometry(self, odometry: Odometry) -> None:
        """Where the robot is, and how fast."""
        self._odometry = odometry
        T = odometry.T_odom_base
        self._log("world/robot", rr.Transform3D(translation=T[:3, 3], mat3x3=T[:3, :3]))
        self.number("velocity/measured", float(odometry.linear[0]))

    def camera(self, name: str, image: CameraImage, model: CameraModel | None, T_base_cam: Float64[np.ndarray, "4 4"] | None) -> None:
        """A picture, made smaller; with its calibration and mounting it is a pinhole that others are projected into."""
        rows, columns = image.rgb.shape[:2]
        small = np.ascontiguousarray(image.rgb[:: (step := max(1, -(-columns // WIDEST))), ::step])
        path = f"world/robot/{name}"
        if model is not None and T_base_cam is not None:
            scale = np.array([small.shape[1] / model.width, small.shape[0] / model.height, 1.0])
            self._log(path, rr.Transform3D(translation=T_base_cam[:3, 3], mat3x3=T_base_cam[:3, :3]))
            self._log(path, rr.Pinhole(image_from_camera=model.K * scale[:, None], width=small.shape[1], height=small.shape[0], image_plane_distance=0.8))
        self._log(path, rr.Image(small).compress(jpeg_quality=JPEG))

    def lidar(self, posed: PosedCloud) -> None:
        """Returns of a LiDAR, thinned."""
        points = posed.cloud.xyz[:: max(1, len(posed.cloud.xyz) // MAX_POINTS)]
        self._place(posed)
        self._log(f"world/robot/{posed.name}", rr.Points3D(points, colors=[_rgba(LIDAR)], radii=[0.02]))

    def radar(self, posed: PosedCloud) -> None:
        """Returns of a radar, and arrows along the ray for those that move over ground."""
        points = posed.cloud.xyz[:MAX_POINTS]
        self._place(posed)
        self._log(f"world/robot/{posed.name}", rr.Points3D(points, colors=[_rgba(RADAR)], radii=[0.06]))
        speed = np.nan_to_num(over_ground(posed, self._odometry))[:MAX_POINTS]
        moves = np.abs(speed) > MOVES
        rays = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-6)
        self._log(f"world/robot/{posed.name}/moving", rr.Arrows3D(origins=points[moves], vectors=(rays * speed[:, None])[moves], colors=[_rgba(RADAR)]))

    def occupancy(self, grid: BevGrid, probability: Float32[np.ndarray, "y x"]) -> None:
        """The grid as a carpet under the robot; NaN is unknown."""
        corners = [[grid.x_max, grid.y_max, 0], [grid.x_max, grid.y_min, 0], [grid.x_min, grid.y_min, 0], [grid.x_min, grid.y_max, 0]]
        carpet = rr.Mesh3D(
            vertex_positions=corners, triangle_indices=[[0, 1, 2], [0, 2, 3]], vertex_texcoords=[[0, 0], [1, 0], [1, 1], [0, 1]],
            albedo_texture=occupancy_colours(probability),
        )  # fmt: skip
        self._log("world/robot/occupancy", carpet)

    def objects(self, boxes: Sequence[LabelledBox]) -> None:
        """Detected objects in base_link."""
        half = [np.asarray(box.size) / 2 for box in boxes]
        turns = [rr.RotationAxisAngle(axis=[0, 0, 1], radians=box.yaw) for box in boxes]
        centers, labels, colours = [box.center for box in boxes], [box.text for box in boxes], [_rgba(colour_of(box.label)) for box in boxes]
        self._log("world/robot/objects", rr.Boxes3D(half_sizes=half, centers=centers, rotation_axis_angles=turns, labels=labels, colors=colours, radii=[0.015]))

    def obstacles(self, xyz: Float[np.ndarray, "n 3"]) -> None:
        """Centres of occupied cells in base_link."""
        self._log("world/robot/obstacles", rr.Points3D(xyz[:MAX_POINTS], colors=[_rgba(RED)], radii=[0.05]))

    def plan(self, frame: str, path: Float64[np.ndarray, "n 2"]) -> None:
        """The way ahead; none clears it."""
        lifted = np.column_stack([path, np.full(len(path), 0.03)])
        self._log(self._in(frame, "plan"), rr.LineStrips3D([lifted] if len(path) > 1 else [], colors=[_rgba(CYAN)], radii=[0.05]))

    def goal(self, frame: str, xy: Float64[np.ndarray, "2"]) -> None:
        """Where the thing is that was asked for."""
        self._log(self._in(frame, "goal"), rr.Points3D([[*xy, 0.1]], colors=[_rgba(YELLOW)], radii=[0.2], labels=["goal"]))

    def number(self, name: str, value: float) -> None:
        """A point of a curve: ``velocity/…``, ``stage_ms/…``, ``sensors/…`` (1 delivers, 0 does not)."""
        self._log(f"plots/{name}", rr.Scalars([value]))

    def words(self, who: str, text: str, level: int = 0) -> None:
        """A line of the log; ``level`` as of a diagnostic."""
        self._log(f"log/{who}", rr.TextLog(text, level=LEVELS.get(level, "INFO")))

    def _place(self, posed: PosedCloud) -> None:
        T = posed.T_base_sensor
        self._log(f"world/robot/{posed.name}", rr.Transform3D(translation=T[:3, 3], mat3x3=T[:3, :3]))

    def _in(self, frame: str, name: str) -> str:
        return f"world/robot/{name}" if frame == self._base_frame else f"world/{name}"

    def _log(self, path: str, what: Any, static: bool = False) -> None:
        self._stream.log(path, what, static=static)


def _rgba(colour: str) -> list[int]:
    """``#rrggbb`` or ``#rrggbbaa`` as Rerun takes it."""
    return list(bytes.fromhex(colour.removeprefix("#")))


def layout(cameras: Sequence[str]) -> rrb.Blueprint:
    """Pictures and words on the left; around the robot, with the curves below, on the right."""
    pictures = [
        rrb.Spatial2DView(origin=f"world/robot/{name}", name=name, contents=[f"world/robot/{name}/**", *OVERLAYS]) for name in cameras
    ]
    curves = [
        rrb.TimeSeriesView(origin=f"plots/{name}", name=title, plot_legend=rrb.Corner2D.LeftTop)
        for name, title in (("velocity", "velocity"), ("stage_ms", "stages, ms"), ("sensors", "sensors on"))
    ]
    eye = rrb.EyeControls3D(position=[-7.0, 0.0, 8.0], look_target=[2.5, 0.0, 0.0], eye_up=[0.0, 0.0, 1.0])
    around = rrb.Spatial3DView(origin="world/robot", contents=["world/**"], name="around the robot", eye_controls=eye, line_grid=False)
    left = rrb.Vertical(rrb.Tabs(*pictures) if len(pictures) > 2 else rrb.Vertical(*pictures), rrb.TextLogView(origin="log", name="commands and answers"))
    return rrb.Blueprint(
        rrb.Horizontal(left, rrb.Vertical(around, rrb.Horizontal(*curves), row_shares=[2.2, 1.0]), column_shares=[1.0, 1.5]),
        collapse_panels=True,
    )

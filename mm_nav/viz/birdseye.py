# SPDX-License-Identifier: Apache-2.0
"""The bird's-eye panel: occupancy, returns, objects, goal and path around the robot, ahead is up."""

import numpy as np
from jaxtyping import Float, Float64, UInt8

from mm_nav.core.config import BevGrid
from mm_nav.core.doppler import MOVES, over_ground
from mm_nav.core.geometry import transform
from mm_nav.core.types import CameraView, ObjectBox, Odometry, Plan, PosedCloud, Scene, SensorFrame
from mm_nav.viz.camera import colour_of
from mm_nav.viz.canvas import CYAN, EDGE, TEXT, YELLOW, Canvas, Point

UNKNOWN, FREE, OCCUPIED = (11, 15, 20), (27, 39, 51), (214, 222, 231)
LIDAR, RADAR = "#2aa198", "#ff9e4a"
RINGS_M = (4.0, 8.0, 12.0)
MAX_POINTS = 2500  # drawn per cloud
LOW, HIGH = 0.15, 2.2  # LiDAR returns at these heights are obstacles
ROBOT_RADIUS = 0.3


def draw_birdseye(
    side: int, grid: BevGrid, frame: SensorFrame, scene: Scene, plan: Plan | None,
    trail: Float64[np.ndarray, "n 2"], target: Float64[np.ndarray, "2"] | None,
) -> Canvas:  # fmt: skip
    """A square panel of the grid's whole extent."""
    canvas, place = Canvas(side, side), _Place(side, grid)
    canvas.image(0, 0, side, side, occupancy_colours(scene.occupancy), smooth=False)
    for radius in RINGS_M:
        canvas.disc(*place.one(0.0, 0.0), radius * place.per_metre, edge="#3a4a5c80", width=0.6)
        canvas.text(*place.one(radius, 0.0), f"{radius:.0f} m", size=9, colour="#5b6b7d", anchor="mb")
    for view in frame.cameras:
        _field_of_view(canvas, place, view)
    for posed in frame.lidars:
        _returns(canvas, place, posed)
    for posed in frame.radars:
        _radar(canvas, place, posed, frame.odometry)
    canvas.line(place.many(trail), CYAN + "70", 1.5)
    for box in scene.objects:
        _object(canvas, place, box)
    if target is not None:
        canvas.disc(*place.one(*target), 0.75 * place.per_metre, edge="#ffffff90", width=1)
    if plan is not None and len(plan.path):
        canvas.line(place.many(plan.path), CYAN, 3)
        for x, y in place.many(plan.path[:: max(1, len(plan.path) // 8)]):
            canvas.disc(x, y, 2.4, fill=CYAN)
    if scene.goal is not None:
        x, y = place.one(*scene.goal.xy)
        canvas.disc(x, y, 10, fill=YELLOW + "40", edge=YELLOW, width=1.6)
        canvas.polygon([(x, y - 6), (x + 5, y), (x, y + 6), (x - 5, y)], fill=YELLOW)
    _robot(canvas, place)
    canvas.box(0, 0, side - 1, side - 1, fill=None, edge=EDGE, radius=0)
    return canvas


def occupancy_colours(occupancy: Float[np.ndarray, "y x"]) -> UInt8[np.ndarray, "x y 3"]:
    """Pixels with ahead (+x) up and left (+y) left: dark where unknown, lighter the more likely occupied."""
    p = np.clip(np.nan_to_num(occupancy, nan=0.0), 0, 1)[..., None]
    known = np.array(FREE) * (1 - p) + np.array(OCCUPIED) * p
    pixels = np.where(np.isnan(occupancy)[..., None], np.array(UNKNOWN), known).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(1, 0, 2)[::-1, ::-1])


class _Place:
    """Metres in base_link to panel pixels."""

    def __init__(self, side: int, grid: BevGrid) -> None:
        self._grid = grid
        self.per_metre = side / (grid.columns * grid.cell)
        self._per_metre_y = side / (grid.rows * grid.cell)

    def one(self, x: float, y: float) -> Point:
        return float((self._grid.y_max - y) * self._per_metre_y), float((self._grid.x_max - x) * self.per_metre)

    def many(self, xy: Float[np.ndarray, "n 2"]) -> list[Point]:
        return [self.one(x, y) for x, y in xy]


def _field_of_view(canvas: Canvas, place: _Place, view: CameraView) -> None:
    reach, model = 30.0, view.model
    pixels = np.array([[0.0, model.K[1, 2], 1.0], [float(model.width), model.K[1, 2], 1.0]])
    rays = pixels @ np.linalg.inv(model.K).T @ view.T_base_cam[:3, :3].T
    eye = view.T_base_cam[:2, 3]
    corners = [place.one(*(eye + reach * ray[:2] / np.linalg.norm(ray[:2]))) for ray in rays]
    canvas.polygon([place.one(*eye), *corners], fill="#79c0ff0e", edge="#79c0ff30", width=0.6)


def _returns(canvas: Canvas, place: _Place, posed: PosedCloud) -> None:
    points = transform(posed.T_base_sensor, posed.cloud.xyz)
    points = points[(points[:, 2] > LOW) & (points[:, 2] < HIGH)]
    thin = points[:: max(1, len(points) // MAX_POINTS)]
    canvas.dots(np.array(place.many(thin[:, :2])).reshape(-1, 2), LIDAR, 1.4)


def _radar(canvas: Canvas, place: _Place, posed: PosedCloud, odometry: Odometry | None) -> None:
    """Returns, and a line along the ray for what moves over ground (the robot's own motion is taken out)."""
    points = transform(posed.T_base_sensor, posed.cloud.xyz)[:, :2].astype(np.float64)
    origin = posed.T_base_sensor[:2, 3]
    for point, speed in list(zip(points, over_ground(posed, odometry).tolist(), strict=True))[:MAX_POINTS]:
        x, y = place.one(*point)
        ray = (point - origin) / max(float(np.linalg.norm(point - origin)), 1e-6)
        if abs(speed) > MOVES:
            canvas.line([(x, y), place.one(*(point + speed * ray))], RADAR + "e0", 1.4)
        canvas.polygon([(x, y - 2.6), (x + 2.6, y), (x, y + 2.6), (x - 2.6, y)], fill=RADAR)


def _object(canvas: Canvas, place: _Place, box: ObjectBox) -> None:
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    local = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * box.size[:2] / 2
    corners = place.many(local @ np.array([[c, s], [-s, c]]) + box.center[:2])
    colour = colour_of(box.label)
    canvas.polygon(corners, fill=colour + "40", edge=colour, width=1.4)
    x, y = place.one(*box.center[:2])
    if np.linalg.norm(box.velocity) > 0.2:
        canvas.line([(x, y), place.one(*(box.center[:2] + box.velocity))], colour, 1.6)
    top = min(v for _, v in corners)
    canvas.text(x, top - 2, box.label, size=10, colour=colour, anchor="mb", halo=True)


def _robot(canvas: Canvas, place: _Place) -> None:
    x, y = place.one(0.0, 0.0)
    radius = ROBOT_RADIUS * place.per_metre
    canvas.disc(x, y, radius + 1, fill="#0b1016", edge=TEXT, width=1.6)
    canvas.polygon([(x, y - radius + 1), (x + radius * 0.6, y + radius * 0.6), (x - radius * 0.6, y + radius * 0.6)],
                   fill=CYAN)  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""The camera panel: the picture with the path, the detected boxes and the goal projected into it."""

import numpy as np
from jaxtyping import Float64

from mm_nav.core.geometry import inverse, project, se3, transform
from mm_nav.core.types import CameraView, ObjectBox, Plan, Scene, SensorFrame
from mm_nav.viz.canvas import CYAN, DIM, EDGE, RED, YELLOW, Canvas, Point

CLASS_COLOURS = {"person": "#ff7b72", "cone": "#ffa657", "barrel": "#d2a8ff", "box": "#79c0ff", "car": "#7ee787"}
OTHER = "#c9d1d9"
EDGES = ((0, 1), (1, 3), (3, 2), (2, 0), (4, 5), (5, 7), (7, 6), (6, 4), (0, 4), (1, 5), (2, 6), (3, 7))
NEAR_M = 0.15  # what is nearer to the camera plane is not drawn
PATH_HALF_WIDTH = 0.14  # metres


def colour_of(label: str) -> str:
    """The colour that a class has in every picture."""
    return CLASS_COLOURS.get(label.rsplit(maxsplit=1)[-1] if label else "", OTHER)


def draw_camera(width: int, height: int, frame: SensorFrame, scene: Scene, plan: Plan | None) -> Canvas:
    """The first camera of an instant, or a notice that there is none."""
    canvas = Canvas(width, height, "#05080b")
    if not frame.cameras:
        canvas.text(width / 2, height / 2 - 10, "camera off", size=20, bold=True, colour=RED, anchor="mm")
        canvas.text(width / 2, height / 2 + 16, "driving on LiDAR, radar and memory", size=12, colour=DIM, anchor="mm")
        canvas.box(0, 0, width - 1, height - 1, fill=None, radius=0)
        return canvas
    view = frame.cameras[0]
    rows, columns = view.image.rgb.shape[:2]
    scale = min(width / columns, height / rows)
    shown = (round(columns * scale), round(rows * scale))
    x, y = (width - shown[0]) / 2, (height - shown[1]) / 2
    canvas.image(x, y, *shown, view.image.rgb)
    lens = _Lens(view, scale * columns / view.model.width, x, y)
    if plan is not None and len(plan.path) > 1:
        _ribbon(canvas, lens, plan.path)
    for box in scene.objects:
        _box(canvas, lens, box)
    if scene.goal is not None:
        _goal(canvas, lens, scene.goal.xy)
    canvas.text(10, 8, view.name, size=11, colour="#ffffff", halo=True)
    canvas.box(0, 0, width - 1, height - 1, fill=None, edge=EDGE, radius=0)
    return canvas


class _Lens:
    """Points in base_link to canvas pixels; None where they are not in front of the camera."""

    def __init__(self, view: CameraView, scale: float, x: float, y: float) -> None:
        self._K, self._T_cam_base = view.model.K, inverse(view.T_base_cam)
        self._scale, self._offset = scale, np.array([x, y])

    def pixels(self, points: Float64[np.ndarray, "n 3"]) -> list[Point | None]:
        uv, depth = project(self._K, transform(self._T_cam_base, points))
        xy = uv * self._scale + self._offset
        return [(float(u), float(v)) if z > NEAR_M else None for (u, v), z in zip(xy, depth, strict=True)]


def _ribbon(canvas: Canvas, lens: _Lens, path: Float64[np.ndarray, "n 2"]) -> None:
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    if lengths[-1] < 0.05:
        return
    at = np.linspace(0.0, lengths[-1], 40)
    dense = np.column_stack([np.interp(at, lengths, path[:, k]) for k in (0, 1)])
    along = np.gradient(dense, axis=0)
    side = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    rims = [lens.pixels(np.column_stack([dense + s * PATH_HALF_WIDTH * side, np.zeros(len(dense))])) for s in (1, -1)]
    both = [(a, b) for a, b in zip(*rims, strict=True) if a is not None and b is not None]
    if len(both) > 1:
        canvas.polygon([a for a, _ in both] + [b for _, b in reversed(both)], fill=CYAN + "58", edge=CYAN + "c0", width=1)


def _box(canvas: Canvas, lens: _Lens, box: ObjectBox) -> None:
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]) * box.size
    x, y, z = (float(v) for v in box.center)
    pixels = [p for p in lens.pixels(transform(se3((x, y, z), (0, 0, box.yaw)), corners)) if p is not None]
    if len(pixels) < len(corners) or not any(0 < u < canvas.width and 0 < v < canvas.height for u, v in pixels):
        return
    colour = colour_of(box.label)
    for a, b in EDGES:
        canvas.line([pixels[a], pixels[b]], colour + "d0", 1.2)
    u, v = min(pixels, key=lambda p: p[1])
    canvas.text(u, max(v - 3, 14), f"{box.label} {box.score:.2f}", size=11, colour=colour, anchor="mb", halo=True)


def _goal(canvas: Canvas, lens: _Lens, xy: Float64[np.ndarray, "2"]) -> None:
    angle = np.linspace(0, 2 * np.pi, 33)
    ring = np.column_stack([xy[0] + 0.45 * np.cos(angle), xy[1] + 0.45 * np.sin(angle), np.zeros(33)])
    around = [p for p in lens.pixels(ring) if p is not None]
    foot, head = lens.pixels(np.array([[*xy, 0.0], [*xy, 1.3]]))
    if foot is None or head is None or len(around) < len(ring):
        return
    canvas.polygon(around, fill=YELLOW + "38", edge=YELLOW, width=1.6)
    canvas.line([foot, head], YELLOW, 1.6)
    canvas.polygon([(head[0], head[1] + 9), (head[0] - 6, head[1]), (head[0], head[1] - 9), (head[0] + 6, head[1])],
                   fill=YELLOW)  # fmt: skip
    canvas.text(head[0] + 10, head[1], "goal", size=11, bold=True, colour=YELLOW, anchor="lm", halo=True)

# SPDX-License-Identifier: Apache-2.0
"""One frame with what is true, what the network says and why: over the pictures and over the bird's-eye view.

Takes arrays; knows no network. Metres are in base_link, x to the right of the drawing, y up; the robot is the triangle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from PIL import Image

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import cells_of
from mm_nav.viz.canvas import BACKGROUND, CYAN, GREEN, RED, TEXT, YELLOW
from mm_nav.viz.chart import name, panels, picture

BOTH_WAYS = "coolwarm"  # red speaks for, blue against


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One frame to draw.

    Attributes:
        images: (N, 3, H, W) uint8 of the cameras that are there. camera_grid: (N, Z Y, X, 2), where cells of each lift
            height lie in the pictures, -1..1. truth: (Y, X), below 0 where it is not known. occupancy, goal: (Y, X), below 0
            where the network says that it sees nothing.
        boxes: (M, 9) and names of the seen things. hits: (M,) which of them were asked for.
        found: centres (K, 2) of detections. way, driven: (T, 2) waypoints that were said, and those that were driven.
        peak: (2,) of the goal map; None where nothing was asked.
    """

    images: np.ndarray
    camera_grid: np.ndarray
    truth: np.ndarray
    occupancy: np.ndarray
    goal: np.ndarray
    boxes: np.ndarray
    names: Sequence[str]
    hits: np.ndarray
    found: np.ndarray
    way: np.ndarray
    driven: np.ndarray
    peak: np.ndarray | None


def overlay(view: View, grid: BevGrid) -> Image.Image:
    """Picture with the things in it, labelled occupancy, what the network says of it, and its goal map."""
    figure, axes = panels(4, 15, 3.7)
    _camera(axes[0], view, grid, _looking(view, grid))
    fields = ((view.truth, "labelled occupancy", "gray"), (view.occupancy, "occupancy", "gray"), (view.goal, "goal map", "magma"))
    for one, (field, title, colours) in zip(axes[1:], fields, strict=True):
        _birdseye(one, np.where(field < 0, np.nan, field), grid, colours, (0.0, 1.0))
        _boxes(one, view)
        name(one, title)
    axes[1].plot(*view.driven.T, ".-", color=GREEN, markersize=3, linewidth=1)
    axes[2].plot(*view.way.T, ".-", color=YELLOW, markersize=3, linewidth=1)
    axes[2].plot(*view.found.T, "x", color=RED, markersize=5)
    if view.peak is not None:
        axes[3].plot(*view.peak, "+", color=CYAN, markersize=12)
    return picture(figure)


def occlusion(view: View, camera: Float[np.ndarray, "n h w"], cells: Mapping[str, Float[np.ndarray, "y x"]], grid: BevGrid) -> Image.Image:
    """What covering each part changed: over the picture where it changed most, and over the cells of each
    sensor. One scale per sensor."""
    figure, axes = panels(1 + len(cells), 4.2 + 3.6 * len(cells), 3.9)
    which = _strongest(np.abs(camera))
    _camera(axes[0], view, grid, which, tint=camera[which] if len(camera) else None)
    if len(camera):
        name(axes[0], f"{axes[0].get_title()}, up to {_most(camera):.2g}")
    for one, (sensor, field) in zip(axes[1:], cells.items(), strict=True):
        most = _most(field)
        _birdseye(one, field, grid, BOTH_WAYS, (-most, most))
        _boxes(one, view, "black")
        _peak(one, view)
        name(one, f"{sensor}, up to {most:.2g}" if np.any(field) else f"{sensor}: no change")
    return picture(figure)


def gradients(view: View, camera: Float[np.ndarray, "n h w"], lidar: Float[np.ndarray, "y x"], grid: BevGrid) -> Image.Image:
    """Slope of the decision over the pixels of the steepest camera and over LiDAR cells; full at the 99.5th percentile."""
    figure, (left, right) = panels(2, 10, 3.9)
    which = _strongest(camera)
    _camera(left, view, grid, which)
    if len(camera):
        strength = camera[which] / max(float(np.percentile(camera[which], 99.5)), 1e-12)
        left.imshow(np.ones_like(strength), cmap="autumn", alpha=np.clip(strength, 0, 1) * 0.8)
        name(left, f"{left.get_title()} pixels")
    _birdseye(right, lidar, grid, "inferno", (0, max(float(np.percentile(lidar, 99.5)), 1e-12)))
    _boxes(right, view)
    _peak(right, view)
    name(right, "LiDAR cells")
    return picture(figure)


def attention(view: View, shares: Mapping[str, Float[np.ndarray, "qy qx"]], grid: BevGrid) -> Image.Image:
    """Share of attention that each part of the bird's-eye view gave to each sensor, all on the scale 0 to 1."""
    figure, axes = panels(len(shares), 3.6 * len(shares), 3.7)
    for one, (sensor, share) in zip(axes, shares.items(), strict=True):
        _birdseye(one, share, grid, "viridis", (0.0, 1.0))
        _boxes(one, view, "white")
        _peak(one, view)
        name(one, f"{sensor}, mean {float(share.mean()):.2f}")
    return picture(figure)


# ---------------------------------------------------------------- parts


def _looking(view: View, grid: BevGrid) -> int:
    """The camera that has the thing that was asked for in its picture; else the first."""
    shown = [(np.abs(_in_picture(view, grid, which)[view.hits]) <= 1).all(axis=1).any() for which in range(len(view.images))]
    return shown.index(True) if any(shown) else 0


def _strongest(fields: np.ndarray) -> int:
    """The camera with the largest value."""
    return int(fields.reshape(len(fields), -1).max(axis=1).argmax()) if len(fields) else 0


def _camera(axes: Axes, view: View, grid: BevGrid, which: int, tint: np.ndarray | None = None) -> None:
    axes.set(xticks=[], yticks=[])
    name(axes, "camera" + (f" {which + 1} of {len(view.images)}" if len(view.images) > 1 else ""))
    if not len(view.images):
        axes.text(0.5, 0.5, "no camera", color=TEXT, ha="center", transform=axes.transAxes)
        return
    height, width = view.images.shape[2:]
    axes.imshow(view.images[which].transpose(1, 2, 0))
    if tint is not None and np.any(tint):
        most = _most(tint)
        axes.imshow(tint, cmap=BOTH_WAYS, vmin=-most, vmax=most, alpha=0.75 * np.clip(np.abs(tint) / most, 0, 1) ** 0.5)
    axes.set(xlim=(0, width), ylim=(height, 0))
    for (u, v), label, hit in zip(_in_picture(view, grid, which), view.names, view.hits, strict=True):
        if abs(u) <= 1 and abs(v) <= 1:
            x, y = (u + 1) / 2 * width, (v + 1) / 2 * height
            axes.plot(x, y, "o", color=GREEN if hit else CYAN, markersize=4)
            axes.annotate(label, (x, y), color=GREEN if hit else TEXT, fontsize=7, xytext=(4, 4), textcoords="offset points",
                          bbox={"facecolor": BACKGROUND, "edgecolor": "none", "alpha": 0.7, "pad": 1})  # fmt: skip


def _in_picture(view: View, grid: BevGrid, which: int) -> np.ndarray:
    """Where each box's cell lies in a picture at the middle lift height (M, 2); beyond -1..1: not in it."""
    layers = view.camera_grid[which].reshape(-1, *view.truth.shape, 2)
    rows, columns, inside = cells_of(grid, view.boxes[:, :2])
    middle = layers[len(layers) // 2]
    return np.where(inside[:, None], middle[np.clip(rows, 0, grid.rows - 1), np.clip(columns, 0, grid.columns - 1)], -2.0)


def _birdseye(axes: Axes, field: np.ndarray, grid: BevGrid, colours: str, between: tuple[float, float]) -> None:
    extent = (grid.x_min, grid.x_max, grid.y_min, grid.y_max)
    axes.imshow(field, origin="lower", extent=extent, cmap=colours, vmin=between[0], vmax=between[1])
    axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.autoscale(False)
    axes.plot(0, 0, ">", color=RED, markersize=5)


def _boxes(axes: Axes, view: View, colour: str = CYAN) -> None:
    for row, hit in zip(view.boxes, view.hits, strict=True):
        c, s = np.cos(row[6]), np.sin(row[6])
        corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1], [1, 1]]) * row[3:5] / 2 @ np.array([[c, s], [-s, c]]) + row[:2]
        axes.plot(*corners.T, color=GREEN if hit else colour, linewidth=1)


def _peak(axes: Axes, view: View) -> None:
    if view.peak is not None:
        axes.plot(*view.peak, "+", color=GREEN, markersize=12)


def _most(field: np.ndarray) -> float:
    """Largest magnitude, never zero: the end of a colour scale."""
    return max(float(np.abs(field).max()) if field.size else 0.0, 1e-12)

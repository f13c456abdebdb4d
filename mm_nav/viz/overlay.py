# SPDX-License-Identifier: Apache-2.0
"""LiDAR points over the picture of a camera, and all ranging sensors from above: for people to judge a mounting by eye."""

import numpy as np
from PIL import Image

from mm_nav.core.depth_map import depth_map
from mm_nav.core.geometry import inverse, transform
from mm_nav.core.types import CameraView, PosedCloud, SensorFrame
from mm_nav.viz import chart
from mm_nav.viz.canvas import CYAN

FARTHEST_M = 60.0
REACH_M = 50.0  # of the view from above
COLOURS = {"lidar": "#2aa198", "radar": "#ff9e4a"}


def over_picture(view: CameraView, clouds: tuple[PosedCloud, ...], title: str) -> Image.Image:
    """The camera's picture with the LiDAR's points in it, the nearest one of each pixel, near ones red, far ones blue."""
    points = [transform(p.T_base_sensor, p.cloud.xyz) for p in clouds]
    depth = depth_map(np.concatenate(points) if points else np.zeros((0, 3), np.float32), inverse(view.T_base_cam), view.model)
    seen = np.argwhere(np.isfinite(depth))
    rows, columns = view.image.rgb.shape[:2]
    figure, axes = chart.panels(1, 9, 9 * rows / columns + 0.4)
    axes[0].imshow(view.image.rgb)
    place = seen[:, ::-1] * [columns / view.model.width, rows / view.model.height]
    axes[0].scatter(place[:, 0], place[:, 1], c=depth[tuple(seen.T)], s=4, cmap="turbo_r", vmin=0, vmax=FARTHEST_M, linewidths=0)
    axes[0].set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    chart.name(axes[0], title)
    return chart.picture(figure)


def from_above(frame: SensorFrame, title: str) -> Image.Image:
    """LiDAR and radar returns in base_link, ahead is up."""
    figure, axes = chart.panels(1, 7, 7)
    for kind, clouds in (("lidar", frame.lidars), ("radar", frame.radars)):
        for posed in clouds:
            at = transform(posed.T_base_sensor, posed.cloud.xyz)
            if kind == "lidar":
                at = at[(at[:, 2] > 0.3) & (at[:, 2] < 2.5)]
            axes[0].scatter(-at[:, 1], at[:, 0], s=1.0 if kind == "lidar" else 5.0, color=COLOURS[kind], linewidths=0, label=posed.name)
    axes[0].plot(0, 0, marker="^", color=CYAN)
    axes[0].set(xlim=(-REACH_M, REACH_M), ylim=(-REACH_M, REACH_M), aspect="equal")
    chart.name(axes[0], title, "right, m", "ahead, m")
    chart.legend(axes[0])
    return chart.picture(figure)

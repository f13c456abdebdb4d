# SPDX-License-Identifier: Apache-2.0
"""LiDAR points on things that people boxed fall inside the outlines of these boxes in every camera."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import inverse, transform
from mm_nav.core.preprocess import project_into
from mm_nav.train.dataset import frames

CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])


@pytest.mark.parametrize("name", ["dgp_scene_01", "nuscenes_keyframe"])
def test_real_points_of_boxes_fall_inside_the_boxes_outlines(real_data: Path, name: str) -> None:
    listed = {f["stamp_ns"]: f["boxes"] for f in json.loads((real_data / name / "boxes.json").read_text())["frames"]}
    inside = total = 0
    for frame in frames(real_data / name / "bag", ModelSpec()):
        points = np.concatenate([transform(p.T_base_sensor, p.cloud.xyz) for p in frame.lidars]).astype(np.float64)
        for box in listed[frame.stamp_ns]:
            c, s = np.cos(box["yaw"]), np.sin(box["yaw"])
            R, center, size = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]), np.array(box["center"]), np.array(box["size_lwh"])
            own = points[(np.abs((points - center) @ R) <= size / 2).all(axis=1)]
            for view in frame.cameras:
                T = inverse(view.T_base_cam)
                outline, whole = project_into(view.model, transform(T, (CORNERS * size) @ R.T + center))
                uv, seen = project_into(view.model, transform(T, own))
                if whole.all() and seen.any():
                    hull = cv2.convexHull(outline.astype(np.float32))
                    held = [cv2.pointPolygonTest(hull, (float(u), float(v)), measureDist=True) >= -1.0 for u, v in uv[seen]]
                    inside, total = inside + sum(held), total + len(held)
    print(f"{name}: {inside} of {total} points inside")
    assert total > 200
    assert inside >= 0.97 * total

# SPDX-License-Identifier: Apache-2.0
"""Self-made labels on recordings of real sensors, against computations of their own and people's boxes."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.bags.playback import readings
from mm_nav.bags.reader import BagReader
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import cell_centers
from mm_nav.core.types import PointCloud, PosedCloud, SensorFrame
from mm_nav.train import labels
from mm_nav.train.accumulate import Surroundings
from mm_nav.train.dataset import frames
from mm_nav.train.hindsight import goals

SPEC = ModelSpec()


def test_waypoints_of_a_real_drive_are_its_own_later_poses(real_data: Path) -> None:
    """Complex numbers instead of matrices, and numpy's interpolation instead of ours."""
    bag = real_data / "husky_odometry" / "bag"
    truth = labels.read_truth(bag)
    with BagReader(bag) as reader:
        found = [m.msg for m in reader.messages() if m.type == "nav_msgs/msg/Odometry"]
    stamps = np.array([m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in found], np.int64)
    order = np.argsort(stamps)
    t = (stamps[order] - stamps.min()) * 1e-9
    place = np.array([complex(m.pose.pose.position.x, m.pose.pose.position.y) for m in found])[order]
    turn = np.array([complex(m.pose.pose.orientation.w, m.pose.pose.orientation.z) for m in found])[order] ** 2
    checked = 0
    for i in range(0, len(t) - 100, 97):
        way, known = labels.waypoints(truth, int(stamps[order][i]), SPEC)
        for k in np.flatnonzero(known):
            later = t[i] + (k + 1) * SPEC.waypoint_dt_s
            then = complex(np.interp(later, t, place.real), np.interp(later, t, place.imag))
            expected = (then - place[i]) * np.conj(turn[i]) / abs(turn[i])
            assert way[k] == pytest.approx([expected.real, expected.imag], abs=2e-3)
            checked += 1
    assert checked > 250
    assert goals(truth.commands, truth.track(), lambda _: None, SPEC.grid) == []


@pytest.mark.parametrize("name", ["dgp_scene_01", "nuscenes_keyframe"])
def test_real_boxes_are_struck_and_hold_little_free_ground(real_data: Path, name: str) -> None:
    shown = frames(real_data / name / "bag", SPEC)
    found = next(iter(json.loads((real_data / name / "boxes.json").read_text()).get("frames", [])), None)
    if found is None:
        pytest.skip(f"{name} has another layout of boxes")
    frame = min(shown, key=lambda f: abs(f.stamp_ns - found["stamp_ns"]))
    cells = Surroundings(shown, labels.read_truth(real_data / name / "bag").track(), SPEC.grid).at(frame)
    ys, xs = cell_centers(SPEC.grid)
    struck, free, inside_all = 0, 0, 0
    boxes = [b for b in found["boxes"] if SPEC.grid.x_min < b["center"][0] < SPEC.grid.x_max and SPEC.grid.y_min < b["center"][1] < SPEC.grid.y_max]
    for box in boxes:
        c, s = np.cos(box["yaw"]), np.sin(box["yaw"])
        dx, dy = xs[None] - box["center"][0], ys[:, None] - box["center"][1]
        length, width = box["size_lwh"][:2]
        along, across = np.abs(c * dx + s * dy), np.abs(c * dy - s * dx)
        struck += bool((cells[(along < length / 2 + 0.2) & (across < width / 2 + 0.2)] == 1).any())
        core = (along < length / 2 - 0.2) & (across < width / 2 - 0.2)
        free += int((cells[core] == 0).sum())
        inside_all += int(core.sum())
    assert struck >= 0.8 * len(boxes)
    assert free <= 0.25 * max(inside_all, 1)


def test_a_real_drive_without_odometry_is_labelled_frame_by_frame(real_data: Path) -> None:
    bag = real_data / "radiate_foggy" / "bag"
    shown, truth = frames(bag, SPEC), labels.read_truth(bag)
    frame = next(f for f in shown if f.lidars)
    cells = labels.occupancy(truth, frame, SPEC, Surroundings(shown, truth.track(), SPEC.grid))
    assert (cells == 1).any()
    assert (cells == 0).any()
    assert not labels.waypoints(truth, frame.stamp_ns, SPEC)[1].any()


def test_real_laser_scans_are_labelled(real_data: Path) -> None:
    """The recording lacks tf; the scanner is placed at base_link."""
    with BagReader(real_data / "two_lidars" / "bag") as reader:
        scan = next(r for name, r, _ in readings(reader) if isinstance(r, PointCloud) and len(r.xyz) > 100)
    frame = SensorFrame(stamp_ns=scan.stamp_ns, lidars=(PosedCloud(name="scan", cloud=scan, T_base_sensor=np.eye(4)),))
    cells = Surroundings([frame], labels.Truth().track(), SPEC.grid).at(frame)
    assert (cells == 1).sum() > 10
    assert (cells == 0).sum() > 3 * (cells == 1).sum()

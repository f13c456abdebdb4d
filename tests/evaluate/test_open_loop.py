# SPDX-License-Identifier: Apache-2.0
"""Open loop on a recording small enough to work its figures out by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mm_nav.bags.writer import BagWriter
from mm_nav.core.geometry import se2
from mm_nav.core.types import FusionInput, FusionOutput, Odometry, PointCloud
from mm_nav.errors import BagError
from mm_nav.evaluate.open_loop import FROM_LIDAR, FROM_TOPIC, open_loop
from mm_nav.evaluate.report import OpenLoopReport
from mm_nav.pipeline import Pipeline
from mm_nav.wire import LabelledBox, encode_boxes, encode_grid, encode_odometry, encode_point_cloud, encode_transforms
from tests.evaluate.oracle import SPEC, Letters

START = 10**12
GRID = SPEC.grid
SPEED = 1.0
# three returns above ground, one on the ground, in cells (row 48: y 0..0.2; columns 47, 52, 57: x 3, 4, 5 m; 42: 2 m)
POINTS = np.array([[3.1, 0.1, 0.5], [4.1, 0.1, 0.5], [5.1, 0.1, 0.5], [2.1, 0.1, 0.0]], np.float32)


def cells(*columns: int) -> np.ndarray:
    """A map that is occupied in row 48 at some columns."""
    out = np.zeros((GRID.rows, GRID.columns), np.float32)
    out[48, list(columns)] = 1.0
    return out


class Fixed:
    """An engine that always says: obstacles at 2, 3 and 4 m, a cone at 4.1 m, drive straight at 0.8 m/s."""

    name = "fixed"

    def run(self, inputs: FusionInput) -> FusionOutput:
        """The same whatever it is shown."""
        heat = np.zeros((GRID.rows, GRID.columns), np.float32)
        heat[48, 52] = 0.9
        labels = np.zeros((len(SPEC.classes), *heat.shape), np.float32)
        labels[SPEC.classes.index("cone")] = 1.0
        box = np.zeros((8, *heat.shape), np.float32)
        box[7] = 1.0
        ahead = 0.8 * SPEC.waypoint_dt_s * np.arange(1, SPEC.waypoint_count + 1, dtype=np.float32)
        return FusionOutput(
            occupancy=cells(42, 47, 52), visible=np.ones_like(heat), motion=np.zeros((2, *heat.shape), np.float32),
            object_heat=heat, object_box=box, object_class=labels, goal_map=np.zeros((3, *heat.shape), np.float32),
            goal_present=np.zeros(3, np.float32), waypoints=np.column_stack([ahead, 0 * ahead]), stop=np.zeros(1, np.float32),
        )  # fmt: skip


def write(path: Path, *, truth: bool) -> Path:
    """One LiDAR scan, and five seconds of odometry straight ahead."""
    nothing = np.zeros(len(POINTS), np.float32)
    with BagWriter(path) as writer:
        writer.write("/tf_static", encode_transforms([("base_link", "lidar", np.eye(4))], START), START)
        for k in range(51):
            at = START + k * 100_000_000
            pose = Odometry(stamp_ns=at, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(k * 0.1 * SPEED, 0, 0),
                            linear=np.array([SPEED, 0, 0]), angular=np.zeros(3))  # fmt: skip
            writer.write("odom", encode_odometry(pose), at)
        cloud = PointCloud(stamp_ns=START, frame_id="lidar", xyz=POINTS, intensity=nothing, velocity=nothing)
        if truth:  # three returns in each box count as seen
            cloud = dataclasses.replace(cloud, xyz=np.repeat(POINTS, 3, axis=0), intensity=np.repeat(nothing, 3),
                                        velocity=np.repeat(nothing, 3))  # fmt: skip
            size = np.array([0.4, 0.4, 1.0])
            boxes = [LabelledBox(id=i, label="cone", text="red cone", center=np.array([x, 0.1, 0.5]), size=size, yaw=0.0)
                     for i, x in enumerate((4.1, 5.1))]  # fmt: skip
            hidden = LabelledBox(id=9, label="box", text="blue box", center=np.array([-3.0, 5.0, 0.5]), size=size, yaw=0.0)
            writer.write("ground_truth/objects", encode_boxes([*boxes, hidden], START), START)
            writer.write("ground_truth/occupancy", encode_grid(cells(47, 52, 80), GRID, START, "base_link"), START)
        writer.write("lidar/points", encode_point_cloud(cloud, radar=False), START)
    return path


def scored(bag: Path) -> OpenLoopReport:
    """Score with the fixed engine."""
    return open_loop(bag, Pipeline(Fixed(), Letters(), SPEC), SPEC)


def test_waypoints_are_held_against_the_way_that_was_driven(tmp_path: Path) -> None:
    report = scored(write(tmp_path / "bag", truth=False))
    # 0.8 against 1.0 m/s: 0.1 m behind after each half second
    assert report.ade_m == pytest.approx(np.mean(0.1 * np.arange(1, 9)), abs=1e-6)
    assert report.fde_m == pytest.approx(0.8, abs=1e-6)
    assert (report.frames, report.waypoint_frames) == (1, 1)


def test_without_truth_the_map_is_held_against_returns_and_objects_are_not_judged(tmp_path: Path) -> None:
    report = scored(write(tmp_path / "bag", truth=False))
    # said 2, 3, 4 m; returns above ground at 3, 4, 5 m, on the ground at 2 m: common 2, union 4
    assert report.occupancy_iou == pytest.approx(2 / 4)
    assert report.occupancy_truth == FROM_LIDAR
    assert report.detection_ap is None


def test_truth_topics_are_used_where_they_are(tmp_path: Path) -> None:
    report = scored(write(tmp_path / "bag", truth=True))
    # said 2, 3, 4 m; true 3, 4 and 9.6 m, but no ray gets past the return at 5 m: common 2, union 3
    assert report.occupancy_iou == pytest.approx(2 / 3)
    assert report.occupancy_truth == FROM_TOPIC
    # of the two cones that returned points one is found; the box behind returned none and does not count
    assert report.objects == 2
    assert report.detection_ap == pytest.approx(0.5)


def test_the_promised_keys_are_there(tmp_path: Path) -> None:
    values = scored(write(tmp_path / "bag", truth=False)).to_json()
    assert values.keys() >= {"ade_m", "fde_m", "occupancy_iou", "detection_ap", "frames"}


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag"):
        pass
    with pytest.raises(BagError):
        scored(tmp_path / "bag")

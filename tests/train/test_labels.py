# SPDX-License-Identifier: Apache-2.0
"""Labels against paths and boxes whose truth is known in closed form."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se2
from mm_nav.core.types import Odometry, PointCloud, PosedCloud, SensorFrame
from mm_nav.train import labels

SPEC = ModelSpec()
SECOND = 1_000_000_000


def odometry(stamp_ns: int, x: float, y: float, yaw: float) -> Odometry:
    return Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(x, y, yaw),
                    linear=np.zeros(3), angular=np.zeros(3))  # fmt: skip


def marker(number: int, x: float, y: float, size: float = 0.5) -> SimpleNamespace:
    return SimpleNamespace(
        id=number, ns="cone", text="red cone", scale=SimpleNamespace(x=size, y=size, z=size),
        pose=SimpleNamespace(position=SimpleNamespace(x=x, y=y, z=size / 2),
                             orientation=SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0)),
    )  # fmt: skip


def frame(points: np.ndarray) -> SensorFrame:
    n = len(points)
    cloud = PointCloud(stamp_ns=0, frame_id="lidar", xyz=points.astype(np.float32), intensity=np.zeros(n, np.float32),
                       velocity=np.full(n, np.nan, np.float32))  # fmt: skip
    return SensorFrame(stamp_ns=0, lidars=(PosedCloud(name="lidar", cloud=cloud, T_base_sensor=np.eye(4)),))


def test_waypoints_are_the_future_path_seen_from_now() -> None:
    truth = labels.Truth()
    for i in range(60):  # 1 m/s towards +y of odom, robot faces +y: straight ahead in base_link
        stamp = i * SECOND // 10
        truth.odometry[stamp] = odometry(stamp, 2.0, 0.1 * i, np.pi / 2)
    way, known = labels.waypoints(truth, 1 * SECOND, SPEC)
    assert known.all()
    np.testing.assert_allclose(way, [[0.5 * (i + 1), 0] for i in range(8)], atol=1e-5)


def test_waypoints_beyond_the_recording_are_masked() -> None:
    truth = labels.Truth(odometry={i * SECOND // 10: odometry(i * SECOND // 10, 0.1 * i, 0, 0) for i in range(21)})
    _, known = labels.waypoints(truth, 1 * SECOND, SPEC)
    np.testing.assert_array_equal(known, [1, 1, 0, 0, 0, 0, 0, 0])


def test_a_recording_without_odometry_has_no_waypoint_label() -> None:
    _, known = labels.waypoints(labels.Truth(), 0, SPEC)
    assert not known.any()


def test_a_box_counts_the_returns_inside_it() -> None:
    truth = labels.Truth(objects={0: [marker(7, 3.0, 1.0), marker(8, -4.0, 0.0)]})
    inside = np.array([[3.0, 1.0, 0.2], [3.1, 0.9, 0.3], [2.9, 1.1, 0.1], [5.0, 5.0, 0.3]])
    found = labels.boxes(truth, frame(inside), SPEC)
    assert dict(zip(found["ids"].tolist(), found["hits"].tolist(), strict=True))[7] == 3
    assert dict(zip(found["ids"].tolist(), found["hits"].tolist(), strict=True))[8] == 0
    assert not found["in_view"].any()  # no camera in the frame


def test_velocity_comes_from_exact_poses_and_takes_out_the_robots_own_motion() -> None:
    truth = labels.Truth()
    for i in range(3):  # the robot drives 1 m/s ahead, the object stands still in the world
        stamp = i * SECOND // 2
        truth.exact[stamp] = odometry(stamp, 0.5 * i, 0, 0)
        truth.objects[stamp] = [marker(1, 4.0 - 0.5 * i, 0.0)]
    shown = SensorFrame(stamp_ns=SECOND, lidars=frame(np.zeros((1, 3))).lidars)
    assert np.abs(labels.boxes(truth, shown, SPEC)["boxes"][0, 7:9]).max() < 1e-6


def test_without_truth_occupancy_comes_from_returns_by_their_height() -> None:
    cells = labels.occupancy(labels.Truth(), frame(np.array([[2.05, 0.05, 0.5], [1.05, 0.05, 0.0]])), SPEC)
    assert cells[48, 42] == 1
    assert cells[48, 37] == 0
    assert (cells == -1).sum() == cells.size - 2


def test_a_command_is_fulfilled_at_the_targets_surface_only() -> None:
    truth = labels.Truth(objects={0: [marker(7, 1.1, 0.0)]}, target_id=7)
    assert labels.fulfilled(truth, labels.boxes(truth, frame(np.zeros((1, 3))), SPEC)) == 1
    far = labels.Truth(objects={0: [marker(7, 3.0, 0.0)]}, target_id=7)
    assert labels.fulfilled(far, labels.boxes(far, frame(np.zeros((1, 3))), SPEC)) == 0

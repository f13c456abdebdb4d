# SPDX-License-Identifier: Apache-2.0
"""Labels against paths and boxes whose truth is known in closed form."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav import wire
from mm_nav.bags.writer import BagWriter
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se2
from mm_nav.core.types import Odometry, PointCloud, PosedCloud, SensorFrame
from mm_nav.errors import BagError
from mm_nav.train import labels
from mm_nav.wire.message import Encoded
from mm_nav.wire.outcome import encode_grid

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


def test_waypoints_do_not_cross_a_gap_or_a_jump() -> None:
    stamps = [i * SECOND // 10 for i in range(60)]
    gap = {s: odometry(s, 0.1 * i, 0, 0) for i, s in enumerate(stamps) if not 2.0 <= s / SECOND < 2.8}
    np.testing.assert_array_equal(labels.waypoints(labels.Truth(odometry=gap), SECOND, SPEC)[1], [1, 0, 0, 0, 0, 0, 0, 0])
    jump = {s: odometry(s, 0.1 * i + 5.0 * (i > 25), 0, 0) for i, s in enumerate(stamps)}
    np.testing.assert_array_equal(labels.waypoints(labels.Truth(odometry=jump), SECOND, SPEC)[1], [1, 1, 1, 0, 0, 0, 0, 0])


def test_poses_that_are_no_numbers_are_left_out() -> None:
    path = {i * SECOND // 10: odometry(i * SECOND // 10, 0.1 * i, 0, 0) for i in range(60)}
    path[15 * SECOND // 10].T_odom_base[0, 3] = np.nan
    way, known = labels.waypoints(labels.Truth(odometry=path), SECOND, SPEC)
    assert known.all()
    np.testing.assert_allclose(way[:, 0], [0.5 * (i + 1) for i in range(8)], atol=1e-5)


def radar(xyz: list[list[float]], velocity: list[float], moved: Odometry | None) -> SensorFrame:
    n = len(xyz)
    cloud = PointCloud(stamp_ns=0, frame_id="radar", xyz=np.array(xyz, np.float32), intensity=np.zeros(n, np.float32),
                       velocity=np.array(velocity, np.float32))  # fmt: skip
    return SensorFrame(stamp_ns=0, radars=(PosedCloud(name="radar", cloud=cloud, T_base_sensor=np.eye(4)),), odometry=moved)


def test_radar_marks_what_moves_over_ground_with_its_radial_velocity() -> None:
    """The robot drives 1 m/s: what stands comes nearer at 1 m/s, what walks away at 1 m/s over ground keeps its range."""
    driving = Odometry(stamp_ns=0, frame_id="odom", child_frame_id="base_link", T_odom_base=np.eye(4),
                       linear=np.array([1.0, 0, 0]), angular=np.zeros(3))  # fmt: skip
    standing, walking, clutter = [[3.1, 0.1, 0.5], [3.15, 0.1, 0.5]], [[6.1, 0.1, 0.5], [6.15, 0.1, 0.6]], [[5.1, 5.1, 0.5]]
    shown = radar(standing + walking + clutter, [-1.0, -1.0, 0.0, 0.0, 2.0], driving)
    motion, known = labels.radar_motion(shown, SPEC)
    assert known.shape == (96, 96)
    assert np.argwhere(known).tolist() == [[48, 62]]
    assert motion[:, 48, 62] == pytest.approx([1.0, 0.0], abs=0.05)
    still = radar(standing + walking, [-1.0, -1.0, 0.0, 0.0], None)
    assert not labels.radar_motion(still, SPEC)[1].any()
    assert not labels.radar_motion(radar(standing, [np.nan, np.nan], driving), SPEC)[1].any()


def bag(path: Path, items: list[tuple[str, Encoded]]) -> Path:
    with BagWriter(path) as writer:
        for i, (topic, message) in enumerate(items):
            writer.write(topic, message, (i + 1) * SECOND // 10)
    return path


def grid_message(rows: int = 96) -> Encoded:
    return encode_grid(np.zeros((rows, 96), np.float32), replace(SPEC.grid, rows=rows), SECOND, "base_link")


def test_a_label_that_cannot_be_read_is_masked_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    short = grid_message()
    short.fields["data"] = short.fields["data"][:100]
    poses = [("odom", wire.encode_odometry(odometry(i * SECOND // 10, 0.1 * i, 0, 0))) for i in range(1, 60)]
    lost = wire.encode_odometry(odometry(6 * SECOND, 1, 0, 0))
    lost.fields["pose"]["pose"]["position"]["x"] = float("nan")
    broken = [("ground_truth/target", wire.encode_string('{"id": 3, "phra')), ("ground_truth/occupancy", short),
              ("ground_truth/occupancy", short), ("odom", lost)]  # fmt: skip
    where = bag(tmp_path / "broken", [*poses, *broken])
    with caplog.at_level("WARNING"):
        truth = labels.read_truth(where)
    assert truth.target_id is None
    assert not truth.occupancy
    assert len(truth.odometry) == 59
    said = [r.getMessage() for r in caplog.records]
    assert len(said) == 3
    assert all(str(where) in line and "masked" in line for line in said)
    assert any("ground_truth/target" in line for line in said)


@pytest.mark.parametrize("said", ["[1, 2]", '"cone"', "null", '{"id": "seven"}', '{"phrases": {"a": ["x"]}}', '{"phrases": 4}'])
def test_a_target_of_another_form_is_masked(tmp_path: Path, said: str) -> None:
    truth = labels.read_truth(bag(tmp_path / "bag", [("ground_truth/target", wire.encode_string(said))]))
    assert (truth.target_id, truth.phrases) == (None, {})


def test_occupancy_of_another_grid_is_masked_and_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    truth = labels.read_truth(bag(tmp_path / "bag", [("ground_truth/occupancy", grid_message(rows=40))]))
    seen = SensorFrame(stamp_ns=SECOND, lidars=frame(np.array([[2.05, 0.05, 0.5]])).lidars)
    for _ in range(2):
        cells = labels.occupancy(truth, seen, SPEC)
    assert cells.shape == (96, 96)
    assert cells[48, 42] == 1
    assert sum("ground_truth/occupancy" in r.getMessage() for r in caplog.records) == 1


def test_a_bag_without_messages_says_so(tmp_path: Path) -> None:
    with pytest.raises(BagError, match=r"empty_bag.*(no message|nothing)"):
        labels.read_truth(bag(tmp_path / "empty_bag", []))


def test_commands_are_told_by_the_robots_clock(tmp_path: Path) -> None:
    """The recorder's clock is 1000 s ahead of the robot's."""
    with BagWriter(tmp_path / "bag") as writer:
        for i in range(1, 30):
            writer.write("odom", wire.encode_odometry(odometry(i * SECOND // 10, 0, 0, 0)), 1000 * SECOND + i * SECOND // 10)
        writer.write("command", wire.encode_string("go to the red cone"), 1003 * SECOND)
    (said,) = labels.read_truth(tmp_path / "bag").commands
    assert said.text == "go to the red cone"
    assert abs(said.stamp_ns - 3 * SECOND) < SECOND // 10

# SPDX-License-Identifier: Apache-2.0
"""What leaves mm_nav."""

import numpy as np
import pytest

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import se2, se3
from mm_nav.core.types import ObjectBox, Plan, Scene, Velocity
from mm_nav.errors import MessageError
from mm_nav.wire import (
    LabelledBox,
    Status,
    decode_occupancy,
    decode_path,
    decode_point_cloud,
    encode_boxes,
    encode_command_status,
    encode_diagnostics,
    encode_goal_pose,
    encode_grid,
    encode_objects,
    encode_obstacles,
    encode_occupancy,
    encode_plan,
    encode_velocity,
)
from mm_nav.wire.message import pose_fields

GRID = BevGrid(x_min=-1.0, y_min=-0.4, cell=0.2, columns=10, rows=4)


def scene(occupancy: np.ndarray, objects=()) -> Scene:
    motion = np.zeros((2, *occupancy.shape), np.float32)
    return Scene(stamp_ns=5, occupancy=occupancy, motion=motion, objects=objects, goal=None)


def test_a_grid_comes_back_as_it_was(message):
    rng = np.random.default_rng(1)
    cells = (rng.integers(0, 101, (4, 10)) / 100).astype(np.float32)
    cells[1, 2:5] = np.nan
    stamp_ns, frame_id, grid, found = decode_occupancy(message(encode_occupancy(scene(cells), GRID).fields))
    assert (stamp_ns, frame_id, grid) == (5, "base_link", GRID)
    np.testing.assert_array_equal(found, cells)


@pytest.mark.fault("O04")
def test_what_is_unknown_is_minus_one_and_nothing_exceeds_a_hundred():
    cells = np.full((4, 10), np.nan, np.float32)
    cells[0] = 1.7
    data = encode_grid(cells, GRID, 0, "base_link").fields["data"]
    assert data.dtype == np.int8
    assert data[:10].tolist() == [100] * 10
    assert set(data[10:].tolist()) == {-1}


@pytest.mark.fault("O04")
def test_a_grid_of_another_size_is_refused():
    with pytest.raises(MessageError, match=r"\(4, 9\), its grid is \(4, 10\)"):
        encode_grid(np.zeros((4, 9), np.float32), GRID, 0, "base_link")


def test_obstacles_are_the_centres_of_occupied_cells_at_a_height_that_nav2_keeps(message):
    cells = np.zeros((4, 10), np.float32)
    cells[3, 0], cells[0, 9], cells[1, 1] = 0.5, 0.9, np.nan
    points = decode_point_cloud(message(encode_obstacles(scene(cells), GRID).fields))
    np.testing.assert_allclose(points.xyz, [[0.9, -0.3, 0.3], [-0.9, 0.3, 0.3]], atol=1e-6)


@pytest.mark.fault("O07")
def test_no_obstacles_is_an_empty_cloud(message):
    encoded = encode_obstacles(scene(np.zeros((4, 10), np.float32)), GRID)
    assert decode_point_cloud(message(encoded.fields)).xyz.shape == (0, 3)


def test_objects_begin_by_deleting_the_old_ones():
    box = ObjectBox(label="cone", score=0.876, center=np.ones(3), size=np.ones(3), yaw=0.3, velocity=np.zeros(2))
    first, second = encode_objects(scene(np.zeros((4, 10), np.float32), (box,))).fields["markers"]
    assert first["action"] == 3
    assert (second["ns"], second["text"], second["type"], second["action"]) == ("cone", "cone 0.88", 1, 0)
    assert second["pose"]["orientation"]["z"] == pytest.approx(np.sin(0.15))


def test_a_box_that_is_not_finite_does_not_leave():
    box = LabelledBox(id=1, label="cone", text="", center=np.array([np.nan, 0, 0]), size=np.ones(3), yaw=0.0)
    with pytest.raises(MessageError, match="not published"):
        encode_boxes([box], 0)


def test_a_plan_with_its_pose_is_given_in_the_odometry_frame(message):
    plan = Plan(stamp_ns=8, path=np.array([[1.0, 0], [2, 0]]), stop=False, state="drive", T_odom_base=se2(10, 5, np.pi / 2))
    stamp_ns, frame_id, xy = decode_path(message(encode_plan(plan).fields))
    assert (stamp_ns, frame_id) == (8, "odom")
    np.testing.assert_allclose(xy, [[10, 6], [10, 7]], atol=1e-9)


def test_a_plan_without_a_pose_stays_in_the_base_frame_and_looks_along_the_path(message):
    plan = Plan(stamp_ns=8, path=np.array([[0.0, 0], [0, 1], [1, 1]]), stop=False, state="drive")
    fields = encode_plan(plan).fields
    assert decode_path(message(fields))[1] == "base_link"
    turns = [2 * np.arctan2(p["pose"]["orientation"]["z"], p["pose"]["orientation"]["w"]) for p in fields["poses"]]
    np.testing.assert_allclose(turns, [np.pi / 2, 0, 0], atol=1e-9)


@pytest.mark.parametrize("count", [0, 1])
def test_a_plan_of_no_or_one_point_is_sent(message, count):
    plan = Plan(stamp_ns=8, path=np.zeros((count, 2)), stop=True, state="hold")
    assert decode_path(message(encode_plan(plan).fields))[2].shape == (count, 2)


def test_a_plan_that_is_not_finite_does_not_leave():
    with pytest.raises(MessageError, match="not published"):
        encode_plan(Plan(stamp_ns=8, path=np.array([[0.0, np.nan]]), stop=False, state="drive"))


@pytest.mark.fault("O01")
def test_a_velocity_is_stamped_or_not_and_always_finite():
    assert encode_velocity(Velocity(linear=0.5, angular=-1.0), 5, True).fields["twist"]["linear"]["x"] == 0.5
    plain = encode_velocity(Velocity(linear=0.5, angular=-1.0), 5, False)
    assert (plain.type_name, plain.fields["angular"]["z"]) == ("geometry_msgs/msg/Twist", -1)
    with pytest.raises(MessageError, match="not published"):
        encode_velocity(Velocity(linear=np.nan, angular=0.0), 5, True)


def test_a_goal_looks_away_from_the_robot():
    fields = encode_goal_pose(np.array([0.0, 2.0]), 5, "base_link").fields
    assert fields["pose"]["orientation"]["z"] == pytest.approx(np.sin(np.pi / 4))
    with pytest.raises(MessageError, match="not published"):
        encode_goal_pose(np.array([np.inf, 2.0]), 5, "base_link")


def test_a_status_is_checked_before_it_is_sent():
    status = Status(name="fusion", level=1, message="searching", values={"phrase": "red cone"})
    assert encode_diagnostics([status], 5).fields["status"][0]["values"] == [{"key": "phrase", "value": "red cone"}]
    assert encode_command_status(status).fields["name"] == "command"
    with pytest.raises(MessageError, match="'maybe' is unknown"):
        encode_command_status(Status(name="", level=0, message="maybe"))
    with pytest.raises(MessageError, match="level 7"):
        encode_diagnostics([Status(name="", level=7, message="")], 5)


@pytest.mark.parametrize("stamp_ns", [-1, 2**31 * 10**9])
def test_a_stamp_that_ros_cannot_hold_is_refused(stamp_ns):
    with pytest.raises(MessageError, match=str(stamp_ns)):
        encode_goal_pose(np.zeros(2), stamp_ns, "base_link")


@pytest.mark.parametrize("move", [None, se3((1.0, 2.0, 0.3), (0.1, -0.2, 3.0)), se3((0.0, 0.0, 0.0), (0.0, 0.0, -3.1))])
def test_each_pose_of_a_plan_is_its_point_and_heading_moved(move):
    path = np.stack([np.linspace(0, 3, 9), np.sin(np.linspace(0, 6, 9))], axis=1)
    fields = encode_plan(Plan(stamp_ns=1, path=path, stop=False, state="drive", T_odom_base=move)).fields
    steps = np.diff(path, axis=0)
    headings = np.arctan2(steps[:, 1], steps[:, 0])
    for pose, xy, heading in zip(fields["poses"], path, [*headings, headings[-1]], strict=True):
        wanted = pose_fields((np.eye(4) if move is None else move) @ se2(float(xy[0]), float(xy[1]), float(heading)))
        for part in ("position", "orientation"):
            assert pose["pose"][part] == pytest.approx(wanted[part], abs=1e-12)

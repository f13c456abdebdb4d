# SPDX-License-Identifier: Apache-2.0
"""The peer without a network: its costmap, its colours and sizes, and that it gets there."""

import numpy as np
import pytest

pytest.importorskip("open3d")

from mm_nav.core.config import ModelSpec
from mm_nav.core.types import Command
from mm_nav.evaluate.blobs import COLOURS, Blob, blobs, colours_of, costmap, points_of
from mm_nav.evaluate.classical import Classical, Wanted
from mm_nav.evaluate.closed_loop import Drive, episode, simulation
from mm_nav.sim.simulation import SimConfig, Simulation

GRID = ModelSpec().grid
ROOM_GOTO, ROOM_SEARCH = 1_030_002, 1_030_001


def blob(colour: str, length: float, height: float, x: float = 3.0) -> Blob:
    """A clump of two points."""
    points = np.array([[x, 0.0], [x, length]])
    return Blob(colour=colour, points=points, xy=points.mean(axis=0), length=length, height=height)


def test_the_costmap_is_free_up_to_what_stands_and_unknown_behind() -> None:
    wall = np.array([[4.1, y, z] for y in np.arange(-1, 1, 0.05) for z in (0.3, 0.9)], np.float32)
    ground = np.array([[6.0, y, 0.0] for y in np.arange(3, 5, 0.02)], np.float32)
    found = costmap(np.concatenate([wall, ground]), GRID)

    def at(x: float, y: float) -> float:
        return float(found[int((y - GRID.y_min) / GRID.cell), int((x - GRID.x_min) / GRID.cell)])

    assert at(4.1, 0.1) > 0.9
    assert at(2.0, 0.05) < 0.1
    assert at(4.0, 2.8) < 0.1
    assert np.isnan(at(5.5, 0.05))
    assert np.isnan(at(-3.0, 0.05))


def test_a_single_near_point_is_dust() -> None:
    found = costmap(np.array([[1.0, 0.0, 0.5]], np.float32), GRID)
    assert not (found > 0.5).any()
    assert np.isnan(costmap(np.zeros((0, 3), np.float32), GRID)).all()


def test_colours_of_things_in_view_are_named_as_they_are() -> None:
    right = wrong = 0
    for seed in range(30, 50):
        sim = Simulation(SimConfig(seed=seed, kind="room"))
        snapshot = sim.sense()
        frame = snapshot.frame()
        found = blobs(points_of(frame), frame.cameras[0])
        for thing in snapshot.truth.objects:
            if thing.visible < 0.8 or thing.label == "person" or thing.colour in ("white", "black"):
                continue
            near = min(found, key=lambda b: float(np.hypot(*(b.xy - thing.center[:2]))), default=None)
            hit = near is not None and near.colour == thing.colour and np.hypot(*(near.xy - thing.center[:2])) < 0.8
            right, wrong = right + hit, wrong + (not hit)
    assert right > 10
    assert right > 4 * wrong


def test_points_outside_the_picture_have_no_colour() -> None:
    frame = Simulation(SimConfig(seed=3)).sense().frame()
    behind = np.array([[-3.0, 0.0, 0.5]], np.float32)
    assert colours_of(behind, frame.cameras[0]).tolist() == [-1]
    assert blobs(points_of(frame), None) == []
    assert len(COLOURS) == 8


@pytest.mark.parametrize(
    ("phrase", "colour", "fitting", "not_fitting"),
    [
        ("red cone", "red", (0.3, 0.6), (0.3, 1.7)),
        ("blue coloured barrel", "blue", (0.5, 0.9), (0.3, 0.6)),  # no "red" in it
        ("person wearing blue", "blue", (0.4, 1.6), (0.4, 0.6)),
        ("蓝色箱子旁边的红色锥桶", "red", (0.3, 0.6), (2.0, 0.6)),
        ("穿黄衣服的人", "yellow", (0.4, 1.6), (0.4, 0.6)),
        ("green box behind the red barrel", "green", (0.7, 0.6), (3.0, 0.6)),
        ("白色的汽车", "white", (3.0, 1.4), (0.4, 0.5)),
    ],
)
def test_a_phrase_is_read_as_a_colour_and_a_size(
    phrase: str, colour: str, fitting: tuple[float, float], not_fitting: tuple[float, float]
) -> None:
    wanted = Wanted.of(phrase)
    assert wanted.colour == colour
    assert wanted.score(blob(colour, *fitting)) > wanted.score(blob(colour, *not_fitting))
    assert wanted.score(blob("orange", *fitting)) == 0.0


@pytest.mark.parametrize("seed", [ROOM_GOTO, ROOM_SEARCH])
def test_the_peer_gets_there_without_a_network(seed: int) -> None:
    drive = Drive(bundle="none", driver="classical")
    result = episode(drive, simulation(drive, seed), Classical(drive.limits))
    assert (result.success, result.reason) == (True, "success")
    assert result.cells_common > 0.4 * result.cells_union


@pytest.mark.parametrize(("task", "seed"), [("turn", 3), ("move", 4), ("stop", 5)])
def test_the_peer_turns_moves_and_stops(task: str, seed: int) -> None:
    drive = Drive(bundle="none", driver="classical")
    result = episode(drive, Simulation(SimConfig(seed=seed, task=task)), Classical(drive.limits))
    assert (result.task, result.reason) == (task, "success")


def test_without_lidar_or_odometry_the_peer_stands() -> None:
    for off in ("lidar", "odom"):
        sim = Simulation(SimConfig(seed=3, task="goto", sensors_off=(off,)))
        peer = Classical()
        assert isinstance(peer.command(sim.task.text, 0), Command)
        look = peer.step(sim.sense().frame())
        assert look.plan.stop
        assert look.status == "blocked"

# SPDX-License-Identifier: Apache-2.0
"""Truth in base_link, against the world it was taken from."""

import numpy as np

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import se2
from mm_nav.sim.raycast import RayScene
from mm_nav.sim.rig import Rig
from mm_nav.sim.simulation import SimConfig, Simulation
from mm_nav.sim.truth import Truth, truth_of
from mm_nav.sim.world import World
from tests.sim.scenes import room, thing

GRID = BevGrid()


def truth(world: World, pose: np.ndarray) -> Truth:
    return truth_of(world, world.things, pose, Rig(), RayScene(world), GRID)


def cell(values: np.ndarray, x: float, y: float) -> float:
    return float(values[int((y - GRID.y_min) / GRID.cell), int((x - GRID.x_min) / GRID.cell)])


def test_occupancy_is_full_where_things_stand_free_between_and_unknown_outside() -> None:
    found = truth(room(thing(0, "barrel", "red", 2.0, 8.0)), se2(2.0, 5.0, np.pi / 2)).occupancy
    assert cell(found, 3.0, 0.0) == 1  # 3 m ahead, since the robot looks along y
    assert cell(found, 2.0, 0.0) == 0
    assert cell(found, -5.05, 1.0) == 1  # the wall behind
    assert np.isnan(cell(found, 6.0, 0.0))


def test_objects_are_where_they_are_seen_from_the_robot() -> None:
    walker = thing(0, "person", "red", 2.0, 8.0, yaw=0.0, velocity=(1.0, 0.0), speed=1.0, waypoints=((2.0, 8.0),))
    (o,) = truth(room(walker), se2(2.0, 5.0, np.pi / 2)).objects
    np.testing.assert_allclose(o.center, [3.0, 0.0, 0.85], atol=1e-9)
    np.testing.assert_allclose(o.velocity, [0.0, -1.0], atol=1e-9)  # along +x is to the right of who looks along +y
    assert abs(o.yaw + np.pi / 2) < 1e-9
    assert o.phrase == "red person"


def test_what_is_hidden_behind_the_robot_or_out_of_the_picture_is_not_visible() -> None:
    big, hidden = thing(0, "box", "blue", 4.0, 5.0, size=(0.8, 0.9, 0.9)), thing(1, "cone", "red", 5.5, 5.0)
    behind, clear = thing(2, "barrel", "green", 0.8, 5.0), thing(3, "barrel", "red", 5.0, 7.0)
    seen = {o.id: o.visible for o in truth(room(big, hidden, behind, clear), se2(2.0, 5.0, 0.0)).objects}
    assert seen[0] > 0.6
    assert seen[1] == 0
    assert seen[2] == 0
    assert seen[3] == 1


def test_what_the_lidar_hits_is_occupied_and_observed() -> None:
    for seed in range(4):
        snapshot = Simulation(SimConfig(seed=seed)).sense()
        (lidar,) = snapshot.frame().lidars
        points = lidar.cloud.xyz @ lidar.T_base_sensor[:3, :3].T + lidar.T_base_sensor[:3, 3]
        high = points[(points[:, 2] > 0.2) & (np.abs(points[:, 1]) < 9) & (points[:, 0] > -6) & (points[:, 0] < 12)]
        filled, seen = snapshot.truth.occupancy, snapshot.truth.observed
        assert np.mean([cell(filled, x, y) == 1 for x, y, _ in high]) > 0.9  # a corner of a cell does not fill it
        for values, share in ((filled, 0.99), (seen, 0.93)):  # the surface may lie in the next cell, which its half-cell margin fills as well
            near = [np.nanmax([cell(values, x + a, y + b) for a in (-0.1, 0.1) for b in (-0.1, 0.1)]) for x, y, _ in high]
            assert np.mean(near) > share  # along a wall at a grazing angle a cell hides its neighbour

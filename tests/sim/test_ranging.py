# SPDX-License-Identifier: Apache-2.0
"""LiDAR points lie on surfaces and radar measures range rates, checked with geometry of its own."""

from dataclasses import replace

import numpy as np
import pytest

from mm_nav.core.geometry import se2, transform
from mm_nav.core.types import PointCloud
from mm_nav.sim.rig import LIDAR_FRAME, RADAR_FRAME, Rig, randomised
from mm_nav.sim.sensors import Sensors
from mm_nav.sim.world import ROUND, Thing, World
from tests.sim.scenes import EXACT, room, thing

SCENE = room(thing(0, "box", "blue", 5.0, 5.5, yaw=0.4), thing(1, "cone", "red", 4.5, 3.5), thing(2, "barrel", "green", 3.0, 7.0),
             thing(3, "person", "white", 1.0, 2.0))  # fmt: skip
POSE = se2(2.0, 5.0, 0.7)


def look(world: World, name: str, rig: Rig = EXACT, twist: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> PointCloud:
    sensors = Sensors(world, rig, np.random.default_rng(0))
    reading = sensors.look_around(POSE, twist, world.things, 7, frozenset([name]))[name]
    assert isinstance(reading, PointCloud)
    return reading


def off_surface(t: Thing, p: np.ndarray) -> np.ndarray:
    """Distance of points to a thing's surface where its shape is simple, else to its bounding cylinder if outside."""
    c, s = np.cos(t.yaw), np.sin(t.yaw)
    d = (p[:, :2] - [t.x, t.y]) @ np.array([[c, -s], [s, c]])
    if t.label == "barrel":
        side, top = np.hypot(*d.T) - t.size[0] / 2, p[:, 2] - t.size[2]
    elif t.label in ROUND:  # cones and people: inside the cylinder is near enough
        return np.asarray(np.maximum(np.maximum(np.hypot(*d.T) - t.size[0] / 2 * 1.4, p[:, 2] - t.size[2]), 0))
    else:
        side = (np.abs(d) - np.array(t.size[:2]) / 2).max(axis=1)
        top = p[:, 2] - t.size[2]
    return np.asarray(np.abs(np.maximum(side, top)))


def test_every_lidar_point_lies_on_the_ground_or_on_something() -> None:
    cloud = look(SCENE, "lidar")
    points = transform(POSE @ EXACT.transforms[LIDAR_FRAME], cloud.xyz.astype(np.float64))
    away = np.min([np.abs(points[:, 2]), *(off_surface(t, points) for t in (*SCENE.walls, *SCENE.things))], axis=0)
    assert len(points) > 5000
    assert away.max() < 0.02  # round things are prisms of 20 sides
    on = [int((off_surface(t, points)[points[:, 2] > 0.05] < 0.02).sum()) for t in SCENE.things]
    assert min(on) >= 5, on


def test_beams_and_mounting_height_are_the_rig_s() -> None:
    rig = replace(EXACT, lidar_beams=8, lidar_z=1.5)
    xyz = look(SCENE, "lidar", rig).xyz.astype(np.float64)
    elevation = np.arcsin(xyz[:, 2] / np.linalg.norm(xyz, axis=1))
    wanted = np.linspace(rig.lidar_low, rig.lidar_high, 8)
    assert np.abs(elevation[:, None] - wanted).min(axis=1).max() < 1e-3
    ground = xyz[elevation < np.arcsin(1.4 / 20) * -1]
    assert abs(np.median(ground[np.abs(ground[:, 2] + 1.5) < 0.05][:, 2]) + 1.5) < 1e-3


def test_noise_moves_points_along_their_rays_and_dropout_loses_its_share() -> None:
    clean, noisy = look(SCENE, "lidar"), look(SCENE, "lidar", replace(EXACT, lidar_noise=0.05, lidar_dropout=0.3))
    assert 0.62 < len(noisy.xyz) / len(clean.xyz) < 0.78
    points = transform(POSE @ EXACT.transforms[LIDAR_FRAME], noisy.xyz.astype(np.float64))
    ranges = np.linalg.norm(noisy.xyz, axis=1)
    sine = np.abs(noisy.xyz[:, 2]) / ranges
    ground = (points[:, 2] < 0.12) & (sine > 0.25)
    spread = (points[ground, 2] / sine[ground]).std()
    assert 0.04 < spread < 0.06


def test_bright_surfaces_return_more_than_dark_ones() -> None:
    mean = {}
    for colour in ("white", "black"):
        world = room(thing(0, "box", colour, 5.0, 6.5))
        cloud = look(world, "lidar")
        points = transform(POSE @ EXACT.transforms[LIDAR_FRAME], cloud.xyz.astype(np.float64))
        mean[colour] = cloud.intensity[(off_surface(world.things[0], points) < 0.02) & (points[:, 2] > 0.05)].mean()
    assert mean["white"] > 2 * mean["black"]
    assert np.isnan(cloud.velocity).all()


@pytest.mark.parametrize("twist", [(0.8, 0.0, 0.0), (0.5, 0.2, 0.6), (0.0, 0.0, -1.0)])
def test_walls_come_nearer_as_fast_as_the_radar_drives_at_them(twist: tuple[float, float, float]) -> None:
    cloud = look(room(thing(0, "box", "red", 9.0, 9.0)), "radar", twist=twist)
    unit = cloud.xyz / np.linalg.norm(cloud.xyz, axis=1, keepdims=True)
    v, left, w = twist
    wanted = -(unit[:, 0] * v + unit[:, 1] * (left + w * EXACT.radar_x))  # the lever turns with the robot
    agree = np.abs(cloud.velocity - wanted) < 5e-3
    assert 25 <= len(unit) <= 130
    assert agree.mean() > 0.6  # the rest is clutter and ghosts


def test_a_person_who_walks_away_has_a_positive_range_rate_and_one_who_comes_a_negative_one() -> None:
    ahead = np.array([np.cos(0.7), np.sin(0.7)])
    for speed in (1.0, -0.6):
        person = thing(0, "person", "red", 2 + 4 * ahead[0], 5 + 4 * ahead[1], speed=1.0, velocity=tuple(speed * ahead),
                       waypoints=((0.0, 0.0),))  # fmt: skip
        cloud = look(room(person), "radar")
        points = transform(POSE @ EXACT.transforms[RADAR_FRAME], cloud.xyz.astype(np.float64))
        on = cloud.velocity[np.hypot(points[:, 0] - person.x, points[:, 1] - person.y) < 0.35]
        assert len(on) >= 3
        assert abs(np.median(on) - speed) < 0.02


def test_a_car_echoes_more_than_a_cone_and_all_echoes_lie_in_the_field_of_view() -> None:
    strength = {}
    for label in ("car", "cone"):
        world = room(thing(0, label, "red", 6.0, 7.0))
        cloud = look(world, "radar")
        points = transform(POSE @ EXACT.transforms[RADAR_FRAME], cloud.xyz.astype(np.float64))
        strength[label] = np.median(cloud.intensity[off_surface(world.things[0], points) < 0.5])
        assert (np.abs(np.arctan2(cloud.xyz[:, 1], cloud.xyz[:, 0])) < EXACT.radar_fov + 0.3).all()
        assert np.isfinite(cloud.velocity).all()
    assert strength["car"] > strength["cone"] + 10


def test_another_robot_has_other_sensors_within_sane_limits() -> None:
    rigs = [randomised(np.random.default_rng(k)) for k in range(30)]
    assert len({r.lidar_beams for r in rigs}) > 2
    assert all(8 <= r.lidar_beams <= 32 and 0.4 <= r.lidar_z <= 1.9 and 0.4 <= r.camera_z <= 1.6 for r in rigs)
    assert all(np.deg2rad(70) <= r.camera_hfov <= np.deg2rad(110) and r.lidar_low < 0 < r.lidar_high for r in rigs)

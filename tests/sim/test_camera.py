# SPDX-License-Identifier: Apache-2.0
"""The picture agrees with the calibration that is published beside it."""

from dataclasses import replace

import numpy as np
import pytest

from mm_nav.core.geometry import inverse, project, se2, transform
from mm_nav.core.types import CameraImage
from mm_nav.sim.rig import CAMERA_FRAME, Rig, randomised
from mm_nav.sim.sensors import Sensors
from mm_nav.sim.simulation import SimConfig, Simulation
from mm_nav.sim.world import COLOURS, Thing, World
from tests.sim.scenes import EXACT, room, thing

SHOWN = {"cone": 0.25, "barrel": 0.5, "box": 0.3, "person": 0.66, "car": 0.4}  # share of the height with the plain colour


def picture(world: World, pose: np.ndarray, rig: Rig = EXACT, seed: int = 0) -> np.ndarray:
    reading = Sensors(world, rig, np.random.default_rng(seed)).look_around(
        pose, (0.0, 0.0, 0.0), world.things, 1, frozenset(["camera/front"])
    )["camera/front"]
    assert isinstance(reading, CameraImage)
    return reading.rgb


def pixel_of(rig: Rig, pose: np.ndarray, point: np.ndarray) -> tuple[int, int]:
    uv, depth = project(rig.camera_model.K, transform(inverse(pose @ rig.transforms[CAMERA_FRAME]), point[None]))
    assert depth[0] > 0
    return int(uv[0, 1]), int(uv[0, 0])


def colour_of(rgb: np.ndarray) -> str:
    """The palette entry with the nearest hue, for the strong colours."""
    palette = {n: np.sqrt(c) for n, c in COLOURS.items() if n not in ("white", "black")}
    seen = rgb.astype(float) - rgb.min()
    return max(palette, key=lambda n: float(np.dot(seen, p := palette[n] - palette[n].min()) / np.linalg.norm(p)))


@pytest.mark.parametrize("colour", ["red", "green", "blue", "yellow", "orange", "purple"])
def test_a_cone_has_its_colour_where_k_and_t_say_it_is(colour: str) -> None:
    world, pose = room(thing(0, "cone", colour, 5.0, 5.8)), se2(2.0, 5.0, 0.1)
    row, column = pixel_of(EXACT, pose, np.array([5.0, 5.8, 0.17]))
    image = picture(world, pose)
    assert colour_of(image[row, column]) == colour
    beside = image[row, column + 25].astype(float)
    assert np.ptp(beside) < 60 < np.ptp(image[row, column].astype(float))


def test_objects_of_many_worlds_and_rigs_appear_where_they_are_projected() -> None:
    right, wrong = 0, []
    for seed in range(9):
        sim = Simulation(SimConfig(seed=seed, randomise=seed % 2 == 1))
        for _ in range(4):
            sim.robot.yaw += np.pi / 2
            snapshot = sim.sense()
            image = snapshot.readings["camera/front"]
            assert isinstance(image, CameraImage)
            for o in snapshot.truth.objects:
                if o.visible < 1 or o.colour in ("white", "black") or np.hypot(*o.center[:2]) > 7 or o.label == "car":
                    continue
                shown = o.center - [0, 0, o.size[2] * (0.5 - SHOWN[o.label])]
                row, column = pixel_of(sim.rig, np.eye(4), shown)
                seen = image.rgb[max(row - 1, 0) : row + 2, column - 1 : column + 2].reshape(-1, 3)
                if len(seen) and colour_of(np.median(seen, axis=0)) == o.colour:
                    right += 1
                else:
                    wrong.append((seed, o.phrase, seen.tolist()))
    assert right >= 10
    assert len(wrong) <= 0.1 * right, wrong


def test_looking_down_lifts_the_horizon() -> None:
    world, pose = room(thing(0, "box", "red", 1.0, 1.0), length=60, width=60), se2(30.0, 30.0, 0.0)
    for pitch in (0.0, 0.2):
        rig = replace(EXACT, camera_pitch=pitch)
        row, column = pixel_of(rig, pose, np.array([59.0, 30.0, rig.camera_z]))
        assert column == 128
        assert abs(row - (64 - rig.camera_model.K[1, 1] * np.tan(pitch))) <= 1
        foot, _ = pixel_of(rig, pose, np.array([60.0, 30.0, 0.0]))
        wall, floor = picture(world, pose, rig)[foot - 4, 100:156], picture(world, pose, rig)[foot + 4, 100:156]
        assert np.abs(wall.mean(axis=0) - floor.mean(axis=0)).max() > 4  # the wall's foot is where it is projected


def test_the_nearer_of_two_things_hides_the_other() -> None:
    pose = se2(2.0, 5.0, 0.0)
    near, far = thing(0, "box", "blue", 4.0, 5.0), thing(1, "box", "red", 6.0, 5.0)
    row, column = pixel_of(EXACT, pose, np.array([4.0, 5.0, 0.2]))
    assert colour_of(picture(room(near, far), pose)[row, column]) == "blue"


def test_someone_who_walks_is_drawn_where_they_are_now() -> None:
    pose = se2(2.0, 5.0, 0.0)
    walker: Thing = thing(0, "person", "red", 5.0, 3.0, speed=1.0, waypoints=((5.0, 3.0), (5.0, 7.0)))
    world = room(walker)
    sensors = Sensors(world, EXACT, np.random.default_rng(0))
    for y in (4.0, 6.0):
        moved = (replace(walker, y=y),)
        image = sensors.look_around(pose, (0, 0, 0), moved, 1, frozenset(["camera/front"]))["camera/front"]
        assert isinstance(image, CameraImage)
        row, column = pixel_of(EXACT, pose, np.array([5.0, y, 1.1]))
        assert colour_of(image.rgb[row, column]) == "red"


def test_light_and_texture_differ_between_seeds_and_noise_between_pictures() -> None:
    world, pose = room(thing(0, "box", "red", 4.0, 5.0)), se2(2.0, 5.0, 0.0)
    assert np.abs(picture(world, pose, seed=1).astype(int) - picture(world, pose, seed=2)).mean() > 2
    sensors = Sensors(world, randomised(np.random.default_rng(3)), np.random.default_rng(3))
    a, b = (sensors.look_around(pose, (0, 0, 0), world.things, 1, frozenset(["camera/front"]))["camera/front"] for _ in "ab")
    assert isinstance(a, CameraImage) and isinstance(b, CameraImage)  # noqa: PT018
    assert 0.2 < np.abs(a.rgb.astype(int) - b.rgb).mean() < 12

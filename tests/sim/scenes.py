# SPDX-License-Identifier: Apache-2.0
"""Small worlds by hand for the tests of this folder."""

from dataclasses import replace

from mm_nav.sim.rig import Rig
from mm_nav.sim.world import COLOURS, Thing, World

SIZES = {"box": (0.6, 0.5, 0.7), "cone": (0.4, 0.4, 0.7), "barrel": (0.5, 0.5, 0.9), "person": (0.5, 0.5, 1.7),
         "car": (4.0, 1.7, 1.5)}  # fmt: skip
EXACT = replace(Rig(), camera_noise=0.0, lidar_noise=0.0, lidar_dropout=0.0, radar_noise=0.0, radar_azimuth_noise=0.0,
                radar_speed_noise=0.0, odometry_noise=0.0)  # fmt: skip


def thing(number: int, label: str, colour: str, x: float, y: float, **more: object) -> Thing:
    """A thing of usual size."""
    plain = Thing(id=number, label=label, colour=colour, rgb=COLOURS[colour], x=x, y=y, yaw=0.0, size=SIZES[label])
    return replace(plain, **more)  # type: ignore[arg-type]


def room(*things: Thing, length: float = 12.0, width: float = 10.0) -> World:
    """Four walls around 0…length, 0…width; the start is (2, 5), looking along x."""
    sides = ((-0.1, width / 2, 0.2, width), (length + 0.1, width / 2, 0.2, width), (length / 2, -0.1, length, 0.2),
             (length / 2, width + 0.1, length, 0.2))  # fmt: skip
    walls = tuple(
        Thing(id=1000 + k, label="wall", colour="", rgb=(0.6, 0.6, 0.6), x=x, y=y, yaw=0.0, size=(lx, ly, 2.5))
        for k, (x, y, lx, ly) in enumerate(sides)
    )
    return World(seed=0, kind="room", bounds=(0.0, 0.0, length, width), walls=walls, things=things, start=(2.0, 5.0, 0.0))

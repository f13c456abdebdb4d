# SPDX-License-Identifier: Apache-2.0
"""What is really around the robot: objects, occupancy and what can be seen, in base_link. Knows no sensor noise."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64

from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import inverse, project, transform, wrap_angle, yaw_of
from mm_nav.sim.footprint import heights_in, seen_from_origin
from mm_nav.sim.language import describe
from mm_nav.sim.raycast import RayScene
from mm_nav.sim.rig import CAMERA_FRAME, LIDAR_FRAME, Rig
from mm_nav.sim.world import Thing, World

OBSTACLE_M = 0.15
PROBE_HEIGHTS, PROBE_SIDES = (0.2, 0.5, 0.8), (-0.3, 0.0, 0.3)  # shares of a thing's height and width


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthObject:
    """One thing in base_link: centre of its box, size (length, width, height), velocity over ground along base axes."""

    id: int
    label: str
    colour: str
    phrase: str  # "red cone"
    center: Float64[np.ndarray, "3"]
    size: Float64[np.ndarray, "3"]
    yaw: float
    velocity: Float64[np.ndarray, "2"]
    visible: float  # share of probes on it that the camera sees, 0..1
    rgb: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everything that supervises training, at one instant."""

    T_world_base: Float64[np.ndarray, "4 4"]
    objects: tuple[TruthObject, ...]
    occupancy: Float32[np.ndarray, "y x"]  # 1 where something taller than 0.15 m stands, 0 free, NaN outside the world
    observed: Float32[np.ndarray, "y x"]  # 1 where nothing hides the cell from the LiDAR

    @classmethod
    def empty(cls, T_world_base: Float64[np.ndarray, "4 4"]) -> "Truth":
        """The pose alone, for who does not ask for more."""
        nothing = np.zeros((0, 0), np.float32)
        return cls(T_world_base=T_world_base, objects=(), occupancy=nothing, observed=nothing)


def truth_of(
    world: World, things: tuple[Thing, ...], T_world_base: Float64[np.ndarray, "4 4"], rig: Rig, scene: RayScene,
    grid: BevGrid,
) -> Truth:  # fmt: skip
    """Look at the world from the robot with perfect knowledge."""
    pose = (float(T_world_base[0, 3]), float(T_world_base[1, 3]), yaw_of(T_world_base))
    heights = heights_in(world.solids(things), pose, grid)
    lidar_z = float(rig.transforms[LIDAR_FRAME][2, 3])
    occupancy = np.where(heights > OBSTACLE_M, 1.0, 0.0).astype(np.float32)
    outside = ~_inside(world, pose, grid)
    occupancy[outside & (heights <= OBSTACLE_M)] = np.nan
    return Truth(
        T_world_base=T_world_base,
        objects=_objects(things, T_world_base, visibility(things, T_world_base, rig, scene)),
        occupancy=occupancy,
        observed=np.where(outside & (heights <= OBSTACLE_M), 0.0, seen_from_origin(heights, grid, lidar_z)).astype(np.float32),
    )


def visibility(
    things: tuple[Thing, ...], T_world_base: Float64[np.ndarray, "4 4"], rig: Rig, scene: RayScene
) -> Float64[np.ndarray, " t"]:
    """Share of nine probes on each thing that fall into the picture and are not hidden."""
    if not things:
        return np.zeros(0)
    T_world_cam = T_world_base @ rig.transforms[CAMERA_FRAME]
    eye = T_world_cam[:3, 3]
    probes = np.concatenate([_probes(t, eye) for t in things])
    model = rig.camera_model
    uv, depth = project(model.K, transform(inverse(T_world_cam), probes))
    inside = (depth > 0.05) & (uv >= 0).all(axis=1) & (uv[:, 0] < model.width) & (uv[:, 1] < model.height)
    rays = probes - eye
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    hits = scene.cast(np.tile(eye, (len(rays), 1)).astype(np.float32), rays.astype(np.float32))
    owner = np.where(hits.part >= 0, scene.owner[hits.part], -2)
    wanted = np.repeat([t.id for t in things], len(probes) // len(things))
    return np.asarray((inside & (owner == wanted)).reshape(len(things), -1).mean(axis=1))


def _probes(thing: Thing, eye: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "9 3"]:
    away = np.array([thing.x - eye[0], thing.y - eye[1]])
    side = np.array([-away[1], away[0]]) / max(float(np.hypot(*away)), 1e-6)
    width, height = min(thing.size[:2]), thing.size[2]
    taper = 1.0 if thing.label != "cone" else 0.5
    return np.array([
        [thing.x + side[0] * s * width * taper * (1.1 - h), thing.y + side[1] * s * width * taper * (1.1 - h), h * height]
        for h in PROBE_HEIGHTS for s in PROBE_SIDES
    ])  # fmt: skip


def _objects(
    things: tuple[Thing, ...], T_world_base: Float64[np.ndarray, "4 4"], visible: Float64[np.ndarray, " t"]
) -> tuple[TruthObject, ...]:
    T_base_world = inverse(T_world_base)
    yaw = yaw_of(T_world_base)
    return tuple(
        TruthObject(
            id=t.id, label=t.label, colour=t.colour, phrase=describe(t), rgb=t.rgb,
            center=T_base_world[:3, :3] @ np.array([t.x, t.y, t.size[2] / 2]) + T_base_world[:3, 3],
            size=np.array(t.size), yaw=wrap_angle(t.yaw - yaw),
            velocity=T_base_world[:2, :2] @ np.array(t.velocity), visible=float(seen),
        )
        for t, seen in zip(things, visible, strict=True)
    )  # fmt: skip


def _inside(world: World, pose: tuple[float, float, float], grid: BevGrid) -> Bool[np.ndarray, "y x"]:
    bx = (grid.x_min + (np.arange(grid.columns) + 0.5) * grid.cell)[None, :]
    by = (grid.y_min + (np.arange(grid.rows) + 0.5) * grid.cell)[:, None]
    c, s = np.cos(pose[2]), np.sin(pose[2])
    x, y = pose[0] + c * bx - s * by, pose[1] + s * bx + c * by
    x0, y0, x1, y1 = world.bounds
    return np.asarray((x > x0) & (x < x1) & (y > y0) & (y < y1))

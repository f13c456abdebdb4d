# SPDX-License-Identifier: Apache-2.0
"""Where rays meet a world: one static Open3D scene, a small second one for who walks, the nearer hit wins.

Knows geometry and which part belongs to which thing; what a sensor makes of a hit is not its concern.
"""

from dataclasses import dataclass

import numpy as np
import open3d as o3d
from jaxtyping import Float32, Float64, Int32

from mm_nav.sim.shapes import Part, ground, parts_of
from mm_nav.sim.world import Thing, World

MISS, GROUND_ID = -2, -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What n rays met. ``distance`` is inf and ``part`` is -1 for a miss."""

    distance: Float32[np.ndarray, " n"]
    part: Int32[np.ndarray, " n"]  # row of the scene's part tables
    normal: Float32[np.ndarray, "n 3"]


class RayScene:
    """A world ready for rays. ``update`` moves those who walk.

    Attributes:
        material: per part r, g, b (0..1, linear), pattern, z0, height of the pattern, local x and y axis yaw.
        owner: per part the id of its thing, GROUND_ID for the floor.
    """

    def __init__(self, world: World, ground_rgb: tuple[float, float, float] = (0.45, 0.44, 0.42)) -> None:
        """Build the static scene once (a few milliseconds)."""
        still = [t for t in world.things if not t.walks]
        owned = [(GROUND_ID, 0.0, ground(world.bounds, ground_rgb))]
        owned += [(t.id, t.yaw, p) for t in (*world.walls, *still) for p in parts_of(t)]
        walkers = [t for t in world.things if t.walks]
        moving = [(t.id, t.yaw, p) for t in walkers for p in parts_of(t)]
        self._static = _scene([p for _, _, p in owned])
        self._static_count = len(owned)
        self._moving: o3d.t.geometry.RaycastingScene | None = None
        rows = [(*p.rgb, p.pattern, p.z0, p.height, yaw) for _, yaw, p in (*owned, *moving)]
        self.material: Float64[np.ndarray, "p 7"] = np.array(rows, np.float64)
        self.owner: Int32[np.ndarray, " p"] = np.array([i for i, _, _ in (*owned, *moving)], np.int32)
        self.update(world.things)

    def update(self, things: tuple[Thing, ...]) -> None:
        """Put those who walk where they are now."""
        walkers = [t for t in things if t.walks]
        self._moving = _scene([p for t in walkers for p in parts_of(t)]) if walkers else None

    def cast(self, origins: Float32[np.ndarray, "n 3"], directions: Float32[np.ndarray, "n 3"]) -> Hits:
        """First hits of rays with unit directions, world frame."""
        rays = o3d.core.Tensor(np.concatenate([origins, directions], axis=1, dtype=np.float32))
        t, part, normal = _cast(self._static, rays)
        if self._moving is not None:
            t2, part2, normal2 = _cast(self._moving, rays)
            nearer = np.flatnonzero(t2 < t)
            t[nearer], part[nearer], normal[nearer] = t2[nearer], part2[nearer] + self._static_count, normal2[nearer]
        return Hits(distance=t, part=part, normal=normal)


def _scene(parts: list[Part]) -> o3d.t.geometry.RaycastingScene:
    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    for part in parts:
        scene.add_triangles(o3d.core.Tensor(part.vertices), o3d.core.Tensor(part.triangles))
    return scene


def _cast(
    scene: o3d.t.geometry.RaycastingScene, rays: o3d.core.Tensor
) -> tuple[Float32[np.ndarray, " n"], Int32[np.ndarray, " n"], Float32[np.ndarray, "n 3"]]:
    answer = scene.cast_rays(rays, nthreads=1)
    t = answer["t_hit"].numpy()
    part = answer["geometry_ids"].numpy().astype(np.int32)  # the invalid id 2**32-1 wraps to -1
    return t, part, answer["primitive_normals"].numpy()

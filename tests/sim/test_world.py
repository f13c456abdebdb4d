# SPDX-License-Identifier: Apache-2.0
"""Worlds: the same by seed, furnished sensibly, and with everything in reach."""

from collections import deque

import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.errors import ConfigError
from mm_nav.sim.world import APPROACH_M, COLOURS, KINDS, ROUND, Thing, World, generate

WORLDS = [generate(seed, kind) for seed in range(6) for kind in KINDS]


def corners(thing: Thing) -> np.ndarray:
    """Outline points (n, 2), worked out here again."""
    if thing.label in ROUND:
        a = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        return np.array([thing.x, thing.y]) + thing.size[0] / 2 * np.stack([np.cos(a), np.sin(a)], 1)
    along = np.array([np.cos(thing.yaw), np.sin(thing.yaw)]) * thing.size[0] / 2
    across = np.array([-np.sin(thing.yaw), np.cos(thing.yaw)]) * thing.size[1] / 2
    unit = np.linspace(-1, 1, 25)
    edges = [s * along + u * across for s in (-1, 1) for u in unit] + [u * along + s * across for s in (-1, 1) for u in unit]
    return np.asarray(np.add(edges, (thing.x, thing.y)))


def holds_point(thing: Thing, xy: np.ndarray) -> np.ndarray:
    d = xy - [thing.x, thing.y]
    if thing.label in ROUND:
        return np.asarray(np.hypot(d[:, 0], d[:, 1]) < thing.size[0] / 2)
    c, s = np.cos(thing.yaw), np.sin(thing.yaw)
    return np.asarray((np.abs(c * d[:, 0] + s * d[:, 1]) < thing.size[0] / 2) & (np.abs(-s * d[:, 0] + c * d[:, 1]) < thing.size[1] / 2))


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    assert generate(11) == generate(11)
    assert generate(11) != generate(12)


def test_the_seed_chooses_every_kind_of_world_sooner_or_later() -> None:
    assert {generate(seed).kind for seed in range(20)} == set(KINDS)


@pytest.mark.parametrize("world", WORLDS, ids=lambda w: f"{w.kind}{w.seed}")
def test_nothing_overlaps_anything(world: World) -> None:
    for thing in world.things:
        for other in (*world.walls, *world.things):
            if other.id != thing.id:
                assert not holds_point(other, corners(thing)).any(), (thing, other)


@pytest.mark.parametrize("world", WORLDS, ids=lambda w: f"{w.kind}{w.seed}")
def test_a_flood_from_the_start_comes_near_every_object(world: World) -> None:
    cell, room = 0.1, 0.4
    outlines = np.concatenate([corners(t) for t in world.things] + [dense_wall(w) for w in world.walls])
    x0, y0, x1, y1 = world.bounds
    xs, ys = np.arange(x0 + cell / 2, x1, cell), np.arange(y0 + cell / 2, y1, cell)
    gx, gy = np.meshgrid(xs, ys)
    away = np.full(gx.shape, np.inf)
    for px, py in outlines:
        away = np.minimum(away, np.hypot(gx - px, gy - py))
    open_ = away > room
    seen = np.zeros_like(open_)
    queue = deque([(int((world.start[1] - y0) / cell), int((world.start[0] - x0) / cell))])
    while queue:
        r, c = queue.popleft()
        if 0 <= r < len(ys) and 0 <= c < len(xs) and open_[r, c] and not seen[r, c]:
            seen[r, c] = True
            queue.extend([(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)])
    reached = np.stack([gx[seen], gy[seen]], 1)
    for thing in world.things:
        rim = corners(thing)
        assert min(np.hypot(*(reached - p).T).min() for p in rim) < APPROACH_M, thing


def dense_wall(wall: Thing) -> np.ndarray:
    n = int(max(wall.size[:2]) / 0.1) + 2
    u = np.linspace(-0.5, 0.5, n)
    long = [(wall.x + a * wall.size[0], wall.y + s * wall.size[1] / 2) for a in u for s in (-1, 1)]
    return np.array(long + [(wall.x + s * wall.size[0] / 2, wall.y + a * wall.size[1]) for a in u for s in (-1, 1)])


def test_objects_have_known_names_that_differ_and_sizes_that_fit_them() -> None:
    limits = {"cone": (0.3, 0.45, 0.5, 0.8), "barrel": (0.45, 0.6, 0.8, 1.0), "box": (0.4, 0.9, 0.4, 0.9),
              "person": (0.5, 0.5, 1.5, 1.9), "car": (1.5, 4.5, 1.3, 1.7)}  # fmt: skip
    for world in WORLDS:
        names = [(t.label, t.colour) for t in world.things]
        assert len(set(names)) == len(names) >= 4
        assert {n[0] for n in names} <= set(ModelSpec().classes)
        assert {n[1] for n in names} <= set(COLOURS)
        assert "car" not in {n[0] for n in names} or world.kind == "street"
        assert [t.id for t in world.things] == list(range(len(names)))
        for thing in world.things:
            low, high, short, tall = limits[thing.label]
            assert low <= min(thing.size[:2]) <= max(thing.size[:2]) <= high
            assert short <= thing.size[2] <= tall


def test_an_unknown_kind_of_world_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'swamp' is unknown; use one of room"):
        generate(0, "swamp")

# SPDX-License-Identifier: Apache-2.0
"""Procedural worlds by seed: rooms, corridors and streets with coloured objects and people that walk.

Flat ground at z = 0, metres, one fixed world frame. Knows neither sensors nor robots nor language.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float64

from mm_nav.core.config import ModelSpec
from mm_nav.errors import ConfigError
from mm_nav.sim import footprint
from mm_nav.sim.search import Terrain

KINDS = ("room", "corridor", "street")
KIND_SHARE = (0.55, 0.2, 0.25)
CLASSES = ModelSpec().classes
COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.80, 0.06, 0.06), "green": (0.08, 0.52, 0.14), "blue": (0.08, 0.18, 0.78), "yellow": (0.92, 0.80, 0.08),
    "orange": (0.95, 0.42, 0.03), "white": (0.92, 0.92, 0.90), "black": (0.05, 0.05, 0.06), "purple": (0.48, 0.12, 0.60),
}  # fmt: skip
ROUND = ("cone", "barrel", "person")
PASSAGE_M = 0.45  # clearance that a robot's centre needs; every object can be reached with it
APPROACH_M = 0.9  # a robot's centre can come this near to every object's surface
WALL_ID = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that stands on the ground. ``size`` is length (own x), width, height; velocity is over ground."""

    id: int
    label: str  # a class of ModelSpec, or "wall"
    colour: str
    rgb: tuple[float, float, float]
    x: float
    y: float
    yaw: float
    size: tuple[float, float, float]
    velocity: tuple[float, float] = (0.0, 0.0)
    waypoints: tuple[tuple[float, float], ...] = ()
    speed: float = 0.0  # walking speed; 0 for what never moves

    @property
    def walks(self) -> bool:
        """Whether it moves on its own."""
        return self.speed > 0

    def solid(self) -> Float64[np.ndarray, "8"]:
        """Its footprint as a row for mm_nav.sim.footprint."""
        length, width, height = self.size
        if self.label in ROUND:
            return footprint.disc(self.x, self.y, length / 2, height)
        return footprint.rectangle(self.x, self.y, self.yaw, length, width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One procedural world. ``bounds`` is x_min, y_min, x_max, y_max of the ground where anything can be."""

    seed: int
    kind: str
    bounds: tuple[float, float, float, float]
    walls: tuple[Thing, ...]
    things: tuple[Thing, ...]  # ids 0..n-1 in order
    start: tuple[float, float, float]
    style: dict[str, float] = field(default_factory=dict)

    def solids(self, things: tuple[Thing, ...] | None = None) -> footprint.Solids:
        """Footprints of walls, then of ``things`` (default: as generated)."""
        return np.stack([t.solid() for t in (*self.walls, *(self.things if things is None else things))])


def generate(seed: int, kind: str | None = None) -> World:
    """The world of a seed; the same seed and kind always give the same world.

    Raises:
        ConfigError: for an unknown kind.
    """
    if kind is not None and kind not in KINDS:
        raise ConfigError(f"world kind {kind!r} is unknown; use one of {', '.join(KINDS)}")
    rng = np.random.default_rng([seed, 1])
    drawn = str(rng.choice(KINDS, p=KIND_SHARE))
    kind = kind or drawn
    for _ in range(200):
        world = _attempt(seed, kind, rng)
        if world is not None:
            return world
    raise ConfigError(f"seed {seed} gives no {kind} where everything can be reached; use another seed")


def _attempt(seed: int, kind: str, rng: np.random.Generator) -> World | None:
    bounds, walls = _LAYOUTS[kind](rng)
    start = _start(bounds, walls, rng)
    if start is None:
        return None
    things = _furnish(kind, bounds, walls, start, rng)
    world = World(seed=seed, kind=kind, bounds=bounds, walls=tuple(walls), things=tuple(things), start=start)
    return world if len(things) >= 4 and _all_reachable(world) else None


# ---------------------------------------------------------------- layouts

Bounds = tuple[float, float, float, float]


def _wall(k: int, x0: float, y0: float, x1: float, y1: float, height: float, grey: float) -> Thing:
    rgb = (grey, grey, grey)
    return Thing(id=WALL_ID + k, label="wall", colour="", rgb=rgb, x=(x0 + x1) / 2, y=(y0 + y1) / 2, yaw=0.0,
                 size=(x1 - x0, y1 - y0, height))  # fmt: skip


def _enclosure(length: float, width: float, height: float, grey: float, ends: float | None = None) -> list[Thing]:
    t = 0.2
    ends = height if ends is None else ends
    return [
        _wall(0, -t, -t, length + t, 0, height, grey),
        _wall(1, -t, width, length + t, width + t, height, grey),
        _wall(2, -t, 0, 0, width, ends, grey),
        _wall(3, length, 0, length + t, width, ends, grey),
    ]


def _room(rng: np.random.Generator) -> tuple[Bounds, list[Thing]]:
    length, width = rng.uniform(10, 14, 2)
    height, grey = rng.uniform(2.3, 3.2), rng.uniform(0.45, 0.9)
    walls = _enclosure(length, width, height, grey)
    if rng.random() < 0.5:  # a partition that hides a part of the room
        reach = rng.uniform(2.5, 0.5 * width)
        at = rng.uniform(0.3, 0.7) * length
        low = rng.random() < 0.5
        walls.append(_wall(4, at, 0 if low else width - reach, at + 0.2, reach if low else width, height, grey))
    return (0.0, 0.0, float(length), float(width)), walls


def _corridor(rng: np.random.Generator) -> tuple[Bounds, list[Thing]]:
    length, width = rng.uniform(17, 24), rng.uniform(3.2, 4.6)
    height, grey = rng.uniform(2.2, 2.8), rng.uniform(0.5, 0.9)
    walls = _enclosure(length, width, height, grey)
    for k in range(int(rng.integers(0, 4))):  # pilasters
        x = rng.uniform(2, length - 2)
        low = rng.random() < 0.5
        walls.append(_wall(4 + k, x, 0 if low else width - 0.35, x + 0.4, 0.35 if low else width, height, grey * 0.9))
    return (0.0, 0.0, float(length), float(width)), walls


def _street(rng: np.random.Generator) -> tuple[Bounds, list[Thing]]:
    length, width = rng.uniform(22, 28), rng.uniform(8, 11)
    walls = _enclosure(length, width, rng.uniform(4, 7), rng.uniform(0.35, 0.7), ends=1.1)
    for k in range(int(rng.integers(1, 5))):  # lamp posts and porches
        low, x = rng.random() < 0.5, rng.uniform(2, length - 2)
        if rng.random() < 0.6:
            y = 1.6 if low else width - 1.6
            walls.append(_wall(4 + k, x - 0.08, y - 0.08, x + 0.08, y + 0.08, 4.0, 0.3))
        else:
            walls.append(_wall(4 + k, x, 0 if low else width - 0.8, x + 1.8, 0.8 if low else width, 3.0, 0.5))
    return (0.0, 0.0, float(length), float(width)), walls


_LAYOUTS = {"room": _room, "corridor": _corridor, "street": _street}


def _start(bounds: Bounds, walls: list[Thing], rng: np.random.Generator) -> tuple[float, float, float] | None:
    solids = np.stack([w.solid() for w in walls])
    for _ in range(50):
        x = rng.uniform(bounds[0] + 0.9, bounds[2] - 0.9)
        y = rng.uniform(bounds[1] + 0.9, bounds[3] - 0.9)
        if footprint.clearance(solids, np.array([[x, y]]))[0] > 0.8:
            return float(x), float(y), float(rng.uniform(-np.pi, np.pi))
    return None


# ---------------------------------------------------------------- objects


def _size(label: str, rng: np.random.Generator) -> tuple[float, float, float]:
    if label == "cone":
        width = rng.uniform(0.30, 0.45)
        return float(width), float(width), float(rng.uniform(0.5, 0.8))
    if label == "barrel":
        width = rng.uniform(0.46, 0.58)
        return float(width), float(width), float(rng.uniform(0.8, 1.0))
    if label == "person":
        return 0.5, 0.5, float(rng.uniform(1.55, 1.85))
    if label == "car":
        return float(rng.uniform(3.6, 4.4)), float(rng.uniform(1.6, 1.85)), float(rng.uniform(1.35, 1.6))
    length, width, height = rng.uniform(0.4, 0.9, 3)
    return float(length), float(width), float(height)


def _draw_names(kind: str, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Unique (class, colour) pairs; colours and classes recur so that neither alone tells things apart."""
    share = {"box": 0.3, "cone": 0.3, "barrel": 0.24, "person": 0.16, "car": 0.0}
    if kind == "street":
        share = {"box": 0.2, "cone": 0.27, "barrel": 0.2, "person": 0.18, "car": 0.15}
    labels = list(CLASSES)
    p = np.array([share.get(label, 0.0) for label in labels])
    names: list[tuple[str, str]] = []
    count = int(rng.integers(4, 8)) if kind == "corridor" else int(rng.integers(5, 10))
    for _ in range(100):
        label = str(rng.choice(labels, p=p / p.sum()))
        if names and rng.random() < 0.5:
            colour = names[int(rng.integers(len(names)))][1]
        else:
            colour = str(rng.choice(list(COLOURS)))
        people = sum(name[0] == "person" for name in names)
        if (label, colour) not in names and not (label == "person" and people >= 3):
            names.append((label, colour))
        if len(names) == count:
            break
    return names


def _furnish(
    kind: str, bounds: Bounds, walls: list[Thing], start: tuple[float, float, float], rng: np.random.Generator
) -> list[Thing]:
    placed: list[Thing] = []
    for label, colour in _draw_names(kind, rng):
        size = _size(label, rng)
        rgb = tuple(float(v) for v in np.clip(np.array(COLOURS[colour]) * rng.uniform(0.85, 1.12) + rng.normal(0, 0.015, 3), 0.02, 1))
        for _ in range(60):
            yaw = float(rng.uniform(-np.pi, np.pi))
            if label == "car":
                yaw = float(rng.choice([0.0, np.pi]) + rng.normal(0, 0.03))
            x, y = float(rng.uniform(bounds[0], bounds[2])), float(rng.uniform(bounds[1], bounds[3]))
            thing = Thing(id=len(placed), label=label, colour=colour, rgb=rgb, x=x, y=y, yaw=yaw, size=size)  # type: ignore[arg-type]
            if _fits(thing, kind, walls, placed, start):
                placed.append(thing)
                break
    return [_with_walk(t, bounds, walls, placed, rng) if t.label == "person" else t for t in placed]


def _fits(thing: Thing, kind: str, walls: list[Thing], placed: list[Thing], start: tuple[float, float, float]) -> bool:
    outline = _outline(thing)
    wall_gap, gap = (0.08, 0.7) if kind == "corridor" else (0.12, 1.0)
    if footprint.clearance(np.stack([w.solid() for w in walls]), outline).min() < wall_gap:
        return False
    if placed and footprint.clearance(np.stack([p.solid() for p in placed]), outline).min() < gap:
        return False
    return footprint.distance(thing.solid(), start[0], start[1]) > 1.2


def _outline(thing: Thing) -> Float64[np.ndarray, "n 2"]:
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    length, width, _ = thing.size
    if thing.label in ROUND:
        local = np.stack([np.cos(turn), np.sin(turn)], 1) * length / 2
    else:
        ring = np.stack([np.cos(turn), np.sin(turn)], 1)
        local = ring / np.abs(ring).max(axis=1, keepdims=True) * [length / 2, width / 2]
    c, s = np.cos(thing.yaw), np.sin(thing.yaw)
    return np.asarray(local @ np.array([[c, s], [-s, c]]) + [thing.x, thing.y])


def _with_walk(
    person: Thing, bounds: Bounds, walls: list[Thing], placed: list[Thing], rng: np.random.Generator
) -> Thing:
    if rng.random() < 0.4:
        return person
    others = np.stack([t.solid() for t in (*walls, *placed) if t.id != person.id])
    way = [(person.x, person.y)]
    for _ in range(60):
        step = rng.uniform(2.0, 6.0) * np.array([np.cos(a := rng.uniform(-np.pi, np.pi)), np.sin(a)])
        there = np.array(way[-1]) + step
        line = np.array(way[-1]) + np.linspace(0, 1, 40)[:, None] * step
        inside = bounds[0] < there[0] < bounds[2] and bounds[1] < there[1] < bounds[3]
        if inside and footprint.clearance(others, line).min() > 0.35:
            way.append((float(there[0]), float(there[1])))
        if len(way) == 4:
            break
    if len(way) < 2:
        return person
    return replace(person, waypoints=tuple(way), speed=float(rng.uniform(0.4, 1.1)))


def _all_reachable(world: World) -> bool:
    """Grid search from the start: a robot's centre gets within APPROACH_M of every object's surface."""
    terrain = Terrain.of(world.solids(), world.bounds, cell=0.15)
    at_start = np.zeros(terrain.clearance.shape, bool)
    at_start[terrain.index(world.start[0], world.start[1])] = True
    ways = terrain.field(at_start, PASSAGE_M, comfort=0.0)
    return all(
        bool(np.isfinite(ways[terrain.distances_to(t.solid()) < APPROACH_M - 0.1]).any()) for t in world.things
    )

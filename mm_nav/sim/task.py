# SPDX-License-Identifier: Apache-2.0
"""What a robot is told to do in a world, drawn by seed. Judging whether it did it is the simulation's business."""

from dataclasses import dataclass

import numpy as np

from mm_nav.errors import ConfigError
from mm_nav.sim import footprint, language
from mm_nav.sim.world import Thing, World

NAMES = ("goto", "goto_relation", "goto_zh", "turn", "stop", "move")
SHARE = (0.42, 0.2, 0.2, 0.07, 0.06, 0.05)
NEAREST_START_M = 2.6  # a goal nearer than this is reached before the robot did anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One order. ``script`` lists (seconds after the start, text); ``text`` is the order that counts."""

    name: str
    text: str
    script: tuple[tuple[float, str], ...]
    target_id: int | None = None
    phrase: str = ""
    reference: language.Reference | None = None
    amount: float = 0.0  # radians for turn (+ left), metres for move (+ ahead)
    at_s: float = 0.0  # when ``text`` is said

    @property
    def has_goal(self) -> bool:
        """Whether it is fulfilled by standing at the target."""
        return self.name.startswith("goto")


def draw(world: World, seed: int, name: str | None = None, turns_in_place: bool = True) -> Task:
    """The task of a seed in a world.

    Args:
        name: one of NAMES, or None to let the seed choose.
        turns_in_place: a car-like robot is never asked to turn on the spot.

    Raises:
        ConfigError: for an unknown name.
    """
    if name is not None and name not in NAMES:
        raise ConfigError(f"task {name!r} is unknown; use one of {', '.join(NAMES)}")
    rng = np.random.default_rng([seed, 2])
    drawn = str(rng.choice(NAMES, p=SHARE))
    name = name or (drawn if turns_in_place or drawn != "turn" else "goto")
    if name == "turn":
        degrees = int(rng.choice([45, 60, 90, 120, 135, 180])) * (1 if rng.random() < 0.5 else -1)
        text = language.turn_sentence(degrees, rng)
        return Task(name=name, text=text, script=((0.0, text),), amount=float(np.deg2rad(degrees)))
    if name == "move":
        metres = _free_move(world, rng)
        text = language.move_sentence(metres, rng)
        return Task(name=name, text=text, script=((0.0, text),), amount=metres)
    target, ref = _goal(world, rng, name)
    chinese = name == "goto_zh" or (name == "stop" and rng.random() < 0.3)
    phrase = language.phrase_of(ref, rng, chinese)
    text = language.go_sentence(phrase, rng, chinese)
    if name != "stop":
        return Task(name=name, text=text, script=((0.0, text),), target_id=target.id, phrase=phrase, reference=ref)
    at = round(float(rng.uniform(2.0, 4.0)), 1)
    stop = language.stop_sentence(rng)
    return Task(name=name, text=stop, script=((0.0, text), (at, stop)), target_id=target.id, phrase=phrase, reference=ref,
                at_s=at)  # fmt: skip


def _goal(world: World, rng: np.random.Generator, name: str) -> tuple[Thing, language.Reference]:
    """A thing to go to, that stands still and not at the start, and a reference that is true of it alone."""
    x, y, _ = world.start
    still = [t for t in world.things if not t.walks]
    far = [t for t in still if footprint.distance(t.solid(), x, y) > NEAREST_START_M]
    if not far:
        far = [max(still, key=lambda t: footprint.distance(t.solid(), x, y))]
    order = [far[i] for i in rng.permutation(len(far))]
    if name == "goto_relation" or (name == "goto_zh" and rng.random() < 0.25):
        for target in order:
            refs = language.references(target, world.things, (x, y))
            if refs:
                return target, refs[int(rng.integers(len(refs)))]
    return order[0], language.Reference(label=order[0].label, colour=order[0].colour)


def _free_move(world: World, rng: np.random.Generator) -> float:
    x, y, yaw = world.start
    ahead = np.array([np.cos(yaw), np.sin(yaw)])
    options = [float(m) for m in (1, 1.5, 2, 3, -1, -0.5)]
    solids = world.solids()
    fits = [m for m in options
            if footprint.clearance(solids, np.array([x, y]) + np.linspace(0, m * 1.2, 30)[:, None] * ahead).min() > 0.5]  # fmt: skip
    return fits[int(rng.integers(len(fits)))] if fits else -0.5

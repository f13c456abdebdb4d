# SPDX-License-Identifier: Apache-2.0
"""Orders in a user's own words: which thing of a world they mean, and a world in which they mean one.

Names are the simulator's own (language.py), read the way the robot reads them. What is not named so is not judged here: the
robot's own word then counts.
"""

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mm_nav.core import command
from mm_nav.core.geometry import wrap_angle
from mm_nav.core.types import Command, Intent, Relation
from mm_nav.sim import footprint, language, world
from mm_nav.sim.task import NEAREST_START_M, Task
from mm_nav.sim.world import Thing, World

TO_A_THING = (Intent.GO_TO, Intent.LOOK_FOR, Intent.FOLLOW)
WORLDS = 2000  # that are looked through; 10 ms each
WORLDS_MORE = 800  # after one that will do
AHEAD_M, AHEAD_RAD = 6.0, float(np.deg2rad(60))
BESIDE_M = 1.0  # of the line from one landmark to the other, for what stands between them
Name = tuple[str, str | None]  # class, and colour if it was said


def spoken_task(here: World, text: str) -> Task:
    """A task of the user's own words: judged where they name one thing of this world, a turn or a move."""
    heard = command.parse(text)
    task = Task(name="goto", text=text, script=((0.0, text),))
    if not isinstance(heard, Command):
        return task
    if heard.intent in (Intent.TURN, Intent.MOVE_BY):
        return replace(task, name="turn" if heard.intent is Intent.TURN else "move", amount=heard.amount)
    meant = things_meant(heard, here)
    return replace(task, phrase=heard.phrase, target_id=meant[0].id) if len(meant) == 1 else task


def world_for(text: str, seed: int) -> int | None:
    """A seed from ``seed`` on whose world holds exactly one thing that an order to go to it means, and not at the start.

    The first one where it is ahead and near; where there is none soon after the first that will do, that one. None if the order
    names no class that the simulator has, or no world was found.
    """
    heard = command.parse(text)
    if not isinstance(heard, Command) or heard.intent not in TO_A_THING or _name(heard.target) is None:
        return None
    will_do, last = None, seed + WORLDS
    for tried in range(seed, seed + WORLDS):
        if tried >= last:
            break
        here = world.generate(tried)
        meant = things_meant(heard, here)
        if len(meant) != 1 or footprint.distance(meant[0].solid(), *here.start[:2]) <= NEAREST_START_M:
            continue
        if _is_ahead(meant[0], here):
            return tried
        if will_do is None:
            will_do, last = tried, tried + WORLDS_MORE
    return will_do


def _is_ahead(thing: Thing, here: World) -> bool:
    x, y, yaw = here.start
    bearing = wrap_angle(float(np.arctan2(thing.y - y, thing.x - x)) - yaw)
    return float(np.hypot(thing.x - x, thing.y - y)) < AHEAD_M and abs(bearing) < AHEAD_RAD


def things_meant(heard: Command, here: World) -> list[Thing]:
    """Everything in a world that an order's target, relation and landmarks are true of, as seen from the start."""
    found = _called(heard.target, here.things)
    marks = [_called(name, here.things) for name in heard.landmarks]
    if heard.relation is None:
        return found
    if heard.relation is Relation.NEAREST:
        xy = (marks[0][0].x, marks[0][0].y) if marks and len(marks[0]) == 1 else here.start[:2]
        return sorted(found, key=lambda t: footprint.distance(t.solid(), *xy))[:1]
    if heard.relation is Relation.BETWEEN:
        pairs = [(a, b) for a in marks[0] for b in marks[-1] if a.id != b.id] if marks else []
        return [t for t in found if any(_between(t, a, b) for a, b in pairs)]
    relation = heard.relation.value.replace("_", " ")
    return [t for t in found if any(language.holds(relation, t, a, here.start[:2]) for names in marks for a in names)]


def _called(phrase: str, things: Sequence[Thing]) -> list[Thing]:
    name = _name(phrase)
    return [t for t in things if name is not None and t.label == name[0] and name[1] in (None, t.colour)]


def _between(thing: Thing, a: Thing, b: Thing) -> bool:
    if thing.id in (a.id, b.id):
        return False
    along, at = np.array([b.x - a.x, b.y - a.y]), np.array([thing.x - a.x, thing.y - a.y])
    share = float(at @ along / max(along @ along, 1e-9))
    return 0 < share < 1 and float(np.hypot(*(at - share * along))) < BESIDE_M


def _name(phrase: str) -> Name | None:
    """Class and colour of a noun phrase; one more "s" or "es" is a plural."""
    known, bare = _names(), _bare(phrase)
    return next((known[one] for one in (bare, bare.removesuffix("es"), bare.removesuffix("s")) if one in known), None)


@functools.cache
def _names() -> dict[str, Name]:
    """What each noun phrase of the simulator's is called, as the robot reads it."""
    found: dict[str, Name] = {}
    for label in language.NOUNS:
        found |= {_bare(noun): (label, None) for noun in (*language.NOUNS[label], *language.NOUNS_ZH[label])}
        for colour in language.COLOURS_ZH:
            phrases = (*language.english_phrases(label, colour), *language.chinese_phrases(label, colour))
            found |= {_bare(phrase): (label, colour) for phrase in phrases}
    return found


def _bare(phrase: str) -> str:
    heard = command.parse(f"go to {phrase}")
    return (heard.phrase if isinstance(heard, Command) else phrase).casefold()

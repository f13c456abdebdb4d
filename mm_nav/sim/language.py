# SPDX-License-Identifier: Apache-2.0
"""Spoken goals in English and Chinese, made from a scene so that each names exactly one thing.

Words and geometry only: knows neither sensors nor robots. The templates are what training and evaluation say;
what the robot understands is mm_nav.core.command's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mm_nav.sim import footprint
from mm_nav.sim.world import Thing

NOUNS = {
    "box": ("box", "crate", "case"), "cone": ("cone", "traffic cone", "pylon"), "barrel": ("barrel", "drum", "keg"),
    "person": ("person", "pedestrian", "man or woman"), "car": ("car", "vehicle", "automobile"),
}  # fmt: skip
NOUNS_ZH = {
    "box": ("箱子", "盒子", "箱"), "cone": ("锥桶", "路锥", "交通锥", "锥形筒"), "barrel": ("桶", "圆桶", "油桶"),
    "person": ("人", "行人"), "car": ("汽车", "车", "轿车"),
}  # fmt: skip
COLOURS_ZH = {"red": "红", "green": "绿", "blue": "蓝", "yellow": "黄", "orange": "橙", "white": "白", "black": "黑",
              "purple": "紫"}  # fmt: skip
GO = ("go to the {}", "drive to the {}", "drive over to the {}", "please move to the {}", "head to the {}",
      "navigate to the {}", "can you go to the {}", "go over to the {}", "move towards the {}", "approach the {}",
      "please drive up to the {}", "find the {}", "take me to the {}", "go and stand by the {}", "i want you to go to the {}",
      "robot, go to the {}")  # fmt: skip
GO_ZH = ("去{}旁边", "开到{}那里", "找到{}", "去{}那边", "请到{}那儿去", "走到{}旁边", "前往{}", "开到{}旁边", "请开到{}跟前",
         "到{}那里去", "麻烦去一下{}那里", "请移动到{}附近")  # fmt: skip
RELATIONS = {
    "next to": (("next to", "beside", "near"), ("旁边", "附近")),
    "behind": (("behind", "in back of"), ("后面", "后方")),
    "in front of": (("in front of",), ("前面", "前方")),
    "left of": (("left of", "to the left of"), ("左边", "左侧")),
    "right of": (("right of", "to the right of"), ("右边", "右侧")),
}
STOPS = ("stop", "halt", "stop now", "please stop", "stop moving", "停", "停下", "停止", "停下来", "请停车")
TURNS = ("turn {side} {deg} degrees", "turn {side} by {deg} degrees", "rotate {deg} degrees to the {side}",
         "please turn {deg} degrees {side}", "{zh}转{deg}度", "向{zh}转{deg}度", "请原地{zh}转{deg}度")  # fmt: skip
MOVES = ("move {way} {m} meters", "drive {way} {m} m", "go {way} {m} metres", "please move {way} by {m} meters",
         "{zh}{m}米", "向{zhway}走{m}米", "往{zhway}开{m}米")  # fmt: skip
NEAR_M, FAR_M = 1.6, 3.5


class Named(Protocol):
    """Anything with a class and a colour."""

    @property
    def label(self) -> str: ...

    @property
    def colour(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a phrase says: a class, perhaps a colour, perhaps a relation to a thing named by class and colour.

    Relations are seen from ``viewpoint`` (x, y), where the robot was when it was told.
    """

    label: str
    colour: str | None = None
    relation: str | None = None
    anchor: tuple[str, str] | None = None  # label, colour
    viewpoint: tuple[float, float] = (0.0, 0.0)

    def matches(self, things: Sequence[Thing]) -> list[int]:
        """Ids of the things that it is true of."""
        found = [t for t in things if t.label == self.label and self.colour in (None, t.colour)]
        if self.relation is None:
            return [t.id for t in found]
        anchors = [t for t in things if (t.label, t.colour) == self.anchor]
        return [t.id for t in found for a in anchors if holds(self.relation, t, a, self.viewpoint)]


def holds(relation: str, thing: Thing, anchor: Thing, viewpoint: tuple[float, float]) -> bool:
    """Whether ``thing`` stands in a relation to ``anchor`` for someone who looks from ``viewpoint`` at the anchor."""
    if thing.id == anchor.id:
        return False
    dx, dy = thing.x - anchor.x, thing.y - anchor.y
    if relation == "next to":
        gap = footprint.distance(anchor.solid(), thing.x, thing.y) - min(thing.size[:2]) / 2
        return gap < NEAR_M
    ux, uy = anchor.x - viewpoint[0], anchor.y - viewpoint[1]
    norm = float(np.hypot(ux, uy))
    if norm < 0.5 or np.hypot(dx, dy) > FAR_M:
        return False
    along, side = (dx * ux + dy * uy) / norm, (-dx * uy + dy * ux) / norm
    measured = {"behind": (along, side), "in front of": (-along, side), "left of": (side, along), "right of": (-side, along)}
    much, little = measured[relation]
    return bool(much > 0.6 and abs(little) < 0.6 * much)


# ---------------------------------------------------------------- noun phrases


def describe(thing: Named) -> str:
    """The plain English name: "red cone"."""
    return f"{thing.colour} {thing.label}"


def describe_zh(thing: Named) -> str:
    """The plain Chinese name: "红色锥桶"."""
    return f"{COLOURS_ZH[thing.colour]}色{NOUNS_ZH[thing.label][0]}"


def english_phrases(label: str, colour: str) -> list[str]:
    """Ways to name a thing in English, the plain one first."""
    phrases = [f"{colour} {noun}" for noun in NOUNS[label][:2]]
    if label == "person":
        wearing = ("person in {}", "person wearing {}", "pedestrian in {}", "person dressed in {}", "someone in {}")
        return [*phrases, *(p.format(colour) for p in wearing)]
    return [*phrases, *(f"{colour} {noun}" for noun in NOUNS[label][2:]), f"{label} that is {colour}",
            f"{colour} coloured {label}"]  # fmt: skip


def chinese_phrases(label: str, colour: str) -> list[str]:
    """Ways to name a thing in Chinese, the plain one first."""
    short = COLOURS_ZH[colour]
    nouns = NOUNS_ZH[label]
    phrases = [f"{short}色{n}" for n in nouns] + [f"{short}色的{n}" for n in nouns]
    if label == "person":
        return [*phrases, *(p.format(short) for p in ("穿{}衣服的人", "穿{}色衣服的人", "{}衣服的人", "穿{}色衣服的行人"))]
    return [*phrases, f"{short}{nouns[0]}", f"那个{short}色的{nouns[0]}"]


def phrases_for(thing: Named, rng: np.random.Generator) -> tuple[str, ...]:
    """Every noun phrase, English and Chinese, in random order (for augmentation)."""
    every = english_phrases(thing.label, thing.colour) + chinese_phrases(thing.label, thing.colour)
    return tuple(every[i] for i in rng.permutation(len(every)))


# ---------------------------------------------------------------- sentences


def references(target: Thing, things: Sequence[Thing], viewpoint: tuple[float, float]) -> list[Reference]:
    """Every reference with a relation that is true of ``target`` alone; anchors stand still and have one name."""
    found = []
    for anchor in things:
        if anchor.id == target.id or anchor.walks or (anchor.label, anchor.colour) == (target.label, target.colour):
            continue
        for relation in RELATIONS:
            for colour in (target.colour, None):
                ref = Reference(label=target.label, colour=colour, relation=relation,
                                anchor=(anchor.label, anchor.colour), viewpoint=viewpoint)  # fmt: skip
                if ref.matches(things) == [target.id]:
                    found.append(ref)
    return found


def phrase_of(ref: Reference, rng: np.random.Generator, chinese: bool) -> str:
    """A noun phrase for a reference, with random synonyms."""
    if chinese:
        noun = str(rng.choice(NOUNS_ZH[ref.label])) if ref.colour is None else _pick(chinese_phrases(ref.label, ref.colour), rng)
        if ref.relation is None or ref.anchor is None:
            return noun
        place = _pick(RELATIONS[ref.relation][1], rng)
        return f"{_pick(chinese_phrases(*ref.anchor)[:2], rng)}{place}的{noun}"
    noun = _pick(NOUNS[ref.label][:2], rng) if ref.colour is None else _pick(english_phrases(ref.label, ref.colour), rng)
    if ref.relation is None or ref.anchor is None:
        return noun
    return f"{noun} {_pick(RELATIONS[ref.relation][0], rng)} the {_pick(english_phrases(*ref.anchor)[:2], rng)}"


def go_sentence(phrase: str, rng: np.random.Generator, chinese: bool) -> str:
    """A command to go to what ``phrase`` names."""
    return _pick(GO_ZH if chinese else GO, rng).format(phrase)


def stop_sentence(rng: np.random.Generator) -> str:
    """A command to stop."""
    return _pick(STOPS, rng)


def turn_sentence(degrees: int, rng: np.random.Generator) -> str:
    """A command to turn in place; positive degrees are to the left."""
    side, zh = ("left", "左") if degrees > 0 else ("right", "右")
    return _pick(TURNS, rng).format(side=side, zh=zh, deg=abs(degrees))


def move_sentence(metres: float, rng: np.random.Generator) -> str:
    """A command to drive straight; positive is ahead."""
    way, zh, zhway = ("forward", "前进", "前") if metres > 0 else ("backward", "后退", "后")
    return _pick(MOVES, rng).format(way=way, zh=zh, zhway=zhway, m=f"{abs(metres):g}")


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]

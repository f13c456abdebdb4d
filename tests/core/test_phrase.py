# SPDX-License-Identifier: Apache-2.0
"""What is said of a thing is taken apart the same way in both languages, for all that the simulator says."""

import numpy as np
import pytest

pytest.importorskip("open3d", reason="simulator extra not installed: pip install mm_nav[sim]", exc_type=ImportError)

from mm_nav.core.command import parse
from mm_nav.core.phrase import take_apart
from mm_nav.core.types import Command, Intent, Relation
from mm_nav.sim import language

NAMES = {r: Relation(r.replace(" ", "_")) for r in language.RELATIONS}


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("relation", sorted(NAMES))
def test_every_relation_that_the_simulator_says_is_understood(relation: str, chinese: bool) -> None:
    rng = np.random.default_rng(0)
    name, nouns = (language.chinese_phrases, language.NOUNS_ZH) if chinese else (language.english_phrases, language.NOUNS)
    for label in language.NOUNS:
        for colour in (None, "red", "purple"):
            for anchor in (("box", "blue"), ("person", "green"), ("car", "white")):
                ref = language.Reference(label=label, colour=colour, relation=relation, anchor=anchor)
                said = language.go_sentence(language.phrase_of(ref, rng, chinese), rng, chinese)
                heard = parse(said)
                assert isinstance(heard, Command), said
                assert heard.relation is NAMES[relation], said
                assert heard.target in (nouns[label] if colour is None else name(label, colour)), said
                assert heard.landmarks[0] in name(*anchor), said


@pytest.mark.parametrize(
    ("phrase", "parts"),
    [
        ("red cone", ("red cone", None, ())),
        ("person in red", ("person in red", None, ())),
        ("box that is red", ("box that is red", None, ())),
        ("穿红衣服的人", ("穿红衣服的人", None, ())),
        ("left of the box", ("box", None, ())),
        ("cone between the red box and the blue barrel", ("cone", Relation.BETWEEN, ("red box", "blue barrel"))),
        ("cone between the barrels", ("cone", Relation.BETWEEN, ("barrels",))),
        ("红箱子和蓝桶之间的锥桶", ("锥桶", Relation.BETWEEN, ("红箱子", "蓝桶"))),
        ("nearest cone", ("cone", Relation.NEAREST, ())),
        ("最近的箱子", ("箱子", Relation.NEAREST, ())),
        ("离我最近的箱子", ("箱子", Relation.NEAREST, ())),
        ("离红色桶最近的箱子", ("箱子", Relation.NEAREST, ("红色桶",))),
        ("cone closest to the box", ("cone", Relation.NEAREST, ("box",))),
        ("cone standing right behind the box", ("cone", Relation.BEHIND, ("box",))),
        ("cone next to the box behind the car", ("cone", Relation.NEXT_TO, ("box",))),
        ("person in red on the left side of the car", ("person in red", Relation.LEFT_OF, ("car",))),
    ],
)
def test_phrases_come_apart_as_people_mean_them(phrase: str, parts: tuple[str, Relation | None, tuple[str, ...]]) -> None:
    assert take_apart(phrase) == parts


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("keep away from the red barrel", "red barrel"), ("stay well clear of the person in red", "person in red"),
        ("avoid the box", "box"), ("don't go near the cone please", "cone"), ("do not go to the red box", "red box"),
        ("never approach the car", "car"), ("please avoid getting close to the barrel", "barrel"),
        ("不要靠近红色的桶", "红色的桶"), ("离那个人远一点", "人"), ("请避开那辆汽车", "汽车"), ("别去红箱子那里", "红箱子"),
    ],
)  # fmt: skip
def test_to_avoid_is_never_to_go(text: str, what: str) -> None:
    heard = parse(text)
    assert isinstance(heard, Command)
    assert (heard.intent, heard.target) == (Intent.AVOID, what)


def test_two_orders_in_one_are_refused() -> None:
    assert not isinstance(parse("avoid the box and go to the cone"), Command)

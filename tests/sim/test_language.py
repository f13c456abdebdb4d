# SPDX-License-Identifier: Apache-2.0
"""Phrases name exactly one thing, relations are true, and what is said can be understood."""

import numpy as np
import pytest

from mm_nav.core import command
from mm_nav.core.types import Command, Intent
from mm_nav.sim import language, task
from mm_nav.sim.language import Reference, describe, describe_zh, holds
from mm_nav.sim.world import CLASSES, COLOURS, generate
from tests.sim.scenes import thing

WORLDS = [generate(seed) for seed in range(40)]


def test_things_are_described_by_colour_and_class_in_both_languages() -> None:
    cone = thing(0, "cone", "red", 0, 0)
    assert (describe(cone), describe_zh(cone)) == ("red cone", "红色锥桶")


def test_no_noun_phrase_is_shared_by_two_kinds_of_thing() -> None:
    owner: dict[str, tuple[str, str]] = {}
    for label in CLASSES:
        for colour in COLOURS:
            for phrase in language.english_phrases(label, colour) + language.chinese_phrases(label, colour):
                assert owner.setdefault(phrase, (label, colour)) == (label, colour), phrase


def test_phrases_for_a_thing_come_in_both_languages_and_random_order() -> None:
    barrel = thing(0, "barrel", "green", 0, 0)
    first, second = (language.phrases_for(barrel, np.random.default_rng(k)) for k in (0, 1))
    assert set(first) == set(second)
    assert first != second
    assert {"green drum", "绿色的桶"} <= set(first)


def test_every_task_names_exactly_its_target() -> None:
    for world in WORLDS:
        for name in ("goto", "goto_relation", "goto_zh"):
            drawn = task.draw(world, world.seed, name)
            assert drawn.reference is not None
            assert drawn.reference.matches(world.things) == [drawn.target_id], drawn.text


def test_relations_that_are_said_are_true_seen_from_the_start() -> None:
    said = 0
    for world in WORLDS:
        ref = task.draw(world, world.seed, "goto_relation").reference
        target = task.draw(world, world.seed, "goto_relation").target_id
        if ref is None or ref.relation is None or target is None:
            continue
        said += 1
        a = next(t for t in world.things if (t.label, t.colour) == ref.anchor)
        t = world.things[target]
        eye = np.array(world.start[:2])
        to_anchor, to_target = np.array([a.x, a.y]) - eye, np.array([t.x, t.y]) - eye
        turn = np.arctan2(to_anchor[0] * to_target[1] - to_anchor[1] * to_target[0], to_anchor @ to_target)
        nearer = np.hypot(*to_target) < np.hypot(*to_anchor)
        true = {"next to": np.hypot(*(to_target - to_anchor)) < 4.5, "left of": turn > 0, "right of": turn < 0,
                "behind": not nearer, "in front of": nearer or abs(turn) > np.pi / 2}  # fmt: skip
        assert true[ref.relation], (world.seed, ref)
    assert said > 25


@pytest.mark.parametrize(
    ("relation", "xy"),
    [("behind", (6.5, 0.2)), ("in front of", (3.5, -0.2)), ("left of", (5.1, 1.5)), ("right of", (4.9, -1.5)), ("next to", (5, 1))],
)
def test_relations_are_seen_from_the_robot(relation: str, xy: tuple[float, float]) -> None:
    anchor, cone = thing(0, "box", "blue", 5.0, 0.0), thing(1, "cone", "red", *xy)
    assert holds(relation, cone, anchor, (0.0, 0.0))
    opposite = {"behind": "in front of", "in front of": "behind", "left of": "right of", "right of": "left of"}
    if relation in opposite:
        assert not holds(opposite[relation], cone, anchor, (0.0, 0.0))
        assert holds(opposite[relation], cone, anchor, (10.0, 0.0))  # from the other side it is the other way round
    else:
        assert not holds(relation, thing(1, "cone", "red", 9.0, 0.0), anchor, (0.0, 0.0))


def test_a_relation_tells_two_things_of_one_class_apart() -> None:
    box, one, two = thing(0, "box", "blue", 5, 0), thing(1, "cone", "red", 5, 1), thing(2, "cone", "green", 0, 4)
    ref = Reference(label="cone", relation="next to", anchor=("box", "blue"))
    assert ref.matches([box, one, two]) == [1]
    rng = np.random.default_rng(0)
    assert language.phrase_of(ref, rng, chinese=False).split()[-2] == "blue"
    assert "的" in language.phrase_of(ref, rng, chinese=True)


def understood(text: str) -> Command:
    answer = command.parse(text)
    assert isinstance(answer, Command), (text, answer)
    return answer


def test_every_sentence_is_understood_as_what_was_meant() -> None:
    intents = {"turn": Intent.TURN, "move": Intent.MOVE_BY, "stop": Intent.STOP}
    for world in WORLDS:
        for name in task.NAMES:
            drawn = task.draw(world, world.seed, name)
            answer = understood(drawn.text)
            if name in intents:
                assert answer.intent is intents[name], drawn.text
                assert answer.amount == pytest.approx(drawn.amount), drawn.text
            else:
                assert answer.intent in (Intent.GO_TO, Intent.LOOK_FOR), drawn.text
                assert answer.phrase == drawn.phrase.removeprefix("那个"), drawn.text


def test_tasks_are_drawn_by_seed_and_mixed() -> None:
    names = [task.draw(w, w.seed).name for w in WORLDS]
    assert names == [task.draw(w, w.seed).name for w in WORLDS]
    assert {"goto", "goto_relation", "goto_zh"} <= set(names)


def test_a_car_is_never_asked_to_turn_on_the_spot() -> None:
    turners = [w for w in map(generate, range(80)) if task.draw(w, w.seed).name == "turn"]
    assert turners
    assert all(task.draw(w, w.seed, turns_in_place=False).name == "goto" for w in turners)

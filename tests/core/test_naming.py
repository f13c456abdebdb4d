# SPDX-License-Identifier: Apache-2.0
"""A thing of a list of names is chosen by the words that were said, and by their meaning."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.naming import HEAD, choose, clauses, goals, spoken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("go to the kitchen", ("kitchen",)),
        ("Please, move near the table slowly!", ("table",)),
        ("go to the bathroom take the rag go to the hall and clean the mirror", ("bathroom", "hall")),
        ("move to the far end of this table", ("table",)),
        ("take the box from the table to the kitchen", ("kitchen",)),
        ("put the cup on the chair near the window", ("chair",)),
        ("would you follow me to the garden", ("garden",)),
        ("enter the bedroom slowly turn left and turn off the lights", ("bedroom",)),
        ("go to the office and then to the garage", ("office", "garage")),
        ("what a nice day", ()), ("", ()), ("go", ()), ("!?", ()),
    ],
)  # fmt: skip
def test_where_each_order_of_a_sentence_leads_is_found(text: str, found: tuple[str, ...]) -> None:
    assert goals(text) == found


def test_orders_are_told_apart_without_punctuation() -> None:
    assert clauses("go to the hall take the plate and clean the table") == ["go to the hall", "take the plate", "clean the table"]


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("livingroom", "LivingRoom"), ("the living room", "LivingRoom"), ("living room", "living_room_2"), ("washing machine", "Washing_machine"),
        ("dining table", "Table"), ("plates", "Plate"), ("glasses", "Glass"), ("couch behind the table", "Couch"), ("tv set", "tv"),
    ],
)  # fmt: skip
def test_words_alone_choose_the_head_of_what_was_said(phrase: str, name: str) -> None:
    names = ["Table", "DiningRoom", "Kitchen", "Couch", "Plate", "Glass"]
    names = [n for n in names if n != name]
    choice = choose(phrase, [*names, name])
    assert choice is not None
    assert [*names, name][choice.index] == name


@pytest.mark.parametrize(("phrase", "name"), [("sofa", "Couch"), ("tv", "Television"), ("冰箱", "Fridge"), ("refrigerator", "Fridge")])
def test_meaning_chooses_where_no_word_fits(phrase: str, name: str) -> None:
    from mm_nav.engine.text import open_text_encoder

    names = ["Couch", "Television", "Fridge", "Window", "Book"]
    assert choose(phrase, names) is None
    choice = choose(phrase, names, open_text_encoder().encode)
    assert choice is not None
    assert names[choice.index] == name
    assert choice.score < 1.0 < HEAD


def test_other_words_of_a_name_count_as_the_name() -> None:
    choice = choose("lounge", ["Kitchen", "LivingRoom"], also=[["cookhouse"], ["lounge"]])
    assert choice is not None
    assert choice.index == 1


def test_nothing_is_chosen_from_nothing() -> None:
    assert choose("box", []) is None
    assert choose("", ["Box"]) is None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_some_goals_or_none(text: str) -> None:
    assert all(goal.strip() for goal in goals(text))
    assert spoken(text) is not None

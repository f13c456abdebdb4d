# SPDX-License-Identifier: Apache-2.0
"""Plain words become typed intents, and nothing else."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.command import MAX_CHARS, parse
from mm_nav.core.types import Command, Intent, Rejection

WORDS = ["go", "to", "the", "red", "cone", "left", "right", "stop", "not", "2", "1e99", "nan", "m", "去", "左转", "不要", "那里",
         "的", "then", "and", ",", "!", "\u202e", "\ud800"]  # fmt: skip
GO, FOLLOW, LOOK = Intent.GO_TO, Intent.FOLLOW, Intent.LOOK_FOR


def phrase_of(text: str) -> tuple[Intent, str]:
    found = parse(text)
    assert isinstance(found, Command), found
    return found.intent, found.phrase


def reason_of(text: str) -> str:
    found = parse(text)
    assert isinstance(found, Rejection), found
    return found.reason


@pytest.mark.parametrize(
    ("text", "intent", "phrase"),
    [
        ("please go to the red cone behind the boxes", GO, "red cone behind the boxes"),
        ("Drive over to the blue box.", GO, "blue box"),
        ("can you go to the person in red?", GO, "person in red"),
        ("robot, go to the traffic cone that is red", GO, "traffic cone that is red"),
        ("head for the exit sign", GO, "exit sign"),
        ("find your way to the blue crate", GO, "blue crate"),
        ("take me to the blue barrel, please", GO, "blue barrel"),
        ("i want you to go to the box next to the red cone", GO, "box next to the red cone"),
        ("go and stand by the white box", GO, "white box"),
        ("park next to the red car", GO, "red car"),
        ("approach the yellow car", GO, "yellow car"),
        ("go to the box between the cone and the barrel", GO, "box between the cone and the barrel"),
        ("go to the box to the left of the cone", GO, "box to the left of the cone"),
        ("follow the person in blue", FOLLOW, "person in blue"),
        ("look for a red ball", LOOK, "red ball"),
        ("find the red cone", LOOK, "red cone"),
        ("去红色锥桶旁边的蓝色箱子", GO, "红色锥桶旁边的蓝色箱子"),
        ("去蓝色箱子旁边", GO, "蓝色箱子"),
        ("开到红色锥桶那里", GO, "红色锥桶"),
        ("请到黄色盒子那儿去", GO, "黄色盒子"),
        ("麻烦去一下红色路锥那里", GO, "红色路锥"),
        ("请移动到橙色箱附近。", GO, "橙色箱"),
        ("走到穿红衣服的人旁边", GO, "穿红衣服的人"),
        ("去红色箱子后面的桶那里", GO, "红色箱子后面的桶"),
        ("去 红色 锥桶 那里", GO, "红色锥桶"),
        ("去停车场", GO, "停车场"),
        ("带我去红色的椅子那儿好吗", GO, "红色的椅子"),
        ("跟着那个穿蓝衣服的人", FOLLOW, "穿蓝衣服的人"),
        ("找到蓝色的箱子", LOOK, "蓝色的箱子"),
        ("go to 红色锥桶", GO, "红色锥桶"),
    ],
)
def test_the_phrase_is_what_is_left_without_verb_and_filler(text: str, intent: Intent, phrase: str) -> None:
    assert phrase_of(text) == (intent, phrase)


@pytest.mark.parametrize(
    ("text", "intent", "amount"),
    [
        ("turn left", Intent.TURN, math.pi / 2),
        ("turn right 45°", Intent.TURN, -math.pi / 4),
        ("rotate 60 degrees to the right", Intent.TURN, -math.pi / 3),
        ("please turn ninety degrees left", Intent.TURN, math.pi / 2),
        ("turn around", Intent.TURN, math.pi),
        ("turn left 5000 degrees", Intent.TURN, None),
        ("请原地左转120度", Intent.TURN, math.radians(120)),
        ("右转四十五度", Intent.TURN, -math.pi / 4),
        ("掉头", Intent.TURN, math.pi),
        ("move forward 2 m", Intent.MOVE_BY, 2.0),
        ("back up 1 metre", Intent.MOVE_BY, -1.0),
        ("drive two and a half meters forward", Intent.MOVE_BY, 2.5),
        ("go forward 50 cm", Intent.MOVE_BY, 0.5),
        ("move forward 50 m", Intent.MOVE_BY, 10.0),
        ("前进两米", Intent.MOVE_BY, 2.0),
        ("后退一米", Intent.MOVE_BY, -1.0),
        ("向前走1.5米", Intent.MOVE_BY, 1.5),
        ("前进三米半", Intent.MOVE_BY, 3.5),
        ("wait 5 s", Intent.WAIT, 5.0),
        ("wait for two minutes", Intent.WAIT, 120.0),
        ("等五秒", Intent.WAIT, 5.0),
    ],
)
@pytest.mark.fault("X12")
def test_numbers_are_read_and_clipped(text: str, intent: Intent, amount: float | None) -> None:
    found = parse(text)
    if amount is None:
        assert isinstance(found, Rejection), found
        assert found.reason == "not_understood"
    else:
        assert isinstance(found, Command), found
        assert (found.intent, found.amount) == (intent, pytest.approx(amount))


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e9", "-5", "0", "1e400"])
@pytest.mark.fault("X12")
def test_numbers_that_nobody_means_are_refused(number: str) -> None:
    assert reason_of(f"move forward {number} m") == "not_understood"


@pytest.mark.parametrize(
    "text",
    ["stop", "STOP!!!", "please stop", "stop and go", "go to the red cone and stop", "halt", "freeze!", "don't stop", "停",
     "停下!", "请停车", "停下来", "不要停", "别动", "anhalten", "arrête", "¡Para!", "fermati", "pare", "止まれ", "멈춰!", "стой!",
     "توقف", "dur", "zatrzymaj się", "stop stop stop", "s\u200btop"],
)  # fmt: skip
@pytest.mark.fault("X08", "X10")
def test_stop_is_honoured_in_many_languages_and_wins_over_the_rest(text: str) -> None:
    found = parse(text)
    assert isinstance(found, Command), found
    assert found.intent is Intent.STOP


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"), ("  \t\n", "empty"), ("🤖🚗", "empty"), ("\x00\x07\u200b\u202e", "empty"), ("?!...", "empty"),
        ("go to \ufffd", "not_text"),
        ("make coffee", "not_understood"), ("go to it", "not_understood"), ("go to the", "not_understood"),
        ("ignore limits, set max_vel 10", "not_understood"), ('{"intent": "go_to"}', "not_understood"),
        ("go to $(rm -rf /)", "not_understood"), ("今天天气怎么样", "not_understood"), ("wait for the bus", "not_understood"),
        ("go left and right", "ambiguous"), ("go to the cone and then turn left", "ambiguous"), ("先左转再右转", "ambiguous"),
        ("go to the cone or the box", "ambiguous"),
        ("поезжай к красному конусу", "unsupported_language"), ("gо to the red cone", "unsupported_language"),
    ],
)  # fmt: skip
@pytest.mark.fault("X02", "X05", "X06", "X08", "X10")
def test_what_is_no_command_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert reason_of(text) == reason


@pytest.mark.parametrize("text", ["never follow the man", "don't turn left", "do not wait", "别跟着他"])
@pytest.mark.fault("X12")
def test_negations_are_refused_and_say_so(text: str) -> None:
    found = parse(text)
    assert isinstance(found, Rejection), found
    assert found.reason == "not_understood"
    assert "negation" in found.text


@pytest.mark.fault("X05")
def test_controls_zero_width_and_bidi_marks_do_not_reach_the_phrase() -> None:
    assert phrase_of("\u202ego\u200b to the\x07 red\u2066 cone\ufeff 😀") == (GO, "red cone")


@pytest.mark.fault("X01")
def test_ten_thousand_characters_are_refused_before_they_are_read() -> None:
    long = "go to the red cone " * 527
    start = time.perf_counter()
    found = parse(long)
    assert time.perf_counter() - start < 0.01
    assert isinstance(found, Rejection)
    assert found.reason == "too_long"
    assert str(len(long)) in found.text
    assert "\n" not in found.text
    assert len(found.text) < 60 + 80
    assert isinstance(parse("x" * MAX_CHARS), Rejection)


@pytest.mark.parametrize("word", ["one ", "go to ", "the ", "左", "please ", "a", "and then ", "那边", "去", "了", "-5 ", "不要"])
def test_no_repetition_makes_the_rules_slow(word: str) -> None:
    start = time.process_time()
    parse(("turn left " + word * MAX_CHARS)[:MAX_CHARS])
    parse((word * MAX_CHARS)[:MAX_CHARS])
    assert time.process_time() - start < 0.25


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=600), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
@pytest.mark.fault("X07")
def test_any_text_gives_a_finite_command_or_a_short_quoting_rejection(text: str) -> None:
    found = parse(text)
    if isinstance(found, Command):
        assert math.isfinite(found.amount)
        assert (found.phrase != "") == (found.intent in (GO, FOLLOW, LOOK, Intent.AVOID))
        assert all(c.isprintable() for c in found.phrase)
    else:
        assert found.text.isprintable()
        assert len(found.text) < 260

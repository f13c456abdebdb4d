# SPDX-License-Identifier: Apache-2.0
"""However an order is wrapped: stop is stop, left is never right, to avoid is never to go."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.command import parse
from mm_nav.core.types import Command, Intent

BEFORE = ["", "please ", "um could you ", "i'd like you to ", "it would be nice if you would ", "hey robot ", "why don't you ", "ok now ",
          "i think you should ", "let's ", "you'd better ", "make sure to ", "do you mind if you "]  # fmt: skip
AFTER = ["", " please", " for me", " as fast as you can", " will you", " thanks", " now", " when you get a chance", " or something"]
BEFORE_ZH = ["", "请", "麻烦你", "你能不能", "嗯那个你", "我想让你", "帮我", "机器人", "要不你", "赶紧"]
AFTER_ZH = ["", "吧", "好吗", "谢谢", "一下", "可以吗"]
THINGS = ["red cone", "left door", "box to the left of the car", "right shelf", "person in blue", "barrel next to the box", "no parking sign"]
THINGS_ZH = ["红色锥桶", "左边的箱子", "右边的门", "车右边的桶", "穿蓝衣服的人"]
GO = ["go to", "drive over to", "head for", "get close to", "approach", "come near", "roll up to", "get into", "be at", "walk towards", "visit", "touch", "run over"]
NOT = ["don't ", "do not ", "never ", "never ever ", "you must not ", "you should never ", "try not to ", "i don't want you to ", "be careful not to ", "please don't ",
       "under no circumstances ", "you are not allowed to ", "make sure you don't ", "you'd better not "]  # fmt: skip
KEEP = ["keep away from", "stay well clear of", "avoid", "steer clear of", "keep your distance from", "stay out of the way of", "avoid going near", "keep off", "don't go near"]
KEEP_ZH = ["不要靠近{}", "别去{}那里", "离{}远一点", "避开{}", "千万别碰{}", "不许往{}那边走", "跟{}保持距离", "小心别撞到{}", "绕开{}", "不能开到{}里去"]
SIDED = ["turn {}", "take a {}", "make a sharp {} turn", "rotate to the {} by {n} degrees", "a bit more to the {}", "spin {n} degrees {}", "look {}", "swing round to your {}",
         "{} turn", "{n} degrees to the {}", "hang a {} at the next corner", "face {}", "quarter turn {}"]  # fmt: skip
SIDED_ZH = ["向{}转", "往{}边拐", "{}转{n}度", "车头往{}偏一点", "原地{}转", "再往{}一点", "下个路口{}拐", "朝{}边转{n}度", "身子往{}转一下"]
STOPS = ["stop", "halt", "freeze", "停下", "停止", "站住", "别动", "刹车"]
ALONE = ["stop", "don't move", "停", "停车", "anhalten", "arrête", "para", "止まれ", "멈춰", "стой", "توقف", "dur", "stój"]
MOTION = (Intent.GO_TO, Intent.LOOK_FOR, Intent.FOLLOW, Intent.MOVE_BY, Intent.TURN)
some = st.sampled_from


def intent(text: str) -> Intent | None:
    heard = parse(text)
    return heard.intent if isinstance(heard, Command) else None


@settings(max_examples=400, deadline=None)
@given(some(BEFORE), some(GO), some(THINGS), some([" ", " and ", ", ", ""]), some(STOPS), some(AFTER))
def test_a_stop_word_counts_wherever_it_stands(before: str, go: str, thing: str, between: str, stop: str, after: str) -> None:
    between = between if between.strip(", ") or between.startswith(",") else " "
    assert intent(f"{before}{go} the {thing}{between}{stop}{after}") is Intent.STOP
    assert intent(f"{stop}{between}{before}{go} the {thing}{after}") is Intent.STOP


@pytest.mark.parametrize("stop", ALONE)
@pytest.mark.parametrize("mark", ["", "!", " !!!", ".", "…"])
def test_stop_alone_is_understood_in_every_language_by_rules(stop: str, mark: str) -> None:
    assert intent(stop + mark) is Intent.STOP
    assert intent(stop.upper() + mark) is Intent.STOP


@settings(max_examples=200, deadline=None)
@given(st.lists(some(["停车", "停", "停下", "别走了", "不要动", "止まれ", "멈춰", "стой", "stop", "halt"]), min_size=1, max_size=5), some(["", " ", "!", ", "]))
def test_stop_words_said_again_and_again_are_still_stop(words: list[str], between: str) -> None:
    latin = any(w.isascii() for w in words)
    assert intent((between or " " * latin).join(words)) is Intent.STOP


@settings(max_examples=400, deadline=None)
@given(some(BEFORE), some(SIDED), some(["left", "right"]), some(["10", "45", "ninety", "thirty five"]), some(AFTER))
def test_left_is_never_right(before: str, order: str, side: str, n: str, after: str) -> None:
    heard = parse(before + order.format(side, n=n) + after)
    assert isinstance(heard, Command), before + order.format(side, n=n) + after
    assert heard.intent is Intent.TURN
    assert (heard.amount > 0) == (side == "left")


@settings(max_examples=300, deadline=None)
@given(some(BEFORE_ZH), some(SIDED_ZH), some(["左", "右"]), some(["10", "四十五", "九十"]), some(AFTER_ZH))
def test_zuo_is_never_you(before: str, order: str, side: str, n: str, after: str) -> None:
    heard = parse(before + order.format(side, n=n) + after)
    assert isinstance(heard, Command), before + order.format(side, n=n) + after
    assert heard.intent is Intent.TURN
    assert (heard.amount > 0) == (side == "左")


@settings(max_examples=600, deadline=None)
@given(some(BEFORE), some(NOT), some(GO), some(THINGS), some(AFTER))
def test_what_is_forbidden_is_never_done(before: str, never: str, go: str, thing: str, after: str) -> None:
    assert intent(f"{before}{never}{go} the {thing}{after}") not in MOTION


@settings(max_examples=400, deadline=None)
@given(some(BEFORE), some(KEEP), some(THINGS), some(AFTER))
def test_to_keep_away_is_understood_as_such(before: str, keep: str, thing: str, after: str) -> None:
    heard = intent(f"{before}{keep} the {thing}{after}")
    assert heard is Intent.AVOID or (heard is None and "no " in thing)


@settings(max_examples=300, deadline=None)
@given(some(BEFORE_ZH), some(KEEP_ZH), some(THINGS_ZH), some(AFTER_ZH))
def test_to_keep_away_is_understood_in_chinese(before: str, keep: str, thing: str, after: str) -> None:
    assert intent(before + keep.format(thing) + after) is Intent.AVOID


@settings(max_examples=400, deadline=None)
@given(some(BEFORE), some(GO[:-2]), some(THINGS[:-1]), some(AFTER))
def test_to_go_is_never_to_keep_away_or_to_turn(before: str, go: str, thing: str, after: str) -> None:
    assert intent(f"{before}{go} the {thing}{after}") in (Intent.GO_TO, None)

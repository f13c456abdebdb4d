# SPDX-License-Identifier: Apache-2.0
"""Where the grammar understands nothing, an order is guessed by meaning: carefully, and only where the words allow it."""

import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.command import order, parse
from mm_nav.core.gist import LIKE, MARGIN, Gist, allowed, things
from mm_nav.core.types import Command, Intent, Rejection
from tests.core import heldout, tuning
from tests.core.test_paraphrases import rows

GROUNDED, SIGNED = ("go_to", "look_for", "follow", "avoid"), ("turn", "move_by")
MOVES = (Intent.GO_TO, Intent.LOOK_FOR, Intent.FOLLOW, Intent.TURN, Intent.MOVE_BY)


@pytest.fixture(scope="module")
def gist() -> Gist:
    from mm_nav.engine.text import open_text_encoder

    return Gist(open_text_encoder().encode_together)


class Anything:
    """A mind that finds every sentence exactly like the prototype it is asked about."""

    def __init__(self, like: Intent) -> None:
        from mm_nav.core.prototype import sentences

        self.rows = np.array([[1.0, 0.0] if intent is like else [0.0, 1.0] for _, intent in sentences()], np.float32)

    def __call__(self, texts: list[str]) -> np.ndarray:
        return self.rows if len(texts) == len(self.rows) else np.tile(np.array([[1.0, 0.0]], np.float32), (len(texts), 1))


def test_prototypes_that_nobody_wants_any_more_are_not_encoded_and_not_kept() -> None:
    asked: list[int] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        asked.append(len(texts))
        return np.ones((len(texts), 2), np.float32)

    gist, wanted = Gist(encode), iter([True, True])
    gist.prepare(lambda: next(wanted, False))
    assert len(asked) == 2
    assert len(gist.prepare()) == sum(asked[2:]) > asked[0]


@pytest.mark.parametrize(("name", "known", "wrong"), [("ENGLISH_D", 0.5, 0.04), ("CHINESE_D", 0.25, 0.06)])
def test_meaning_alone_tells_most_orders_and_seldom_the_wrong_one(gist: Gist, name: str, known: float, wrong: float) -> None:
    told = []
    for intent, text, _ in rows(name, tuning):
        guess = gist.guess(text)
        sure = guess is not None and guess.intent is not None and guess.like >= LIKE and guess.margin >= MARGIN
        made = order(guess.intent, guess.thing, text) if sure and guess is not None and guess.intent is not None else None
        told.append((intent, made))
    right = sum(made is not None and made.intent.value == intent for intent, made in told)
    others = sum(made is not None and made.intent.value != intent for intent, made in told)
    assert right / len(told) >= known
    assert others / len(told) <= wrong


@pytest.mark.parametrize(("name", "module"), [("NO_ORDER_D", tuning), ("NO_ORDER_E", heldout)])
def test_chatter_seldom_moves_the_robot(gist: Gist, name: str, module: object) -> None:
    said = getattr(module, name).strip().splitlines()
    moved = [text for text in said if isinstance(heard := gist.hear(text), Command) and heard.intent in MOVES]
    assert len(moved) / len(said) <= 0.05, moved


def test_what_is_not_understood_is_refused_with_what_was_heard(gist: Gist) -> None:
    heard = gist.hear("colourless green ideas sleep furiously")
    assert isinstance(heard, Rejection)
    assert heard.reason == "not_understood"
    assert "colourless green ideas" in heard.text


def test_what_the_grammar_understands_or_refuses_for_a_reason_is_not_guessed_at() -> None:
    def asked(texts: list[str]) -> np.ndarray:
        assert len(texts) > 100, "asked about an utterance"
        return np.ones((len(texts), 2), np.float32)

    gist = Gist(asked)
    for text in ("stop", "please stop at the box", "arrête", "停", "go to the red cone", "turn left 5000 degrees", "go left and right", "x" * 600, ""):
        assert gist.hear(text) == parse(text)


FORBID = ["don't", "do not", "never", "must not", "shouldn't", "nobody may", "it is dangerous that you", "instead of that refuse to", "keep away and", "avoid that you", "without that you"]
DO = ["end up beside", "be found at", "have business with", "make friends with", "be a guest of"]
words = st.sampled_from


@settings(max_examples=200, deadline=None)
@given(words(list(Intent)), words(FORBID), words(DO), words(["red box", "blue door", "man with the hat"]), words(["", " ever", " please"]))
def test_whatever_a_mind_thinks_it_is_like_what_is_forbidden_is_not_done(like: Intent, no: str, do: str, thing: str, after: str) -> None:
    heard = Gist(Anything(like)).hear(f"you {no} {do} the {thing}{after}")
    assert not isinstance(heard, Command) or heard.intent not in MOVES


@settings(max_examples=200, deadline=None)
@given(words(list(Intent)), words(["left", "right", "左", "右"]), words(["nose {} a wee bit", "{} I would say", "how about {} for a change", "我看{}好", "车子偏{}为好"]))
def test_whatever_a_mind_thinks_it_is_like_a_side_is_never_the_other(like: Intent, side: str, said: str) -> None:
    heard = Gist(Anything(like)).hear(said.format(side))
    if isinstance(heard, Command):
        assert heard.intent is Intent.TURN
        assert (heard.amount > 0) == (side in ("left", "左"))


def test_both_sides_are_never_a_turn() -> None:
    assert allowed("something left and something right", "") == frozenset()


def test_the_side_of_a_thing_is_no_turn() -> None:
    assert Intent.GO_TO in allowed("have business at the left door", "left door")


@pytest.mark.parametrize(
    ("said", "thing"),
    [("have a word with the man with the hat", "man with the hat"), ("pay a visit to my office now", "office"), ("要是能在那个红箱子旁边就好", "那个红箱子")],
)
def test_what_a_sentence_names_is_put_apart(said: str, thing: str) -> None:
    assert thing in dict(things(said))


def test_a_guess_takes_a_moment_and_an_order_by_grammar_takes_none(gist: Gist) -> None:
    said = [text for _, text, _ in rows("ENGLISH_D", tuning)]
    start = time.process_time()
    for text in said:
        parse(text)
    by_rules = (time.process_time() - start) / len(said)
    start = time.process_time()
    for text in said[:30]:
        gist.guess(text)
    by_meaning = (time.process_time() - start) / 30
    assert by_rules < 0.002
    assert by_meaning < 0.15

# SPDX-License-Identifier: Apache-2.0
"""What is probably meant where the grammar understands nothing, by likeness to prototype sentences of each intent.

Meaning only chooses between typed intents; which side, which way and how far still come from the words, and so does whether
something is forbidden: likeness alone cannot tell "go to" from "do not go to". Under the threshold the robot asks back.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from mm_nav.core import lexicon as lex
from mm_nav.core.command import is_unknown, order, parse
from mm_nav.core.filler import bare_chinese, bare_english
from mm_nav.core.prototype import A_THING, NO_THING, THING, THING_ZH, sentences
from mm_nav.core.script import is_chinese, normalise
from mm_nav.core.types import Command, Intent, Rejection

Encode = Callable[[Sequence[str]], Any]  # n texts -> (n, e) float32, unit rows
LIKE, MARGIN = 0.60, 0.04  # calibrated on tests/core/tuning.py, see tests/core/test_gist.py
MOST_READINGS = 24
PART = 20  # sentences that are encoded in one call
GROUNDED = (Intent.GO_TO, Intent.LOOK_FOR, Intent.FOLLOW, Intent.AVOID)

_THING = re.compile(
    r"(?=(?P<all>\b(?:the|that|this|those|these|my|our|your|a|an|some)\s+(?P<np>[\w'-]+(?:\s+[\w'-]+){0,3}?"
    r"(?:\s+(?:in|of|with|wearing|behind|near|next to|beside|in front of|between|by)\s+(?:the|a|an|that|my)\s+[\w'-]+(?:\s+[\w'-]+)?)?)"
    r"(?=$|[,.!?;]|\s+(?:and|is|are|was|has|have|so|if|to|for|you|i|we|it|there|here|now|over|that|who|which|where|when|while|until|as|at|on|from|please|around|somewhere|anywhere|needs?|wants?|goes|alone|now|too|then|yet|go|come|drive|before|after)\b)))"
)
_NO_NOUN = re.compile(r"\b(?:is|are|was|don'?t|not|never|no|you|it|go|bit|while|little|moment|minute|second|way|half|other|opposite|quarter|left|right|lot)\b|^(?:\w+ )?(?:meters?|metres?|steps?|feet|degrees|seconds|minutes)$")
_THING_ZH = re.compile(r"(?:(?:那|这)(?:个|辆|位|只|台|把|条|张|棵|座|扇|块|群)?|我的|[红蓝绿黄白黑紫橙灰银]色?的?)")
_END_ZH = re.compile(r"(?=$|[,，。!！?？]|那里|那边|那儿|这里|这儿|旁边|附近|前面|跟前|身边|在哪|不见|去哪|的?后面|的?身后)")
_NO_NOUN_ZH = re.compile(r"[着住去来走开往到在找看跟转左右前后了吗什谁多是很太有]")
_ASKS = re.compile(r"(?:did|does|do|was|were|has|have|had|is|are|am) (?:he|she|they|it|i|we|there|that|this|the)\b|(?:who|why|when|how|what)\b(?! (?:about|if|i need|i want))")
_SIDES = re.compile(r"\b(left|right)\w*\b|(左|右)|\b((?:counter|anti)?-?clockwise)\b|((?:顺|逆)时针)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The best reading: likeness of the best prototype of ``intent``, and by how much it beats all other intents."""

    intent: Intent | None
    thing: str
    like: float
    margin: float


class Gist:
    """Orders by grammar first, by likeness second. Prototypes are encoded once, by ``prepare`` or when first needed.

    A guess takes one call of ``encode``, which must be safe to use from several threads if ``prepare`` runs in another one.
    """

    def __init__(self, encode: Encode, like: float = LIKE, margin: float = MARGIN) -> None:
        self._said, self._intents = zip(*sentences(), strict=True)
        self.encode, self.like, self.margin = encode, like, margin
        self._kinds = [A_THING.split("|"), NO_THING.split("|")]
        self._rows: Float32[np.ndarray, "n e"] | None = None

    def prepare(self, wanted: Callable[[], bool] = lambda: True) -> Float32[np.ndarray, "n e"]:
        """The prototypes' vectors: a second of work, once; in parts, so that an order that comes meanwhile is not kept waiting.

        ``wanted`` is asked before each part; once it says no, what is returned is not whole and not kept.
        """
        if self._rows is not None:
            return self._rows
        parts = [self._said[i : i + PART] for i in range(0, len(self._said), PART)]
        made = [np.asarray(self.encode(part), np.float32) for part in parts if wanted()]
        if len(made) == len(parts):
            self._rows = np.concatenate(made)
        return np.concatenate(made) if made else np.zeros((0, 0), np.float32)

    def hear(self, text: str) -> Command | Rejection:
        """As ``mm_nav.core.command.parse``; what it does not understand is guessed at, or refused as before."""
        heard = parse(text)
        if not is_unknown(heard) or _ASKS.match(normalise(text)):
            return heard
        guess = self.guess(text)
        if guess is None or guess.intent is None or guess.like < self.like or guess.margin < self.margin:
            return heard
        if guess.thing and not self.stands_somewhere(guess.thing):
            return heard
        return order(guess.intent, guess.thing, text) or heard

    def guess(self, text: str) -> Guess | None:
        """The likeliest reading that the words allow; None where they allow none."""
        clean = normalise(text)
        said = bare_chinese(clean) if is_chinese(clean) else bare_english(clean)
        readings = [("", said), *things(said)][:MOST_READINGS]
        likes = np.asarray(self.encode([words for _, words in readings]), np.float32) @ self.prepare().T
        best: Guess | None = None
        for (thing, _), row in zip(readings, likes, strict=True):
            found = self._judge(row, allowed(clean, thing), thing)
            if found is not None and (best is None or found.like + found.margin > best.like + best.margin):
                best = found
        return best

    def stands_somewhere(self, thing: str) -> bool:
        """Whether a noun is more like things that a robot could drive to than like plans, days and songs."""
        rows = np.asarray(self.encode([thing, *self._kinds[0], *self._kinds[1]]), np.float32)
        likes = rows[1:] @ rows[0]
        return float(likes[: len(self._kinds[0])].max()) >= float(likes[len(self._kinds[0]) :].max())

    def _judge(self, row: Float32[np.ndarray, " n"], may: frozenset[Intent], thing: str) -> Guess | None:
        by_intent: dict[Intent | None, float] = {}
        for intent, like in zip(self._intents, row, strict=True):
            by_intent[intent] = max(by_intent.get(intent, -1.0), float(like))
        known = [i for i in by_intent if i in may]
        if not known:
            return None
        top = max(known, key=lambda i: by_intent[i])
        rest = max(like for i, like in by_intent.items() if i is not top)
        return Guess(intent=top, thing=thing, like=by_intent[top], margin=by_intent[top] - rest)


def things(said: str) -> list[tuple[str, str]]:
    """What a sentence may name, each with the sentence in which the prototypes' thing stands in its place."""
    out: dict[str, str] = {}
    for m in _THING.finditer(said):
        if not _NO_NOUN.search(m["np"]):
            out.setdefault(m["np"], said[: m.start("all")] + THING + said[m.end("all") :])
    if is_chinese(said):
        for start in (m.start() for m in _THING_ZH.finditer(said)):
            for m in _END_ZH.finditer(said, start + 1):
                thing = said[start : m.start()]
                if 1 < len(thing) <= 10 and not _NO_NOUN_ZH.search(thing):
                    out.setdefault(said[start : m.start()], said[:start] + THING_ZH + said[m.start() :])
    return list(out.items())


def allowed(clean: str, thing: str) -> frozenset[Intent]:
    """The intents that the words of a sentence allow, whatever it is like.

    A forbidding word leaves only what keeps away or stands still; a side word, of the thing's own apart, only a turn.
    """
    rest = clean.replace(thing, " ", 1) if thing else clean
    sides = {next(filter(None, m)) for m in _SIDES.findall(rest)}
    if lex.FORBIDS.search(clean):
        return frozenset({Intent.AVOID}) if thing and not sides else frozenset({Intent.WAIT})
    if thing:
        return frozenset(GROUNDED[:3]) if not sides else frozenset()
    if lex.EN_SECOND_ORDER.search(clean):
        return frozenset()
    if sides:
        return frozenset({Intent.TURN}) if len(sides) == 1 else frozenset()
    return frozenset({Intent.MOVE_BY, Intent.WAIT})

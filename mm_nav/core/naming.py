# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: SIM905  (word lists read better as one string)
"""Which thing of a list of names is meant: places of a semantic map, classes of a detector.

``goals`` finds where each order of a sentence leads, several orders and other household work included; ``choose`` picks the
name, by the words where they name it, by meaning where they do not ("sofa" for "couch"). Words only; the encoder is given.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mm_nav.core import lexicon as lex
from mm_nav.core.phrase import take_apart
from mm_nav.core.script import normalise

Encode = Callable[[Sequence[str]], Any]  # n texts -> (n, e) float32, unit rows
HEAD, PART = 2.0, 1.2  # a name that is the phrase's head noun beats one that is only among its words; likeness is below 1

_TRAVEL = "go move drive walk head come run proceed navigate return travel get step roll fly rush march reach enter approach visit"
_CARRY = "bring take carry put place hang lay deliver leave drop pour store move set position throw insert disconnect connect"
_LEAD = "follow lead guide accompany escort show"
_OTHER = (
    "find search look inspect check clean wash wipe turn switch open close grasp pick grab wait tell say ask give hold release remove lift fetch "
    "grip listen help stop start watch see locate empty fill cook control press push pull cut slide"
)
_NEVER_NOUN = frozenset("go bring take carry put enter reach follow find inspect grasp grab pick remove fetch locate search move".split())
_LINK = frozenset("and then , please robot you to now or but afterwards also just".split())
_TO, _AT = r"to|into|onto|towards?|up to|over to", r"in|on|near|next to|beside|by|at|inside|under|behind|close to|in front of|against|upon"
_ADVERB = r"(?:\s+(?:over|back|up|down|straight|right|out|across|along|slowly|quickly|carefully|directly|close|closer|near|all the way|immediately|fast|and))*"
_NOUNS = (
    r"(?P<noun>(?:(?!(?:of|and|then|to|from|in|on|inside|near|next|through|by|via|with|at|behind|beside|for|that|which|who|so|please|slowly|quickly|carefully|immediately|thanks|where|it|should|is"
    r"|without|while|before|after|under|passing|crossing|using|along|into|onto|now|because)\b)[\w'-]+\s*)+)"
)
_PARTITIVE = r"(?:(?:the|this|that|a)\s+)?(?:[\w-]+\s+)?(?:end|side|head|foot|cent(?:er|re)|middle|front|back|edge|top|bottom|corner|part|left|right|rest|entrance)\s+(?:of|to|from)\s+"
_THE = r"(?:(?:the|a|an|this|that|these|those|my|your|our|his|her|their|some|any|all)\s+)*"
_GOES = re.compile(rf"(?:{_TRAVEL.replace(' ', '|')}){_ADVERB}\s+(?:(?:{_TO}|{_AT}|for)\s+)?(?:{_PARTITIVE})?{_THE}{_NOUNS}")
_ENDS_TO = re.compile(rf"\b(?:{_TO})\s+(?:{_PARTITIVE})?{_THE}{_NOUNS}")
_ENDS_AT = re.compile(rf"\b(?:{_AT})\s+(?:{_PARTITIVE})?{_THE}{_NOUNS}")
_ON_TO = re.compile(rf"\b(?:and|then|,)(?:\s+(?:then|after that|also|next))*\s+(?:{_TO}|in)\s+(?:{_PARTITIVE})?{_THE}{_NOUNS}")
_FROM = re.compile(rf"\bfrom\s+(?:{_PARTITIVE})?{_THE}{_NOUNS}")
_PUT = frozenset("put place hang lay set position insert store leave drop".split())  # "put it on the chair near the table": the first place


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A name by its place in the list, and how well it fits: above 1 it was said, below 1 it is cosine likeness."""

    index: int
    score: float


def goals(text: str) -> tuple[str, ...]:
    """Where each order of a sentence leads, as noun phrases without article, in the order they were said (English)."""
    found = []
    parts = clauses(normalise(text))
    for clause, later in zip(parts, [*parts, ""][1:], strict=True):
        verb = clause.split()[0]
        if verb in ("take", "pick") and re.match(rf"(?:{_CARRY.replace(' ', '|')})\s+(?:it|them)\b", later):
            continue  # where a thing is taken from is not where it goes
        if verb in _TRAVEL.split() and (m := _GOES.match(clause)):
            found.append(m["noun"].strip())
            found += [m["noun"].strip() for m in _ON_TO.finditer(clause, m.end())]
        elif verb in _CARRY.split() or verb in _LEAD.split():
            ends = list(_ENDS_TO.finditer(clause)) or list(_ENDS_AT.finditer(clause))
            if not ends and verb == "disconnect":
                ends = list(_FROM.finditer(clause))
            found += [ends[0 if verb in _PUT else -1]["noun"].strip()] if ends else []
    return tuple(found)


def clauses(said: str) -> list[str]:
    """A sentence cut where a new order begins, with or without "and" and commas; each part begins with its verb."""
    words = re.findall(r"[\w'-]+|,", said)
    verbs = frozenset(f"{_TRAVEL} {_CARRY} {_LEAD} {_OTHER}".split())
    starts = [
        i for i, word in enumerate(words)
        if word in verbs and (i == 0 or words[i - 1] in _LINK or (word in _NEVER_NOUN and words[i - 1] not in ("the", "a", "an", "my")) or re.fullmatch(r"\w+ly", words[i - 1]))
    ]  # fmt: skip
    parts = [" ".join(words[a:b]) for a, b in zip(starts, [*starts, len(words)][1:], strict=True)]
    return [re.sub(r"(?: (?:and|then|please|,|to|you|robot))+$", "", part) for part in parts]


def choose(phrase: str, names: Sequence[str], encode: Encode | None = None, also: Sequence[Sequence[str]] = ()) -> Choice | None:
    """The name that a phrase means; None without names, or where no word fits and there is no encoder.

    Args:
        names: as a map has them: "LivingRoom", "washing_machine", "tv". also: other words for each name, if known.
    """
    if not names:
        return None
    target = spoken(take_apart(phrase)[0])
    if not target:
        return None
    words = [[spoken(n) for n in (name, *(also[i] if also else ()))] for i, name in enumerate(names)]
    scores = [max(_literal(target, word) for word in group) for group in words]
    if encode is not None and max(scores) < HEAD:
        head = " ".join(target[-1:])
        flat = [" ".join(word) for group in words for word in group]
        rows = np.asarray(encode([" ".join(target), head, *flat]), np.float32)
        like, at = (rows[:2] @ rows[2:].T).max(axis=0), 0
        for i, group in enumerate(words):
            scores[i] = max(scores[i], float(like[at : at + len(group)].max()))
            at += len(group)
    best = int(np.argmax(scores))
    return Choice(index=best, score=scores[best]) if scores[best] > 0 else None


def spoken(name: str) -> list[str]:
    """A name as words in the singular: "LivingRoom_2" is living, room."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|_|-(?=\w{3})", " ", name)
    article = lex.EN_ARTICLE.match(apart.casefold())
    return [_singular(word) for word in apart.casefold()[article.end() if article else 0 :].split() if not word.isdigit()]


def _singular(word: str) -> str:
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes")) else word.removesuffix("s")


def _literal(said: Sequence[str], name: Sequence[str]) -> float:
    """Whether a name was said: as the head of a phrase (better the longer it is), or anywhere in it. "living room" is "livingroom"."""
    joined = "".join(name)
    if not joined:
        return 0.0
    spans = [(a, b) for a in range(len(said)) for b in range(a + 1, len(said) + 1) if "".join(said[a:b]) == joined]
    if any(b == len(said) for _, b in spans):
        return HEAD + 0.1 * max(b - a for a, b in spans if b == len(said))
    return PART if spans else 0.0

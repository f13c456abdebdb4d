# SPDX-License-Identifier: Apache-2.0
"""Noun phrases taken apart: "the cone behind the green box" is a cone, a relation and a landmark.

Words only, English and Chinese; what a relation means on the ground is mm_nav.core.relation's business.
"""

import re

from mm_nav.core import lexicon as lex
from mm_nav.core.types import Relation

Parts = tuple[str, Relation | None, tuple[str, ...]]

_EN = {
    r"next to|beside|alongside|adjacent to|close to|close by|near to|near|nearby|by|at": Relation.NEXT_TO,
    r"behind|in back of|at the back of|beyond|past": Relation.BEHIND,
    r"in front of|before|ahead of": Relation.IN_FRONT_OF,
    r"(?:(?:to|on|at) the )?left(?:[- ]hand)?(?: side)? (?:of|from)": Relation.LEFT_OF,
    r"(?:(?:to|on|at) the )?right(?:[- ]hand)?(?: side)? (?:of|from)": Relation.RIGHT_OF,
    r"(?:nearest|closest)(?: to)?": Relation.NEAREST,
}
_ZH = {
    r"旁边|附近|边上|身旁|身边|旁侧|隔壁|旁": Relation.NEXT_TO,
    r"后面|后方|后边|背后|身后|后头": Relation.BEHIND,
    r"前面|前方|前边|前头|面前|正前方": Relation.IN_FRONT_OF,
    r"左边|左侧|左面|左手边|左方": Relation.LEFT_OF,
    r"右边|右侧|右面|右手边|右方": Relation.RIGHT_OF,
}
_LINK = r"(?:(?:that|which|who)(?: is|'s| stands?| sits?)? |(?:standing|located|sitting|placed|parked|lying|right|just|directly|immediately) )*"
_EN_RELATED = [
    (re.compile(rf"(?P<target>.+?) {_LINK}(?:{words}) (?P<mark>.+)"), relation) for words, relation in _EN.items()
]
_EN_PLACE = re.compile(rf"(?:{'|'.join(_EN)}) (?P<mark>.+)")
_EN_BETWEEN = re.compile(rf"(?P<target>.+?) {_LINK}(?:in )?between (?P<first>.+?)(?: and (?P<second>.+))?")
_EN_NEAREST = re.compile(r"(?:nearest|closest) (?P<target>.+)")
_ZH_RELATED = [
    (re.compile(rf"(?:在|位于|处于)?(?P<mark>.+?)的?(?:正|斜)?(?:{words})的(?P<target>.+)"), relation) for words, relation in _ZH.items()
]
_ZH_BETWEEN = re.compile(r"(?:在|位于|处于)?(?P<first>.+?)(?:和|与|跟|及)(?P<second>.+?)(?:的)?(?:之间|中间|当中)的(?P<target>.+)")
_ZH_NEAREST = re.compile(r"(?:离|距离?)(?P<mark>.+?)(?:最近|最靠近)的(?P<target>.+)|(?:最近|最靠近)的(?P<alone>.+)")
_EN_WHEREABOUTS = re.compile(r"(?P<target>.+?)(?: (?:over there|right there|up ahead|ahead|nearby|(?:in front of|behind|near|next to|beside) (?:you|me|us)))+")
_ZH_WHEREABOUTS = re.compile(r"(?:你|我|我们)?(?:正)?(?:前面|前方|后面|后方|左边|左侧|右边|右侧|旁边|附近|身边|对面)的?(?P<target>[^的边面侧方].*)")
_ZH_ME = ("我", "你", "这里", "这儿", "机器人", "自己")


def take_apart(phrase: str) -> Parts:
    """Target, relation and landmarks of a noun phrase; without a relation the target is the phrase.

    A place that only its landmark describes ("left of the box") has the landmark for its target.
    """
    chinese = any("\u4e00" <= c <= "\u9fff" for c in phrase)
    found = _chinese(phrase) if chinese else _english(phrase)
    return found if found is not None else (phrase, None, ())


def _english(phrase: str) -> Parts | None:
    if m := _EN_WHEREABOUTS.fullmatch(phrase):  # as seen from the speaker: no landmark to look for
        return take_apart(m["target"])
    if m := _EN_BETWEEN.fullmatch(phrase):
        marks = tuple(_mark(m[k]) for k in ("first", "second") if m[k])
        return _bare(m["target"]), Relation.BETWEEN, marks
    if m := _EN_NEAREST.fullmatch(phrase):
        return _bare(m["target"]), Relation.NEAREST, ()
    if m := _EN_PLACE.fullmatch(phrase):
        return _mark(m["mark"]), None, ()
    found = [(len(m["target"]), relation, m) for pattern, relation in _EN_RELATED if (m := pattern.fullmatch(phrase))]
    if not found:
        return None
    _, relation, m = min(found, key=lambda f: f[0])  # the relation that was said first
    return _bare(m["target"]), relation, (_mark(m["mark"]),)


def _chinese(phrase: str) -> Parts | None:
    if m := _ZH_WHEREABOUTS.fullmatch(phrase):
        return take_apart(_bare(m["target"]))
    if m := _ZH_BETWEEN.fullmatch(phrase):
        return _bare(m["target"]), Relation.BETWEEN, (_bare(m["first"]), _bare(m["second"]))
    if m := _ZH_NEAREST.fullmatch(phrase):
        marks = () if m["mark"] is None or m["mark"].startswith(_ZH_ME) else (_bare(m["mark"]),)
        return _bare(m["target"] or m["alone"]), Relation.NEAREST, marks
    found = [(-len(m["mark"]), relation, m) for pattern, relation in _ZH_RELATED if (m := pattern.fullmatch(phrase))]
    if not found:
        return None
    _, relation, m = min(found, key=lambda f: f[0])  # in Chinese the target comes last
    return _bare(m["target"]), relation, (_bare(m["mark"]),)


def _bare(noun: str) -> str:
    """A noun without article or the words that lead to it."""
    noun = noun.strip(" ,，、")
    if m := lex.EN_ARTICLE.match(noun):
        noun = noun[m.end() :]
    return lex.ZH_ARTICLE.sub("", noun).strip()


def _mark(words: str) -> str:
    """A landmark; what describes the landmark itself is left out."""
    return take_apart(_bare(words))[0]

# SPDX-License-Identifier: Apache-2.0
"""Plain words to a typed Command, by rules, in English and Chinese.

A text can only choose one of the intents of ``mm_nav.core.types.Intent`` and name a thing; it never sets a
parameter, a topic or a file. Stop words of fourteen languages are always honoured. Knows no network, no scene, no clock.
"""

import math
import re
from functools import lru_cache

from mm_nav.core import grammar, manoeuvre, topic
from mm_nav.core import lexicon as lex
from mm_nav.core.filler import ZH_AFTER, bare_chinese, bare_english, in_present
from mm_nav.core.manoeuvre import Manoeuvre
from mm_nav.core.phrase import take_apart
from mm_nav.core.script import is_chinese, is_known, normalise
from mm_nav.core.types import Command, Intent, Rejection

MAX_CHARS = 512
QUOTED_CHARS = 60
DEFAULT = {Intent.TURN: math.pi / 2, Intent.MOVE_BY: 1.0, Intent.WAIT: 10.0}  # rad, m, s
# (what a larger number is clipped to, what is refused): nobody means 1e9 m, and half the map is still a wish
MOST = {Intent.TURN: (2 * math.pi, 20 * math.pi), Intent.MOVE_BY: (10.0, 100.0), Intent.WAIT: (600.0, 86400.0)}
EXAMPLES = "say for example 'go to the red cone', 'follow the person', 'turn left', 'move forward 2 m', 'wait 5 s', 'stop'"
UNKNOWN, NEGATION = "is no command I know", "is a negation, which is not yet supported"

_PHRASE = re.compile(r"[\w\s'’,\-、]+")
_SIDE = re.compile(r"\b(left|right)\b|左|右", re.ASCII)


def parse(text: str, max_chars: int = MAX_CHARS) -> Command | Rejection:
    """What a text asks for, or why it is not a command; never raises, never looks at more than ``max_chars``.

    Rejection reasons: ``too_long``, ``not_text`` (bytes that were not UTF-8), ``empty``, ``unsupported_language``,
    ``ambiguous`` (contradictory or two orders), ``not_understood``.
    """
    if len(text) > max_chars:
        return rejection("too_long", text, f"has {len(text)} characters, the limit is {max_chars}; say it shorter")
    return _parsed(text)


@lru_cache(maxsize=64)  # whoever hears an order asks several times, and a flood says the same again and again
def _parsed(text: str) -> Command | Rejection:
    if "\ufffd" in text:
        return rejection("not_text", text, "is not valid UTF-8; publish it as UTF-8")
    clean = normalise(text)
    if not any(c.isalnum() for c in clean):
        return rejection("empty", text, f"holds no words; {EXAMPLES}")
    if _is_stop(clean):
        return Command(intent=Intent.STOP, text=clean)
    if any(c.isalpha() and not is_known(c) for c in clean):
        return rejection("unsupported_language", text, "has letters that are neither Latin nor Chinese; use English or Chinese")
    chinese = is_chinese(clean)
    found = _spoken_english(clean, text)
    if found is None and chinese:
        found = _chinese(bare_chinese(clean), text)
    if found is None:
        return rejection("not_understood", text, f"{UNKNOWN}; {EXAMPLES}")
    return found


def is_unknown(heard: Command | Rejection) -> bool:
    """Whether a text was refused since no sentence pattern fits, or since it forbids something in an unknown way."""
    return isinstance(heard, Rejection) and heard.reason == "not_understood" and (UNKNOWN in heard.text or NEGATION in heard.text)


def order(intent: Intent, thing: str, text: str) -> Command | None:
    """An order whose intent was told by other means; side, direction, amount and thing are the words' own."""
    clean = normalise(text)
    chinese = is_chinese(clean)
    if thing:
        grounded = _grounded(intent, _chinese_phrase(thing) if chinese else _english_phrase(thing), text, clean)
        return grounded if isinstance(grounded, Command) else None
    found = _manoeuvre((manoeuvre.loose_chinese if chinese else manoeuvre.loose_english)(intent, clean), text, clean)
    return found if isinstance(found, Command) else None


# ---------------------------------------------------------------- the two grammars


def _spoken_english(clean: str, text: str) -> Command | Rejection | None:
    """The order without what people wrap around it; failing that, an ending that says to wait or to keep away."""
    said = bare_english(clean)
    found = _english(topic.reworded(said), text)
    if isinstance(found, Command):
        return found
    for ending in topic.endings(said):
        late = _english(bare_english(ending), text)
        if isinstance(late, Command) and late.intent in (Intent.WAIT, Intent.AVOID):
            return late
    if found is None:
        inner = (_english(_plain(part), text) for part in topic.inner_orders(said))
        found = next((order for order in inner if isinstance(order, Command)), None)
    if found is None and re.search(r"\bplease\W*$", clean) and (m := grammar.EN_THING.fullmatch(said)):
        return _grounded(Intent.GO_TO, _english_phrase(m["what"]), text, said)
    return found


def _plain(part: str) -> str:
    return topic.reworded(bare_english(in_present(part)))


def _english(said: str, text: str) -> Command | Rejection | None:
    if m := grammar.EN_KEEP.fullmatch(said):
        return _grounded(Intent.FOLLOW, _english_phrase(_said(m)), text, said)
    if m := grammar.EN_LOST.fullmatch(said):
        return _grounded(Intent.LOOK_FOR, _english_phrase(m["what"]), text, said)
    if m := grammar.EN_NOT_YET.fullmatch(said):
        return _measured(Intent.WAIT, m.groupdict(), text, said, 1.0)
    if m := grammar.EN_AVOID.fullmatch(said):
        what = _said(m)
        if lex.EN_SECOND_ORDER.search(what) or lex.EN_NEGATION.search(what):
            return rejection("ambiguous", text, "holds more than one order; give one at a time")
        return _grounded(Intent.AVOID, _english_phrase(what), text, said)
    if lex.EN_NEGATION.search(said):
        return _negated(text)
    if len({m.group() for m in _SIDE.finditer(said)}) > 1 and not any(p.fullmatch(said) for p in (grammar.EN_GO, grammar.EN_LOOK, grammar.EN_FOLLOW)):
        return rejection("ambiguous", text, "says left and right; say one of them")
    return _english_manoeuvre(said, text) or _english_grounded(said, text)


def _english_manoeuvre(said: str, text: str) -> Command | Rejection | None:
    for pattern in grammar.EN_TURN:
        if m := pattern.fullmatch(said):
            return _turn(m, text, said)
    for pattern in grammar.EN_MOVE:
        if m := pattern.fullmatch(said):
            back = re.match(r"back|reverse|retreat|in reverse|rear", m.groupdict().get("way") or "") or said.startswith("revers")
            return _measured(Intent.MOVE_BY, m.groupdict(), text, said, -1.0 if back else 1.0)
    if m := next((m for p in grammar.EN_WAIT if (m := p.fullmatch(said))), None):
        return _measured(Intent.WAIT, m.groupdict(), text, said, 1.0)
    return _manoeuvre(manoeuvre.english(said), text, said)


def _english_grounded(said: str, text: str) -> Command | Rejection | None:
    refused: Rejection | None = None
    for intent, pattern in ((Intent.FOLLOW, grammar.EN_FOLLOW), (Intent.LOOK_FOR, grammar.EN_LOOK), (Intent.GO_TO, grammar.EN_GO)):
        m = pattern.fullmatch(said)
        if m is None or (intent is Intent.LOOK_FOR and grammar.EN_GO.fullmatch(said)):  # "find your way to"
            continue
        what = _said(m)
        if lex.EN_SECOND_ORDER.search(what):
            return rejection("ambiguous", text, "holds more than one order; give one at a time")
        found = _grounded(intent, _english_phrase(what), text, said)
        if isinstance(found, Command):
            return found
        refused = found
    if refused is not None:
        return refused
    if lex.EN_SECOND_ORDER.search(said) and re.match(r"(?:go|drive|move|turn|rotate|wait)\b", said):
        return rejection("ambiguous", text, "holds more than one order; give one at a time")
    return None


def _said(m: re.Match[str]) -> str:
    """What a sentence is about, wherever in it that stands."""
    return next((what for name, what in m.groupdict().items() if what and name not in ("number", "unit", "order", "end")), "")


def _chinese(said: str, text: str) -> Command | Rejection | None:
    if ((m := grammar.ZH_TOPIC.fullmatch(said)) and not m["np"].startswith(("我", "你", "天"))) or (m := grammar.ZH_AHEAD.fullmatch(said)):
        said = m["order"] + m["np"] + (m["end"] or "")
    if grammar.ZH_UNTIL.fullmatch(said):
        return Command(intent=Intent.WAIT, text=said, amount=DEFAULT[Intent.WAIT])
    if m := grammar.ZH_KEEP.fullmatch(said):
        return _grounded(Intent.FOLLOW, _chinese_phrase(_said(m)), text, said)
    if m := grammar.ZH_AVOID.fullmatch(said):
        return _grounded(Intent.AVOID, _chinese_phrase(_said(m)), text, said)
    if found := _manoeuvre(manoeuvre.chinese(said), text, said):
        return found
    if lex.ZH_NEGATION.search(said) and not re.match(r"有没有|看没看", said):
        return _negated(text)
    if re.search(r"左转.*右转|右转.*左转|向左.*向右|向右.*向左|前进.*后退|后退.*前进|左右转|先?左.?[拐转].*右.?[拐转]", said):
        return rejection("ambiguous", text, "contradicts itself; say one direction")
    if re.search(r"然后|接着|之后再|再去", said):
        return rejection("ambiguous", text, "holds more than one order; give one at a time")
    for pattern in grammar.ZH_TURN:
        if m := pattern.fullmatch(said):
            return _turn(m, text, said)
    if (m := grammar.ZH_MOVE.fullmatch(said)) and said not in ("前", "后", "退", "倒"):
        back = m["way"] == "后" or (m["plain"] or "").startswith(("倒", "退"))
        return _measured(Intent.MOVE_BY, m.groupdict(), text, said, -1.0 if back else 1.0)
    if m := grammar.ZH_WAIT.fullmatch(said):
        return _measured(Intent.WAIT, m.groupdict(), text, said, 1.0)
    if grammar.ZH_ABSENT.search(said):  # of another day, or a question: nothing to do now
        return None
    for intent, pattern in grammar.ZH_GROUNDED:
        if m := pattern.fullmatch(said):
            return _grounded(intent, _chinese_phrase(_said(m)), text, said)
    return None


def _manoeuvre(found: Manoeuvre | None, text: str, said: str) -> Command | Rejection | None:
    if found is None:
        return None
    if found.share is not None:
        return Command(intent=Intent.TURN, text=said, amount=found.sign * found.share * 2 * math.pi)
    return _measured(found.intent, {"number": found.number, "unit": found.unit}, text, said, found.sign)


def _turn(m: re.Match[str], text: str, said: str) -> Command | Rejection:
    groups = m.groupdict()
    if groups.get("around") or groups.get("uturn") or groups.get("about") is not None:
        return Command(intent=Intent.TURN, text=said, amount=math.pi)
    if groups.get("circle"):
        return Command(intent=Intent.TURN, text=said, amount=2 * math.pi)
    sign = 1.0 if groups["side"] in ("left", "左", "逆时针") or groups["side"].startswith(("counter", "anti")) else -1.0
    if groups.get("share"):
        whole = {"quarter": math.pi / 2, "half": math.pi, "full": 2 * math.pi}[groups["share"]]
        return Command(intent=Intent.TURN, text=said, amount=sign * whole)
    return _measured(Intent.TURN, groups, text, said, sign)


def _measured(intent: Intent, groups: dict[str, str | None], text: str, said: str, sign: float) -> Command | Rejection:
    """A command with a number; one without a unit means degrees, metres or seconds."""
    if groups.get("number") is None:
        return Command(intent=intent, text=said, amount=sign * DEFAULT[intent])
    number = lex.read_number(groups["number"] or "")
    if number is None:
        return rejection("not_understood", text, "has a number I cannot read; use digits")
    number += 0.5 if groups.get("half") or groups.get("tenth") == "半" else 0.0
    number += 0.1 * (lex.read_number(groups["tenth"] or "") or 0.0) if groups.get("tenth") not in (None, "", "半") else 0.0
    unit = groups.get("unit") or ""
    amount = number * _SCALE[intent].get(unit.rstrip("s"), _SCALE[intent][""])
    most, refused = MOST[intent]
    if not math.isfinite(amount) or not 0 < amount <= refused:
        return rejection("not_understood", text, f"has a number out of range; use more than 0 and at most {most:g} {_UNIT[intent]}")
    return Command(intent=intent, text=said, amount=sign * min(amount, most))


_SCALE: dict[Intent, dict[str, float]] = {
    Intent.TURN: {"": math.pi / 180, "rad": 1.0, "radian": 1.0, "turn": 2 * math.pi, "圈": 2 * math.pi},
    Intent.MOVE_BY: {"": 1.0, "cm": 0.01, "centimeter": 0.01, "centimetre": 0.01, "厘米": 0.01, "km": 1000.0, "kilometer": 1000.0,
                     "kilometre": 1000.0, "公里": 1000.0, "feet": 0.3048, "foot": 0.3048, "ft": 0.3048, "step": 0.5, "pace": 0.5, "步": 0.5},
    Intent.WAIT: {"": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "分": 60.0, "分钟": 60.0, "小时": 3600.0},
}  # fmt: skip
_UNIT = {Intent.TURN: "rad", Intent.MOVE_BY: "m", Intent.WAIT: "s"}

# ---------------------------------------------------------------- phrases


def _grounded(intent: Intent, phrase: str, text: str, said: str) -> Command | Rejection:
    if not any(c.isalpha() for c in phrase) or phrase in lex.EN_NAMELESS or lex.EN_NOT_A_THING.fullmatch(phrase) or not _PHRASE.fullmatch(phrase):
        return rejection("not_understood", text, f"does not name a thing I could look for; {EXAMPLES}")
    if intent is not Intent.AVOID and lex.EN_APART.search(phrase):
        return rejection("not_understood", text, f"{UNKNOWN}; {EXAMPLES}")
    target, relation, landmarks = take_apart(phrase)
    return Command(intent=intent, text=said, phrase=phrase, target=target, relation=relation, landmarks=landmarks)


def _english_phrase(what: str) -> str:
    what = what.strip(" ,.!?;:\"'")
    if m := lex.EN_NEAR.match(what):
        what = what[m.end() :]
    if m := lex.EN_ARTICLE.match(what):
        what = what[m.end() :]
    if is_chinese(what):
        return _chinese_phrase(what)
    return what.strip()


def _chinese_phrase(what: str) -> str:
    what = what.strip(" ,。.!?;:、")
    before = ""
    while what != before:  # "那个箱子旁边那里去" loses one ending after the other, but never everything
        before = what
        for pattern in (ZH_AFTER, lex.ZH_PLACE):
            shorter = pattern.sub("", what)
            what = shorter or what
    return lex.ZH_ARTICLE.sub("", what).strip(" ,。") or what


# ---------------------------------------------------------------- words


def _is_stop(clean: str) -> bool:
    """Stop wins over everything else in the text, "don't stop" included: keep still when in doubt."""
    if lex.STOP_ANYWHERE.search(clean):
        return True
    for clause in (clean, *re.split(r"[,.!?;:、。!?،؟¡¿…-]+", clean)):
        bare = bare_chinese(bare_english(clause.strip(" ,.!?;:、。،؟¡¿…-\"'")))
        if bare in lex.STOP_ALONE or re.sub(r"^(?:不要|别|不)", "", bare) in lex.STOP_ALONE:
            return True
        if len(bare) > 1 and re.fullmatch(lex.STOP_REPEATED, bare.replace(" ", "")):
            return True
        words = bare.split()
        if words and all(w in lex.STOP_ALONE for w in words):
            return True
    return False


def _negated(text: str) -> Rejection:
    return rejection("not_understood", text, f"{NEGATION}; say what to do instead")


def rejection(reason: str, text: str, why: str) -> Rejection:
    """A refusal that quotes the beginning of the text."""
    quoted = repr(text[:QUOTED_CHARS])
    if len(quoted) > QUOTED_CHARS or len(text) > QUOTED_CHARS:
        quoted = quoted[: QUOTED_CHARS - 3] + "..."
    return Rejection(reason=reason, text=f"{quoted} {why}")

# SPDX-License-Identifier: Apache-2.0
"""People's own words are understood or refused, and never taken for their opposite."""

from types import ModuleType

import pytest

from mm_nav.core.command import parse
from mm_nav.core.types import Command
from tests.core import paraphrases

GROUNDED, SIGNED = ("go_to", "look_for", "follow", "avoid"), ("turn", "move_by")


def rows(name: str, module: ModuleType = paraphrases) -> list[tuple[str, str, str]]:
    out = []
    for line in getattr(module, name).strip().splitlines():
        intent, text, what = (part.strip() for part in f"{line}||".split("|")[:3])
        out.append(("stop", text, "") if what == "STOP" else (intent, text, what))
    return out


def right(intent: str, text: str, what: str) -> bool:
    heard = parse(text)
    if not isinstance(heard, Command) or heard.intent.value != intent:
        return False
    if intent in SIGNED:
        return (heard.amount > 0) == (what == "+")
    return heard.target == what if intent in GROUNDED else True


@pytest.mark.parametrize(
    ("name", "least"),
    [("ENGLISH_A", 0.98), ("CHINESE_A", 0.97), ("ENGLISH_B", 0.98), ("CHINESE_B", 0.97), ("ENGLISH_C", 0.80), ("CHINESE_C", 0.85)],
)
def test_most_of_what_people_say_is_understood(name: str, least: float) -> None:
    found = [(text, right(intent, text, what)) for intent, text, what in rows(name)]
    share = sum(ok for _, ok in found) / len(found)
    assert share >= least, [text for text, ok in found if not ok]


@pytest.mark.parametrize("name", ["ENGLISH_A", "ENGLISH_B", "ENGLISH_C", "CHINESE_A", "CHINESE_B", "CHINESE_C"])
def test_nothing_is_taken_for_its_opposite(name: str) -> None:
    for intent, text, what in rows(name):
        heard = parse(text)
        if not isinstance(heard, Command):
            assert intent != "stop", text
            continue
        said = heard.intent.value
        assert (said == "avoid") == (intent == "avoid"), text  # to go where it should keep away from, or the other way round
        assert (said == "stop") == (intent == "stop"), text
        if intent in SIGNED and said == intent:
            assert (heard.amount > 0) == (what == "+"), text
        if intent not in SIGNED:
            assert said not in SIGNED, text

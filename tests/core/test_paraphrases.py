# SPDX-License-Identifier: Apache-2.0
"""People's own words are understood or refused, and never taken for their opposite."""

from collections.abc import Callable
from types import ModuleType

import pytest

from mm_nav.core.command import parse
from mm_nav.core.types import Command, Rejection
from tests.core import fresh, heldout, paraphrases, tuning, tuning_more

GROUNDED, SIGNED = ("go_to", "look_for", "follow", "avoid"), ("turn", "move_by")


def rows(name: str, module: ModuleType = paraphrases) -> list[tuple[str, str, str]]:
    out = []
    for line in getattr(module, name).strip().splitlines():
        intent, text, what = (part.strip() for part in f"{line}||".split("|")[:3])
        out.append(("stop", text, "") if what == "STOP" else (intent, text, what))
    return out


LISTS = [
    *((f"{language}_{name}", paraphrases) for language in ("ENGLISH", "CHINESE") for name in "ABC"),
    *((f"{language}_{name}", module) for language in ("ENGLISH", "CHINESE")
      for name, module in (("D", tuning), ("E", heldout), ("F", tuning_more), ("G", tuning_more), ("H", fresh))),
]  # fmt: skip


@pytest.fixture(scope="module")
def hear() -> Callable[[str], Command | Rejection]:
    """Understanding as on the robot: by grammar, then by meaning."""
    from mm_nav.core.gist import Gist
    from mm_nav.engine.text import open_text_encoder

    return Gist(open_text_encoder().encode_together).hear


def right(intent: str, text: str, what: str) -> bool:
    heard = parse(text)
    if not isinstance(heard, Command) or heard.intent.value != intent:
        return False
    if intent in SIGNED:
        return (heard.amount > 0) == (what == "+")
    return heard.target == what if intent in GROUNDED else True


@pytest.mark.parametrize(
    ("name", "least"),
    [("ENGLISH_A", 0.98), ("CHINESE_A", 0.97), ("ENGLISH_B", 0.98), ("CHINESE_B", 0.97), ("ENGLISH_C", 0.98), ("CHINESE_C", 0.97)],
)
def test_most_of_what_people_say_is_understood(name: str, least: float) -> None:
    found = [(text, right(intent, text, what)) for intent, text, what in rows(name)]
    share = sum(ok for _, ok in found) / len(found)
    assert share >= least, [text for text, ok in found if not ok]


@pytest.mark.parametrize(
    ("name", "module", "least"),
    [("ENGLISH_E", heldout, 0.98), ("CHINESE_E", heldout, 0.97), ("ENGLISH_H", fresh, 0.92), ("CHINESE_H", fresh, 0.96)],
)
def test_intents_of_what_was_never_tuned_on(name: str, module: ModuleType, least: float, hear: Callable[[str], Command | Rejection]) -> None:
    found = [(text, isinstance(heard := hear(text), Command) and heard.intent.value == intent) for intent, text, _ in rows(name, module)]
    assert sum(ok for _, ok in found) / len(found) >= least, [text for text, ok in found if not ok]


@pytest.mark.parametrize(("name", "module"), LISTS)
def test_nothing_is_taken_for_its_opposite(name: str, module: ModuleType, hear: Callable[[str], Command | Rejection]) -> None:
    for intent, text, what in rows(name, module):
        heard = hear(text)
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

# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/commands.md say what the ear understands."""

import math
import re
from collections.abc import Iterator

import pytest

from mm_nav.core import command as ear
from mm_nav.core.lexicon import STOP_ALONE
from mm_nav.core.types import Command, Intent, Rejection, Relation
from tests.documents.fences import ROOT

PAGE = (ROOT / "docs" / "commands.md").read_text("utf-8")
UNITS = {Intent.TURN: ("°", 180 / math.pi), Intent.MOVE_BY: (" m", 1.0), Intent.WAIT: (" s", 1.0)}


def rows(*heading: str) -> list[list[str]]:
    """Cells of every table with this heading."""
    return list(_rows("| " + " | ".join(heading) + " |"))


def _rows(heading: str) -> Iterator[list[str]]:
    for table in re.findall(rf"^{re.escape(heading)}\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        for line in table.splitlines():
            yield [cell.strip() for cell in line.strip("|").split("|")]


ORDERS = rows("said", "intent", "phrase or amount")
RELATIONS = rows("said", "target", "relation", "landmarks")
REFUSED = rows("said", "reason")


@pytest.mark.parametrize(("said", "intent", "what"), ORDERS, ids=[row[0] for row in ORDERS])
def test_an_order_is_understood_as_the_page_says(said: str, intent: str, what: str) -> None:
    heard = ear.parse(said)
    assert isinstance(heard, Command), heard
    assert heard.intent.value == intent
    if heard.intent in UNITS:
        unit, scale = UNITS[heard.intent]
        assert what == f"{heard.amount * scale:.4g}{unit}"
    else:
        assert what == heard.phrase


@pytest.mark.parametrize(("said", "target", "relation", "landmarks"), RELATIONS, ids=[row[0] for row in RELATIONS])
def test_a_relation_is_taken_apart_as_the_page_says(said: str, target: str, relation: str, landmarks: str) -> None:
    heard = ear.parse(said)
    assert isinstance(heard, Command), heard
    assert heard.relation is not None
    assert (heard.target, heard.relation.value, ", ".join(heard.landmarks)) == (target, relation, landmarks)


@pytest.mark.parametrize(("said", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_refusal_has_the_reason_that_the_page_says(said: str, reason: str) -> None:
    heard = ear.parse(said)
    assert isinstance(heard, Rejection), heard
    assert heard.reason == reason


def test_the_page_leaves_nothing_out() -> None:
    assert {row[1] for row in ORDERS} == {intent.value for intent in Intent}
    assert {row[2] for row in RELATIONS} | {"right_of"} == {relation.value for relation in Relation}
    for reason in ("too_long", "not_text", "empty", "superseded", "expired"):
        assert f"`{reason}`" in PAGE
    assert f"{ear.MAX_CHARS} characters" in PAGE
    assert {said for said, *_ in ORDERS} & STOP_ALONE >= {"anhalten", "ferma", "durun", "قف"}


def test_defaults_and_limits_are_those_of_the_ear() -> None:
    assert (math.degrees(ear.DEFAULT[Intent.TURN]), ear.DEFAULT[Intent.MOVE_BY], ear.DEFAULT[Intent.WAIT]) == (90, 1, 10)
    assert "a turn is 90°, a move 1 m, a wait 10 s" in PAGE
    (turn, turn_refused), (move, move_refused), (wait, wait_refused) = (ear.MOST[i] for i in UNITS)
    assert f"cut to {math.degrees(turn):.0f}°, {move:.0f} m and\n{wait:.0f} s" in PAGE
    assert (turn_refused / turn, move_refused / move, wait_refused / 3600) == (10, 10, 24)

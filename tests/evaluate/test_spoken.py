# SPDX-License-Identifier: Apache-2.0
"""Orders against what was meant: from the simulator, from a file, and from people."""

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.types import Intent
from mm_nav.errors import ConfigError
from mm_nav.evaluate import spoken
from tests.core import paraphrases


def test_a_sentence_that_was_taken_for_something_else_is_named() -> None:
    found = spoken.intents([("stop", Intent.STOP), ("go to the red cone", Intent.GO_TO), ("xyzzy", Intent.WAIT)])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["wrong"] == [{"text": "xyzzy", "meant": "wait", "heard": spoken.REJECTED}]
    row, column = found["names"].index("wait"), found["names"].index(spoken.REJECTED)
    assert found["matrix"][row][column] == 1


def test_intents_that_nobody_said_are_said_to_be_unspoken() -> None:
    found = spoken.intents([("stop", Intent.STOP)])
    assert "wait" in found["not_spoken"]
    assert "stop" not in found["not_spoken"]
    assert set(found["classes"]) == {"stop"}


def test_the_simulators_orders_are_understood_and_are_the_same_for_a_seed() -> None:
    said = spoken.simulated(3, each=25)
    assert said == spoken.simulated(3, each=25)
    assert said != spoken.simulated(4, each=25)
    assert {intent for _, intent in said} >= {Intent.GO_TO, Intent.TURN, Intent.MOVE_BY, Intent.STOP}
    assert spoken.intents(said)["accuracy"] > 0.95


def test_orders_of_people_are_judged_the_same_way() -> None:
    lines = [line.split(" | ") for line in paraphrases.ENGLISH_A.strip().splitlines()]
    said = [(text, Intent(meant)) for meant, text, *_ in lines]
    found = spoken.intents(said)
    assert found["sentences"] == len(lines)
    assert found["accuracy"] > 0.5
    assert len(found["wrong"]) == round((1 - found["accuracy"]) * len(lines))


def test_orders_of_a_file_are_read_with_their_intents(tmp_path: Path) -> None:
    file = tmp_path / "said.tsv"
    file.write_text("# mine\n\nstop\thold it right there\ngo_to\t去红色锥桶那里\n", encoding="utf-8")
    assert spoken.read(file) == [("hold it right there", Intent.STOP), ("去红色锥桶那里", Intent.GO_TO)]


@pytest.mark.parametrize(
    ("text", "said"), [("fly\tup", "line 1"), ("stop now", "tab"), ("# nothing\n", "no sentence"), (None, "UTF-8")]
)
def test_a_file_without_orders_is_refused_and_says_where(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "said.tsv"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        spoken.read(file)

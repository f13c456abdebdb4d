# SPDX-License-Identifier: Apache-2.0
"""Goals of commands that people gave to service robots, found from the sentence alone."""

import json
from pathlib import Path

import pytest

from mm_nav.errors import ConfigError
from mm_nav.evaluate.naming import CommandsConfig, goal_figures, is_held_out, judge, main, read, said

COMMAND = {
    "id": "a", "text": "go to the sofa and bring the mug to the kitchen",
    "frames": [{"action": "Motion", "elements": [{"role": "Goal", "entity": {"type": "Couch"}}]},
               {"action": "Bringing", "elements": [{"role": "Theme", "entity": {"type": "Cup"}}, {"role": "Goal", "entity": {"type": "Kitchen"}}]}],
    "candidates": [{"type": t} for t in ("Kitchen", "Couch", "Cup", "Window")],
}  # fmt: skip


def test_goal_of_real_spoken_commands_is_found_from_the_sentence_alone(real_data: Path) -> None:
    file = real_data / "commands" / "huric_en.jsonl"
    if not file.is_file():
        pytest.skip(f"no spoken commands at {file}; set MM_NAV_DATA to their folder")
    rows = goal_figures(file)["rows"]
    for half in ("tuning", "held-out"):
        travel, every = rows[f"where the robot goes, {half} half"], rows[f"any goal, of things it carries too, {half} half"]
        literal = rows[f"where the robot goes, {half} half, by its type's word in the sentence"]
        assert travel["of"] > 40
        assert travel["share"] >= 0.95
        assert travel["share"] > literal["share"]
        assert every["share"] >= 0.90  # people leave open whether a place belongs to the thing or is where it goes


def test_goals_are_held_against_the_annotated_in_their_order() -> None:
    from mm_nav.engine.text import open_text_encoder

    encode = open_text_encoder().encode
    assert judge(COMMAND, encode, None) == [(COMMAND["text"], "Couch", "Couch"), (COMMAND["text"], "Kitchen", "Kitchen")]
    assert judge(COMMAND, encode, ("Motion",)) == [(COMMAND["text"], "Couch", "Couch")]
    assert judge(COMMAND | {"frames": []}, encode, None) == []


def test_the_halves_are_told_by_the_name_and_are_about_equal() -> None:
    held = sum(is_held_out(f"Release/{i}") for i in range(1000))
    assert 400 < held < 600


def test_a_name_is_said_by_its_words() -> None:
    assert said("put it in the washing machine", "Washing_machine")
    assert not said("go to the tablet", "Table")


@pytest.mark.parametrize("text", ["", "{", '{"id": "a"}', "[1]"])
def test_a_file_in_another_form_is_refused_with_the_remedy(text: str, tmp_path: Path) -> None:
    file = tmp_path / "commands.jsonl"
    file.write_text(text)
    with pytest.raises(ConfigError, match="commands"):
        read(file)


def test_the_verb_scores_goals_and_intents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    goals, intents, out = tmp_path / "goals.jsonl", tmp_path / "intents.txt", tmp_path / "figures.json"
    goals.write_text(json.dumps(COMMAND) + "\n")
    intents.write_text("go_to\tgo to the box\nturn\tturn left\nstop\tgo to the box\n")
    assert main(CommandsConfig(file=goals)) == 0
    assert main(CommandsConfig(file=intents, json=out)) == 0
    figures = json.loads(out.read_text())
    assert (figures["rows"]["by grammar"]["right"], figures["rows"]["by grammar"]["of"]) == (2, 3)
    assert figures["wrong"] == [{"text": "go to the box", "meant": "stop", "heard": "go_to"}]
    assert "interval" in capsys.readouterr().out

# SPDX-License-Identifier: Apache-2.0
"""Bars are for people: on a terminal they say how much is done, elsewhere nothing is printed; what measures writes JSON."""

import dataclasses
import importlib
import io
import typing

import pytest
from rich.console import Console

from mm_nav import cli
from mm_nav.progress import bar, track

MEASURES = ("replay", "bench", "inspect", "doctor", *(name for name in cli.VERBS if name.startswith("evaluate ")))


def screen(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, legacy_windows=False)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_sees_how_much_is_done_and_what_came_last() -> None:
    console = screen(terminal=True)
    with bar("driving", 3, console) as shown:
        shown.advance(note="[red] cone")
        shown.advance(2)
    assert "driving" in said(console)
    assert "3/3" in said(console)


def test_notes_are_no_markup() -> None:
    console = screen(terminal=True)
    with bar("[b]ag", 1, console) as shown:
        shown.advance(note="[red] cone")
    assert "[b]ag" in said(console)
    assert "[red] cone" in said(console)


def test_where_nobody_looks_only_results_are_printed() -> None:
    console = screen(terminal=False)
    with bar("driving", 3, console) as shown:
        shown.advance()
        shown.say("recording [/lidar]")
    assert list(track(range(3), "counting", console=console)) == [0, 1, 2]
    assert said(console) == "recording [/lidar]\n"


def test_a_share_never_goes_back_nor_beyond_all() -> None:
    console = screen(terminal=True)
    with bar("replaying", 1.0, console) as shown:
        for share in (0.2, 0.1, 7.0):
            shown.reach(share)
    assert "100 %" in said(console)


def test_work_without_an_end_is_shown_as_such() -> None:
    console = screen(terminal=True)
    with bar("recording", None, console) as shown:
        shown.reach(12.0, "3 messages")
    assert "3 messages" in said(console)


@pytest.mark.parametrize("name", MEASURES)
def test_every_verb_that_measures_writes_json(name: str) -> None:
    verb = cli.VERBS[name]
    room = importlib.import_module(verb.room)
    config = getattr(room, verb.config) if verb.config else next(iter(typing.get_type_hints(room.main).values()))
    assert "json" in {field.name for field in dataclasses.fields(config)}

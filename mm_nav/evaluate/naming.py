# SPDX-License-Identifier: Apache-2.0
"""Spoken commands held against what people meant: ``mm_nav evaluate commands FILE``.

A .jsonl file in the form of HuRIC commands (text, frames with goals, candidates of the map) is scored by the type of the goal
that is found from the sentence alone; any other file is read as lines of intent, tab, text.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from mm_nav.core.naming import Encode, choose, goals, spoken
from mm_nav.errors import ConfigError
from mm_nav.evaluate import write_json
from mm_nav.evaluate.metrics import wilson
from mm_nav.progress import track

TRAVEL = ("Motion",)  # frames whose goal is where the robot goes


@dataclass(frozen=True, kw_only=True)
class CommandsConfig:
    """Score spoken commands: goals against the annotated entity, or intents against what was meant."""

    file: Annotated[Path, tyro.conf.Positional]
    """Commands with maps (.jsonl), or lines of intent, tab, text."""
    json: Path | None = None
    """Write the figures here."""


def main(config: CommandsConfig) -> int:
    """Score, print a table, write JSON."""
    console = Console()
    figures = goal_figures(config.file) if config.file.suffix == ".jsonl" else intent_figures(config.file)
    table = Table("what", "right", "of", "share", "95 % interval")
    for name, row in figures["rows"].items():
        low, high = row["interval"]
        table.add_row(name, str(row["right"]), str(row["of"]), f"{row['share']:.3f}", f"{low:.3f} .. {high:.3f}")
    console.print(table)
    for miss in figures["wrong"]:
        console.print(f"{miss['text']}: meant {miss['meant']}, heard {miss['heard']}", highlight=False, soft_wrap=True)
    write_json(config.json, figures)
    return 0


def goal_figures(file: Path) -> dict[str, Any]:
    """Goals found from sentences alone, by half of the file and by whether the map's own other words may be used.

    Raises:
        ConfigError: not readable, or not in the form of HuRIC commands.
        EngineError: the sentence encoder is not installed.
    """
    from mm_nav.engine.text import open_text_encoder

    commands = read(file)
    encoder = open_text_encoder()
    rows, wrong = {}, []
    for what, actions in (("where the robot goes", TRAVEL), ("any goal, of things it carries too", None)):
        for half in ("tuning", "held-out"):
            mine = [c for c in commands if is_held_out(c["id"]) == (half == "held-out")]
            judged = [found for c in track(mine, f"{half} half") for found in judge(c, encoder.encode, actions)]
            rows[f"{what}, {half} half"] = share([meant == heard for _, meant, heard in judged])
            rows[f"{what}, {half} half, by its type's word in the sentence"] = share([said(text, meant) for text, meant, _ in judged])
            wrong += [{"text": t, "meant": m, "heard": h} for t, m, h in judged if m != h and actions is None]
    return {"rows": rows, "wrong": wrong}


def intent_figures(file: Path) -> dict[str, Any]:
    """Intents of a file of sentences, by grammar and by meaning after it."""
    from mm_nav.core.command import parse
    from mm_nav.core.gist import Gist
    from mm_nav.core.types import Command
    from mm_nav.engine.text import open_text_encoder
    from mm_nav.evaluate.spoken import REJECTED
    from mm_nav.evaluate.spoken import read as read_intents

    spoken_rows, wrong, rows = read_intents(file), [], {}
    for name, hear in (("by grammar", parse), ("by grammar, then by meaning", Gist(open_text_encoder().encode_together).hear)):
        heard = [h.intent.value if isinstance(h := hear(text), Command) else REJECTED for text, _ in track(spoken_rows, name)]
        rows[name] = share([h == meant.value for h, (_, meant) in zip(heard, spoken_rows, strict=True)])
        wrong = [{"text": t, "meant": m.value, "heard": h} for h, (t, m) in zip(heard, spoken_rows, strict=True) if h != m.value]
    return {"rows": rows, "wrong": wrong}


def read(file: Path) -> list[dict[str, Any]]:
    """Commands of a .jsonl file.

    Raises:
        ConfigError: see ``goal_figures``.
    """
    try:
        commands = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        for command in commands:
            _ = command["id"], command["text"], command["frames"], [c["type"] for c in command["candidates"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"commands {file}: {error!r}; give lines of JSON with id, text, frames and candidates") from error
    if not commands:
        raise ConfigError(f"commands {file}: no command in it")
    return commands


def is_held_out(name: str) -> bool:
    """Whether a command, by its file's name, belongs to the half that nothing was tuned on."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1


def judge(command: dict[str, Any], encode: Encode, actions: Sequence[str] | None) -> list[tuple[str, str, str]]:
    """Sentence, annotated type and found type for each goal: the first goal said is held against the first annotated, and so on.

    Only the text and the type names of the command's map are looked at.
    """
    annotated = [(frame["action"], goal) for frame in command["frames"] for goal in _goal_of(frame)]
    if not any(actions is None or action in actions for action, _ in annotated):
        return []
    names = [candidate["type"] for candidate in command["candidates"]]
    chosen = [choose(phrase, names, encode) for phrase in goals(command["text"])]
    heard = [names[c.index] if c is not None else "nothing" for c in chosen]
    return [
        (command["text"], meant, heard[i] if i < len(heard) else "nothing")
        for i, (action, meant) in enumerate(annotated)
        if actions is None or action in actions
    ]


def _goal_of(frame: dict[str, Any]) -> list[str]:
    """Type of the first goal of a frame that is linked to an entity."""
    return [e["entity"]["type"] for e in frame["elements"] if e["role"] == "Goal" and e["entity"]][:1]


def said(text: str, name: str) -> bool:
    """Whether the words of a name stand in a sentence."""
    return f" {' '.join(spoken(name))} " in f" {' '.join(spoken(text))} "


def share(right: Iterable[bool]) -> dict[str, Any]:
    """How many of how many, with Wilson's interval."""
    known = list(right)
    rate = sum(known) / len(known) if known else 0.0
    return {"right": sum(known), "of": len(known), "share": rate, "interval": wilson(rate, len(known)) or (0.0, 1.0)}

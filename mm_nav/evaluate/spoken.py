# SPDX-License-Identifier: Apache-2.0
"""How well orders are understood: intents of sentences against what was meant, as a report and a confusion matrix.

Sentences come from the simulator's templates or from a file; knows no network.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav.core.command import parse
from mm_nav.core.types import Command, Intent
from mm_nav.errors import ConfigError
from mm_nav.evaluate.classification import report
from mm_nav.sim import language

REJECTED = "rejected"
Sentences = Sequence[tuple[str, Intent]]


def simulated(seed: int, each: int = 100) -> list[tuple[str, Intent]]:
    """What the simulator says: ``each`` orders to go somewhere (or find it), to turn, to move and to stop, in English and Chinese."""
    rng = np.random.default_rng(seed)
    out: list[tuple[str, Intent]] = []
    for i in range(each):
        chinese, sign = i % 2 == 1, 1 if rng.random() < 0.5 else -1
        out += [
            _goal(language.go_sentence(language.phrase_of(_reference(rng), rng, chinese), rng, chinese)),
            (language.turn_sentence(sign * 10 * int(rng.integers(2, 18)), rng), Intent.TURN),
            (language.move_sentence(sign * 0.5 * int(rng.integers(1, 8)), rng), Intent.MOVE_BY),
            (language.stop_sentence(rng), Intent.STOP),
        ]
    return out


def _goal(text: str) -> tuple[str, Intent]:
    """The simulator asks to go there by "find" as well, which means to look for a thing first."""
    return text, Intent.LOOK_FOR if text.startswith(("find ", "找到")) else Intent.GO_TO


def _reference(rng: np.random.Generator) -> language.Reference:
    """A thing by class and colour, every other time by a relation to another thing."""
    labels, colours = sorted(language.NOUNS), sorted(language.COLOURS_ZH)
    label, anchor = (str(name) for name in rng.choice(labels, 2, replace=False))
    colour, other = (str(name) for name in rng.choice(colours, 2, replace=False))
    relation = str(rng.choice(sorted(language.RELATIONS))) if rng.random() < 0.5 else None
    return language.Reference(label=label, colour=colour, relation=relation, anchor=(anchor, other) if relation else None)


def read(path: Path) -> list[tuple[str, Intent]]:
    """Sentences of a file: intent, tab, text on each line; empty lines and those that begin with # are left out.

    Raises:
        ConfigError: not readable, without a sentence, or a line that is neither; the line is quoted.
    """
    known = {i.value: i for i in Intent}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"commands {path}: {error}; give a UTF-8 file of lines: intent, tab, text") from error
    out = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        meant, tab, text = line.partition("\t")
        if not tab or meant.strip() not in known:
            raise ConfigError(f"commands {path} line {number}: {line[:60]!r} is not intent, tab, text; intents are {', '.join(known)}")
        out.append((text.strip(), known[meant.strip()]))
    if not out:
        raise ConfigError(f"commands {path}: no sentence in it; write lines of intent, tab, text")
    return out


def intents(spoken: Sentences) -> dict[str, Any]:
    """Report over intents (classification.report), those that nobody said, and every sentence that was taken for something else."""
    pairs, wrong = [], []
    for text, meant in spoken:
        found = parse(text)
        heard = found.intent.value if isinstance(found, Command) else REJECTED
        pairs.append((meant.value, heard))
        if heard != meant.value:
            wrong.append({"text": text, "meant": meant.value, "heard": heard})
    said = {meant for _, meant in spoken}
    unsaid = [i.value for i in Intent if i not in said]
    return report(pairs, [*(i.value for i in Intent), REJECTED]) | {"sentences": len(pairs), "not_spoken": unsaid, "wrong": wrong}

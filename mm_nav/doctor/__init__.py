# SPDX-License-Identifier: Apache-2.0
"""``mm_nav doctor [BAG]``: what is wrong with a recording, or with this machine and the nodes that run, and what to do about it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mm_nav.doctor.finding import Finding

if TYPE_CHECKING:
    from mm_nav.doctor.instants import Instants

STYLE = {"ok": "green", "note": "yellow", "fault": "red"}


@dataclass(frozen=True, kw_only=True)
class DoctorConfig:
    """What to look at."""

    bag: Annotated[Path | None, tyro.conf.Positional] = None
    """A recording; without one, this machine is looked at, and the ROS graph it sees."""
    graph: bool = True
    """Look at the nodes that run, their connections and parameters; not with a recording."""
    look_s: float = 2.0
    """How long to look at the graph."""
    base_frame: str = "base_link"
    """Frame of the robot."""
    allow_partial: bool = False
    """Look at what is left of a damaged recording."""
    picture: Path | None = None
    """Draw the LiDAR over each camera's picture, and all returns from above, into this folder."""
    json: Path | None = None
    """Write the findings here."""


def main(config: DoctorConfig) -> int:
    """Print what was found; 1 if there is a fault.

    Raises:
        BagError: the recording cannot be read, with the remedy.
    """
    console = Console()
    subject = str(config.bag or ("this machine and its ROS graph" if config.graph else "this machine"))
    with console.status(f"looking at {subject} …"):
        found = _recording(config, config.bag) if config.bag is not None else _here(config)
    console.print(_table(found, subject))
    faults = sum(f.level == "fault" for f in found)
    console.print(f"{faults} fault(s), {sum(f.level == 'note' for f in found)} note(s)", highlight=False)
    if config.json is not None:
        config.json.parent.mkdir(parents=True, exist_ok=True)
        values = {"faults": faults, "findings": [f.to_json() for f in found]}
        config.json.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if faults else 0


def _recording(config: DoctorConfig, bag: Path) -> list[Finding]:
    from mm_nav.bags.reader import BagReader
    from mm_nav.doctor.recording import Checkup

    with BagReader(bag, allow_partial=config.allow_partial) as reader:
        checkup = Checkup(reader, config.base_frame)
        found = checkup.findings()
        if config.picture is not None and checkup.instants is not None:
            _draw(checkup.instants, found, config.picture)
        return found


def _draw(instants: "Instants", found: list[Finding], folder: Path) -> None:
    """One picture per camera and one from above, of the instant that has most sensors."""
    from mm_nav.viz.overlay import from_above, over_picture

    said = next((f.text for f in found if f.check == "alignment"), "")
    frame = instants.fullest
    if frame is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for view in frame.cameras:
        over_picture(view, frame.lidars, f"{view.name}: {said}").save(folder / f"{view.name.replace('/', '_')}.png")
    from_above(frame, "LiDAR returns 0.3 m to 2.5 m above ground, and radar").save(folder / "from_above.png")


def _here(config: DoctorConfig) -> list[Finding]:
    from mm_nav.doctor import graph, machine

    found = machine.checkup()
    if not config.graph or any(f.check == "environment" and f.level == "fault" for f in found):
        return found
    return found + graph.checkup(config.look_s)


def _table(found: Sequence[Finding], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("", "subject", "check", "found", "remedy"):
        table.add_column(heading, overflow="fold")
    for f in found:
        table.add_row(f"[{STYLE[f.level]}]{f.level}[/]", f.subject, f.check, escape(f.text), escape(f.remedy))
    return table

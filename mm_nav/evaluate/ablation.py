# SPDX-License-Identifier: Apache-2.0
"""What each part of the network is worth: train it without that part on the same bags for as long, and drive the same worlds.

Each row is one ``mm_nav train`` and one ``mm_nav evaluate closed-loop``; the table quotes both. What was trained or driven
already is not done again, so a run that was stopped goes on.
"""

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from mm_nav.errors import ConfigError, MmNavError
from mm_nav.evaluate import ClosedLoopConfig, run_closed_loop, write_json
from mm_nav.evaluate.suite import asked, command, driven_before, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to train and to drive.

    Attributes:
        train: flags of ``mm_nav train``. off: sensors that are missing on the drive.
    """

    train: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Name of the bundle: rows that are trained alike share it."""
        return "_".join(flag.removeprefix("--") for flag in self.train) or "whole"


ROWS = {
    "whole network": Row(),
    "camera alone": Row(train=("--sensors", "camera"), off=("lidar", "radar")),
    "lidar alone": Row(train=("--sensors", "lidar"), off=("camera", "radar")),
    "radar alone": Row(train=("--sensors", "radar"), off=("camera", "lidar")),
    "camera and lidar": Row(train=("--sensors", "camera", "lidar"), off=("radar",)),
    "camera and radar": Row(train=("--sensors", "camera", "radar"), off=("lidar",)),
    "lidar and radar": Row(train=("--sensors", "lidar", "radar"), off=("camera",)),
    "no language": Row(train=("--no-language",)),
    "no alignment loss": Row(train=("--align",)),
    "no temporal memory": Row(train=("--no-memory",)),
    "no pretrained backbone": Row(train=("--no-pretrained",)),
    "no sensor dropout": Row(train=("--no-sensor-dropout",)),
    "no sensor dropout, then no lidar": Row(train=("--no-sensor-dropout",), off=("lidar",)),
    "whole network, then no lidar": Row(off=("lidar",)),
}


@dataclass(frozen=True, kw_only=True)
class AblationConfig:
    """Train and drive the network without one part after the other."""

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags to train on, as for mm_nav train."""
    out: Path = Path("out/ablation")
    """Folder for the bundles, one JSON per row, and table.md."""
    rows: tuple[str, ...] = ()
    """Only these rows, by name; all of them without."""
    epochs: int = 2
    """Of each training."""
    scenarios: int = 40
    """Worlds per row."""
    seed: int = 7
    """Of the worlds, as for closed-loop."""
    workers: int = 1
    """Processes that drive."""
    threads: int = 0
    """Inference threads per process; 0 leaves it to the backend."""
    json: Path | None = None
    """Write the reports of all rows here, by name."""


def main(config: AblationConfig) -> int:
    """Train, drive, print the table that was written."""
    console = Console()
    reports = run_ablation(config, console)
    console.print(text_of(config, reports), highlight=False, soft_wrap=True)
    write_json(config.json, reports)
    return 0


def run_ablation(config: AblationConfig, console: Console) -> dict[str, dict[str, Any]]:
    """Reports by row; every bundle, report and the table are written as soon as they are there.

    Raises:
        ConfigError: ``rows`` names one that there is none of. MmNavError: a training failed.
    """
    if unknown := [r for r in config.rows if r not in ROWS]:
        raise ConfigError(f"--rows {shlex.join(unknown)}: no such row; there are {', '.join(ROWS)}")
    config.out.mkdir(parents=True, exist_ok=True)
    reports: dict[str, dict[str, Any]] = {}
    for name in config.rows or ROWS:
        row = ROWS[name]
        bundle = config.out / row.folder
        if not (bundle / "manifest.json").exists():
            train(config, row, bundle, console)
        wanted = f"mm_nav {shlex.join(train_words(config, row, bundle))}"
        if (trained := trained_by(bundle)) != wanted:
            raise ConfigError(f"{bundle} was trained by {trained!r}, not by {wanted!r}; remove it, or choose another --out")
        question = ClosedLoopConfig(bundle=str(bundle), scenarios=config.scenarios, seed=config.seed, workers=config.workers,
                                    threads=config.threads, sensors_off=row.off)  # fmt: skip
        path = config.out / f"{name.replace(',', '').replace(' ', '_')}.json"
        report = driven_before(path, question)
        if report is None:
            console.print(f"{name}: {command(question)}", highlight=False, soft_wrap=True)
            report = run_closed_loop(question, console).to_json() | asked(question)
            path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        reports[name] = report
        (config.out / "table.md").write_text(text_of(config, reports), encoding="utf-8")
    return reports


def text_of(config: AblationConfig, reports: dict[str, dict[str, Any]]) -> str:
    """The table, and how each row was trained."""
    return f"{table(reports)}\n{trainings(config, reports)}"


def train(config: AblationConfig, row: Row, bundle: Path, console: Console) -> None:
    """One training in a process of its own, so that nothing of one reaches the next."""
    words = train_words(config, row, bundle)
    console.print(f"mm_nav {shlex.join(words)}", highlight=False, soft_wrap=True)
    if (code := subprocess.run([sys.executable, "-m", "mm_nav", *words], check=False).returncode) != 0:  # noqa: S603 - our own interpreter
        raise MmNavError(f"mm_nav {shlex.join(words)} ended with {code}; see what it said above, then run the same command again")


def train_words(config: AblationConfig, row: Row, bundle: Path) -> list[str]:
    """What to type behind ``mm_nav`` to train a row."""
    return ["train", *map(str, config.bags), "--out", str(bundle), "--recipe", "scratch", "--epochs", str(config.epochs), *row.train]


def trained_by(bundle: Path) -> str:
    """The command that made a bundle."""
    return str(json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["training"]["command"])


def trainings(config: AblationConfig, reports: dict[str, dict[str, Any]]) -> str:
    """A line per row: how it was trained, and how long that took."""
    lines = []
    for name in reports:
        bundle = config.out / ROWS[name].folder
        minutes = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["training"]["minutes"]
        lines.append(f"* {name}: `{trained_by(bundle)}` ({minutes:g} min)")
    return "\n".join(lines) + "\n"

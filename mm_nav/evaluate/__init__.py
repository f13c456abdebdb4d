# SPDX-License-Identifier: Apache-2.0
"""How good is a bundle: ``mm_nav evaluate closed-loop`` in simulated worlds, ``open-loop`` and ``heads`` on recordings.

``metrics`` are plain functions, ``report`` adds up, ``closed_loop`` and ``open_loop`` run, ``recording`` is the pipeline
over a bag. ``labelled`` frames go through the network alone; ``heads`` judges each of its outputs, ``explain`` says what
moved it, ``page`` shows it. This file is the command line of the room.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from mm_nav.evaluate.report import ClosedLoopReport, Episode, OpenLoopReport
from mm_nav.progress import bar


@dataclass(frozen=True, kw_only=True)
class ClosedLoopConfig:
    """Drive simulated scenarios and score them."""

    bundle: str = "base"
    """A folder, or the name of a bundle that came with the package."""
    scenarios: int = 40
    """How many worlds."""
    seed: int = 7
    """Worlds are 1,000,000 + 10,000 x seed and up; training uses seeds below a million."""
    json: Path | None = None
    """Write the report here."""
    pictures: Path | None = None
    """Folder for a picture of each failure, as it ended."""
    workers: int = 1
    """Processes that drive."""
    sensors_off: tuple[str, ...] = ()
    """Sensors to leave out: camera (or camera/front), lidar, radar, odom."""
    sensor_dies: tuple[str, ...] = ()
    """Sensors that fall silent on the way: NAME, or NAME@SECONDS after the start (3 if it is not said)."""
    condition: str = "none"
    """none, fog, night, glare, lidar_rain or radar_clutter."""
    driver: str = "bundle"
    """bundle, or classical: a peer without a network (LiDAR costmap, colours, grid planner) to compare with."""
    backend: str = "auto"
    """auto, or one of mm_nav.engine.BACKENDS; a precision may follow: openvino:bf16."""
    threads: int = 0
    """Inference threads per process; 0 leaves it to the backend."""
    time_limit_s: float = 60.0
    """Simulated seconds until a scenario has failed."""


@dataclass(frozen=True, kw_only=True)
class SuiteConfig:
    """Drive the same worlds with all sensors, with some missing or dying, in bad weather, and with a classical peer."""

    bundle: str = "base"
    """A folder, or the name of a bundle that came with the package."""
    scenarios: int = 40
    """How many worlds per row."""
    seed: int = 7
    """As for closed-loop."""
    rows: tuple[str, ...] = ()
    """Only these rows, by name; all of them without."""
    out: Path = Path("out/suite")
    """Folder for one JSON per row and table.md; rows that are there already are not driven again."""
    json: Path | None = None
    """Write the reports of all rows here, by name."""
    workers: int = 1
    """Processes that drive."""
    threads: int = 0
    """Inference threads per process; 0 leaves it to the backend."""


@dataclass(frozen=True, kw_only=True)
class OpenLoopConfig:
    """Score a bundle against what a recording holds."""

    bag: Annotated[Path, tyro.conf.Positional]
    """A recording."""
    bundle: str = "base"
    """A folder, or the name of a bundle that came with the package."""
    say: str = ""
    """A command that is given at the start, besides those of the recording."""
    json: Path | None = None
    """Write the report here."""
    backend: str = "auto"
    """auto, or one of mm_nav.engine.BACKENDS; a precision may follow: openvino:bf16."""
    threads: int = 0
    """Inference threads; 0 leaves it to the backend."""


@dataclass(frozen=True, kw_only=True)
class HeadsConfig:
    """Score every output of a bundle's network against recordings, and explain what moved it."""

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags; best ones that it was not trained on."""
    bundle: str = "base"
    """A folder, or the name of a bundle that came with the package."""
    out: Path = Path("out/heads.html")
    """The report: one file with everything inside."""
    json: Path | None = None
    """Write the figures here."""
    run: Path | None = None
    """Folder of TensorBoard events that mm_nav train wrote, for training curves: <cache>/runs/<name>."""
    commands: Path | None = None
    """Orders to judge intents by: lines of intent, tab, text. Without it, the simulator's own orders."""
    frames: int = 400
    """At most so many frames, spread evenly; 0 takes all."""
    explained: int = 40
    """At most so many of them are run again without each sensor."""
    cache: Path = Path("out/train_cache")
    """Extracted frames, shared with training."""
    workers: int = 1
    """Processes that extract bags."""
    seed: int = 0
    """Chooses the phrases that are asked for besides the commanded one, and the simulator's orders."""
    backend: str = "auto"
    """auto, or one of mm_nav.engine.BACKENDS; a precision may follow: openvino:bf16."""
    threads: int = 0
    """Inference threads; 0 leaves it to the backend."""


def main(config: ClosedLoopConfig | OpenLoopConfig | HeadsConfig | SuiteConfig) -> int:
    """Evaluate, print a table, write JSON."""
    console = Console()
    if isinstance(config, HeadsConfig):
        return _heads(config, console)
    if isinstance(config, SuiteConfig):
        return _suite(config, console)
    report = run_closed_loop(config, console) if isinstance(config, ClosedLoopConfig) else run_open_loop(config, console)
    _show(console, report)
    write_json(config.json, report.to_json())
    return 0


def write_json(path: Path | None, values: Any) -> None:
    """What was measured, for other programs; nothing where no file was named."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _heads(config: HeadsConfig, console: Console) -> int:
    """Write the page and the figures, print a row per intent."""
    from mm_nav.evaluate.heads import summary
    from mm_nav.evaluate.page import write_page

    figures = write_page(config, console)
    console.print(f"{config.out}: {figures['frames']} frames of {figures['bags']} bag(s)", highlight=False, soft_wrap=True)
    table = Table()
    columns = {"all": summary(figures), **figures["by_intent"]}
    table.add_column("figure")
    for intent in columns:
        table.add_column(intent, justify="right")
    for figure in columns["all"]:
        table.add_row(figure, *(_text(row[figure]) for row in columns.values()))
    console.print(table)
    console.print("n/a: not labelled in these bags", style="dim")
    write_json(config.json, figures)
    return 0


def _suite(config: SuiteConfig, console: Console) -> int:
    """Drive every row, print the table that was written."""
    from mm_nav.evaluate.suite import run_suite, table

    reports = run_suite(config, console)
    console.print(table(reports), highlight=False, soft_wrap=True)
    write_json(config.json, reports)
    return 0


def run_closed_loop(config: ClosedLoopConfig, console: Console | None = None) -> ClosedLoopReport:
    """Drive every scenario; a progress bar goes to ``console``.

    Raises:
        ConfigError: a seed that was trained on, an unknown sensor, condition or driver.
        BundleError: the bundle is missing or altered.
    """
    from mm_nav.evaluate.closed_loop import (
        Drive,
        drive_all,
        evaluation_seeds,
        parse_death,
        refuse_shared_seeds,
        sensor_name,
    )
    from mm_nav.evaluate.report import closed_loop_report

    trained_on, name = _who_drives(config)
    seeds = evaluation_seeds(config.seed, config.scenarios)
    refuse_shared_seeds(trained_on, seeds)
    drive = Drive(
        bundle=config.bundle, backend=config.backend, threads=config.threads, driver=config.driver,
        sensors_off=tuple(map(sensor_name, config.sensors_off)), sensors_die=tuple(map(parse_death, config.sensor_dies)),
        condition=config.condition, time_limit_s=config.time_limit_s,
    )  # fmt: skip
    episodes: list[Episode] = []
    with bar("closed loop", len(seeds), console) as shown:
        for episode in drive_all(drive, seeds, config.workers):
            episodes.append(episode)
            shown.advance(note=f"{sum(e.success for e in episodes)} reached")
    if config.pictures is not None:
        from mm_nav.evaluate.gallery import save_failures

        save_failures(drive, episodes, config.pictures)
    return closed_loop_report(episodes, seed=config.seed, training_seeds=trained_on, sensors_off=drive.sensors_off, bundle=name,
                              driver=drive.driver, condition=drive.condition, sensors_die=drive.sensors_die)  # fmt: skip


def _who_drives(config: ClosedLoopConfig) -> tuple[list[int] | None, str]:
    """Seeds that the driver was trained on, None if it does not say, and its name."""
    from mm_nav.engine import load_bundle
    from mm_nav.evaluate.closed_loop import check_driver

    check_driver(config.driver)
    if config.driver != "bundle":
        return [], ""
    bundle = load_bundle(config.bundle)
    return bundle.manifest.get("training", {}).get("seeds"), f"{bundle.name} {bundle.version}"


def run_open_loop(config: OpenLoopConfig, console: Console | None = None) -> OpenLoopReport:
    """Run over the recording; a progress bar goes to ``console``.

    Raises:
        BagError: unreadable, or without a synchronised frame.
        BundleError: the bundle is missing or altered.
    """
    from mm_nav.core.gist import Gist
    from mm_nav.engine import load_bundle, open_engine
    from mm_nav.engine.text import open_text_encoder
    from mm_nav.evaluate.open_loop import open_loop
    from mm_nav.pipeline import Pipeline

    bundle = load_bundle(config.bundle)
    engine = open_engine(bundle, config.backend, config.threads)
    encoder = open_text_encoder(bundle)
    pipeline = Pipeline(engine, encoder, bundle.spec, hear=Gist(encoder.encode_together).hear)
    with bar("open loop", 1.0, console) as shown:
        return open_loop(config.bag, pipeline, bundle.spec, say=config.say, bundle=f"{bundle.name} {bundle.version}", told=shown.reach)


def _show(console: Console, report: ClosedLoopReport | OpenLoopReport) -> None:
    skipped = ("per_task", "failures", "training_seeds", "evaluation_seeds", "versions", "intervals", "failure_categories")
    table = Table(title="evaluation", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    bounds = report.intervals if isinstance(report, ClosedLoopReport) else {}
    if bounds:
        table.add_column("95 % interval", justify="right")
    for key, value in report.to_json().items():
        if key not in skipped:
            within = bounds.get(key)
            table.add_row(key, _text(value), *([f"{within[0]:.3f} .. {within[1]:.3f}" if within else ""] if bounds else []))
    console.print(table)
    if isinstance(report, ClosedLoopReport):
        _show_tasks(console, report)
        counted = {name: count for name, count in report.failure_categories.items() if count}
        console.print(f"failures: {_text(counted) if counted else 'none'}", highlight=False)
        trained = "not stated by the bundle" if report.training_seeds is None else _span(report.training_seeds)
        console.print(f"seeds: trained on {trained}; evaluated on {_span(report.evaluation_seeds)}", highlight=False)


def _show_tasks(console: Console, report: ClosedLoopReport) -> None:
    table = Table(title="by task", title_justify="left")
    table.add_column("task")
    for key in next(iter(report.per_task.values()), {}):
        table.add_column(key.replace("_", " "), justify="right")
    for task, figures in report.per_task.items():
        table.add_row(task, *(_text(value) for value in figures.values()))
    console.print(table)
    for failure in report.failures:
        console.print(f"[yellow]failed[/] {failure['seed']} {failure['task']} “{failure['command']}”: {failure['reason']}",
                      highlight=False)  # fmt: skip


def _span(seeds: Sequence[int]) -> str:
    return f"{len(seeds)} seeds {min(seeds)}..{max(seeds)}" if seeds else "none"


def _text(value: Any) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, dict):
        return "  ".join(f"{k} {_text(v)}" for k, v in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

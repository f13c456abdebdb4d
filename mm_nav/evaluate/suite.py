# SPDX-License-Identifier: Apache-2.0
"""One bundle under many circumstances in the same worlds: whole, with sensors missing or dying, in bad weather, and a peer.

Each row is what one ``mm_nav evaluate closed-loop`` command would print; the table quotes it.
"""

import json
import shlex
from pathlib import Path
from typing import Any

from rich.console import Console

from mm_nav.engine.bundle import file_sha256, find_bundle
from mm_nav.errors import ConfigError
from mm_nav.evaluate import ClosedLoopConfig, SuiteConfig, run_closed_loop

SENSORS = ("camera", "lidar", "radar")
WEATHER = ("fog", "night", "glare", "lidar_rain", "radar_clutter")
FIGURES = ("success_rate", "collision_rate", "spl", "grounding_accuracy", "occupancy_iou")
ROWS: dict[str, dict[str, Any]] = {
    "all sensors": {},
    **{f"without {s}": {"sensors_off": (s,)} for s in SENSORS},
    **{f"{s} alone": {"sensors_off": tuple(o for o in SENSORS if o != s)} for s in SENSORS},
    **{f"{s} dies on the way": {"sensor_dies": (s,)} for s in SENSORS},
    **{w.replace("_", " "): {"condition": w} for w in WEATHER},
    "classical peer": {"driver": "classical"},
}


def run_suite(config: SuiteConfig, console: Console | None = None) -> dict[str, dict[str, Any]]:
    """Reports by row; each is written as soon as it is there, and a report of the same question is not driven again.

    Raises:
        ConfigError: ``rows`` names one that there is none of.
    """
    if unknown := [r for r in config.rows if r not in ROWS]:
        raise ConfigError(f"--rows {shlex.join(unknown)}: no such row; there are {', '.join(ROWS)}")
    config.out.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in config.rows or ROWS:
        question = closed_loop_of(config, name)
        path = config.out / f"{name.replace(' ', '_')}.json"
        report = driven_before(path, question)
        if report is None:
            if console is not None:
                console.print(f"{name}: {command(question)}", highlight=False, soft_wrap=True)
            report = run_closed_loop(question, console).to_json() | asked(question)
            path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        found[name] = report
    (config.out / "table.md").write_text(table(found), encoding="utf-8")
    return found


def closed_loop_of(config: SuiteConfig, row: str) -> ClosedLoopConfig:
    """The one evaluation behind a row."""
    return ClosedLoopConfig(bundle=config.bundle, scenarios=config.scenarios, seed=config.seed, workers=config.workers,
                            threads=config.threads, **ROWS[row])  # fmt: skip


def command(question: ClosedLoopConfig) -> str:
    """What to type for one row."""
    said = [f"--bundle {shlex.quote(question.bundle)} --scenarios {question.scenarios} --seed {question.seed}"]
    for flag, value in (("--sensors-off", question.sensors_off), ("--sensor-dies", question.sensor_dies)):
        said += [f"{flag} {' '.join(value)}"] if value else []
    said += [f"--condition {question.condition}"] if question.condition != "none" else []
    said += [f"--driver {question.driver}"] if question.driver != "bundle" else []
    return "mm_nav evaluate closed-loop " + " ".join(said)


def table(reports: dict[str, dict[str, Any]]) -> str:
    """Markdown; intervals are of 95 %."""
    head = "| | scenarios | " + " | ".join(f.replace("_", " ") for f in FIGURES) + " |"
    lines = [head, "|---" * (len(FIGURES) + 2) + "|"]
    for name, report in reports.items():
        cells = [_cell(report[f], report["intervals"].get(f)) for f in FIGURES]
        lines.append(f"| {name} | {report['scenarios']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: float | None, within: list[float] | tuple[float, float] | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:.3f}" + (f" ({within[0]:.2f} to {within[1]:.2f})" if within else "")


def driven_before(path: Path, question: ClosedLoopConfig) -> dict[str, Any] | None:
    """A report that answers the same question about the same weights, if there is one."""
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # never driven, or cut off while it was written
        return None
    wanted = asked(question)
    return report if {k: report.get(k) for k in wanted} == wanted else None


def asked(question: ClosedLoopConfig) -> dict[str, str]:
    """What was asked of which weights, by the hash of the manifest that pins them."""
    return {"asked": command(question), "manifest_sha256": file_sha256(find_bundle(question.bundle) / "manifest.json")}

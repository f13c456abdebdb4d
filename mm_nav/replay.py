# SPDX-License-Identifier: Apache-2.0
"""``mm_nav replay BAG --bundle B --out BAG``: what the fusion node would have said about a recording, as a recording.

Runs without rclpy. Every instant is taken, none is dropped, and each output is logged at its frame's stamp. The messages
are made by the code that the fusion node publishes with.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from mm_nav.bags.writer import BagWriter
from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.gist import Gist
from mm_nav.core.types import Command
from mm_nav.engine import load_bundle, open_engine
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import ConfigError
from mm_nav.evaluate import write_json
from mm_nav.evaluate.metrics import percentiles
from mm_nav.evaluate.recording import Heard, Seen, outcomes
from mm_nav.pipeline import Pipeline
from mm_nav.progress import bar
from mm_nav.ros.outputs import encode_answer, encode_progress, outcome_messages
from mm_nav.wire import Encoded, Status, encode_diagnostics

BASE_FRAME = "base_link"


@dataclass(frozen=True, kw_only=True)
class ReplayConfig:
    """What to replay, with which network, and where to."""

    bag: Annotated[Path, tyro.conf.Positional]
    """A recording: rosbag2 folder, a single .mcap or .db3 file, or a ROS 1 .bag."""
    out: Path
    """The recording to write; it must not exist."""
    bundle: str = "base"
    """A folder, or the name of a bundle that came with the package."""
    say: str = ""
    """A command that is given at the start, besides those of the recording."""
    backend: str = "auto"
    """auto, or one of mm_nav.engine.BACKENDS; a precision may follow: openvino:bf16."""
    threads: int = 0
    """Inference threads; 0 leaves it to the backend."""
    json: Path | None = None
    """Write what it came to here: instants, times per stage, missing sensors, states, answers to commands."""


class Tally:
    """What a replay came to, for --json."""

    def __init__(self) -> None:
        self.instants = 0
        self.missing: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.commands: list[dict[str, str]] = []
        self._ms: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, event: Heard | Seen) -> None:
        """One more event."""
        if isinstance(event, Heard):
            answer = event.answer.intent.value if isinstance(event.answer, Command) else event.answer.reason
            self.commands.append({"text": event.utterance.text, "answer": answer})
            return
        self.instants += 1
        self.states[event.outcome.plan.state] += 1
        self.missing.update(m.name for m in event.outcome.scene.missing)
        for stage, ms in {**event.outcome.stage_ms, "step": event.step_ms}.items():
            self._ms[stage].append(ms)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; ``missing`` counts the instants without a sensor, ``ms`` are percentiles by stage."""
        times = {stage: percentiles(values) for stage, values in self._ms.items()}
        return {"instants": self.instants, "missing": dict(self.missing), "states": dict(self.states), "commands": self.commands, "ms": times}


class Voice:
    """Turns events into messages by topic, in the words of the fusion node. Remembers what was said last."""

    def __init__(self, grid: BevGrid, about: Mapping[str, str]) -> None:
        self._grid, self._about = grid, dict(about)
        self._status, self._frames = "", 0

    def messages(self, event: Heard | Seen) -> Iterator[tuple[str, Encoded, int]]:
        """(topic, message, log time in ns) of one event."""
        if isinstance(event, Heard):
            if isinstance(event.answer, Command):  # another order; after a refusal the old one goes on
                self._status = ""
            yield "command_status", encode_answer(event.answer), event.utterance.stamp_ns
            return
        frame, outcome = event.frame, event.outcome
        odom_frame = frame.odometry.frame_id if frame.odometry is not None else "odom"
        made = outcome_messages(outcome.scene, outcome.plan, self._grid, BASE_FRAME, odom_frame)
        for topic, encode in made.items():
            yield topic, encode(), frame.stamp_ns
        if outcome.status != self._status:
            self._status = outcome.status
            progress = encode_progress(outcome.status, outcome.scene)
            if progress is not None:
                yield "command_status", progress, frame.stamp_ns
        self._frames += 1
        yield "diagnostics", encode_diagnostics([self._diagnosis(event)], frame.stamp_ns), frame.stamp_ns

    def _diagnosis(self, event: Seen) -> Status:
        values = {
            **self._about,
            "frames": str(self._frames),
            "status": self._status,
            **{f"ms.{stage}": f"{ms:.2f}" for stage, ms in event.outcome.stage_ms.items()},
            **{f"contrast.{camera}": f"{value:.2f}" for camera, value in event.outcome.contrast.items()},
            **{f"missing.{m.name}": m.reason for m in event.outcome.scene.missing},
        }
        return Status(name="fusion", level=int(bool(event.outcome.scene.missing)), message="running", values=values)


def replay(
    bag: Path, out: Path, pipeline: Pipeline, spec: ModelSpec, *, say: str = "", about: Mapping[str, str] | None = None,
    told: Callable[[float], object] = lambda _: None, tally: Tally | None = None,
) -> int:  # fmt: skip
    """Write the recording; returns the number of instants.

    Args:
        about: what the diagnostics say besides times (bundle, backend).
        told: hears which share of the recording is done, 0 to 1. tally: is added to.

    Raises:
        BagError: ``bag`` cannot be read or holds no instant, ``out`` exists or cannot be written; nothing is left then.
    """
    voice = Voice(spec.grid, about or {})
    tally = tally or Tally()
    with BagWriter(out) as writer:
        for event in outcomes(bag, pipeline, spec, say=say, told=told):
            tally.add(event)
            for topic, encoded, log_time_ns in voice.messages(event):
                writer.write(topic, encoded, log_time_ns)
    return tally.instants


def main(config: ReplayConfig) -> int:
    """Replay and say how much it was."""
    if config.out.exists():
        raise ConfigError(f"{config.out} exists already and is not overwritten; remove it or choose another name")
    bundle = load_bundle(config.bundle)
    engine = open_engine(bundle, config.backend, config.threads)
    encoder = open_text_encoder(bundle)
    pipeline = Pipeline(engine, encoder, bundle.spec, hear=Gist(encoder.encode_together).hear)
    console, tally = Console(), Tally()
    about = {"bundle": bundle.name, "backend": engine.name}
    with bar(config.bag.name, 1.0, console) as shown:
        count = replay(config.bag, config.out, pipeline, bundle.spec, say=config.say, about=about, told=shown.reach, tally=tally)
    write_json(config.json, {"bag": str(config.bag), **about, **tally.to_json()})
    console.print(f"{count} instants of {config.bag} -> {config.out} ({bundle.name} on {engine.name})", highlight=False)
    return 0

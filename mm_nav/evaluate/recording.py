# SPDX-License-Identifier: Apache-2.0
"""The pipeline over a recording, frame by frame, as the robot would have run it. Writes nothing; knows no ROS.

Replay, open-loop evaluation and the tests all go through ``outcomes``; the fusion node takes the same steps on live topics,
except that it drops frames when the network is slower than the sensors.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.config import ModelSpec
from mm_nav.core.leap import Leap
from mm_nav.core.sync import Synchronizer
from mm_nav.core.types import CameraModel, Command, Rejection, SensorFrame, Utterance
from mm_nav.errors import BagError
from mm_nav.pipeline import Outcome, Pipeline

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A command of the recording and what the pipeline said to it."""

    utterance: Utterance
    answer: Command | Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An instant and what the pipeline made of it; ``step_ms`` is the wall time of that."""

    frame: SensorFrame
    outcome: Outcome
    step_ms: float


def outcomes(
    bag: Path, pipeline: Pipeline, spec: ModelSpec, *, say: str = "", topic_map: Mapping[str, str] | None = None,
    told: Callable[[float], object] = lambda _: None,
) -> Iterator[Heard | Seen]:  # fmt: skip
    """Every command and every synchronised instant of a recording, in order.

    Args:
        bag: recording of any kind that BagReader takes.
        pipeline: steps once per instant; its state is reset only where time jumps within the recording.
        spec: owns the synchroniser's slop and window.
        say: a command that is given with the first reading, before those of the recording.
        topic_map: topic -> source name, where the names do not say it.
        told: hears which share of the recording is done, 0 to 1, by log time.

    Raises:
        BagError: unreadable, or no instant in it that the network could take.
    """
    seen = False
    with BagReader(bag) as reader:
        specs, tree = sources(reader, topic_map)
        sync = Synchronizer(specs, slop_ns=spec.sync_slop_ns, window_ns=spec.sync_window_ns, tree=tree, radar_sweeps=spec.radar_sweeps)
        leap = Leap()
        first_ns: int | None = None
        for name, reading, log_time_ns in readings(reader, topic_map):
            first_ns = log_time_ns if first_ns is None else first_ns
            told((log_time_ns - first_ns) / max(reader.duration_ns, 1))
            if say:
                yield _hear(pipeline, Utterance(stamp_ns=log_time_ns, text=say))
                say = ""
            if isinstance(reading, Utterance):
                yield _hear(pipeline, reading)
                continue
            if not isinstance(reading, CameraModel) and leap.heard(name, reading.stamp_ns, log_time_ns * 1e-9):
                log.warning("%s: time jumps at %s; what follows is taken for another run", bag, name)
                while (frame := sync.flush()) is not None:
                    seen = True
                    yield _see(pipeline, frame)
                sync.reset()
                pipeline.reset()
            sync.push(name, reading)
            while (frame := sync.pop()) is not None:
                seen = True
                yield _see(pipeline, frame)
        while (frame := sync.flush()) is not None:
            seen = True
            yield _see(pipeline, frame)
    if not seen:
        raise BagError(f"{bag}: no synchronised frame in it; `mm_nav inspect {bag}` shows which topics it has")


def _hear(pipeline: Pipeline, utterance: Utterance) -> Heard:
    return Heard(utterance=utterance, answer=pipeline.command(utterance.text, utterance.stamp_ns))


def _see(pipeline: Pipeline, frame: SensorFrame) -> Seen:
    start = time.perf_counter()
    outcome = pipeline.step(frame)
    return Seen(frame=frame, outcome=outcome, step_ms=1e3 * (time.perf_counter() - start))

# SPDX-License-Identifier: Apache-2.0
"""Labelled frames of bags, and what the network says of them: the dataset of training, the engine of the robot.

Labels are those that training uses (train/dataset.py); the network is run as on the robot, one frame at a time, with what
it remembers of about a second ago.
"""

import dataclasses
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav.core.command import parse
from mm_nav.core.config import ModelSpec
from mm_nav.core.memory import OUTSIDE
from mm_nav.core.types import Command, FusionInput, FusionOutput
from mm_nav.engine import Engine
from mm_nav.engine.text import SentenceEncoder
from mm_nav.errors import BagError
from mm_nav.train.dataset import FrameDataset, extract_all
from mm_nav.train.labels import read_truth
from mm_nav.train.run import find_bags
from mm_nav.train.vocabulary import Vocabulary

NO_COMMAND = "no command"
SENSED = ("camera_", "lidar_", "radar_")
TRUTH = {"objects and goals": "objects", "occupancy": "occupancy", "exact poses": "exact"}
Label = dict[str, np.ndarray]  # of one frame; names and shapes as in train/labels.py and train/queries.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One instant: what goes into the network, what it should see about a second earlier (None: nothing), what is true."""

    now: FusionInput
    past: FusionInput | None
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A frame's labels, what the network said, and the intent of the order in force (NO_COMMAND before the first)."""

    item: int
    label: Label
    output: FusionOutput
    intent: str


class LabelledBags:
    """Frames of bags by number.

    Args:
        bags: bags, or folders that hold bags. cache: extracted frames are kept in it, shared with training.
        seed: chooses the phrases that are asked for besides the commanded one.

    Raises:
        BagError: no bag there, one that cannot be read, or one without a synchronised frame.
    """

    def __init__(self, bags: tuple[Path, ...], spec: ModelSpec, encoder: SentenceEncoder, cache: Path, workers: int, seed: int) -> None:
        self.spec = spec
        self.bags = find_bags(bags)
        self.folders = list(extract_all(self.bags, spec, cache / "frames", workers).values())
        metas = [json.loads((f / "meta.json").read_text(encoding="utf-8")) for f in self.folders]
        vocabulary = Vocabulary(metas, spec, encoder, None)
        self.descriptions = sorted(vocabulary.keys, key=vocabulary.keys.__getitem__)
        self._samples = FrameDataset(self.folders, spec, vocabulary, augment=False, seed=seed)
        if not len(self._samples):
            raise BagError(f"{', '.join(map(str, bags))}: no frame in them; `mm_nav inspect` shows what is there")

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, item: int) -> Frame:
        sample = {k: v.numpy() for k, v in self._samples[item].items()}
        label = {k: v for k, v in sample.items() if not k.startswith((*SENSED, "past_", "memory", "box_phrase")) and k != "phrase"}
        return Frame(now=_inputs(sample, self.spec, ""), past=_past(sample, self.spec), label=label)

    def spread(self, most: int) -> list[int]:
        """At most ``most`` frame numbers, evenly over all bags; 0 takes every frame."""
        return sorted({int(i) for i in np.linspace(0, len(self) - 1, min(most or len(self), len(self)))})

    def where(self, item: int) -> tuple[Path, int]:
        """The bag of a frame, and the frame's number in it."""
        shard, place = self._samples.index[item]
        return self.bags[shard], place

    def intent(self, item: int) -> str:
        """Intent of the last order before a frame."""
        shard, place = self._samples.index[item]
        stamps, meant = self._orders[shard]
        at = int(np.load(self.folders[shard] / "stamp_ns.npy", mmap_mode="r")[place])
        before = bisect_right(stamps, at)
        return meant[before - 1] if before else NO_COMMAND

    @cached_property
    def _truths(self) -> list[Any]:
        return [read_truth(bag) for bag in self.bags]

    @cached_property
    def _orders(self) -> list[tuple[list[int], list[str]]]:
        """Of each bag: stamps of its orders and their intents; what was no order is left out."""
        out = []
        for truth in self._truths:
            heard = [(said.stamp_ns, parse(said.text)) for said in sorted(truth.commands, key=lambda c: c.stamp_ns)]
            orders = [(at, found.intent.value) for at, found in heard if isinstance(found, Command)]
            out.append(([at for at, _ in orders], [intent for _, intent in orders]))
        return out

    def recorded(self) -> dict[str, int]:
        """In how many bags somebody recorded the truth, by what it is of; elsewhere labels come from the robot's own data."""
        return {name: sum(bool(getattr(truth, part)) for truth in self._truths) for name, part in TRUTH.items()}


def judge(engine: Engine, frames: LabelledBags, items: Sequence[int]) -> Iterator[Judged]:
    """Run the network over frames."""
    for item in items:
        frame = frames[item]
        yield Judged(item=item, label=frame.label, output=run(engine, frame), intent=frames.intent(item))


def run(engine: Engine, frame: Frame) -> FusionOutput:
    """One frame with its memory."""
    return engine.run(with_memory(engine, frame))


def with_memory(engine: Engine, frame: Frame) -> FusionInput:
    """The frame's inputs, with what the network kept of the past view."""
    if frame.past is None:
        return frame.now
    return dataclasses.replace(frame.now, memory=engine.run(frame.past).kept)


def _inputs(sample: dict[str, np.ndarray], spec: ModelSpec, prefix: str) -> FusionInput:
    values = {name: sample[f"{prefix}{name}"] for name in (
        "camera_image", "camera_grid", "camera_mask", "lidar_bev", "lidar_mask", "radar_bev", "radar_mask")}  # fmt: skip
    values |= {name: sample[name] for name in ("ego", "phrase", "phrase_mask")}
    if spec.memory_channels:
        values |= {"memory": np.zeros(spec.memory_shape, np.float32), "memory_grid": sample["memory_grid"]}
    return FusionInput(**values)


def _past(sample: dict[str, np.ndarray], spec: ModelSpec) -> FusionInput | None:
    """The past view as inputs of its own: without words and without a memory; what is kept depends on neither."""
    if not spec.memory_channels or not sample["past_on"][0]:
        return None
    seen = _inputs(sample, spec, "past_")
    return dataclasses.replace(seen, phrase=np.zeros_like(seen.phrase), phrase_mask=np.zeros_like(seen.phrase_mask),
                               ego=np.zeros_like(seen.ego), memory_grid=np.full_like(seen.memory_grid, OUTSIDE))  # fmt: skip

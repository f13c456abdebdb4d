# SPDX-License-Identifier: Apache-2.0
"""``mm_nav train BAG… --out BUNDLE``: bags -> labels -> training -> verified bundle. Resumes where it was stopped."""

import dataclasses
import json
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch.utils.data import DataLoader

from mm_nav.bags.inspect import lacks_for_training
from mm_nav.bags.playback import topic_uses
from mm_nav.bags.reader import BagReader
from mm_nav.core.config import ModelSpec
from mm_nav.engine import load_bundle
from mm_nav.engine.bundle import find_bundle
from mm_nav.engine.contract import inputs_of
from mm_nav.engine.eager import load_net
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import BagError, BundleError
from mm_nav.model.encoders import PretrainedEncoder
from mm_nav.model.losses import remembered
from mm_nav.model.net import FusionNet, build_net
from mm_nav.train.card import model_card, record
from mm_nav.train.config import MODELS, TrainConfig
from mm_nav.train.dataset import FrameDataset, extract_all
from mm_nav.train.export import save_bundle
from mm_nav.train.fit import fit, run_key
from mm_nav.train.module import FusionTraining, judged, tallies
from mm_nav.train.vocabulary import Vocabulary

log = logging.getLogger(__name__)
BASE = Path("base")  # by its name: no path of this machine goes into a card
ENOUGH = 8  # bags, from which some are kept for judging alone


def find_bags(paths: tuple[Path, ...]) -> list[Path]:
    """Bag folders and files below the given paths, sorted.

    Raises:
        BagError: if a path does not exist or holds no bag.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BagError(f"{path}: no such file or folder; give bags, or folders that hold bags")
        if path.is_file() or (path / "metadata.yaml").exists():
            found.append(path)
            continue
        below = sorted(p.parent for p in path.rglob("metadata.yaml"))
        if not below:
            raise BagError(f"{path}: no bag in it; record one with `mm_nav simulate --out {path}` or `ros2 bag record`")
        found += below
    return found


@dataclass(frozen=True, slots=True)
class Split:
    """Bags by whole scene: to learn from, to choose the best epoch by, and to judge by.

    With fewer than ``ENOUGH`` bags the last two are the same; a single bag is everything, and is split by time.
    """

    train: list[Path]
    validation: list[Path]
    test: list[Path]

    @property
    def by_time(self) -> bool:
        """Whether there is one recording only."""
        return self.train == self.validation


def split(bags: list[Path], share: float) -> Split:
    """Every n-th bag validates, and as many others judge."""
    if len(bags) < 2:
        return Split(bags, bags, bags)
    step = max(2, round(1 / max(share, 1e-3)))
    validation = bags[step - 1 :: step] or bags[-1:]
    test = bags[step // 2 - 1 :: step] if len(bags) >= ENOUGH and step > 3 else validation
    return Split([b for b in bags if b not in validation and b not in test], validation, test)


def main(config: TrainConfig) -> int:
    """Train and save; returns the exit code."""
    config.chosen()
    bags = find_bags(config.bags)
    minutes, lacking = _survey(bags)
    for text, count in lacking.items():
        print(f"in {count} of {len(bags)} bags: {text}")
    config = _settled(config, minutes)
    torch.set_float32_matmul_precision("high")
    spec, encoder = shape(config), open_text_encoder()
    folders = extract_all(bags, spec, config.cache / "frames", config.workers, skip_broken=config.skip_broken)
    parts = split(list(folders), config.validation_share)
    metas = [json.loads((f / "meta.json").read_text()) for f in folders.values()]
    vocabulary = Vocabulary(metas, spec, encoder, config.cache / "phrases.npz")
    given: dict[str, Any] = {"sensors": config.sensors, "sensor_dropout": config.sensor_dropout, "language": config.language}
    first, last = ((0.0, 0.7), (0.8, 1.0)) if parts.by_time else ((0.0, 1.0), (0.0, 1.0))
    train = FrameDataset([folders[b] for b in parts.train], spec, vocabulary, augment=True, seed=config.seed, part=first, **given)
    held, test = (FrameDataset([folders[b] for b in bags], spec, vocabulary, augment=False, seed=config.seed, part=last, **given)
                  for bags in (parts.validation, parts.test))  # fmt: skip
    print(f"{len(train)} frames of {len(parts.train)} bags to train on, {len(held)} of {len(parts.validation)} to choose by, "
          f"{len(test)} of {len(parts.test)} to judge by")  # fmt: skip
    if parts.by_time:
        log.warning("one recording only: its last fifth is held out, of the same place and light; record another to know more")

    def fitted(told: TrainConfig, extra: tuple[Callback, ...] = ()) -> FusionTraining:
        L.seed_everything(told.seed, verbose=False)
        return fit(begin(told, spec, vocabulary), spec, train, held, told, extra)

    if config.recipe == "search":
        from mm_nav.train.search import best_config

        config = best_config(config, run_key(config, spec, train), len(train), fitted)
    L.seed_everything(config.seed, verbose=False)
    before = evaluate(begin(config, spec, vocabulary), spec, test, config)
    module = fitted(config)
    if not module.trainer.is_global_zero:  # another process of the same training writes the bundle
        return 0
    metrics = evaluate(module.net, spec, test, config) | {f"{k}_before": v for k, v in before.items()}
    training = record(config, module.spent_s / 60, len(train), parts.train, parts.validation, parts.test) | {"lacks": lacking}
    worst = save_bundle(module.net, spec, config.out, name=config.out.name, training=training, metrics=metrics,
                        text_encoder=encoder.identity, card=model_card(config, training, metrics))  # fmt: skip
    print(json.dumps(metrics, indent=1))
    print(f"{config.out}: ONNX agrees with torch within {worst:.1e}; {module.spent_s / 60:.0f} min")
    return 0


def _settled(config: TrainConfig, minutes: float) -> TrainConfig:
    """With "auto" decided by how much was recorded, and said."""
    try:
        find_bundle(BASE)
        base = BASE
    except BundleError:
        base = None
    settled = config.settled(minutes, base)
    if settled is not config:
        why = f"{minutes:.1f} minutes of recordings"
        what = f"adapters of {settled.base}, at most 5 % of the weights learn" if settled.recipe == "adapters" else "all weights learn"
        print(f"{why}: {what} (--recipe {settled.recipe})")
    return settled


def _survey(bags: list[Path]) -> tuple[float, dict[str, int]]:
    """Minutes of recordings, and what they lack with the number of bags that do. One that cannot be read is told when it is extracted."""
    minutes, lacking = 0.0, Counter[str]()
    for bag in bags:
        try:
            with BagReader(bag) as reader:
                minutes += reader.duration_ns / 60e9
                lacking.update(lacks_for_training(topic_uses(reader)))
        except BagError:
            continue
    return minutes, dict(lacking)


def shape(config: TrainConfig) -> ModelSpec:
    """The network's shape: that of the bundle to start from, or of a model."""
    if config.base is not None:
        return load_bundle(config.base).spec
    spec = dataclasses.replace(MODELS[config.model], radar_sweeps=config.radar_sweeps)
    return spec if config.memory else dataclasses.replace(spec, memory_channels=0)


def begin(config: TrainConfig, spec: ModelSpec, vocabulary: Vocabulary) -> FusionNet:
    """The network to train: a bundle's, or a new one with ImageNet's image backbone."""
    if config.base is not None:
        return load_net(load_bundle(config.base))
    net = build_net(spec, [vocabulary.embedding(name).tolist() for name in spec.classes])
    if isinstance(net.image, PretrainedEncoder) and config.pretrained:
        net.image.backbone.load_imagenet()
    return net


def evaluate(net: FusionNet, spec: ModelSpec, held: FrameDataset, config: TrainConfig) -> dict[str, float]:
    """The judged quantities over the held-out scenes, in float32 and evaluation mode."""
    net = net.eval()
    sums: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for batch in DataLoader(held, config.batch_size):
            batch = batch | remembered(net, batch, spec)
            for name, pair in tallies(net(**{t.name: batch[t.name] for t in inputs_of(spec)}), batch, spec).items():
                sums[name] = sums[name] + pair if name in sums else pair
    return {f"held_out_{name}": round(value, 4) for name, value in judged(sums).items()}

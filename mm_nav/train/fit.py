# SPDX-License-Identifier: Apache-2.0
"""One run of Lightning: loaders that give the same order whoever asks, checkpoints, resume, early stopping."""

import dataclasses
import hashlib
import json
import logging
import sys
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, DistributedSampler

from mm_nav.core.config import ModelSpec
from mm_nav.errors import ConfigError
from mm_nav.train.config import EARLY, TrainConfig
from mm_nav.train.dataset import FORMAT, FrameDataset, fresh_processes
from mm_nav.train.module import FusionTraining

log = logging.getLogger(__name__)


class Loaders(L.LightningDataModule):
    """Batches of one epoch: their order depends on (seed, epoch) alone, each process takes its share of every batch."""

    def __init__(self, train: FrameDataset, held: FrameDataset, config: TrainConfig) -> None:
        super().__init__()
        self.train, self.held, self.config = train, held, config

    def train_dataloader(self) -> DataLoader[dict[str, torch.Tensor]]:
        return self._loader(self.train, shuffle=True, loaders=self.config.loaders)

    def val_dataloader(self) -> DataLoader[dict[str, torch.Tensor]]:
        return self._loader(self.held, shuffle=False, loaders=0)

    def _loader(self, data: FrameDataset, *, shuffle: bool, loaders: int) -> DataLoader[dict[str, torch.Tensor]]:
        world, rank = (self.trainer.world_size, self.trainer.global_rank) if self.trainer is not None else (1, 0)
        sampler: DistributedSampler[FrameDataset] = DistributedSampler(data, num_replicas=world, rank=rank, shuffle=shuffle, seed=self.config.seed)
        share = max(1, self.config.batch_size // world)
        loader = DataLoader(
            data, share, sampler=sampler, drop_last=shuffle and len(data) > self.config.batch_size,
            num_workers=loaders, multiprocessing_context=fresh_processes() if loaders else None,
        )  # fmt: skip
        if shuffle and self.trainer is not None:  # workers start before Lightning tells which epoch it is that a resumed run begins with
            data.epoch = self.trainer.global_step // max(1, len(loader))
            sampler.set_epoch(data.epoch)
        return loader


def fit(
    net: Any, spec: ModelSpec, train: FrameDataset, held: FrameDataset, config: TrainConfig, extra: tuple[Callback, ...] = ()
) -> FusionTraining:
    """Train with checkpoints and logs; goes on from last.ckpt if there is one, ends with the best epoch's weights."""
    recipe = config.chosen()
    frozen = recipe.frozen
    if config.recipe == "scratch" and config.pretrained and spec.backbone != "small":
        frozen = EARLY
    steps = config.epochs * max(1, len(train) // config.batch_size)
    module = FusionTraining(
        net.to(memory_format=torch.channels_last), spec, lr=config.lr * recipe.lr_share, steps=steps + 1, aligns=config.align,
        frozen=frozen, rank=recipe.rank, used=recipe.terms,
    )  # fmt: skip
    folder = config.cache / "runs" / f"{config.out.name}_{run_key(config, spec, train)}"
    trainer = L.Trainer(
        max_epochs=config.epochs, precision=precision(config), accelerator="auto", devices=config.devices or "auto", num_nodes=config.nodes,
        gradient_clip_val=5.0, logger=_logger(config, folder), callbacks=[*_callbacks(config, folder), *extra], log_every_n_steps=20,
        num_sanity_val_steps=0, enable_model_summary=False, enable_progress_bar=sys.stdout.isatty(), use_distributed_sampler=False, strategy=_strategy(config),
    )  # fmt: skip
    stopped = folder / "last.ckpt"
    resumed = str(stopped) if config.resume and stopped.exists() else None
    trainer.fit(module, datamodule=Loaders(train, held, config), ckpt_path=resumed, weights_only=False)
    load_epoch(module, folder / "best.ckpt")
    module.fold()
    return module


def precision(config: TrainConfig) -> Literal["bf16-mixed", "32-true"]:
    """What is asked for, but float32 on a processor that would have to emulate bf16."""
    if config.precision == "bf16-mixed" and not torch.cuda.is_available() and not torch.ops.mkldnn._is_mkldnn_bf16_supported():  # noqa: SLF001  (there is no public one)
        log.warning("this processor has no bf16 arithmetic; training in float32, as with --precision 32-true")
        return "32-true"
    return config.precision


def _strategy(config: TrainConfig) -> str:
    """Data-parallel over several processes; a batch without any past or landmark leaves some weights without gradient."""
    many = config.nodes > 1 or config.devices > 1 or (config.devices == 0 and torch.cuda.device_count() > 1)
    return "ddp_find_unused_parameters_true" if many else "auto"


def _callbacks(config: TrainConfig, folder: Path) -> list[Callback]:
    found: list[Callback] = [
        ModelCheckpoint(dirpath=folder, monitor="val/score", mode="max", filename="best", enable_version_counter=False),
        ModelCheckpoint(dirpath=folder, filename="last", enable_version_counter=False),
        LearningRateMonitor("step"),
    ]
    if config.patience:
        found.append(EarlyStopping("val/score", mode="max", patience=config.patience))
    return found


def _logger(config: TrainConfig, folder: Path) -> Any:
    if config.logger == "tensorboard":
        return TensorBoardLogger(folder, name="", version="")
    try:
        from lightning.pytorch.loggers import WandbLogger

        return WandbLogger(project="mm_nav", name=config.out.name, save_dir=folder, offline=True)
    except ModuleNotFoundError as error:
        raise ConfigError("--logger wandb needs Weights & Biases: pip install wandb, or use --logger tensorboard") from error


def run_key(config: TrainConfig, spec: ModelSpec, train: FrameDataset) -> str:
    """Twelve characters that change with everything that makes another training: a run only resumes itself."""
    free = ("bags", "out", "cache", "workers", "loaders", "resume", "logger", "devices", "nodes", "trials", "skip_broken")
    said = {k: v for k, v in dataclasses.asdict(config).items() if k not in free}
    text = json.dumps([said, spec.to_json(), train.folders, FORMAT], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_epoch(module: FusionTraining, checkpoint: Path) -> None:
    """Take the weights of one checkpoint of our own."""
    module.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"])

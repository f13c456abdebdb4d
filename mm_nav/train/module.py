# SPDX-License-Identifier: Apache-2.0
"""The Lightning module: one optimiser, one schedule, the losses of model/losses.py."""

import time
from collections.abc import Sequence
from typing import Any, cast

import lightning as L
import torch
from torch import Tensor

from mm_nav.core.config import ModelSpec
from mm_nav.model.losses import ALIGNS, WEIGHTS, losses
from mm_nav.model.net import FusionNet
from mm_nav.train.adapters import attach, fold

DECAY = 0.02
PRETRAINED_SHARE = 0.2  # of the learning rate, for layers that start from ImageNet


class FusionTraining(L.LightningModule):
    """Trains a FusionNet. Logs every loss term and a few quantities that a person can judge.

    Each term is weighted by its learned uncertainty (Kendall et al. 2018) on top of ``losses.WEIGHTS``.

    Args:
        net: the network. spec: its shapes. lr: peak learning rate of the one-cycle schedule. steps: optimiser steps in all.
        aligns: alignment terms that are used, of ``losses.ALIGNS``. frozen: names of modules of the net that do not learn.
        rank: of adapters that learn in place of the weights, 0 for the weights themselves. used: loss terms that count.
    """

    def __init__(
        self, net: FusionNet, spec: ModelSpec, *, lr: float, steps: int, aligns: Sequence[str] = ALIGNS,
        frozen: Sequence[str] = (), rank: int = 0, used: Sequence[str] = tuple(WEIGHTS),
    ) -> None:  # fmt: skip
        super().__init__()
        self.net, self.spec, self.lr, self.steps, self.aligns = net, spec, lr, steps, tuple(aligns)
        self.used = tuple(used)
        if rank:
            attach(net, rank, tuple(frozen))
        self.doubt = torch.nn.ParameterDict({name: torch.nn.Parameter(torch.zeros(())) for name in WEIGHTS})
        self.frozen: list[torch.nn.Module] = [net] if rank else [net.get_submodule(name) for name in frozen]
        for module in self.frozen:
            if not rank:  # adapters sit inside what is frozen, and must go on learning
                module.requires_grad_(False)
            module.eval()
        self.spent_s, self._since_s = 0.0, time.monotonic()

    def train(self, mode: bool = True) -> "FusionTraining":
        """As usual, but what is frozen keeps its statistics too."""
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self

    def fold(self) -> None:
        """Put what adapters learned into the weights; from here on the network is an ordinary one."""
        fold(self.net)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the time spent, so that a resumed training reports all of it."""
        now_s = time.monotonic()
        self.spent_s, self._since_s = self.spent_s + now_s - self._since_s, now_s
        checkpoint["spent_s"] = self.spent_s

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add up the time of the runs before."""
        self.spent_s, self._since_s = float(checkpoint.get("spent_s", 0.0)), time.monotonic()

    def training_step(self, batch: dict[str, Tensor], _: int) -> Tensor:
        return self._step(batch, "train")

    def validation_step(self, batch: dict[str, Tensor], _: int) -> Tensor:
        return self._step(batch, "val")

    def _step(self, batch: dict[str, Tensor], stage: str) -> Tensor:
        terms, out = losses(self.net, batch, self.spec, self.aligns)
        terms = {k: v for k, v in terms.items() if k in self.used}
        if stage == "train":
            total = torch.stack([self.weighted(k, v) for k, v in terms.items()]).sum()
        else:
            total = torch.stack([WEIGHTS[k] * v for k, v in terms.items()]).sum()
        count = len(batch["stop"])
        shown = {f"{stage}/{name}": value.detach() for name, value in terms.items()}
        if stage == "val":
            for name, pair in tallies(out, batch, self.spec).items():
                self._sums[name] = self._sums.get(name, 0) + pair.detach()
        spread = self.trainer.world_size > 1  # else each process would tell of its own share only
        self.log_dict(shown, batch_size=count, on_step=stage == "train", on_epoch=True, sync_dist=spread)
        self.log(f"{stage}/loss", total.detach(), prog_bar=True, batch_size=count, on_step=stage == "train", on_epoch=True, sync_dist=spread)
        return total

    def weighted(self, name: str, value: Tensor) -> Tensor:
        """A term by its learned uncertainty; one that nothing in the batch is labelled for says nothing about that either."""
        told = (value.detach() != 0).to(value.dtype)
        weighted: Tensor = WEIGHTS[name] * (value * torch.exp(-self.doubt[name]) + told * self.doubt[name])
        return weighted

    def on_validation_epoch_start(self) -> None:
        """Nothing is judged yet."""
        self._sums: dict[str, Any] = {}

    def on_validation_epoch_end(self) -> None:
        """Log what was judged, over all batches and processes."""
        if self.trainer.world_size > 1:
            self._sums = {name: cast(Tensor, self.all_gather(pair)).sum(dim=0) for name, pair in self._sums.items()}
        self.log_dict({f"val/{name}": value for name, value in judged(self._sums).items()})

    def on_train_epoch_start(self) -> None:
        """Tell the dataset which epoch it is: its random choices depend on (seed, epoch, item) alone."""
        loader = self.trainer.train_dataloader
        if loader is not None:
            loader.dataset.epoch = self.current_epoch

    def configure_optimizers(self) -> Any:
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for name, p in self.named_parameters():
            if p.requires_grad:
                key = (PRETRAINED_SHARE if ".backbone." in name else 1.0, DECAY if p.ndim > 1 else 0.0)
                groups.setdefault(key, []).append(p)
        optimizer = torch.optim.AdamW([{"params": ps, "weight_decay": decay} for (_, decay), ps in groups.items()], lr=self.lr, fused=True)
        peaks = [self.lr * share for share, _ in groups]
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peaks, total_steps=self.steps, pct_start=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def tallies(out: dict[str, Tensor], batch: dict[str, Tensor], spec: ModelSpec) -> dict[str, Tensor]:
    """What is judged, as (sum, count) each, so that batches add up: occupancy IoU in observed cells, share of visible goals found
    within 1 m, presence, waypoint error in metres."""
    truth, known = batch["occupancy"] > 0.5, (batch["occupancy"] >= 0) & (batch["visible"] > 0.5)
    said = out["occupancy"] > 0.5
    both, either = (truth & said & known).sum(), ((truth | said) & known).sum()
    flat = out["goal_map"].flatten(2).argmax(dim=2)
    g = spec.grid
    xy_BP2 = torch.stack([g.x_min + (flat % g.columns + 0.5) * g.cell, g.y_min + (flat // g.columns + 0.5) * g.cell], dim=2)
    away_BPM = (xy_BP2[:, :, None] - batch["boxes"][:, None, :, :2]).norm(dim=3)
    hits = batch["goal_hits"] > 0
    near = ((away_BPM < 1.0) & hits).any(dim=2).float()
    asked = batch["goal_known"]
    there = hits.any(dim=2).float() * asked
    gone = asked * (1 - there) * (1 - (batch["goal_unsure"] > 0).any(dim=2).float())
    present = out["goal_present"]
    error = (out["waypoints"] - batch["waypoints"]).norm(dim=2)
    covered = batch["waypoints_known"]
    pairs = {
        "occupancy_iou": (both, either), "goal_within_1m": ((near * there).sum(), there.sum()),
        "present_when_there": ((present * there).sum(), there.sum()), "present_when_not": ((present * gone).sum(), gone.sum()),
        "waypoint_error_m": ((error * covered).sum(), covered.sum()),
    }  # fmt: skip
    return {name: torch.stack([part.float(), whole.float()]) for name, (part, whole) in pairs.items()}


def judged(sums: dict[str, Tensor]) -> dict[str, float]:
    """Means of added-up tallies; what was labelled nowhere is left out.

    ``score``, 0..1, is the mean of all but the waypoints, of those that are there: by it the best epoch is chosen.
    """
    found = {name: float(pair[0] / pair[1]) for name, pair in sums.items() if pair[1] > 0}
    parts = [1 - v if name == "present_when_not" else v for name, v in found.items() if name != "waypoint_error_m"]
    return found | {"score": sum(parts) / max(len(parts), 1)}

# SPDX-License-Identifier: Apache-2.0
"""The Lightning module: one optimiser, one schedule, the losses of model/losses.py."""

import time
from typing import Any

import lightning as L
import torch
from torch import Tensor

from mm_nav.core.config import ModelSpec
from mm_nav.model.losses import WEIGHTS, losses
from mm_nav.model.net import FusionNet


class FusionTraining(L.LightningModule):
    """Trains a FusionNet. Logs every loss term and a few quantities that a person can judge.

    Args:
        net: the network. spec: its shapes. lr: peak learning rate of the one-cycle schedule. steps: optimiser steps in all.
    """

    def __init__(self, net: FusionNet, spec: ModelSpec, *, lr: float, steps: int) -> None:
        super().__init__()
        self.net, self.spec, self.lr, self.steps = net, spec, lr, steps
        self.spent_s, self._since_s = 0.0, time.monotonic()

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
        terms, out = losses(self.net, batch, self.spec)
        total = torch.stack([WEIGHTS[name] * value for name, value in terms.items()]).sum()
        count = len(batch["stop"])
        shown = {f"{stage}/{name}": value.detach() for name, value in terms.items()}
        if stage == "val":
            shown |= {f"val/{k}": v for k, v in judged(out, batch, self.spec).items()}
        self.log_dict(shown, batch_size=count, on_step=stage == "train", on_epoch=True)
        self.log(f"{stage}/loss", total.detach(), prog_bar=True, batch_size=count, on_step=stage == "train", on_epoch=True)
        return total

    def on_train_epoch_start(self) -> None:
        """Tell the dataset which epoch it is: its random choices depend on (seed, epoch, item) alone."""
        loader = self.trainer.train_dataloader
        if loader is not None:
            loader.dataset.epoch = self.current_epoch

    def configure_optimizers(self) -> Any:
        decay = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.lr)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.lr, total_steps=self.steps, pct_start=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def judged(out: dict[str, Tensor], batch: dict[str, Tensor], spec: ModelSpec) -> dict[str, Tensor]:
    """Occupancy IoU in observed cells, share of visible goals found within 1 m, waypoint error in metres."""
    truth, known = batch["occupancy"] > 0.5, (batch["occupancy"] >= 0) & (batch["visible"] > 0.5)
    said = out["occupancy"] > 0.5
    both, either = (truth & said & known).sum(), ((truth | said) & known).sum()
    flat = out["goal_map"][:, 0].flatten(1).argmax(dim=1)
    g = spec.grid
    x = g.x_min + (flat % g.columns + 0.5) * g.cell
    y = g.y_min + (flat // g.columns + 0.5) * g.cell
    near = ((torch.stack([x, y], 1) - batch["goal"][:, :2]).norm(dim=1) < 1.0).float()
    there = batch["goal"][:, 2]
    error = (out["waypoints"] - batch["waypoints"]).norm(dim=2)
    covered = batch["waypoints_known"]
    return {
        "occupancy_iou": both / either.clamp(min=1),
        "goal_within_1m": (near * there).sum() / there.sum().clamp(min=1),
        "present_when_there": (out["goal_present"][:, 0] * there).sum() / there.sum().clamp(min=1),
        "present_when_not": (out["goal_present"][:, 0] * (1 - there) * batch["phrase_mask"][:, 0]).sum()
        / ((1 - there) * batch["phrase_mask"][:, 0]).sum().clamp(min=1),
        "waypoint_error_m": (error * covered).sum() / covered.sum().clamp(min=1),
    }

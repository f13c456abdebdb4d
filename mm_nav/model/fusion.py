# SPDX-License-Identifier: Apache-2.0
"""Transformer fusion: every coarse cell asks all sensors, over the whole map, what they see.

Shape letters: B batch, C channels, S sensors, Y X coarse bird's-eye view, Q queries (Y*X), K keys (S*Y*X), H heads.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class CrossSensorAttention(nn.Module):
    """Multi-head attention from fused cells to the cells of each sensor (Vaswani et al. 2017), with a residual.

    Args:
        channels: of the fused coarse map. sensors: channels of each sensor's fine map. cells: (rows, columns), coarse.
        shrink: how many fine cells make a coarse one along each axis.
    """

    def __init__(self, channels: int, sensors: Sequence[int], cells: tuple[int, int], shrink: int, heads: int = 4) -> None:
        super().__init__()
        self.heads, self.shrink, width = heads, shrink, channels // 2
        self.tokens = nn.ModuleList(nn.Conv2d(c, width, 1) for c in sensors)
        self.place = nn.Parameter(torch.randn(1, cells[0] * cells[1], width) * 0.02)
        self.sensor = nn.Parameter(torch.randn(len(sensors), 1, width) * 0.02)
        self.query = nn.Linear(channels, width)
        self.key, self.value = nn.Linear(width, width), nn.Linear(width, width)
        self.out = nn.Linear(width, channels)
        self.norm = nn.LayerNorm(channels)
        self.feed = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, 2 * channels), nn.ReLU(), nn.Linear(2 * channels, channels))

    def forward(self, coarse_BCYX: Tensor, maps: Sequence[Tensor], masks_BS: Tensor) -> tuple[Tensor, Tensor]:
        """Refined coarse map, and the share of attention (B, Q, S) that each cell gave to each sensor."""
        b, c, rows, columns = coarse_BCYX.shape
        keys_BKC = torch.cat([
            token(nn.functional.avg_pool2d(one, self.shrink)).flatten(2).transpose(1, 2) + self.place + self.sensor[i]
            for i, (token, one) in enumerate(zip(self.tokens, maps, strict=True))
        ], dim=1)  # fmt: skip
        cells_BQC = coarse_BCYX.flatten(2).transpose(1, 2)
        q = self._split(self.query(self.norm(cells_BQC)) + self.place)
        k, v = self._split(self.key(keys_BKC)), self._split(self.value(keys_BKC))
        logits_BHQK = (q @ k.transpose(2, 3)).float() * (k.shape[-1] ** -0.5)
        absent_BK = (1.0 - masks_BS).repeat_interleave(rows * columns, dim=1)
        weights = torch.softmax(logits_BHQK - 1e4 * absent_BK[:, None, None], dim=-1)
        taken = (weights.to(v.dtype) @ v).transpose(1, 2).reshape(b, rows * columns, -1)
        cells_BQC = cells_BQC + self.out(taken)
        cells_BQC = cells_BQC + self.feed(cells_BQC)
        share_BQS = weights.mean(dim=1).reshape(b, rows * columns, len(maps), rows * columns).sum(dim=3)
        return cells_BQC.transpose(1, 2).reshape(b, c, rows, columns), share_BQS

    def _split(self, x_BTC: Tensor) -> Tensor:
        b, t, c = x_BTC.shape
        return x_BTC.reshape(b, t, self.heads, c // self.heads).transpose(1, 2)

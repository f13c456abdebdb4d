# SPDX-License-Identifier: Apache-2.0
"""Convolution blocks shared by the encoders.

Shape letters: B batch, N cameras, C channels, H W picture, Z lift heights, Y X bird's-eye view.
"""

import torch
from torch import Tensor, nn


class ConvBlock(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x_BCYX: Tensor) -> Tensor:
        return torch.relu(x_BCYX + self.norm(self.second(self.first(x_BCYX))))


class TopDown(nn.Module):
    """Feature pyramid step: upsample the coarse map by two and add it to the fine one (Lin et al. 2017)."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(coarse, fine, 1)

    def forward(self, coarse_BCYX: Tensor, fine_BCYX: Tensor) -> Tensor:
        grown = nn.functional.interpolate(self.lateral(coarse_BCYX), scale_factor=2.0, mode="nearest")
        return fine_BCYX + grown

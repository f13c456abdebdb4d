# SPDX-License-Identifier: Apache-2.0
"""Sensors to features: pictures to feature maps, feature maps to BEV, BEV to fused BEV.

Shape letters: B batch, N cameras, C channels, H W picture, Z lift heights, Y X bird's-eye view.
"""

import torch
from torch import Tensor, nn

from mm_nav.model.backbone import FEATURES, MEAN, SCALE, EfficientNetLite
from mm_nav.model.blocks import ConvBlock, Residual, TopDown

IMAGE_MEAN = (0.485, 0.456, 0.406)  # ImageNet, RGB
IMAGE_STD = (0.229, 0.224, 0.225)


class ImageEncoder(nn.Module):
    """RGB 0..255 (B, 3, H, W) -> features (B, C, H/4, W/4) that have seen a wide neighbourhood."""

    mean: Tensor
    std: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGE_MEAN).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(IMAGE_STD).view(1, 3, 1, 1) * 255, persistent=False)
        self.stem = nn.Sequential(ConvBlock(3, 16, stride=2), ConvBlock(16, 32, stride=2), Residual(32))
        self.eighth = nn.Sequential(ConvBlock(32, 64, stride=2), Residual(64), Residual(64))
        self.sixteenth = nn.Sequential(ConvBlock(64, 96, stride=2), Residual(96))
        self.up_eighth = TopDown(96, 64)
        self.up_quarter = TopDown(64, 32)
        self.out = ConvBlock(32, features)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        quarter = self.stem((image_BCHW.float() - self.mean) / self.std)
        eighth = self.eighth(quarter)
        eighth = self.up_eighth(self.sixteenth(eighth), eighth)
        features: Tensor = self.out(self.up_quarter(eighth, quarter))
        return features


class PretrainedEncoder(nn.Module):
    """RGB 0..255 (B, 3, H, W) -> features (B, C, H/4, W/4): a feature pyramid over EfficientNet-Lite0.

    The picture itself, averaged to a quarter, joins at the end: colour words need the plain colour.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        quarter, eighth, sixteenth = FEATURES
        self.backbone = EfficientNetLite()
        self.up_eighth, self.up_quarter = TopDown(sixteenth, eighth), TopDown(eighth, quarter)
        self.mix_eighth = ConvBlock(eighth, eighth)
        self.out = nn.Sequential(ConvBlock(quarter + 3, 32), ConvBlock(32, features))

    def forward(self, image_BCHW: Tensor) -> Tensor:
        quarter, eighth, sixteenth = self.backbone(image_BCHW)
        eighth = self.mix_eighth(self.up_eighth(sixteenth, eighth))
        colour = nn.functional.avg_pool2d((image_BCHW.float() - MEAN) / SCALE, 4)
        features: Tensor = self.out(torch.cat([self.up_quarter(eighth, quarter), colour], dim=1))
        return features


class Lift(nn.Module):
    """Pull picture features into BEV: each cell samples every camera at every lift height.

    The sampling positions come precomputed per calibration (``camera_grid``), so the export needs only GridSample
    (the idea of Simple-BEV, Harley et al. 2023). Cells seen by several cameras take the mean.
    """

    def __init__(self, features: int, heights: int, outputs: int) -> None:
        super().__init__()
        self.heights = heights
        self.mix = ConvBlock((features + 1) * heights, outputs, kernel=1)

    def forward(self, features_BNCHW: Tensor, grid_BNSX2: Tensor, mask_BN: Tensor) -> Tensor:
        b, n, c = features_BNCHW.shape[:3]
        rows, columns = grid_BNSX2.shape[2], grid_BNSX2.shape[3]
        masked = features_BNCHW.float() * mask_BN[:, :, None, None, None]  # cells outside sample zeros by themselves
        sampled = nn.functional.grid_sample(masked.flatten(0, 1), grid_BNSX2.flatten(0, 1), align_corners=False)
        count_BSX = ((grid_BNSX2[..., 0] > -1.5).float() * mask_BN[:, :, None, None]).sum(dim=1)
        mean = sampled.reshape(b, n, c, rows, columns).sum(dim=1) * (1.0 / count_BSX.clamp(min=1.0))[:, None]
        lifted = torch.cat([mean, count_BSX.clamp(max=1.0)[:, None]], dim=1)
        z = self.heights
        stacked = lifted.reshape(b, c + 1, z, rows // z, columns).reshape(b, (c + 1) * z, rows // z, columns)
        bev: Tensor = self.mix(stacked)
        return bev


class BevTrunk(nn.Module):
    """Fuse the modalities' maps (B, C, Y, X) and look far: a small U-shaped pyramid.

    ``memory`` channels of a past view, warped to now, join at half resolution; 0 for a trunk without memory.
    """

    def __init__(self, inputs: int, channels: int, memory: int = 0) -> None:
        super().__init__()
        self.fuse = nn.Sequential(ConvBlock(inputs, channels, kernel=1), Residual(channels))
        self.down2 = nn.Sequential(ConvBlock(channels, 64, stride=2), Residual(64))
        self.down4 = nn.Sequential(ConvBlock(64, 96, stride=2), Residual(96))
        self.down8 = nn.Sequential(ConvBlock(96, 128, stride=2), Residual(128))
        self.up_quarter = TopDown(128, 96)
        self.up_half = TopDown(96, 64)
        self.up_full = TopDown(64, channels)
        self.out = ConvBlock(channels, channels)
        self.remember = nn.Conv2d(64, memory, 1) if memory else None
        self.recall = ConvBlock(64 + memory + 1, 64) if memory else None

    def take_in(self, maps_BCYX: Tensor) -> tuple[Tensor, Tensor]:
        """This instant alone: maps at full (B, C, Y, X) and half (B, 64, Y/2, X/2) resolution."""
        full = self.fuse(maps_BCYX)
        return full, self.down2(full)

    def look_far(self, full: Tensor, half: Tensor, past_BMYX: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Join the warped past (memory channels and one that says where it is known), then see the whole map at once.

        Returns half, quarter (B, 96, Y/4, X/4) and coarse (B, 128, Y/8, X/8) maps.
        """
        if self.recall is not None and past_BMYX is not None:
            half = self.recall(torch.cat([half, past_BMYX], dim=1))
        quarter = self.down4(half)
        return half, quarter, self.down8(quarter)

    def look_close(self, full: Tensor, half: Tensor, quarter: Tensor, coarse: Tensor) -> Tensor:
        """Back to full resolution: (B, C, Y, X)."""
        half = self.up_half(self.up_quarter(coarse, quarter), half)
        fine: Tensor = self.out(self.up_full(half, full))
        return fine

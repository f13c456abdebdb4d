# SPDX-License-Identifier: Apache-2.0
"""Low-rank adapters (LoRA, Hu et al. 2022) as parametrizations: a frozen weight plus a small product that learns.

After training they are folded into the weights, so that the bundle costs nothing more at run time.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

WIDEST = 0.05  # share of a weight's size that its adapter may have; what would be larger stays frozen


class LowRank(nn.Module):
    """weight + up @ down, of the weight's shape; starts as the weight alone."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = weight.shape[0], weight[0].numel()
        self.down = nn.Parameter(torch.randn(rank, columns) * columns**-0.5)
        self.up = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + (self.up @ self.down).reshape(weight.shape)


def attach(net: nn.Module, rank: int, skip: tuple[str, ...] = ()) -> float:
    """Freeze a network and give its convolutions and linear layers adapters; returns the share of weights that learn.

    Modules named in ``skip``, and layers too small for ``WIDEST``, get none.
    """
    before = sum(p.numel() for p in net.parameters())
    net.requires_grad_(False)
    for name, module in list(net.named_modules()):
        if not isinstance(module, nn.Conv2d | nn.Linear) or any(name == s or name.startswith(f"{s}.") for s in skip):
            continue
        adapter = LowRank(module.weight, rank)
        if sum(p.numel() for p in adapter.parameters()) <= WIDEST * module.weight.numel():
            parametrize.register_parametrization(module, "weight", adapter)
    return sum(p.numel() for p in net.parameters() if p.requires_grad) / before


def fold(net: nn.Module) -> None:
    """Put what the adapters learned into the weights, and take the adapters off."""
    for module in list(net.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    net.requires_grad_(True)

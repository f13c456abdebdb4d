# SPDX-License-Identifier: Apache-2.0
"""Adapters start as nothing, learn little, and disappear into the weights."""

import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import ModelSpec  # noqa: E402
from mm_nav.model import build_net  # noqa: E402
from mm_nav.train.adapters import attach, fold  # noqa: E402


def test_adapters_learn_at_most_five_percent_and_fold_away() -> None:
    torch.manual_seed(0)
    net = build_net(ModelSpec())
    before = {k: v.clone() for k, v in net.state_dict().items()}
    share = attach(net, rank=1)
    assert 0.002 < share <= 0.05
    conv = net.trunk.fuse[1].second
    x = torch.randn(1, 32, 8, 8)
    torch.testing.assert_close(conv(x), torch.nn.functional.conv2d(x, before["trunk.fuse.1.second.weight"], padding=1))
    for name, p in net.named_parameters():
        if name.endswith("up"):
            torch.nn.init.ones_(p)
    moved = conv(x)
    fold(net)
    assert set(net.state_dict()) == set(before)
    torch.testing.assert_close(conv(x), moved)
    assert not torch.equal(conv.weight, before["trunk.fuse.1.second.weight"])


def test_skipped_modules_get_none() -> None:
    net = build_net(ModelSpec())
    attach(net, rank=1, skip=("trunk",))
    assert not any(p.requires_grad for p in net.trunk.parameters())
    assert any(p.requires_grad for p in net.phrase.parameters())

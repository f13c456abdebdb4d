# SPDX-License-Identifier: Apache-2.0
"""How steps are taken: fast where the processor can, float32 where it cannot, with the same losses."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import ModelSpec  # noqa: E402
from mm_nav.model import build_net  # noqa: E402
from mm_nav.train import fit  # noqa: E402
from mm_nav.train.config import TrainConfig  # noqa: E402
from mm_nav.train.module import FusionTraining  # noqa: E402


@pytest.mark.parametrize(("asked", "able", "taken"), [("bf16-mixed", True, "bf16-mixed"), ("bf16-mixed", False, "32-true"), ("32-true", False, "32-true")])
def test_a_processor_without_bf16_trains_in_float32(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, asked: str, able: bool, taken: str
) -> None:
    monkeypatch.setattr(fit.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(fit.torch.ops, "mkldnn", SimpleNamespace(_is_mkldnn_bf16_supported=lambda: able))
    config = TrainConfig(bags=(), out=Path("x"), precision=asked)
    with caplog.at_level(logging.WARNING):
        assert fit.precision(config) == taken
    assert ("--precision 32-true" in caplog.text) == (asked != taken)


def test_the_fused_optimiser_takes_the_steps_of_the_plain_one() -> None:
    ends = []
    for fused in (True, False):
        torch.manual_seed(0)
        module = FusionTraining(build_net(ModelSpec()), ModelSpec(), lr=1e-2, steps=50)
        optimizer = module.configure_optimizers()["optimizer"]
        assert all(group["fused"] for group in optimizer.param_groups)
        if not fused:
            groups = [{k: v for k, v in group.items() if k not in ("fused", "foreach")} for group in optimizer.param_groups]
            optimizer = torch.optim.AdamW(groups)
        for k in range(5):
            generator = torch.Generator().manual_seed(k)
            for p in module.parameters():
                if p.requires_grad:
                    p.grad = torch.randn(p.shape, generator=generator)
            optimizer.step()
        ends.append(torch.cat([p.detach().flatten() for p in module.parameters()]))
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-5, atol=1e-6)

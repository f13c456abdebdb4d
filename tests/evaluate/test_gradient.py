# SPDX-License-Identifier: Apache-2.0
"""A look inside untrained networks: gradients lie on what they explain, attention is shared out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import ModelSpec  # noqa: E402
from mm_nav.core.types import FusionInput  # noqa: E402
from mm_nav.engine.contract import inputs_of  # noqa: E402
from mm_nav.evaluate.gradient import look_inside  # noqa: E402
from mm_nav.model import build_net  # noqa: E402

TINY = ModelSpec(image_height=64, image_width=128)
ATTENTIVE = ModelSpec(image_height=64, image_width=128, fusion_heads=2, memory_channels=4)


def frame(spec: ModelSpec, *, radar: bool = True, asked: bool = True) -> FusionInput:
    """Random readings of every sensor."""
    rng = np.random.default_rng(0)
    values = {t.name: rng.random([1 if n == "cameras" else int(n) for n in t.shape[1:]]).astype(np.float32) for t in inputs_of(spec)}
    values |= {"camera_image": (values["camera_image"] * 255).astype(np.uint8), "camera_mask": np.ones(1, np.float32)}
    values |= {"lidar_mask": np.ones(1, np.float32), "radar_mask": np.full(1, radar, np.float32)}
    return FusionInput(**(values | {"phrase_mask": np.full(3, asked, np.float32)}))


@pytest.mark.parametrize("asked", [True, False])
def test_gradients_lie_on_the_inputs_and_leave_none_on_the_weights(asked: bool) -> None:
    torch.manual_seed(0)
    net = build_net(TINY).eval().requires_grad_(False)
    found = look_inside(net, frame(TINY, asked=asked), TINY)
    assert found.camera.shape == (1, 64, 128)
    assert found.lidar.shape == (96, 96)
    assert found.camera.max() > 0
    assert found.lidar.max() > 0
    assert all(p.grad is None for p in net.parameters())
    assert found.attention is None  # this network has none


def test_attention_is_shared_out_over_sensors_and_an_absent_one_gets_none() -> None:
    torch.manual_seed(0)
    net = build_net(ATTENTIVE).eval().requires_grad_(False)
    found = look_inside(net, frame(ATTENTIVE, radar=False), ATTENTIVE).attention
    assert found is not None
    assert found["radar"].shape == (12, 12)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-5)
    assert found["radar"].max() < 1e-6
    assert found["lidar"].min() > 0

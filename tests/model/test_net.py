# SPDX-License-Identifier: Apache-2.0
"""The network's contract: fields in, fields out, masks that mask, cost."""

import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from mm_nav.core.types import FusionInput, FusionOutput  # noqa: E402
from mm_nav.model import build_net  # noqa: E402
from mm_nav.train.config import MODELS  # noqa: E402
from mm_nav.train.export import example  # noqa: E402

SPEC = MODELS["base"]


def batch(cameras: int = 1, seed: int = 0) -> dict[str, "torch.Tensor"]:
    x = example(SPEC, cameras, seed)
    return {k: torch.from_numpy(getattr(x, k))[None] for k in FusionInput.__slots__}


@pytest.fixture(scope="module")
def net() -> "torch.nn.Module":
    torch.manual_seed(0)
    return build_net(SPEC).eval()


def test_outputs_are_the_fields_of_fusion_output_in_order(net: "torch.nn.Module") -> None:
    with torch.no_grad():
        out = net(**batch())
    assert list(out) == list(FusionOutput.__slots__)
    assert out["occupancy"].shape == (1, 96, 96)
    assert all(torch.isfinite(v).all() for v in out.values())


@pytest.mark.parametrize("sensor", ["lidar", "radar", "camera"])
def test_a_masked_sensor_changes_nothing_any_more(net: "torch.nn.Module", sensor: str) -> None:
    a, b = batch(), batch(seed=1)
    mask = f"{sensor}_mask"
    data = "camera_image" if sensor == "camera" else f"{sensor}_bev"
    b = {**a, data: b[data]}
    with torch.no_grad():
        assert not torch.equal(net(**a)["occupancy"], net(**b)["occupancy"])
        a[mask] = b[mask] = torch.zeros_like(a[mask])
        assert torch.equal(net(**a)["occupancy"], net(**b)["occupancy"])


def test_a_second_camera_that_is_masked_equals_no_second_camera(net: "torch.nn.Module") -> None:
    two = batch(cameras=2)
    one = {k: v[:, :1] if k.startswith("camera") else v for k, v in two.items()}
    two["camera_mask"][:, 1] = 0
    with torch.no_grad():
        torch.testing.assert_close(net(**one)["occupancy"], net(**two)["occupancy"], atol=1e-5, rtol=1e-5)


def test_one_frame_costs_at_most_three_gflop(net: "torch.nn.Module") -> None:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(**batch())
    assert 0.5e9 < counter.get_total_flops() < 3e9


def test_without_a_phrase_there_is_no_goal(net: "torch.nn.Module") -> None:
    x = batch()
    x["phrase_mask"] = torch.zeros_like(x["phrase_mask"])
    with torch.no_grad():
        assert net(**x)["goal_present"].max().item() == 0


def test_a_past_that_is_nowhere_on_the_map_is_no_past(net: "torch.nn.Module") -> None:
    x = batch()
    x["memory_grid"] = torch.full_like(x["memory_grid"], -2.0)
    other = x | {"memory": torch.randn_like(x["memory"])}
    with torch.no_grad():
        torch.testing.assert_close(net(**x)["occupancy"], net(**other)["occupancy"])
        there = net(**batch())
        assert not torch.equal(there["occupancy"], net(**x)["occupancy"])
        assert torch.equal(there["kept"], net(**x)["kept"])  # kept as it was seen, without the past


def test_an_absent_sensor_gets_no_attention(net: "torch.nn.Module") -> None:
    x = batch()
    x["lidar_mask"] = torch.zeros_like(x["lidar_mask"])
    with torch.no_grad():
        share = net.perceive(x).share_BQS
    torch.testing.assert_close(share.sum(dim=2), torch.ones_like(share[..., 0]))
    assert share[..., 1].max() < 1e-6
    assert share[..., 0].min() > 0

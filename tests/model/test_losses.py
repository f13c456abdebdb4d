# SPDX-License-Identifier: Apache-2.0
"""Losses: targets land on the right cells, masks silence missing labels, and a few steps learn a frame by heart."""

import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import ModelSpec  # noqa: E402
from mm_nav.core.types import FusionInput  # noqa: E402
from mm_nav.model import build_net  # noqa: E402
from mm_nav.model.losses import (  # noqa: E402
    WEIGHTS,
    at_cells,
    bump,
    doppler_loss,
    focal,
    goal_loss,
    losses,
    masked_mean,
    motion_loss,
    remembered,
)
from mm_nav.train.dataset import SENSED  # noqa: E402
from mm_nav.train.export import example  # noqa: E402

SPEC = ModelSpec(fusion_heads=2, memory_channels=4)


def batch(size: int = 2, objects: int = 3) -> dict[str, "torch.Tensor"]:
    torch.manual_seed(0)
    xs = [example(SPEC, 1, i) for i in range(size)]
    b = {k: torch.stack([torch.from_numpy(getattr(x, k)) for x in xs]) for k in FusionInput.__slots__}
    boxes = torch.zeros(size, objects, 9)
    boxes[..., 0] = torch.tensor([2.0, 4.0, 6.0])[:objects]
    boxes[..., 1] = torch.tensor([-3.0, 0.5, 3.0])[:objects]
    boxes[..., 2:6] = 0.5
    on = torch.ones(size, objects)
    return b | {
        "objects_known": torch.ones(size, 1), "boxes": boxes, "box_seen": on, "box_coloured": on, "box_unsure": torch.zeros(size, objects),
        "box_key": torch.arange(objects).expand(size, -1).contiguous(), "box_class": torch.arange(objects).expand(size, -1).contiguous(),
        "box_phrase": torch.nn.functional.normalize(torch.randn(objects, 512), dim=-1).expand(size, -1, -1).contiguous(),
        "surface_points": boxes[..., :2], "surface_on": on, "cell_points": boxes[:, :, None, :2].repeat(1, 1, 4, 1), "empty_points": torch.full((size, 8, 2), -5.0),
        "occupancy": (torch.rand(size, 96, 96) < 0.1).float(), "visible": torch.ones(size, 96, 96),
        "goal_hits": torch.eye(3, objects).repeat(size, 1, 1), "goal_unsure": torch.zeros(size, 3, objects), "goal_known": torch.ones(size, 3),
        "past_on": torch.tensor([[1.0], [0.0]])[:size], **{f"past_{k}": b[k].clone() for k in SENSED},
        "moving": torch.rand(size, 4, 5), "waypoints": torch.rand(size, 8, 2), "waypoints_known": torch.ones(size, 8), "stop": torch.zeros(size, 1), "stop_known": torch.ones(size, 1),
    }  # fmt: skip


def test_a_bump_peaks_at_the_cell_of_its_object() -> None:
    peak = bump(SPEC.grid, torch.tensor([[[2.05, -3.05]]]), torch.ones(1, 1))[0]
    assert peak.max() == 1
    assert divmod(int(peak.argmax()), 96) == (32, 42)


def test_at_cells_reads_the_cell_that_holds_the_point() -> None:
    cells = torch.arange(96 * 96).float().reshape(1, 1, 96, 96)
    assert at_cells(cells, SPEC.grid, torch.tensor([[[2.05, -3.05]]])).item() == 32 * 96 + 42


def test_a_mean_over_nothing_is_zero_not_nan() -> None:
    assert masked_mean(torch.ones(3), torch.zeros(3)).item() == 0


def test_focal_prefers_the_right_peak() -> None:
    target = bump(SPEC.grid, torch.tensor([[[2.05, -3.05]]]), torch.ones(1, 1))
    wrong = bump(SPEC.grid, torch.tensor([[[6.05, 3.05]]]), torch.ones(1, 1))
    everywhere = torch.ones_like(target)
    assert focal(target, target, everywhere) < 0.1 * focal(wrong, target, everywhere)


def test_doppler_judges_along_the_line_of_sight_alone() -> None:
    motion = torch.zeros(1, 2, 96, 96)
    motion[0, 0], motion[0, 1] = 1.0, 5.0
    ahead = torch.tensor([[[2.05, 0.05, 1.5, 0.0, 1.0], [3.0, 0.0, 9.0, 0.0, 0.0]]])
    assert doppler_loss(motion, ahead, SPEC.grid).item() == pytest.approx(0.5)


def test_standing_things_do_not_outvote_the_one_that_moves() -> None:
    true = torch.zeros(1, 10, 2)
    true[0, 0, 0] = 1.0
    assert motion_loss(torch.zeros(1, 10, 2), true, torch.ones(1, 10)).item() == pytest.approx(0.5)
    assert motion_loss(true, true, torch.ones(1, 10)).item() == 0


def test_missing_labels_silence_their_terms() -> None:
    b = batch()
    b["occupancy"] = torch.full_like(b["occupancy"], -1)
    b["visible"] = torch.full_like(b["visible"], -1)
    for name in ("waypoints_known", "stop_known", "goal_known", "box_seen", "box_coloured", "moving", "objects_known"):
        b[name] = torch.zeros_like(b[name])
    terms, _ = losses(build_net(SPEC), b, SPEC)
    for name in ("occupancy", "visible", "heat", "box", "motion", "doppler", "match", "goal", "waypoints", "stop"):
        assert terms[name].item() == 0, name


def test_where_nobody_labelled_objects_look_alikes_of_the_goal_are_not_called_wrong() -> None:
    b = batch()
    b["occupancy"] = torch.zeros_like(b["occupancy"])
    b["occupancy"][:, 60:64, 70:74] = 1.0  # something stands there
    said = torch.full((2, 3, 96, 96), 0.01)
    alike = said.clone()
    alike[:, :, 60:64, 70:74] = 0.9
    free = said.clone()
    free[:, :, 20:24, 70:74] = 0.9

    def cost(goal: "torch.Tensor") -> float:
        return goal_loss(goal, b, SPEC.grid).item()

    assert cost(alike) > 1.5 * cost(said)
    b["objects_known"] = torch.zeros_like(b["objects_known"])
    assert cost(alike) == pytest.approx(cost(said))
    assert cost(free) > 1.5 * cost(said)


def test_a_few_steps_learn_a_batch_by_heart() -> None:
    torch.manual_seed(0)
    net, b = build_net(SPEC), batch()
    net.set_class_phrases(torch.nn.functional.normalize(torch.randn(len(SPEC.classes), 512), dim=-1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    history = []
    for _ in range(12):
        terms, _ = losses(net, b, SPEC)
        total = sum(WEIGHTS[k] * v for k, v in terms.items())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        history.append(float(total))
    assert history[-1] < 0.6 * history[0], history


def test_only_samples_with_a_past_remember_and_the_last_layer_learns_from_it() -> None:
    net, b = build_net(SPEC), batch()
    memory = remembered(net, b, SPEC)["memory"]
    assert memory[0].abs().max() > 0
    assert memory[1].abs().max() == 0
    memory.sum().backward()
    assert net.trunk.remember is not None
    assert net.trunk.remember.weight.grad is not None
    assert all(p.grad is None for p in net.image.parameters())


def test_alignment_terms_can_be_left_out() -> None:
    net, b = build_net(SPEC), batch(objects=3)
    terms, _ = losses(net, b, SPEC)
    assert terms["infonce"] > 0
    assert terms["covariance"] > 0
    without, _ = losses(net, b, SPEC, aligns=())
    assert "infonce" not in without
    assert without["match"] == 0

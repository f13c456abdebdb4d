# SPDX-License-Identifier: Apache-2.0
"""Training losses. Each term is a mean over what has a label; a missing label contributes nothing.

Shape letters: B batch, M objects per frame, P phrases, D embedding, T waypoints, Y X bird's-eye view.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.model.net import FusionNet, Sensed

WEIGHTS = {
    "occupancy": 2.0, "visible": 0.5, "heat": 1.0, "box": 1.0, "motion": 0.5, "doppler": 0.3, "match": 4.0, "goal": 1.0,
    "waypoints": 1.0, "stop": 0.3, "infonce": 0.1, "covariance": 0.1,
}  # fmt: skip
Align = Literal["phrase", "infonce", "covariance"]
ALIGNS: tuple[Align, ...] = ("phrase", "infonce", "covariance")  # alignment terms, each of which can be left out
MOVES = 0.2  # m/s from which an object counts as moving
HARD = 3.0  # weight of a wrong phrase of the right class: the colour is what must be told


def everywhere(count: Tensor) -> Tensor:
    """A count as the mean over all processes of a training, at least one in all of them together: a mean then is the same however
    a batch is dealt out."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return count.clamp(min=1.0)
    world, total = torch.distributed.get_world_size(), count.detach().clone()
    torch.distributed.all_reduce(total)
    return total.clamp(min=1.0) / world


def focal(p: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Penalty-reduced focal loss of CornerNet (Law and Deng 2018), per positive."""
    p = p.clamp(1e-4, 1 - 1e-4)
    positive = target > 0.99
    loss = torch.where(
        positive, -((1 - p) ** 2) * torch.log(p), -((1 - target) ** 4) * p**2 * torch.log1p(-p)
    )
    return (loss * mask).sum() / everywhere((positive * mask).sum())


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``values`` where ``mask`` (broadcastable) is not zero; zero if it is nowhere."""
    mask = mask.expand_as(values).to(values.dtype)
    return (values * mask).sum() / everywhere(mask.sum())


def binary(logit: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Masked binary cross-entropy of logits."""
    return masked_mean(torch.nn.functional.binary_cross_entropy_with_logits(logit, target, reduction="none"), mask)


def bump(grid: BevGrid, xy_BM2: Tensor, on_BM: Tensor, sigma: float = 1.0) -> Tensor:
    """Gaussian peaks (B, Y, X), exactly one at the cell of each object that is on."""
    column = torch.floor((xy_BM2[..., 0] - grid.x_min) / grid.cell)
    row = torch.floor((xy_BM2[..., 1] - grid.y_min) / grid.cell)
    along_y = torch.exp((torch.arange(grid.rows, device=row.device) - row[..., None]) ** 2 / (-2 * sigma**2))
    along_x = torch.exp((torch.arange(grid.columns, device=row.device) - column[..., None]) ** 2 / (-2 * sigma**2))
    return ((along_y * on_BM[..., None])[..., None] * along_x[..., None, :]).amax(dim=1)


def at_cells(map_BCYX: Tensor, grid: BevGrid, xy_BM2: Tensor) -> Tensor:
    """Values of a map at positions in metres, nearest cell, clamped to the edge: (B, M, C)."""
    column = torch.floor((xy_BM2[..., 0] - grid.x_min) / grid.cell).long().clamp(0, grid.columns - 1)
    row = torch.floor((xy_BM2[..., 1] - grid.y_min) / grid.cell).long().clamp(0, grid.rows - 1)
    flat = map_BCYX.flatten(2)
    index = (row * grid.columns + column)[:, None].expand(-1, flat.shape[1], -1)
    return flat.gather(2, index).transpose(1, 2)


def losses(
    net: FusionNet, batch: dict[str, Tensor], spec: ModelSpec, aligns: Sequence[str] = ALIGNS
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """All terms (unweighted) and the network's outputs for a batch of train/dataset.py."""
    batch = batch | remembered(net, batch, spec)
    found = net.perceive(batch)
    dense, embedding, out = found.dense, found.embedding, net.outputs(batch, found)
    grid, boxes, on = spec.grid, batch["boxes"], batch["box_seen"]
    xy = boxes[..., :2]
    known = (batch["occupancy"] >= 0).float()
    seen, labelled = batch["visible"].clamp(min=0), batch["objects_known"][:, :, None]
    terms = {
        "occupancy": binary(dense[:, 0], batch["occupancy"].clamp(min=0), known * (0.05 + seen)),
        "visible": binary(dense[:, 1], seen, (batch["visible"] >= 0).float()),
        "heat": focal(out["object_heat"], bump(grid, xy, on), labelled * (1 - bump(grid, xy, batch["box_unsure"], 2.0).gt(0.1).float())),
        "box": box_loss(out["object_box"], boxes, on, grid),
        "motion": motion_loss(at_cells(out["motion"], grid, xy), boxes[..., 7:9], on),
        "doppler": doppler_loss(out["motion"], batch["moving"], grid),
        "match": match_loss(net, embedding, batch, spec) if "phrase" in aligns else embedding.sum() * 0,
        "goal": goal_loss(out["goal_map"], batch, grid),
        "waypoints": masked_mean(
            torch.nn.functional.smooth_l1_loss(out["waypoints"], batch["waypoints"], reduction="none", beta=0.2),
            batch["waypoints_known"][:, :, None],
        ),
        "stop": masked_mean(
            torch.nn.functional.binary_cross_entropy(out["stop"].clamp(1e-5, 1 - 1e-5), batch["stop"], reduction="none"),
            batch["stop_known"],
        ),
    }  # fmt: skip
    return terms | alignment(net, found.seen, batch, spec, aligns), out


def remembered(net: FusionNet, batch: dict[str, Tensor], spec: ModelSpec) -> dict[str, Tensor]:
    """What the network keeps of each sample's past frame, as ``memory``; only the last layer learns from it."""
    if not spec.memory_channels:
        return {}
    rows = batch["past_on"][:, 0].nonzero()[:, 0]
    memory = batch["memory_grid"].new_zeros(len(batch["past_on"]), *spec.memory_shape)
    if len(rows):
        past = {k.removeprefix("past_"): v[rows] for k, v in batch.items() if k.startswith("past_") and k != "past_on"}
        with torch.no_grad():
            half = net.join(net.sense(past))[1]
        memory = memory.index_copy(0, rows, net.keep(half))
    return {"memory": memory}


def goal_loss(goal_BPYX: Tensor, batch: dict[str, Tensor], grid: BevGrid) -> Tensor:
    """Focal loss of every phrase's goal map; a phrase may mean several boxes, or none; unseen ones are not judged.

    Where nobody labelled objects, only the goal's surroundings and free ground are judged: what else stands there may be
    called the same.
    """
    p = goal_BPYX.shape[1]
    xy = batch["boxes"][..., :2]
    total = goal_BPYX.new_zeros(())
    for i in range(p):
        target = bump(grid, xy, batch["goal_hits"][:, i])
        judged = 1 - bump(grid, xy, batch["goal_unsure"][:, i], 2.0).gt(0.1).float()
        near = bump(grid, xy, batch["goal_hits"][:, i], 4.0).gt(0.1).float()
        judged = judged * torch.maximum(batch["objects_known"][:, :, None], torch.maximum(near, (batch["occupancy"] == 0).float()))
        total = total + focal(goal_BPYX[:, i], target, judged * batch["goal_known"][:, i, None, None])
    return total / p


def alignment(net: FusionNet, seen: Sensed, batch: dict[str, Tensor], spec: ModelSpec, terms: Sequence[str]) -> dict[str, Tensor]:
    """Make camera and LiDAR say the same of the same surface, before they are fused.

    ``infonce``: each cell's camera embedding must find its own LiDAR embedding among all others, and the other way
    round (CLIP, Radford et al. 2021). ``covariance``: second moments of both agree (CORAL, Sun and Saenko 2016).
    """
    if net.align is None or not set(terms) & {"infonce", "covariance"}:
        return {}
    both = (batch["surface_on"] > 0) & (batch["lidar_mask"] > 0) & (batch["camera_mask"].amax(dim=1, keepdim=True) > 0)
    xy = batch["surface_points"]
    pair = [at_cells(net.align[k](m).float(), spec.grid, xy)[both] for k, m in (("camera", seen.camera), ("lidar", seen.lidar))]
    zero = pair[0].sum() * 0
    if len(pair[0]) < 4:
        return dict.fromkeys((k for k in ("infonce", "covariance") if k in terms), zero)
    camera, lidar = (torch.nn.functional.normalize(v, dim=-1) for v in pair)
    out = {}
    if "infonce" in terms:
        logits, own = camera @ lidar.T / 0.1, torch.arange(len(camera), device=camera.device)
        out["infonce"] = (torch.nn.functional.cross_entropy(logits, own) + torch.nn.functional.cross_entropy(logits.T, own)) / 2
    if "covariance" in terms:
        out["covariance"] = (torch.cov(camera.T) - torch.cov(lidar.T)).square().sum()
    return out


def motion_loss(said_BM2: Tensor, true_BM2: Tensor, on_BM: Tensor) -> Tensor:
    """L1 of velocities in m/s; what moves counts as much as all that stands, else zero would be the best answer."""
    moves = (true_BM2.norm(dim=-1) > MOVES).to(on_BM.dtype)
    away = (said_BM2 - true_BM2).abs()
    return masked_mean(away, (on_BM * moves)[..., None]) + masked_mean(away, (on_BM * (1 - moves))[..., None])


def doppler_loss(motion_B2YX: Tensor, moving_BN5: Tensor, grid: BevGrid) -> Tensor:
    """L1 of the radial speed in m/s where radar saw something move; across the line of sight it says nothing."""
    radial = moving_BN5[..., 2:4]
    speed = radial.norm(dim=-1)
    direction = radial / speed.clamp(min=1e-3)[..., None]
    said = (at_cells(motion_B2YX, grid, moving_BN5[..., :2]) * direction).sum(dim=-1)
    return masked_mean((said - speed).abs(), moving_BN5[..., 4])


def box_loss(box_B8YX: Tensor, boxes_BM9: Tensor, on_BM: Tensor, grid: BevGrid) -> Tensor:
    """L1 of offset, height, log size and heading at each object's centre cell."""
    said = at_cells(box_B8YX, grid, boxes_BM9[..., :2])
    column = torch.floor((boxes_BM9[..., 0] - grid.x_min) / grid.cell)
    row = torch.floor((boxes_BM9[..., 1] - grid.y_min) / grid.cell)
    offset_x = boxes_BM9[..., 0] - (grid.x_min + (column + 0.5) * grid.cell)
    offset_y = boxes_BM9[..., 1] - (grid.y_min + (row + 0.5) * grid.cell)
    yaw = boxes_BM9[..., 6]
    true = torch.stack([offset_x, offset_y, boxes_BM9[..., 2], *boxes_BM9[..., 3:6].clamp(min=0.05).log().unbind(-1),
                        yaw.sin(), yaw.cos()], dim=-1)  # fmt: skip
    weight = said.new_tensor([2, 2, 1, 0.5, 0.5, 0.5, 0.1, 0.1])
    return masked_mean((said - true).abs() * weight, on_BM[..., None])


def match_loss(net: FusionNet, embedding_BDYX: Tensor, batch: dict[str, Tensor], spec: ModelSpec) -> Tensor:
    """Sigmoid contrastive alignment (SigLIP, Zhai et al. 2023) of cells with the phrases of the whole batch.

    Each object whose colour a camera can see is sampled at a few cells; it matches the phrases of its own kind
    ("red cone") and of its class ("cone"). Random background cells match nothing, where objects are labelled.
    """
    cells_BM = batch["box_coloured"]
    points = batch["cell_points"]  # (B, M, S, 2): positions inside each object
    s = points.shape[2]
    unit = torch.nn.functional.normalize
    objects = unit(at_cells(embedding_BDYX, spec.grid, points.flatten(1, 2)), dim=-1)
    background = unit(at_cells(embedding_BDYX, spec.grid, batch["empty_points"]), dim=-1)
    phrases = torch.cat([batch["box_phrase"].flatten(0, 1), net.class_phrases])
    keys = torch.cat([batch["box_key"].flatten(), batch["box_key"].new_full((len(net.class_phrases),), -2)])
    real = torch.cat([batch["box_seen"].flatten() > 0, torch.ones(len(net.class_phrases), dtype=torch.bool)])
    phrases, keys = phrases[real], keys[real]
    phrases_PD = net.phrase(phrases).float()
    logits = objects.flatten(0, 1) @ phrases_PD.T * net.scale + net.bias
    same_key = batch["box_key"].flatten()[:, None] == keys[None]
    class_count = len(net.class_phrases)
    same_class = torch.nn.functional.one_hot(batch["box_class"].flatten().clamp(0), class_count).bool()
    same = same_key.clone()
    same[:, -class_count:] = same_class
    target = same.repeat_interleave(s, dim=0).float()
    mask = cells_BM.flatten().repeat_interleave(s)[:, None].expand_as(target).clone()
    seen_only = batch["box_seen"].flatten().repeat_interleave(s)
    mask[:, -class_count:] = seen_only[:, None]  # shape needs no camera
    label = torch.cat([batch["box_class"].flatten(), torch.full((class_count,), -2, device=keys.device)])[real]
    alike = (batch["box_class"].flatten()[:, None] == label[None]).repeat_interleave(s, dim=0)
    weight = torch.where(target > 0, 5.0, torch.where(alike, HARD, 1.0))
    raw = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
    empty = torch.nn.functional.softplus(background @ phrases_PD.T * net.scale + net.bias)
    return masked_mean(raw, mask) + 0.1 * masked_mean(empty, batch["objects_known"][:, :, None])

# SPDX-License-Identifier: Apache-2.0
"""The fusion network: one joint embedding space for BEV cells and phrases.

Every BEV cell gets an embedding, so does every phrase. Their similarity is the grounding map and the
open-vocabulary class of a detection. Takes the fields of FusionInput (batched), gives those of FusionOutput.

Shape letters: B batch, N cameras, C channels, K classes, P phrases, D embedding, T waypoints, Y X bird's-eye view.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mm_nav.core.config import BOX_CHANNELS, LIDAR_CHANNELS, RADAR_CHANNELS, ModelSpec
from mm_nav.errors import ConfigError
from mm_nav.model.blocks import ConvBlock
from mm_nav.model.encoders import BevTrunk, ImageEncoder, Lift, PretrainedEncoder
from mm_nav.model.fusion import CrossSensorAttention

BACKBONES: dict[str, type[ImageEncoder] | type[PretrainedEncoder]] = {"small": ImageEncoder, "efficientnet_lite0": PretrainedEncoder}


class PhraseEncoder(nn.Module):
    """Sentence embedding (…, 512) -> unit vector (…, D) in the joint space."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, 256), nn.ReLU(), nn.Linear(256, outputs))

    def forward(self, phrase_BE: Tensor) -> Tensor:
        return nn.functional.normalize(self.layers(phrase_BE), dim=-1)


class DriveHead(nn.Module):
    """Coarse BEV, where the goal is, and own motion -> waypoints (B, T, 2) in metres and stop logit (B, 1)."""

    def __init__(self, cells: int, waypoints: int) -> None:
        super().__init__()
        self.waypoints = waypoints
        self.squeeze = ConvBlock(128, 8, kernel=1)
        self.layers = nn.Sequential(nn.Linear(8 * cells + 7, 128), nn.ReLU(), nn.Linear(128, 2 * waypoints + 1))

    def forward(self, coarse_BCYX: Tensor, goal_B3: Tensor, ego_B3: Tensor, mask_B1: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.squeeze(coarse_BCYX).flatten(1)
        out = self.layers(torch.cat([seen, goal_B3, ego_B3, mask_B1], dim=1))
        return out[:, :-1].unflatten(1, (self.waypoints, 2)), out[:, -1:]


class Sensed(NamedTuple):
    """Each sensor's BEV map (B, C, Y, X) and which sensors there are (B, 3): camera, LiDAR, radar."""

    camera: Tensor
    lidar: Tensor
    radar: Tensor
    masks_BS: Tensor


class Perceived(NamedTuple):
    """What the heads read: head logits (B, 13, Y, X), embeddings (B, D, Y, X) of any length, the coarse map.

    ``kept`` is what to remember, ``share_BQS`` the attention that coarse cells gave to each sensor (None without).
    """

    dense: Tensor
    embedding: Tensor
    coarse: Tensor
    seen: Sensed
    kept: Tensor | None
    share_BQS: Tensor | None


def warped(memory_BMYX: Tensor, grid_BYX2: Tensor) -> Tensor:
    """A past view where it lies now, with a channel that says where it is known: (B, M + 1, Y/2, X/2)."""
    moved = nn.functional.grid_sample(memory_BMYX, grid_BYX2, align_corners=False)
    known = (grid_BYX2[..., 0] > -1.5).float()[:, None]
    return torch.cat([moved, known], dim=1)


class FusionNet(nn.Module):
    """Camera, LiDAR, radar and a phrase to occupancy, objects, goal and waypoints. Any sensor may be masked.

    Args:
        image: pictures to features; lift: features to BEV; lidar, radar: pillars to BEV; trunk: fused BEV;
        attention: coarse cells ask each sensor, None without; phrase: sentence embedding to the joint space;
        drive: waypoints and stop; align: camera and LiDAR maps to the joint space, for training; spec: shapes and ranges.
    """

    class_phrases: Tensor
    centers: Tensor

    def __init__(
        self, *, image: nn.Module, lift: Lift, lidar: nn.Module, radar: nn.Module, trunk: BevTrunk,
        attention: CrossSensorAttention | None, phrase: PhraseEncoder, drive: DriveHead, align: nn.ModuleDict | None,
        channels: int, spec: ModelSpec,
    ) -> None:  # fmt: skip
        super().__init__()
        self.image, self.lift, self.lidar, self.radar = image, lift, lidar, radar
        self.trunk, self.attention, self.phrase, self.drive, self.align = trunk, attention, phrase, drive, align
        self.dense = nn.Conv2d(channels, 2 + 2 + 1 + BOX_CHANNELS, 1)  # occupancy, visible, motion, heat, box
        self.embed = nn.Sequential(ConvBlock(channels, channels), nn.Conv2d(channels, spec.embed_dim, 1))
        self.scale = nn.Parameter(torch.tensor(10.0))
        self.bias = nn.Parameter(torch.tensor(-6.0))
        nn.init.constant_(self.dense.bias[4], -4.0)  # type: ignore[index]
        self.register_buffer("class_phrases", torch.zeros(len(spec.classes), spec.phrase_dim))
        g = spec.grid
        ys = g.y_min + (torch.arange(g.rows) + 0.5) * g.cell
        xs = g.x_min + (torch.arange(g.columns) + 0.5) * g.cell
        self.register_buffer("centers", torch.stack(torch.meshgrid(xs, ys, indexing="xy")), persistent=False)

    def set_class_phrases(self, embeddings_KE: Tensor) -> None:
        """Words for the classes of ``object_class``; another vocabulary needs no training."""
        self.class_phrases.copy_(embeddings_KE)

    def sense(self, x: dict[str, Tensor]) -> Sensed:
        """Each sensor's own BEV map of this instant, zero where the sensor is absent."""
        b, n = x["camera_image"].shape[:2]
        features = self.image(x["camera_image"].flatten(0, 1)).unflatten(0, (b, n))
        camera = self.lift(features, x["camera_grid"], x["camera_mask"])
        masks_BS = torch.cat([x["camera_mask"].amax(dim=1, keepdim=True), x["lidar_mask"], x["radar_mask"]], dim=1)
        on = masks_BS[:, :, None, None]
        lidar = self.lidar(x["lidar_bev"] * on[:, 1:2])
        radar = self.radar(x["radar_bev"] * on[:, 2:3])
        return Sensed(camera=camera * on[:, 0:1], lidar=lidar, radar=radar, masks_BS=masks_BS)

    def join(self, seen: Sensed) -> tuple[Tensor, Tensor]:
        """This instant's maps side by side, through the trunk's first part: full and half resolution."""
        plane = torch.ones_like(seen.lidar[:, :1])
        masks = [seen.masks_BS[:, i : i + 1, None, None] * plane for i in range(3)]
        return self.trunk.take_in(torch.cat([seen.camera, seen.lidar, seen.radar, *masks], dim=1))

    def keep(self, half: Tensor) -> Tensor:
        """What a later instant may want to remember of this one: (B, M, Y/2, X/2)."""
        if self.trunk.remember is None:
            raise ConfigError("this network has no temporal memory; build it with ModelSpec(memory_channels=…)")
        kept: Tensor = self.trunk.remember(half).float()
        return kept

    def perceive(self, x: dict[str, Tensor]) -> Perceived:
        """Everything up to the heads, for one instant and what is remembered."""
        seen = self.sense(x)
        full, half = self.join(seen)
        kept = self.keep(half) if self.trunk.remember is not None else None
        past = None if kept is None else warped(x["memory"], x["memory_grid"])
        half, quarter, coarse = self.trunk.look_far(full, half, past)
        share = None
        if self.attention is not None:
            coarse, share = self.attention(coarse, (seen.camera, seen.lidar, seen.radar), seen.masks_BS)
        fine = self.trunk.look_close(full, half, quarter, coarse)
        return Perceived(dense=self.dense(fine).float(), embedding=self.embed(fine).float(), coarse=coarse, seen=seen,
                         kept=kept, share_BQS=share)  # fmt: skip

    def similarity(self, embedding_BDYX: Tensor, phrase_BPE: Tensor) -> Tensor:
        """Match logit of each cell with each of the frame's phrases: (B, P, Y, X)."""
        phrase_BPD = self.phrase(phrase_BPE).float()
        length_B1YX = embedding_BDYX.square().sum(dim=1, keepdim=True).clamp(min=1e-8).sqrt()
        rows, columns = embedding_BDYX.shape[2:]
        dot_BPYX = torch.matmul(phrase_BPD, embedding_BDYX.flatten(2)).reshape(-1, phrase_BPD.shape[1], rows, columns)
        logits: Tensor = dot_BPYX / length_B1YX * self.scale + self.bias
        return logits

    def forward(
        self, camera_image: Tensor, camera_grid: Tensor, camera_mask: Tensor, lidar_bev: Tensor, lidar_mask: Tensor,
        radar_bev: Tensor, radar_mask: Tensor, ego: Tensor, phrase: Tensor, phrase_mask: Tensor,
        memory: Tensor | None = None, memory_grid: Tensor | None = None,
    ) -> dict[str, Tensor]:  # fmt: skip
        """Batched FusionInput fields in, batched FusionOutput fields out (probabilities, not logits)."""
        x = {
            "camera_image": camera_image, "camera_grid": camera_grid, "camera_mask": camera_mask, "lidar_bev": lidar_bev,
            "lidar_mask": lidar_mask, "radar_bev": radar_bev, "radar_mask": radar_mask, "ego": ego, "phrase": phrase,
            "phrase_mask": phrase_mask,
        }  # fmt: skip
        if memory is not None and memory_grid is not None:
            x |= {"memory": memory, "memory_grid": memory_grid}
        return self.outputs(x, self.perceive(x))

    def outputs(self, x: dict[str, Tensor], found: Perceived) -> dict[str, Tensor]:
        """Heads on top of ``perceive``."""
        dense, embedding = found.dense, found.embedding
        heat_BYX = torch.sigmoid(dense[:, 4])
        matches_BPYX = torch.sigmoid(self.similarity(embedding, x["phrase"]))
        goal_BPYX = torch.sqrt(heat_BYX[:, None] * matches_BPYX + 1e-8) * x["phrase_mask"][:, :, None, None]
        present_BP = goal_BPYX.flatten(2).amax(dim=2)
        goal_BYX, present_B1 = goal_BPYX[:, 0], present_BP[:, :1]
        weight_BYX = goal_BYX.pow(4) / goal_BYX.pow(4).sum(dim=(1, 2), keepdim=True).clamp(min=1e-4)
        where_B2 = (self.centers[None] * weight_BYX[:, None]).sum(dim=(2, 3)) * present_B1
        goal_B3 = torch.cat([where_B2, present_B1], dim=1)
        waypoints, stop = self.drive(found.coarse, goal_B3.detach(), x["ego"], x["phrase_mask"][:, :1])
        vocabulary = self.class_phrases[None].expand(heat_BYX.shape[0], -1, -1)
        out = {
            "occupancy": torch.sigmoid(dense[:, 0]),
            "visible": torch.sigmoid(dense[:, 1]),
            "motion": dense[:, 2:4],
            "object_heat": heat_BYX,
            "object_box": dense[:, 5:],
            "object_class": torch.softmax(self.similarity(embedding, vocabulary), dim=1),
            "goal_map": goal_BPYX,
            "goal_present": present_BP,
            "waypoints": waypoints.float(),
            "stop": torch.sigmoid(stop.float()),
        }
        return out if found.kept is None else out | {"kept": found.kept}


def build_net(spec: ModelSpec, class_phrases: Sequence[Sequence[float]] | None = None) -> FusionNet:
    """Every width stands here; what is optional follows from the spec. About 2 GFLOP per frame with one camera."""
    image_features, camera_bev, lidar_bev, radar_bev, channels = 24, 32, 32, 16, 32
    if spec.backbone not in BACKBONES:
        raise ConfigError(f"backbone {spec.backbone!r} is unknown; use one of {', '.join(BACKBONES)}")
    rows, columns = spec.grid.rows // 8, spec.grid.columns // 8
    net = FusionNet(
        image=BACKBONES[spec.backbone](image_features),
        lift=Lift(image_features, len(spec.lift_heights), camera_bev),
        lidar=ConvBlock(LIDAR_CHANNELS, lidar_bev),
        radar=ConvBlock(RADAR_CHANNELS, radar_bev),
        trunk=BevTrunk(camera_bev + lidar_bev + radar_bev + 3, channels, spec.memory_channels),
        attention=CrossSensorAttention(128, (camera_bev, lidar_bev, radar_bev), (rows, columns), 8, spec.fusion_heads)
        if spec.fusion_heads else None,
        phrase=PhraseEncoder(spec.phrase_dim, spec.embed_dim),
        drive=DriveHead(rows * columns, spec.waypoint_count),
        align=nn.ModuleDict({k: nn.Conv2d(c, spec.embed_dim, 1) for k, c in (("camera", camera_bev), ("lidar", lidar_bev))})
        if spec.fusion_heads else None,
        channels=channels,
        spec=spec,
    )  # fmt: skip
    if class_phrases is not None:
        net.set_class_phrases(torch.tensor(class_phrases))
    return net


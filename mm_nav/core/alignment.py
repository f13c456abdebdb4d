# SPDX-License-Identifier: Apache-2.0
"""Whether a camera and LiDARs agree about where things are: depth against the picture at the given and at turned mountings.

Two kinds of evidence are added up. Depth edges of the LiDAR should lie on vertical edges of the picture, and the LiDAR's
intensity should tell of the picture's brightness (mutual information, Pandey et al. 2012). Neither has a scale of its own, so
each is held against what it is at mountings that are turned away. Pure functions; knows no file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8

from mm_nav.core.geometry import inverse, se3, transform
from mm_nav.core.preprocess import project_into
from mm_nav.core.types import CameraModel, CameraView, PosedCloud

WIDTH = 480  # pixels, of pictures as they are compared
YAWS, PITCHES = np.arange(-6.0, 6.1, 1.0), np.arange(-3.0, 3.1, 1.0)  # degrees about the camera's own axes
FAR_DEG = 2.0  # from which a turned mounting is another one
# of a LiDAR whose axes are mixed up: degrees about the vertical, and whether left and right are exchanged before
MIX_UPS = ((90.0, False), (-90.0, False), (180.0, False), (0.0, True), (180.0, True))
NEAREST, FARTHEST = 1.5, 60.0  # metres
MOST = 12_000  # points per instant and LiDAR
ROW, STEP = np.deg2rad(0.5), np.deg2rad(1.0)  # how LiDAR points are put beside each other
JUMP_M, JUMP = 1.0, 0.15  # of range between neighbours that makes a depth edge
BINS = 16
LEAST_POINTS = 400
# Standard deviations above turned mountings. Over 14 simulated worlds and 9 real cameras, sound mountings never peaked at another
# yaw by 3.5, and turned by 3 degrees they peaked there by 3.7 in 11 of the 14; pitch is told far less well (few rows of a LiDAR).
CLEAR, SURE, SURE_OF_PITCH = 3.5, 3.7, 5.0
BEHIND = 2.5  # that the given mounting must be worse to be called off


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One instant, made small: edge strength (rank) and brightness (bin) of the picture; points and depth edges in base_link
    by LiDAR, and intensity bins of the points."""

    model: CameraModel
    T_base_cam: Float64[np.ndarray, "4 4"]
    edges: Float32[np.ndarray, "h w"]
    brightness: UInt8[np.ndarray, "h w"]
    points: tuple[Float64[np.ndarray, "n 3"], ...]
    intensity: tuple[UInt8[np.ndarray, " n"], ...]
    corners: tuple[Float64[np.ndarray, "m 3"], ...]
    origins: tuple[Float64[np.ndarray, "3"], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """``score`` of the given mounting and ``best`` of all, in standard deviations above mountings that are turned away.
    ``yaw_deg`` (+ is to the left) and ``pitch_deg`` (+ is up): how the LiDAR must be turned, seen from the camera, to fit best.
    ``turn_deg``: by how much the LiDAR fits when it is turned about the vertical, 0 if it need not be; ``mirrored``: whether it fits
    when left and right are exchanged."""

    score: float
    best: float
    yaw_deg: float
    pitch_deg: float
    turn_deg: float
    points: int
    mirrored: bool = False

    @property
    def verdict(self) -> str:
        """agree, off, turned, mirrored or unclear."""
        if self.mirrored:
            return "mirrored"
        if self.turn_deg:
            return "turned"
        near = max(abs(self.yaw_deg), abs(self.pitch_deg)) < FAR_DEG
        if self.score >= CLEAR or (near and self.best >= CLEAR):
            return "agree"
        inside = abs(self.yaw_deg) < YAWS[-1] and abs(self.pitch_deg) < PITCHES[-1]  # at the rim the peak may lie beyond
        sure = SURE if abs(self.yaw_deg) >= FAR_DEG else SURE_OF_PITCH
        return "off" if not near and inside and self.best >= sure and self.best - self.score >= BEHIND else "unclear"


def look(view: CameraView, clouds: Sequence[PosedCloud]) -> Look:
    """What is compared of one instant."""
    points, bins, corners, origins = [], [], [], []
    for posed in clouds:
        placed = transform(posed.T_base_sensor, posed.cloud.xyz).astype(np.float64)
        origin = posed.T_base_sensor[:3, 3]
        # a cloud whose frame is on the ground was put together somewhere: where it was seen from is not known
        corners.append(depth_edges(placed, origin if origin[2] > 0.3 else view.T_base_cam[:3, 3]))
        thin = slice(None, None, max(1, -(-len(placed) // MOST)))
        points.append(placed[thin])
        bins.append(_binned(posed.cloud.intensity)[thin])
        origins.append(origin)
    edges, brightness = _picture(view.image.rgb)
    return Look(model=view.model, T_base_cam=view.T_base_cam, edges=edges, brightness=brightness, points=tuple(points),
                intensity=tuple(bins), corners=tuple(corners), origins=tuple(origins))  # fmt: skip


def fit(cameras: Sequence[Sequence[Look]]) -> Fit | None:
    """Hold the mounting of the LiDARs against turned ones, by one camera or by several together (a LiDAR that is turned is off
    by the same yaw for all of them); None if hardly any point falls into the pictures.
    """
    given = [map_ for looks in cameras if (map_ := _score(looks, (0.0, False))) is not None]
    if not given:
        mixed = _mixed_up(cameras)
        return Fit(score=0.0, best=0.0, yaw_deg=0.0, pitch_deg=0.0, turn_deg=mixed[0], points=0, mirrored=mixed[1]) if mixed else None
    score = _clear(np.sum([m for m, _ in given], axis=0))
    i, j = (int(k) for k in np.unravel_index(int(score.argmax()), score.shape))
    found = Fit(score=float(score[len(YAWS) // 2, len(PITCHES) // 2]), best=float(score[i, j]), yaw_deg=float(YAWS[i]),
                pitch_deg=float(PITCHES[j]), turn_deg=0.0, points=sum(n for _, n in given))  # fmt: skip
    if found.verdict == "unclear" and (mixed := _mixed_up(cameras)):
        return replace(found, turn_deg=mixed[0], mirrored=mixed[1])
    return found


def _mixed_up(cameras: Sequence[Sequence[Look]]) -> tuple[float, bool] | None:
    """The one of MIX_UPS that makes the mounting fit clearly; None if none does, or more than one."""
    found = []
    for mix_up in MIX_UPS:
        maps = [map_ for looks in cameras if (map_ := _score(looks, mix_up)) is not None]
        score = _clear(np.sum([m for m, _ in maps], axis=0)) if maps else np.zeros((1, 1))
        i, j = (int(k) for k in np.unravel_index(int(score.argmax()), score.shape))
        if score[i, j] >= SURE and max(abs(YAWS[i]), abs(PITCHES[j])) < FAR_DEG:
            found.append(mix_up)
    return found[0] if len(found) == 1 else None


def _score(looks: Sequence[Look], mix_up: tuple[float, bool]) -> tuple[Float64[np.ndarray, "y p"], int] | None:
    edge, shared, count = _evidence(looks, *mix_up)
    return (_standard(edge) + _standard(shared), count) if count >= LEAST_POINTS else None


def _clear(score: Float64[np.ndarray, "y p"]) -> Float64[np.ndarray, "y p"]:
    """In standard deviations above what mountings score that are turned away from the best one."""
    i, j = np.unravel_index(int(score.argmax()), score.shape)
    far = np.hypot(YAWS[:, None] - YAWS[i], PITCHES[None] - PITCHES[j]) > FAR_DEG
    return np.asarray((score - score[far].mean()) / max(float(score[far].std()), 1e-9))


def depth_edges(points: Float64[np.ndarray, "n 3"], origin: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "m 3"]:
    """Points behind whose side the view from ``origin`` goes on for at least a metre: the near sides of depth jumps."""
    rays = points - origin
    away = np.linalg.norm(rays, axis=1)
    keep = (away > NEAREST) & (away < FARTHEST)
    points, rays, away = points[keep], rays[keep], away[keep]
    azimuth, row = np.arctan2(rays[:, 1], rays[:, 0]), np.floor(np.arcsin(rays[:, 2] / away) / ROW)
    order = np.lexsort((azimuth, row))
    azimuth, row, away, points = azimuth[order], row[order], away[order], points[order]
    beside = (row[1:] == row[:-1]) & (np.diff(azimuth) < STEP)
    jump = np.abs(np.diff(away)) > np.maximum(JUMP_M, JUMP * np.minimum(away[1:], away[:-1]))
    at = np.flatnonzero(beside & jump)
    return np.asarray(points[np.unique(np.where(away[at] < away[at + 1], at, at + 1))])


def _picture(rgb: UInt8[np.ndarray, "h w 3"]) -> tuple[Float32[np.ndarray, "h w"], UInt8[np.ndarray, "h w"]]:
    """Rank 0..1 of vertical edges against their surroundings, and brightness in bins of equal size."""
    size = (WIDTH, max(1, round(rgb.shape[0] * WIDTH / rgb.shape[1])))
    grey = cv2.GaussianBlur(cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    strength = cv2.GaussianBlur(np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)), (0, 0), 1.0)
    strength = np.asarray(strength / (cv2.blur(strength, (61, 31)) + 2.0), np.float32)
    rank = np.empty(strength.size, np.float32)
    rank[np.argsort(strength, axis=None)] = np.linspace(0, 1, strength.size, dtype=np.float32)
    return rank.reshape(strength.shape), _binned(grey)


def _binned(values: Float[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    if not values.size:
        return values.astype(np.uint8)
    return np.searchsorted(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]), values).astype(np.uint8)


def _evidence(
    looks: Sequence[Look], turn_deg: float, mirrored: bool
) -> tuple[Float64[np.ndarray, "y p"], Float64[np.ndarray, "y p"], int]:
    """Mean edge rank and normalised mutual information at every turned mounting, and how many points fall into the pictures."""
    shape = (len(YAWS), len(PITCHES))
    total, hits, joint = np.zeros(shape), np.zeros(shape), np.zeros((*shape, BINS, BINS))
    for one in looks:
        T_cam_base = inverse(one.T_base_cam)
        corners, points = (np.concatenate([_about(p, o, turn_deg, mirrored) for p, o in zip(parts, one.origins, strict=True)]) if parts else np.zeros((0, 3))
                           for parts in (one.corners, one.points))  # fmt: skip
        bins = np.concatenate(one.intensity) if one.intensity else np.zeros(0, np.uint8)
        corners, points = transform(T_cam_base, corners), transform(T_cam_base, points)
        ahead = (points[:, 2] > 0.3) & (np.linalg.norm(points, axis=1) < FARTHEST)
        points, bins = points[ahead], bins[ahead]
        for i, yaw in enumerate(YAWS):
            for j, pitch in enumerate(PITCHES):
                R = _small_turn(yaw, pitch).T
                row, column, _ = _pixels(one, corners @ R)
                total[i, j] += one.edges[row, column].sum()
                hits[i, j] += len(row)
                row, column, inside = _pixels(one, points @ R)
                np.add.at(joint[i, j], (bins[inside], one.brightness[row, column]), 1)
    return total / np.maximum(hits, 1), _shared(joint), int(joint[len(YAWS) // 2, len(PITCHES) // 2].sum())


def _small_turn(yaw_deg: float, pitch_deg: float) -> Float64[np.ndarray, "3 3"]:
    """Rotation in the optical frame (x right, y down, z ahead) that moves what is seen to the left, and up."""
    (cy, sy), (cp, sp) = ((np.cos(a), np.sin(a)) for a in np.deg2rad([yaw_deg, pitch_deg]))
    return np.asarray(np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]]))


def _about(points: Float64[np.ndarray, "n 3"], origin: Float64[np.ndarray, "3"], turn_deg: float, mirrored: bool) -> Float64[np.ndarray, "n 3"]:
    if not turn_deg and not mirrored:
        return points
    turn = se3((0.0, 0.0, 0.0), (0.0, 0.0, float(np.deg2rad(turn_deg))))
    sided = (points - origin) * (1.0, -1.0 if mirrored else 1.0, 1.0)
    return np.asarray(transform(turn, sided) + origin)


def _pixels(one: Look, points_cam: Float64[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns of the small picture, and which points they are of."""
    uv, inside = project_into(one.model, points_cam)
    height, width = one.edges.shape
    column = (uv[inside, 0] * width / one.model.width).astype(np.int64).clip(0, width - 1)
    row = (uv[inside, 1] * height / one.model.height).astype(np.int64).clip(0, height - 1)
    return row, column, inside


def _shared(joint: Float64[np.ndarray, "y p a b"]) -> Float64[np.ndarray, "y p"]:
    """Mutual information over the geometric mean of both entropies, 0..1."""
    p = joint / np.maximum(joint.sum(axis=(2, 3), keepdims=True), 1)
    a, b = p.sum(axis=3, keepdims=True), p.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.nansum(p * np.log(p / (a * b)), axis=(2, 3))
        entropy = [-np.nansum(q * np.log(q), axis=(2, 3)) for q in (a, b)]
    return np.asarray(both / np.maximum(np.sqrt(entropy[0] * entropy[1]), 1e-9))


def _standard(values: Float64[np.ndarray, "y p"]) -> Float64[np.ndarray, "y p"]:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))

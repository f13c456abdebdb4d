# SPDX-License-Identifier: Apache-2.0
"""Changes to a training sample that keep its truth: light, mirroring, and sensors that drop out."""

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

Sensor = Literal["camera", "lidar", "radar"]
SENSORS: tuple[Sensor, ...] = ("camera", "lidar", "radar")
DROP = (0.12, 0.12, 0.25)


def photometric(image_N3HW: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, white balance and contrast, the same for all cameras of the frame."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.94, 1.06, (1, 3, 1, 1))
    offset = rng.uniform(-12, 12)
    return np.clip(image_N3HW * gain.astype(np.float32) + np.float32(offset), 0, 255).astype(np.uint8)


def weather(x: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Light, fog, night and glare in pictures, lost and false returns in LiDAR and radar; in place, now and in the past."""
    pasts = ("", "past_") if "past_on" in x else ("",)
    night, fog, glare = (rng.random() < p for p in (0.08, 0.08, 0.08))
    rain, clutter = rng.random() < 0.1, rng.random() < 0.1
    for past in pasts:
        image = photometric(x[f"{past}camera_image"], rng)
        image = _dark(image, rng) if night else image
        image = _foggy(image, rng) if fog else image
        x[f"{past}camera_image"] = _glaring(image, rng) if glare else image
        if rain:
            _rain(x[f"{past}lidar_bev"], rng)
        if clutter and x[f"{past}radar_mask"][0]:
            _clutter(x[f"{past}radar_bev"], rng)


def _dark(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noisy = image * np.float32(rng.uniform(0.15, 0.5)) + rng.normal(0, 5, image.shape).astype(np.float32)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def _foggy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thicker toward the horizon, where things are far."""
    height = np.abs(np.linspace(-1, 1, image.shape[2], dtype=np.float32))[:, None]
    share = np.float32(rng.uniform(0.3, 0.8)) * (1 - 0.6 * height)
    grey = np.float32(rng.uniform(150, 220))
    return np.asarray(image * (1 - share) + grey * share, np.uint8)


def _glaring(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rows, columns = image.shape[2:]
    v, u = np.mgrid[:rows, :columns].astype(np.float32)
    away = np.hypot(u - rng.uniform(0, columns), v - rng.uniform(0, rows / 2)) / np.float32(rng.uniform(0.05, 0.25) * columns)
    light = np.float32(255) * np.exp(-(away**2)) + np.float32(rng.uniform(10, 60))
    return np.asarray(np.clip(image + light, 0, 255), np.uint8)


def _rain(bev_CYX: np.ndarray, rng: np.random.Generator) -> None:
    """Drop cells, and scatter false returns, denser near the robot. Changes no label."""
    shape = bev_CYX.shape[1:]
    bev_CYX[:8, rng.random(shape) < rng.uniform(0.1, 0.5)] = 0
    rows, columns = np.indices(shape).reshape(2, -1)
    away = np.hypot(rows - shape[0] / 2, columns - shape[1] / 3) + 1
    false = rng.choice(rows.size, int(rng.integers(5, 60)), p=(1 / away) / (1 / away).sum())
    r, c, z = rows[false], columns[false], rng.uniform(0.2, 2.0, len(false))
    bev_CYX[0, r, c], bev_CYX[1, r, c], bev_CYX[2, r, c] = np.log(2), z, z
    bev_CYX[3, r, c] = rng.uniform(0, 0.3, len(false))
    bev_CYX[np.digitize(z, (0.5, 1.1)) + 5, r, c] = np.log(2)


def _clutter(bev_CYX: np.ndarray, rng: np.random.Generator) -> None:
    count = int(rng.integers(20, 120))
    r, c = (rng.integers(0, n, count) for n in bev_CYX.shape[1:])
    speed, angle = rng.normal(0, 2.0, len(r)), rng.uniform(-np.pi, np.pi, len(r))
    bev_CYX[:, r, c] = np.stack([np.full(len(r), np.log(2)), speed * np.cos(angle), speed * np.sin(angle), np.abs(speed),
                                 rng.uniform(-1, 1, len(r))])  # fmt: skip


def mirror(x: dict[str, np.ndarray]) -> None:
    """Swap left and right, in place. Holds for grids that are symmetric about y = 0."""
    for past in ("", "past_") if "past_on" in x else ("",):
        _mirror_sensors(x, past)
    for name in ("occupancy", "visible"):
        x[name] = x[name][..., ::-1, :].copy()
    if "memory_grid" in x:
        grid = x["memory_grid"][::-1].copy()
        grid[..., 1] = np.where(grid[..., 1] > -1.5, -grid[..., 1], grid[..., 1])
        x["memory_grid"] = grid
    x["ego"][1] *= -1
    x["boxes"][:, [1, 6, 8]] *= -1
    x["waypoints"][:, 1] *= -1
    x["moving"][:, [1, 3]] *= -1


def _mirror_sensors(x: dict[str, np.ndarray], past: str) -> None:
    x[f"{past}camera_image"] = x[f"{past}camera_image"][..., ::-1]
    n, rows, columns, _ = x[f"{past}camera_grid"].shape
    y = x["occupancy"].shape[0]
    grid = x[f"{past}camera_grid"].reshape(n, rows // y, y, columns, 2)[:, :, ::-1].reshape(n, rows, columns, 2).copy()
    inside = grid[..., 0] > -1.5
    grid[..., 0] = np.where(inside, -grid[..., 0], grid[..., 0])
    x[f"{past}camera_grid"] = grid
    for name in ("lidar_bev", "radar_bev"):
        x[past + name] = x[past + name][..., ::-1, :].copy()
    x[f"{past}radar_bev"][2] *= -1


def sensor_dropout(x: dict[str, np.ndarray], rng: np.random.Generator, sensors: Sequence[str] = SENSORS) -> None:
    """Mask some of the sensors that there are at random; one of camera and LiDAR stays, or the only one."""
    gone = {name for name, p in zip(SENSORS, DROP, strict=True) if rng.random() < p}
    stay = {"camera", "lidar"} & set(sensors) or set(sensors)
    if stay <= gone:
        gone.discard(sorted(stay)[int(rng.integers(len(stay)))])
    lost_before = {name for name in sorted(gone) if rng.random() < 0.5}  # the others died just now
    lose(x, gone & set(sensors), lost_before)


def lose(x: dict[str, np.ndarray], gone: Collection[str], in_past: Collection[str] | None = None) -> None:
    """Mask sensors in place, now and in the past (there only those of ``in_past``, if given); labels that need them go too."""
    for name in gone:
        x[f"{name}_mask"] = x[f"{name}_mask"] * 0
        if "past_on" in x and (in_past is None or name in in_past):
            x[f"past_{name}_mask"] = x[f"past_{name}_mask"] * 0
    if "camera" in gone:
        _forget_colours(x)
    if "lidar" in gone and x["visible"].max() >= 0:  # without LiDAR only what a camera looks at is observed
        rows = x["occupancy"].shape[0]
        looked = (x["camera_grid"][x["camera_mask"] > 0][:, :rows, :, 0] > -1.5).any(axis=0)
        x["visible"] = x["visible"] * looked


def _forget_colours(x: dict[str, np.ndarray]) -> None:
    """Without a camera no colour can be told: what was meant by one is unsure, what was meant by its class is not."""
    lost = x["goal_hits"] * (x["goal_by_colour"][:, None])
    x["goal_hits"], x["goal_unsure"] = x["goal_hits"] - lost, np.maximum(x["goal_unsure"], lost)
    x["box_coloured"] = x["box_coloured"] * 0

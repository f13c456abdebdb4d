# SPDX-License-Identifier: Apache-2.0
"""Changes to a training sample that keep its truth: light, mirroring, and sensors that drop out."""

import numpy as np

SENSORS = ("camera_mask", "lidar_mask", "radar_mask")
DROP = (0.12, 0.12, 0.25)


def photometric(image_N3HW: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, white balance and contrast, the same for all cameras of the frame."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.94, 1.06, (1, 3, 1, 1))
    offset = rng.uniform(-12, 12)
    return np.clip(image_N3HW * gain.astype(np.float32) + np.float32(offset), 0, 255).astype(np.uint8)


def mirror(x: dict[str, np.ndarray]) -> None:
    """Swap left and right, in place. Holds for grids that are symmetric about y = 0."""
    x["camera_image"] = x["camera_image"][..., ::-1]
    n, rows, columns, _ = x["camera_grid"].shape
    y = x["occupancy"].shape[0]
    grid = x["camera_grid"].reshape(n, rows // y, y, columns, 2)[:, :, ::-1].reshape(n, rows, columns, 2).copy()
    inside = grid[..., 0] > -1.5
    grid[..., 0] = np.where(inside, -grid[..., 0], grid[..., 0])
    x["camera_grid"] = grid
    for name in ("lidar_bev", "radar_bev", "occupancy", "visible"):
        x[name] = x[name][..., ::-1, :].copy()
    x["radar_bev"][2] *= -1
    x["ego"][1] *= -1
    x["boxes"][:, [1, 6, 8]] *= -1
    x["waypoints"][:, 1] *= -1
    x["goal"][1] *= -1


def sensor_dropout(x: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Mask sensors at random, never all of camera and LiDAR; labels that need the lost sensor go with it."""
    drop = [rng.random() < p for p in DROP]
    if drop[0] and drop[1]:
        drop[int(rng.integers(2))] = False
    for name, gone in zip(SENSORS, drop, strict=True):
        if gone:
            x[name] = x[name] * 0
    if drop[0]:
        x["box_coloured"] = x["box_coloured"] * 0
    if drop[1] and x["visible"].max() >= 0:  # without LiDAR only what a camera looks at is observed
        rows = x["occupancy"].shape[0]
        looked = (x["camera_grid"][:, :rows, :, 0] > -1.5).any(axis=0)
        x["visible"] = x["visible"] * looked

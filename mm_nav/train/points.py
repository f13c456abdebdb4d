# SPDX-License-Identifier: Apache-2.0
"""What of a sample's bird's-eye view is observed, and where in it embeddings are compared. Knows no files and no network."""

import numpy as np

from mm_nav.core.config import ModelSpec


def visible(x: dict[str, np.ndarray]) -> np.ndarray:
    """Cells observed now: reached by a LiDAR ray (1), not (0); unlabelled (-1) without LiDAR."""
    if not x["lidar_mask"][0]:
        return np.full(x["occupancy"].shape, -1, np.float32)
    return np.asarray((x["lidar_bev"][8] > 0) | (x["lidar_bev"][0] > 0), np.float32)


def surfaces(x: dict[str, np.ndarray], spec: ModelSpec, rng: np.random.Generator, most: int = 16) -> dict[str, np.ndarray]:
    """Occupied cells that LiDAR and a camera see now (metres; ``surface_on`` 1 where used): needs nobody's labels."""
    looked = (x["camera_grid"][x["camera_mask"] > 0][:, : spec.grid.rows, :, 0] > -1.5).any(axis=0)
    rows, columns = np.nonzero((x["occupancy"] == 1) & (x["visible"] == 1) & looked)
    places, on = np.zeros((most, 2), np.float32), np.zeros(most, np.float32)
    chosen = rng.permutation(len(rows))[:most]
    places[: len(chosen), 0] = spec.grid.x_min + (columns[chosen] + 0.5) * spec.grid.cell
    places[: len(chosen), 1] = spec.grid.y_min + (rows[chosen] + 0.5) * spec.grid.cell
    on[: len(chosen)] = 1
    return {"surface_points": places, "surface_on": on}


def points(boxes: np.ndarray, spec: ModelSpec, rng: np.random.Generator, each: int = 4, empty: int = 64) -> dict[str, np.ndarray]:
    """Positions (metres) where embeddings are sampled: inside each box, and outside all of them."""
    unit = rng.uniform(-0.4, 0.4, (len(boxes), each, 2)) * boxes[:, None, 3:5]
    unit[:, 0] = 0
    c, s = np.cos(boxes[:, 6])[:, None], np.sin(boxes[:, 6])[:, None]
    inside = np.stack([c * unit[..., 0] - s * unit[..., 1], s * unit[..., 0] + c * unit[..., 1]], -1) + boxes[:, None, :2]
    g = spec.grid
    free = rng.uniform([g.x_min, g.y_min], [g.x_max, g.y_max], (empty, 2))
    reach = np.hypot(boxes[:, 3], boxes[:, 4]) / 2 + 0.3
    far = (np.linalg.norm(free[:, None] - boxes[None, :, :2], axis=-1) > reach).all(axis=1)
    free[~far] = free[far][0] if far.any() else [g.x_min, g.y_min]
    return {"cell_points": inside.astype(np.float32), "empty_points": free.astype(np.float32)}

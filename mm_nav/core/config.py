# SPDX-License-Identifier: Apache-2.0
"""Numbers that the weights own: the shape of the network's world. Saved in every bundle's manifest.json.

Numbers of the robot are in launch/params.yaml, numbers of an experiment in TrainConfig; none stands twice.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from mm_nav.errors import ConfigError

LIDAR_CHANNELS = 9  # core/preprocess.py says what each holds
RADAR_CHANNELS = 5
BOX_CHANNELS = 8
LATER = {"radar_sweeps"}  # keys of a spec that older manifests lack; their defaults are what was meant then


@dataclass(frozen=True, slots=True, kw_only=True)
class BevGrid:
    """A grid in base_link: row 0 at ``y_min``, column 0 at ``x_min`` (the layout of nav_msgs/OccupancyGrid)."""

    x_min: float = -6.4
    y_min: float = -9.6
    cell: float = 0.2
    columns: int = 96  # along +x
    rows: int = 96  # along +y

    @property
    def x_max(self) -> float:
        """Far edge along x, metres."""
        return self.x_min + self.columns * self.cell

    @property
    def y_max(self) -> float:
        """Far edge along y, metres."""
        return self.y_min + self.rows * self.cell


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Shapes, ranges and words that a bundle's network was built with."""

    grid: BevGrid = BevGrid()
    image_height: int = 128
    image_width: int = 256
    lift_heights: tuple[float, ...] = (0.15, 0.45, 0.9)  # metres above ground
    phrase_dim: int = 512
    phrase_count: int = 3  # what is looked for, and up to two landmarks
    embed_dim: int = 32
    classes: tuple[str, ...] = ("box", "cone", "barrel", "person", "car")
    backbone: str = "small"  # or "efficientnet_lite0": image encoder that starts from ImageNet weights
    fusion_heads: int = 0  # attention heads of the fusion over sensors; 0 without
    memory_channels: int = 0  # of the past bird's-eye view that is fed back; 0 without temporal memory
    memory_age_s: float = 1.0  # how old that view should be
    waypoint_count: int = 8
    waypoint_dt_s: float = 0.5
    radar_sweeps: int = 1  # of each radar that are put together by odometry
    sync_slop_ns: int = 60_000_000
    sync_window_ns: int = 120_000_000

    @property
    def memory_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the remembered view: half the grid's resolution."""
        return self.memory_channels, self.grid.rows // 2, self.grid.columns // 2

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; ``from_json`` reads them back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ModelSpec":
        """Strict: an unknown or missing key is an error that names it; keys that came later may be missing.

        Raises:
            ConfigError: for a key that this version does not know, or lacks.
        """
        known = {f.name for f in dataclasses.fields(cls)}
        odd = sorted(known.symmetric_difference(values) - (LATER - values.keys()))
        if odd:
            raise ConfigError(
                f"model spec keys {odd} do not match this version of mm_nav; re-export the bundle with it"
            )
        grid = BevGrid(**values["grid"])
        listed: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "grid"}
        return cls(grid=grid, **listed)

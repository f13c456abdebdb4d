# SPDX-License-Identifier: Apache-2.0
"""``mm_nav import kitti|nuscenes|dgp FOLDER --out BAG``: data sets as rosbag2 recordings with our topics.

Pictures stay the bytes that they are, stamps and mountings those of the source, annotations become ``ground_truth/objects``; what
was imported is trained on and evaluated like a robot's own recording.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from mm_nav.convert import dgp, kitti, nuscenes, scene
from mm_nav.errors import ConfigError

__all__ = ["DgpConfig", "KittiConfig", "NuscenesConfig", "main"]


@dataclass(frozen=True, kw_only=True)
class KittiConfig:
    """A drive of KITTI raw, synced and rectified."""

    folder: Annotated[Path, tyro.conf.Positional]
    """As 2011_09_26/2011_09_26_drive_0001_sync; the folder above it has the calibration."""
    out: Path
    """The recording to write."""


@dataclass(frozen=True, kw_only=True)
class NuscenesConfig:
    """Scenes of nuScenes, with all sweeps."""

    folder: Annotated[Path, tyro.conf.Positional]
    """Holds samples, sweeps and v1.0-mini or another version."""
    out: Path
    """A folder; each scene becomes a recording in it."""
    version: str = ""
    """As v1.0-mini, where there are several."""
    scenes: tuple[str, ...] = ()
    """Names, as scene-0061; all without."""


@dataclass(frozen=True, kw_only=True)
class DgpConfig:
    """A scene of TRI's DGP (DDAD)."""

    folder: Annotated[Path, tyro.conf.Positional]
    """Holds scene_*.json."""
    out: Path
    """The recording to write."""
    stamp_scale: float = 1.0
    """Multiplies the source's time since 1970: 0.1 for sets that count it in tenths of microseconds by mistake."""


def main(config: KittiConfig | NuscenesConfig | DgpConfig) -> int:
    """Write the recordings and say how much it was.

    Raises:
        ConfigError: a file is missing or malformed, with the remedy. BagError: the recording cannot be written.
    """
    console = Console()
    if isinstance(config, NuscenesConfig):
        tables = nuscenes.Tables(config.folder, config.version)
        for name in config.scenes or nuscenes.names(tables):
            _write(console, nuscenes.events(tables, name), config.out / name)
        return 0
    if not config.folder.exists():
        raise ConfigError(f"{config.folder} does not exist; check the path")
    if isinstance(config, KittiConfig):
        _write(console, kitti.events(config.folder), config.out)
    else:
        _write(console, dgp.events(config.folder, config.stamp_scale), config.out)
    return 0


def _write(console: Console, found: tuple[list[scene.Event], dict[str, scene.Pose]], out: Path) -> None:
    events, mounts = found
    count = scene.write(events, mounts, out)
    console.print(f"{out}: {count} messages; look at it with `mm_nav inspect {out}`", highlight=False)

# SPDX-License-Identifier: Apache-2.0
"""What an imported recording says, for tests."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mm_nav import cli
from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader


def imported(*words: str) -> int:
    return cli.main(["import", *words])


def messages(bag: Path) -> dict[str, list[Any]]:
    out: dict[str, list[Any]] = {}
    with BagReader(bag) as reader:
        for message in reader.messages():
            out.setdefault(message.topic, []).append(message)
    return out


def played(bag: Path) -> tuple[dict[str, list[Any]], Any]:
    """Readings by source, and the tree of transforms."""
    out: dict[str, list[Any]] = {}
    with BagReader(bag) as reader:
        _, tree = sources(reader)
        for name, reading, _ in readings(reader):
            out.setdefault(name, []).append(reading)
    return out, tree


def png(seed: int, width: int = 48, height: int = 20) -> bytes:
    picture = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return bytes(cv2.imencode(".png", picture)[1])


def jpeg(seed: int, width: int = 48, height: int = 20) -> bytes:
    picture = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])

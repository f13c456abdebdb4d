# SPDX-License-Identifier: Apache-2.0
"""Pictures to one animated GIF that is small enough for a README."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from mm_nav.errors import ConfigError
from mm_nav.viz.birdseye import LIDAR, RADAR
from mm_nav.viz.camera import CLASS_COLOURS
from mm_nav.viz.canvas import BACKGROUND, CYAN, DIM, EDGE, GREEN, PANEL, RED, TEXT, YELLOW

MAX_BYTES = 3_000_000
ATTEMPTS = (  # scale, colours, every n-th picture
    (1.0, 96, 1), (0.85, 80, 1), (0.75, 80, 1), (0.75, 64, 1), (0.75, 48, 1), (0.75, 64, 2), (0.65, 64, 3), (0.5, 48, 5), (0.5, 48, 8), (0.4, 32, 8),
)  # fmt: skip
VIVID = 50  # range of the channels from which a pixel is coloured
ACCENTS = (  # drawn in thin lines, so a palette made by area alone would lose them
    BACKGROUND, PANEL, EDGE, TEXT, DIM, GREEN, RED, CYAN, YELLOW, LIDAR, RADAR, *CLASS_COLOURS.values(),
)  # fmt: skip


def save_gif(pictures: Sequence[Image.Image], path: Path, *, fps: float = 5.0, max_bytes: int = MAX_BYTES) -> int:
    """Write an endless GIF; size, colours and frame count shrink until it fits. Returns its bytes.

    Args:
        pictures: RGB, all of one size; the last one is shown for two seconds.
        path: written under a temporary name, then renamed.
        fps: pictures per second of the input; playing time is kept when frames are dropped.
        max_bytes: the limit.

    Raises:
        ConfigError: when there is no picture, or nothing fits.
    """
    if not pictures:
        raise ConfigError("there is no picture to animate; let the run last longer than one sensor period")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        for scale, colours, step in ATTEMPTS:
            _save(pictures, part, fps, scale, colours, step)
            if part.stat().st_size <= max_bytes:
                part.replace(path)
                return path.stat().st_size
    finally:
        part.unlink(missing_ok=True)
    raise ConfigError(f"{len(pictures)} pictures do not fit into {max_bytes} bytes; draw fewer or allow more")


def _save(pictures: Sequence[Image.Image], path: Path, fps: float, scale: float, colours: int, step: int) -> None:
    kept = [*pictures[:-1:step], pictures[-1]]
    size = (round(kept[0].width * scale), round(kept[0].height * scale))
    resized = [p.resize(size, Image.Resampling.LANCZOS) if p.size != size else p for p in kept]
    palette = _common_palette(resized, colours)
    frames = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in resized]
    each = round(1000 * step / fps)
    durations = [each] * (len(frames) - 1) + [2000]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)


def _common_palette(pictures: Sequence[Image.Image], colours: int) -> Image.Image:
    """One palette for all frames, so that what stands still is not stored again: the accents, then what covers most."""
    some = pictures[:: max(1, len(pictures) // 12)][:12]
    pixels = np.concatenate([np.asarray(picture)[::2, ::2].reshape(-1, 3) for picture in some])
    vivid = pixels[np.ptp(pixels, axis=1) > VIVID]
    if len(vivid):  # coloured things are small: weigh them like the grey ground that they stand on
        pixels = np.concatenate([pixels, np.tile(vivid, (len(pixels) // (6 * len(vivid)) + 1, 1))])
    sheet = Image.fromarray(pixels[: len(pixels) // 64 * 64].reshape(-1, 64, 3))
    rest = colours - len(ACCENTS)
    found = sheet.quantize(rest, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).getpalette() or []
    values = [channel for accent in ACCENTS for channel in ImageColor.getrgb(accent)] + found[: 3 * rest]
    palette = Image.new("P", (1, 1))
    palette.putpalette(values + values[:3] * (256 - len(values) // 3))
    return palette

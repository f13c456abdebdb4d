# SPDX-License-Identifier: Apache-2.0
"""A 720p picture to the network's input: ours against ``cv2.resize`` and numpy, and against ``cv2.dnn.blobFromImage``.

Ours gives uint8, channels first: mean and deviation live inside the network, as every bundle was trained. The first peer does what
such code does by hand: INTER_AREA, float32, normalised, channels first. ``blobFromImage`` can only interpolate between four pixels of
the 28 that one of the network's covers: it computes another picture, with aliasing, and is timed because many use it.
"""

import cv2
import numpy as np

from mm_nav.bench import Row, require, take_turns, versus
from mm_nav.core.config import ModelSpec
from mm_nav.core.shrink import shrink

ROWS, COLUMNS = 720, 1280
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
LIMIT = ("every pixel is read and added up, where blobFromImage reads a seventh: rows 0.16 ms, columns 0.3 ms, one thread; a network "
         "that was trained on means must be given means")  # fmt: skip


def row(quick: bool) -> Row:
    """Time all; equal first: the peer's numbers before they are normalised, to the bit."""
    spec = ModelSpec()
    size = (spec.image_width, spec.image_height)
    noise = np.random.default_rng(0).integers(0, 256, (ROWS, COLUMNS, 3), np.uint8)
    rgb = cv2.GaussianBlur(noise, (9, 9), 2.0)
    out = np.empty((3, spec.image_height, spec.image_width), np.uint8)

    def by_hand(interpolation: int = cv2.INTER_AREA) -> np.ndarray:
        small = cv2.resize(rgb, size, interpolation=interpolation)
        return np.ascontiguousarray(((small.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(2, 0, 1))

    shrink(rgb, out)
    restored = np.rint((by_hand() * DEVIATION[:, None, None] + MEAN[:, None, None]) * 255).astype(np.uint8)
    require(np.array_equal(restored, out), f"{int((restored != out).sum())} numbers differ from cv2.resize's")
    times = take_turns(
        {
            "mm_nav shrink, uint8": lambda: shrink(rgb, out),
            f"OpenCV {cv2.__version__} resize INTER_AREA + numpy": by_hand,
            "OpenCV blobFromImage (bilinear: another picture)": lambda: cv2.dnn.blobFromImage(rgb, 1 / 57.0, size, (124, 116, 104)),
            "OpenCV resize INTER_LINEAR + numpy (another picture)": lambda: by_hand(cv2.INTER_LINEAR),
        },
        repeat=3 if quick else 15,
    )
    return versus("image", times, check="every number of cv2.resize INTER_AREA, before it is normalised", id="B8", targets=(9, 2), limit=LIMIT)

# SPDX-License-Identifier: Apache-2.0
"""Whether a camera sees anything: pictures without structure are taken out before they are fused. Pure functions.

A covered lens, a black and a washed-out picture look the same to it, and so do they to the network. Fog, dirt and a lens out
of focus take contrast away but leave some: that is measured and told, not masked.
"""

import cv2
import numpy as np
from jaxtyping import UInt8

from mm_nav.core.types import SensorFrame

SIZE = (160, 96)  # pictures are judged at this size, width and height
PATCHES = (20, 12)  # patches that are averaged before they are compared, so that a sensor's noise is no structure
BLIND = 1.0  # grey levels of standard deviation between patches
WINDOW = 9  # pixels, of local contrast
FLOOR = 8.0  # grey levels; keeps the noise of dark pictures from counting as contrast


def clear(frame: SensorFrame) -> tuple[SensorFrame, dict[str, float]]:
    """The frame without blind cameras (they are listed as missing), and the contrast of every camera by name."""
    found = {view.name: judge(view.image.rgb) for view in frame.cameras}
    contrast = {name: value for name, (value, _) in found.items()}
    blind = {
        name: f"blind: no structure in its picture ({spread:.2f} grey levels between patches)"
        for name, (_, spread) in found.items() if spread < BLIND
    }
    return (frame.without(blind) if blind else frame), contrast


def judge(rgb: UInt8[np.ndarray, "h w 3"]) -> tuple[float, float]:
    """Contrast (0 to about 1) and spread (grey levels) of a picture.

    Contrast is local standard deviation over local mean, at its 90th percentile: fog adds light to the mean and takes from
    the deviation (Koschmieder). Spread is the standard deviation between the means of patches.
    """
    stride = max(1, min(rgb.shape[1] // (2 * SIZE[0]), rgb.shape[0] // (2 * SIZE[1])))
    height, width = rgb.shape[0] // stride, rgb.shape[1] // stride
    few = cv2.resize(rgb[: height * stride, : width * stride], (width, height), interpolation=cv2.INTER_NEAREST)  # each stride-th pixel
    grey = cv2.cvtColor(few, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = cv2.blur(grey, (WINDOW, WINDOW))
    deviation = np.sqrt(np.maximum(cv2.blur(grey * grey, (WINDOW, WINDOW)) - mean * mean, 0))
    patches = cv2.resize(grey, PATCHES, interpolation=cv2.INTER_AREA)
    contrast = (deviation / (mean + FLOOR)).reshape(-1)
    high = contrast.size * 9 // 10
    return float(np.partition(contrast, high)[high]), float(patches.std())

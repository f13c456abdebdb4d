# SPDX-License-Identifier: Apache-2.0
"""Pictures at network size, channels first: what ``cv2.resize`` with INTER_AREA gives, to the bit, in a fraction of its time.

OpenCV adds up rows of pixels one by one and then the rows of a cell; here rows come first, which compilers turn into vector
instructions. Both round differently only where the mean lies within ``MARGIN`` of a half: those pixels are added up again in
OpenCV's order. Whether this OpenCV adds up in that order is asked once per size; where it does not, OpenCV does the work.
"""

from functools import lru_cache

import cv2
import numba
import numpy as np
from jaxtyping import Float32, Int32, UInt8

MARGIN = 2e-3  # grey levels; a mean of 10,000 pixels in float32 is off by a tenth of that
Taps = tuple[Int32[np.ndarray, " n_1"], Int32[np.ndarray, " t"], Float32[np.ndarray, " t"]]


def shrink(rgb: UInt8[np.ndarray, "h w 3"], out: UInt8[np.ndarray, "3 oh ow"]) -> None:
    """Write a picture into ``out``, each pixel the mean of the area that it covers."""
    (rows, columns), (height, width) = rgb.shape[:2], out.shape[1:]
    if rgb.flags.c_contiguous and out[0].flags.c_contiguous and _as_opencv(rows, columns, height, width):
        _shrink(rgb, *_taps(rows, height), *_taps(columns, width), np.empty(3 * columns, np.float32), np.float32(MARGIN), out)
        return
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    cv2.split(small, list(out))


@lru_cache(maxsize=32)
def _as_opencv(rows: int, columns: int, height: int, width: int) -> bool:
    """Whether our sums are OpenCV's: of whole multiples it has another way, and what grows is interpolated."""
    if rows < height or columns < width or (rows % height == 0 and columns % width == 0):
        return False
    noise = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), np.uint8)
    coarse = noise // 128 * 128  # means that are halves, so that the order of adding decides
    out = np.empty((3, height, width), np.uint8)
    for picture in (noise, coarse):
        _shrink(picture, *_taps(rows, height), *_taps(columns, width), np.empty(3 * columns, np.float32), np.float32(MARGIN), out)
        if not np.array_equal(out.transpose(1, 2, 0), cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)):
            return False
    return True


@lru_cache(maxsize=64)
def _taps(source: int, target: int) -> Taps:
    """Which pixels each pixel is made of, and their shares: number of its first tap (one more at the end), pixels, weights."""
    scale = source / target
    first, pixels, weights = [0], [], []
    for k in range(target):
        low, high = k * scale, k * scale + scale
        width = min(scale, source - low)
        inner, end = int(np.ceil(low)), min(int(np.floor(high)), source - 1)
        inner = min(inner, end)
        if inner - low > 1e-3:
            pixels.append(inner - 1)
            weights.append((inner - low) / width)
        for pixel in range(inner, end):
            pixels.append(pixel)
            weights.append(1.0 / width)
        if high - end > 1e-3:
            pixels.append(end)
            weights.append(min(high - end, 1.0, width) / width)
        first.append(len(pixels))
    return np.array(first, np.int32), np.array(pixels, np.int32), np.array(weights, np.float32)


@numba.njit(cache=True, nogil=True)
def _shrink(rgb, y_first, ys, y_weights, x_first, xs, x_weights, line, margin, out):  # type: ignore[no-untyped-def]
    means, doubtful = np.empty(3 * out.shape[2], np.float32), np.empty(3 * out.shape[2], np.bool_)
    for row in range(out.shape[1]):
        _add_rows(rgb, y_first[row], y_first[row + 1], ys, y_weights, line)
        _add_columns(line, x_first, xs, x_weights, means)
        _round(means, margin, doubtful, out[:, row])
        for i in range(doubtful.shape[0]):
            if doubtful[i]:
                channel, column = i // out.shape[2], i % out.shape[2]
                mean = _in_order(rgb, channel, y_first[row], y_first[row + 1], ys, y_weights, x_first[column], x_first[column + 1], xs, x_weights)
                out[channel, row, column] = np.uint8(min(np.rint(mean), np.float32(255)))


@numba.njit(cache=True, nogil=True, fastmath=True)
def _add_columns(line, first, xs, weights, means):  # type: ignore[no-untyped-def]
    width = first.shape[0] - 1
    for column in range(width):
        red = green = blue = np.float32(0)
        start, stop = first[column], first[column + 1]
        at = 3 * np.int64(xs[start])  # what a pixel is made of lies side by side
        for t in range(stop - start):
            weight = weights[start + t]
            red += line[at + 3 * t] * weight
            green += line[at + 3 * t + 1] * weight
            blue += line[at + 3 * t + 2] * weight
        means[column], means[width + column], means[2 * width + column] = red, green, blue


@numba.njit(cache=True, nogil=True, fastmath=True)
def _round(means, margin, doubtful, out):  # type: ignore[no-untyped-def]
    width = out.shape[1]
    for channel in range(3):
        line = out[channel]
        for column in range(width):
            up = means[channel * width + column] + np.float32(0.5)
            whole = np.floor(up)
            line[column] = np.uint8(min(np.int32(whole), np.int32(255)))
            doubtful[channel * width + column] = (up - whole < margin) | (up - whole > np.float32(1) - margin)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _add_rows(rgb, first, last, ys, weights, line):  # type: ignore[no-untyped-def]
    line[:] = np.float32(0)
    for t in range(first, last):
        weight = weights[t]
        pixels = rgb[ys[t]].reshape(-1)
        for i in range(line.shape[0]):
            line[i] += np.float32(pixels[i]) * weight


@numba.njit(cache=True, nogil=True)
def _in_order(rgb, channel, y0, y1, ys, y_weights, x0, x1, xs, x_weights):  # type: ignore[no-untyped-def]
    """One mean in OpenCV's order, in float32 throughout: along each row, then over the rows."""
    total = np.float32(0)
    for t in range(y0, y1):
        part = np.float32(0)
        for u in range(x0, x1):
            part += np.float32(rgb[ys[t], xs[u], channel]) * x_weights[u]
        total += part * y_weights[t]
    return total

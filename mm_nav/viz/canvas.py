# SPDX-License-Identifier: Apache-2.0
"""A dark canvas with smooth lines and text in any script. Knows pixels, not robots.

Everything is drawn ``SCALE`` times too large and shrunk at the end. Coordinates are final pixels.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SCALE = 2
BACKGROUND, PANEL, EDGE = "#0b1016", "#121a23", "#263241"
TEXT, DIM = "#e6edf3", "#8795a5"
GREEN, RED, CYAN, YELLOW = "#4ade80", "#f87171", "#38d6e8", "#ffd33d"

FONT_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts", "/System/Library/Fonts",
    "/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
LATIN = ("DejaVuSans", "Arial", "LiberationSans-Regular", "Helvetica")
LATIN_BOLD = ("DejaVuSans-Bold", "Arial Bold", "arialbd", "LiberationSans-Bold", "Helvetica")
CJK = ("notosanscjk", "notosanssc", "sourcehansans", "wqy", "droidsansfallback", "arialunicode", "pingfang", "stheiti",
       "msyh", "simhei", "simsun", "uming", "ukai", "hanazono", "unifont")  # fmt: skip

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Point = tuple[float, float]


@lru_cache(maxsize=1)
def _font_files() -> tuple[Path, ...]:
    found: list[Path] = []
    for folder in FONT_FOLDERS:
        for root, _, names in os.walk(Path(folder).expanduser()):
            found += [Path(root, n) for n in names if n.lower().endswith((".ttf", ".ttc", ".otf"))]
    return tuple(sorted(found))


@lru_cache(maxsize=1)
def cjk_font_file() -> Path | None:
    """A font of this machine that has Chinese glyphs, or None."""
    for wanted in CJK:
        for path in _font_files():
            if path.stem.lower().replace("-", "").replace("_", "").replace(" ", "").startswith(wanted):
                return path
    return None


def has_cjk(text: str) -> bool:
    """Whether a text needs a font with Chinese glyphs."""
    return any("\u2e80" <= c <= "\u9fff" or "\uf900" <= c <= "\ufaff" or "\uff00" <= c <= "\uffef" for c in text)


def drawable(text: str, instead: str) -> str:
    """``text`` if this machine's fonts can draw it, else ``instead``, and never a row of empty boxes."""
    if not has_cjk(text) or cjk_font_file() is not None:
        return text
    return instead if not has_cjk(instead) else instead.encode("ascii", "replace").decode()


@lru_cache(maxsize=64)
def _font(size: int, bold: bool, cjk: bool) -> Font:
    path = cjk_font_file() if cjk else None
    if path is None:
        by_stem = {p.stem.lower(): p for p in _font_files()}
        path = next((by_stem[n.lower()] for n in (LATIN_BOLD if bold else LATIN) if n.lower() in by_stem), None)
    try:
        return ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)
    except OSError:
        return ImageFont.load_default(size)


class Canvas:
    """Drawing in final pixels; ``picture`` gives the result."""

    def __init__(self, width: int, height: int, colour: str = BACKGROUND) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), colour)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def picture(self) -> Image.Image:
        """What was drawn, at its final size."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def box(self, x: float, y: float, width: float, height: float, *, fill: str | None = PANEL,
            edge: str | None = EDGE, radius: float = 6) -> None:  # fmt: skip
        """A rounded rectangle."""
        corners = [x * SCALE, y * SCALE, (x + width) * SCALE, (y + height) * SCALE]
        self._draw.rounded_rectangle(corners, radius * SCALE, fill=fill, outline=edge, width=SCALE)

    def line(self, points: Sequence[Point], colour: str, width: float = 1.5) -> None:
        """An open polyline."""
        if len(points) > 1:
            scaled = [(x * SCALE, y * SCALE) for x, y in points]
            self._draw.line(scaled, fill=colour, width=max(1, round(width * SCALE)), joint="curve")

    def polygon(self, points: Sequence[Point], *, fill: str | None = None, edge: str | None = None,
                width: float = 1.5) -> None:  # fmt: skip
        """A closed shape; colours may carry alpha (#rrggbbaa)."""
        if fill and len(points) > 2:
            self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)
        if edge and len(points) > 1:
            self.line([*points, points[0], points[1]], edge, width)

    def disc(self, x: float, y: float, radius: float, *, fill: str | None = None, edge: str | None = None,
             width: float = 1.5) -> None:  # fmt: skip
        """A circle."""
        corners = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self._draw.ellipse(corners, fill=fill, outline=edge, width=max(1, round(width * SCALE)))

    def dots(self, xy: np.ndarray, colour: str, size: float = 1.0) -> None:
        """Many small squares, rows of (x, y)."""
        half = size * SCALE / 2
        for x, y in xy * SCALE:
            self._draw.rectangle([x - half, y - half, x + half, y + half], fill=colour)

    def text(self, x: float, y: float, text: str, *, size: int = 13, colour: str = TEXT, bold: bool = False,
             anchor: str = "la", room: float | None = None, halo: bool = False) -> float:  # fmt: skip
        """Write one line; what does not fit into ``room`` pixels is cut with an ellipsis. Returns its width."""
        font = _font(size * SCALE, bold, has_cjk(text))
        while room is not None and len(text) > 1 and font.getlength(text) > room * SCALE:
            text = text.removesuffix("…")[:-1] + "…"
        self._draw.text((x * SCALE, y * SCALE), text, font=font, fill=colour, anchor=anchor,
                        stroke_width=SCALE if halo else 0, stroke_fill="#0b1016c0")  # fmt: skip
        return float(font.getlength(text)) / SCALE

    def width_of(self, text: str, *, size: int, bold: bool = False) -> float:
        """Pixels that one line takes."""
        return float(_font(size * SCALE, bold, has_cjk(text)).getlength(text)) / SCALE

    def image(self, x: float, y: float, width: int, height: int, rgb: UInt8[np.ndarray, "h w 3"], *,
              smooth: bool = True) -> None:  # fmt: skip
        """Paste pixels, stretched to ``width`` x ``height``."""
        way = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
        picture = Image.fromarray(np.ascontiguousarray(rgb)).resize((width * SCALE, height * SCALE), way)
        stretch = width * SCALE / rgb.shape[1]
        if smooth and stretch > 2:  # sensor noise would grow into blotches that no GIF can pack
            picture = picture.filter(ImageFilter.GaussianBlur(0.65 * stretch))
        self._paste(picture, x, y)

    def paste(self, other: "Canvas", x: float, y: float) -> None:
        """Put another canvas here; drawing beyond its rim is thereby cut off."""
        self._paste(other._image, x, y)  # noqa: SLF001  (its own kind)

    def _paste(self, picture: Image.Image, x: float, y: float) -> None:
        self._image.paste(picture, (round(x * SCALE), round(y * SCALE)))
        self._draw = ImageDraw.Draw(self._image, "RGBA")

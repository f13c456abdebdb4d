# SPDX-License-Identifier: Apache-2.0
"""GIFs that fit, and the report with everything inside."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mm_nav.errors import ConfigError
from mm_nav.viz.animation import save_gif
from mm_nav.viz.picture import draw
from mm_nav.viz.report import save_report
from tests.viz.instants import instant


def noise(count: int) -> list[Image.Image]:
    """Pictures that compress badly."""
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (90, 160, 3), dtype=np.uint8)) for _ in range(count)]


def test_a_gif_plays_every_picture_at_its_pace(tmp_path: Path) -> None:
    pictures = [draw(instant(time_s=t)) for t in (0.0, 1.0, 2.0)]
    size = save_gif(pictures, tmp_path / "a.gif", fps=5)
    with Image.open(tmp_path / "a.gif") as gif:
        assert getattr(gif, "n_frames", 1) == 3
        assert gif.info["duration"] == 200
        assert gif.size == pictures[0].size
    assert size == (tmp_path / "a.gif").stat().st_size


def test_a_gif_that_is_too_large_loses_size_and_pictures_but_no_time(tmp_path: Path) -> None:
    pictures = noise(9)
    whole = save_gif(pictures, tmp_path / "whole.gif")
    save_gif(pictures, tmp_path / "small.gif", max_bytes=whole // 6)
    assert (tmp_path / "small.gif").stat().st_size <= whole // 6
    with Image.open(tmp_path / "small.gif") as gif:
        assert gif.size < (160, 90)


def test_what_cannot_fit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="do not fit into 100 bytes"):
        save_gif(noise(4), tmp_path / "a.gif", max_bytes=100)
    with pytest.raises(ConfigError, match="no picture"):
        save_gif([], tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_a_report_holds_its_pictures_and_escapes_what_was_said(tmp_path: Path) -> None:
    save_gif(noise(2), tmp_path / "a.gif")
    path = tmp_path / "report.html"
    save_report(path, title="a run", lead="said: <script>alert(1)</script>", cards=[("goal", "reached", True)],
                animation=tmp_path / "a.gif", pictures=[("at 1 s", noise(1)[0])],
                tables={"rows": [{"name": "<b>", "value": 1}]})  # fmt: skip
    page = path.read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<b>" not in page.split("<table>")[1]
    assert "http" not in page
    found = re.findall(r"src='data:image/(\w+);base64,([^']+)'", page)
    assert [kind for kind, _ in found] == ["gif", "png"]
    for _, data in found:
        Image.open(io.BytesIO(base64.b64decode(data))).verify()


def test_thin_lines_keep_their_colour(tmp_path: Path) -> None:
    sheet = np.tile(np.linspace(0, 255, 160, dtype=np.uint8)[None, :, None], (90, 1, 3))  # greys alone, but for a line
    sheet[40] = (255, 211, 61)
    save_gif([Image.fromarray(sheet)], tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.convert("RGB").getpixel((80, 40)) == (255, 211, 61)

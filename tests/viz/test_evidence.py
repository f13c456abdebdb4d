# SPDX-License-Identifier: Apache-2.0
"""Pictures and plots of a report, with little in them and with nothing in them; sections in one file."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures extra not installed: pip install mm_nav[viz]")

from PIL import Image

from mm_nav.core.config import BevGrid
from mm_nav.viz import chart, evidence
from mm_nav.viz.report import Section, save_sections

GRID = BevGrid()
NOTHING = np.zeros((GRID.rows, GRID.columns), np.float32)


def view(cameras: int = 1) -> evidence.View:
    """A thing in view and one far outside, nothing detected."""
    return evidence.View(
        images=np.full((cameras, 3, 32, 64), 128, np.uint8), camera_grid=np.zeros((cameras, 3 * GRID.rows, GRID.columns, 2), np.float32),
        truth=NOTHING, occupancy=NOTHING - 1, goal=NOTHING, boxes=np.array([[2, 1, 0, 1, 1, 1, 0.3, 0, 0], [99, 0, 0, 1, 1, 1, 0, 0, 0]]),
        names=["box", "car"], hits=np.array([True, False]), found=np.zeros((0, 2)), way=np.zeros((8, 2)), driven=np.zeros((0, 2)),
        peak=np.array([2.0, 1.0]) if cameras else None,
    )  # fmt: skip


def colours(picture: Image.Image) -> set[tuple[int, ...]]:
    """Every colour in a picture."""
    return {tuple(c) for c in np.asarray(picture).reshape(-1, 3)}


@pytest.mark.parametrize("cameras", [0, 1, 2])
def test_frames_are_drawn_with_any_number_of_cameras(cameras: int) -> None:
    seen = view(cameras)
    fields = np.zeros((cameras, 32, 64), np.float32)
    assert len(colours(evidence.overlay(seen, GRID))) > 10
    assert len(colours(evidence.occlusion(seen, fields, {"LiDAR": NOTHING, "radar": NOTHING}, GRID))) > 10
    assert len(colours(evidence.gradients(seen, fields, NOTHING, GRID))) > 10


def test_what_spoke_for_the_decision_is_red_where_it_lies() -> None:
    cells = NOTHING.copy()
    cells[60:80, 60:80] = 0.5
    plain = np.asarray(evidence.occlusion(view(), np.zeros((1, 32, 64)), {"LiDAR": NOTHING}, GRID)).astype(int)
    drawn = np.asarray(evidence.occlusion(view(), np.zeros((1, 32, 64)), {"LiDAR": cells}, GRID)).astype(int)
    redder = (drawn[..., 0] - drawn[..., 2] > 100) & (plain[..., 0] - plain[..., 2] < 50)
    rows, columns = np.nonzero(redder)
    assert len(rows) > 500
    assert columns.min() > drawn.shape[1] / 2  # over the bird's-eye view, not over the picture
    assert rows.mean() < drawn.shape[0] / 2  # high rows of cells are to the left of the robot: drawn up


def test_attention_is_drawn_over_the_birds_eye_view() -> None:
    shares = {"camera": np.full((12, 12), 0.9), "lidar": np.full((12, 12), 0.1)}
    assert len(colours(evidence.attention(view(), shares, GRID))) > 10


def test_plots_bear_values_that_are_not_there() -> None:
    nothing = {"curve": {"recall": [], "precision": []}, "average_precision": None, "reliability": [], "ece": 0.0}
    pictures = [
        chart.binary(nothing), chart.bars({"0.5": None, "1": 0.2}, "error", "m"), chart.precision_recall({}),
        chart.confusion({"names": ["a", "b"], "matrix": [[0, 0], [0, 0]]}), chart.history({"loss": [(0, 1.0)]}, "loss"),
    ]  # fmt: skip
    assert all(picture.width > 100 for picture in pictures)


def test_a_file_of_sections_has_them_all_and_no_link_to_elsewhere(tmp_path: Path) -> None:
    picture = Image.new("RGB", (8, 8), "red")
    parts = [Section(title="First", pictures=[("one", picture), ("two", picture)]),
             Section(title="Second <&>", text="a sentence", tables=[("said", [{"class": "box", "f1": "1.000"}])])]  # fmt: skip
    save_sections(tmp_path / "below" / "r.html", title="every head", lead="two frames", sections=parts)
    page = (tmp_path / "below" / "r.html").read_text(encoding="utf-8")
    assert re.findall(r"<h2 id='s\d'>(.*?)</h2>", page) == ["First", "Second &lt;&amp;&gt;"]
    assert re.findall(r"href='(.*?)'", page) == ["#s0", "#s1"]
    assert page.count("src='data:image/png;base64,") == 2
    assert "<td>1.000</td>" in page
    assert not re.search(r"https?://|<link|<script|src='(?!data:)", page)

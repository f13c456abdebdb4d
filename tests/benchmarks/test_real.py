# SPDX-License-Identifier: Apache-2.0
"""``make real`` says when there is nothing to run on, and its report shows what was measured."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.real.boxes import Box, Score, _ground, _hits
from benchmarks.real.section import Section, Table, write
from benchmarks.real.sensing import agreement, footprint
from mm_nav.core.config import BevGrid

ROOT = Path(__file__).parent.parent.parent


def test_without_recordings_it_is_skipped_with_a_reason(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.real", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "skipped, no recordings at" in done.stdout
    assert not (tmp_path / "real.md").exists()


def test_an_unknown_part_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks.real", "fogy"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "'fogy' is none of foggy" in done.stderr


def test_a_folder_that_is_absent_skips_its_part_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-m", "benchmarks.real", "odometry", "--data", str(tmp_path / "data"), "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Not run: odometry (no folder husky_odometry)" in (tmp_path / "real.md").read_text()


def test_the_report_shows_every_number_and_keeps_them_for_machines(tmp_path: Path) -> None:
    section = Section("one", "One recording", summary={"share": 0.12345, "none": None}, notes=["A note."],
                      tables=[("Rows:", Table(("a", "b"), [("x|y", 1), (None, 2.0)]))], pictures=[("real/one.png", "what is seen")])  # fmt: skip
    write([section], [("two", "no folder")], {"date": "today"}, tmp_path)
    text = (tmp_path / "real.md").read_text()
    assert "| one | share 0.123; none – |" in text
    assert "| x\\|y | 1 |\n| – | 2.000 |" in text
    assert "![what is seen](real/one.png)" in text
    assert json.loads((tmp_path / "real" / "figures.json").read_text())["sections"][0]["summary"]["share"] == 0.12345


def test_cells_of_a_turned_box_are_counted_as_its_area() -> None:
    cells = footprint(BevGrid(), (3.0, -1.0), (4.0, 2.0), 0.6)
    assert abs(cells.sum() * 0.04 - 8.0) < 0.5
    assert footprint(BevGrid(), (3.0, -1.0), (4.0, 2.0), 0.6, margin=0.5).sum() * 0.04 > 14.0


def test_agreement_counts_cells_with_returns_and_cells_beside_them() -> None:
    returns, occupied = np.zeros((6, 6)), np.zeros((6, 6), bool)
    returns[1, 1], returns[4, 4] = 2, 5
    occupied[1, 1] = occupied[1, 2] = occupied[1, 5] = True
    assert agreement(occupied, returns) == (0.5, 2 / 3)


def test_ground_and_hits_are_told_by_height_and_place() -> None:
    points = np.array([[2.05, 0.05, 0.0], [4.05, 0.05, 0.0], [4.05, 0.05, 1.0]])
    free = _ground(points, BevGrid())
    assert free.sum() == 1
    box = Box(word="car", center=np.array([4.0, 0.0, 0.8]), size=np.array([1.0, 1.0, 1.6]), yaw=0.3)
    assert (_hits(points, box), box.label) == (2, "car")
    assert Score().row() == (None, None, None, None)

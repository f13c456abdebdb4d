# SPDX-License-Identifier: Apache-2.0
"""mm_nav/evaluate/gallery.py."""

import dataclasses
from pathlib import Path

import pytest

for library in ("open3d", "PIL", "onnxruntime"):
    pytest.importorskip(library, reason=f"{library} not installed: pip install mm_nav[sim,viz]", exc_type=ImportError)

from PIL import Image  # noqa: E402

from mm_nav.evaluate.closed_loop import Drive, drive_all  # noqa: E402
from mm_nav.evaluate.gallery import save_failures  # noqa: E402
from mm_nav.viz.picture import HEIGHT, WIDTH  # noqa: E402


@pytest.mark.parametrize("driver", ["classical", "bundle"])
def test_every_failure_and_no_success_is_drawn_as_it_ended(tmp_path: Path, driver: str) -> None:
    drive = Drive(bundle="tiny", driver=driver, time_limit_s=1.0, sensors_off=("radar",), threads=1)
    (first,) = drive_all(drive, [1_910_003])
    assert not first.success  # nobody gets there in a second
    good = dataclasses.replace(first, seed=1_910_004, success=True)
    (path,) = save_failures(drive, [first, good], tmp_path / "failed")
    assert path.name == f"{first.category}_1910003.png"
    with Image.open(path) as picture:
        assert picture.size == (WIDTH, HEIGHT)
        assert len(set(picture.convert("RGB").resize((100, 56)).getdata())) > 50


def test_without_failures_nothing_is_written(tmp_path: Path) -> None:
    assert save_failures(Drive(bundle="tiny"), [], tmp_path / "failed") == []
    assert not (tmp_path / "failed").exists()

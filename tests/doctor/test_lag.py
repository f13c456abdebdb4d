# SPDX-License-Identifier: Apache-2.0
"""The doctor finds that a real radar is late, says the line that mends it, and that line mends it."""

from pathlib import Path

import pytest

from mm_nav.bags.reader import BagReader
from mm_nav.doctor.finding import Finding
from mm_nav.doctor.recording import Checkup

RADAR = "/radar/polar/compressed"


def of_lag(bag: Path) -> list[Finding]:
    with BagReader(bag) as reader:
        return [f for f in Checkup(reader).findings() if f.check == "lag"]


def test_a_scanning_radar_is_late_by_a_turn_that_begins_ahead(real_data: Path) -> None:
    """A car ahead fits its box 0.25 to 0.4 s earlier, by people's annotations; the doctor has only the scans."""
    (found,) = of_lag(real_data / "radiate_foggy" / "bag")
    assert (found.level, found.subject) == ("fault", RADAR)
    assert found.values is not None
    assert -0.4 - 0.1 <= found.values["offset_s"] <= -0.25 + 0.1
    assert -0.4 - 0.05 <= found.values["quarters_s"][0] <= -0.25  # where it begins to turn, and where that car is
    assert found.values["quarters_s"] == sorted(found.values["quarters_s"])
    assert found.remedy == f"time_offset_s.radar/polar: {found.values['offset_s']:.3f}"


def test_the_line_that_the_doctor_offers_mends_it(real_data: Path, tmp_path: Path) -> None:
    (before,) = of_lag(real_data / "radiate_foggy" / "bag")
    (tmp_path / "bag").symlink_to(real_data / "radiate_foggy" / "bag")
    offset = before.remedy.split(": ")[1]
    (tmp_path / "calibration.yaml").write_text(f"sources:\n  radar/polar: {{time_offset_s: {offset}}}\n")
    (after,) = of_lag(tmp_path / "bag")
    assert after.level == "ok"
    assert before.values is not None
    assert after.values is not None
    assert abs(after.values["offset_s"]) < 0.03
    assert after.values["agreement"] > 1.15 * before.values["agreement"]


@pytest.mark.parametrize("name", ["dgp_scene_01/bag", "nuscenes_keyframe/bag", "nebula_radar/derived_points", "mmwave_radar/bag", "two_lidars/bag"])
def test_nothing_is_said_where_nothing_can_be_told(real_data: Path, name: str) -> None:
    assert of_lag(real_data / name) == []

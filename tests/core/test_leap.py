# SPDX-License-Identifier: Apache-2.0
"""Time that leaps is told from time that passes."""

import pytest

from mm_nav.core.leap import Leap

S = 1_000_000_000


@pytest.mark.fault("T06", "T07", "B11")
@pytest.mark.parametrize(
    ("stamp_s", "at_s", "leapt"),
    [(10.2, 0.2, False), (9.1, 0.2, False), (8.9, 0.2, True), (19.0, 0.2, False), (60.0, 0.2, True), (60.0, 50.0, False), (10.0, 0.0, False)],
)
def test_a_step_back_by_a_second_or_ahead_of_the_time_that_went_by_is_a_leap(stamp_s: float, at_s: float, leapt: bool) -> None:
    leap = Leap()
    assert not leap.heard("lidar", 10 * S, 0.0)
    assert leap.heard("lidar", round(stamp_s * S), at_s) is leapt


def test_after_a_leap_all_sources_begin_anew() -> None:
    leap = Leap()
    for source in ("lidar", "camera"):
        leap.heard(source, 100 * S, 0.0)
    assert leap.newest_ns == 100 * S
    assert leap.heard("lidar", 5 * S, 0.1)
    assert leap.newest_ns == 5 * S
    assert not leap.heard("camera", 5 * S, 0.1)  # one leap, not one for each source

# SPDX-License-Identifier: Apache-2.0
"""Silence is judged by what is usual."""

import pytest

from mm_nav.core.pulse import Pulse


def beaten(period_s: float, count: int = 10, most_s: float = 1.0) -> tuple[Pulse, float]:
    pulse = Pulse(most_s)
    for i in range(count):
        pulse.beat(i * period_s)
    return pulse, (count - 1) * period_s


@pytest.mark.parametrize(("period_s", "limit_s"), [(0.02, 0.3), (0.2, 0.5), (0.3, 0.75), (0.9, 1.0)])
def test_two_and_a_half_periods_are_too_long_within_bounds(period_s: float, limit_s: float) -> None:
    pulse, last_s = beaten(period_s)
    assert pulse.limit_s == pytest.approx(limit_s)
    assert pulse.late(last_s + limit_s - 0.01) == ""
    assert f"silent for {limit_s + 0.01:.2f} s, it came every {period_s:.2f} s" in pulse.late(last_s + limit_s + 0.01)


def test_what_never_came_is_not_late_and_the_first_beats_say_little() -> None:
    assert Pulse(1.0).late(1e9) == ""
    pulse, last_s = beaten(0.1, count=3)
    assert pulse.limit_s == 1.0
    assert pulse.late(last_s + 1.1) == "silent for 1.10 s"


def test_a_pause_does_not_make_it_patient() -> None:
    pulse, last_s = beaten(0.1)
    for i in range(20):
        pulse.beat(last_s + 5.0 * (i + 1))
    assert pulse.limit_s == pytest.approx(0.3)


def test_age_is_the_time_since_the_last_beat_and_unknown_before_the_first() -> None:
    assert Pulse(1.0).age_s(1e9) is None
    pulse, last_s = beaten(0.1)
    assert pulse.age_s(last_s) == 0.0
    assert pulse.age_s(last_s + 7.0) == pytest.approx(7.0)


def test_what_should_have_come_by_now_is_overdue_unless_its_period_is_unknown() -> None:
    pulse, last_s = beaten(0.2)
    assert pulse.overdue(last_s + 0.34, 1.75) == ""
    assert "overdue: silent for 0.36 s, it came every 0.20 s" in pulse.overdue(last_s + 0.36, 1.75)
    fast, last_s = beaten(0.02)
    assert fast.overdue(last_s + 0.29, 1.75) == ""  # a loaded machine hiccups
    slow, last_s = beaten(1.5)
    assert slow.overdue(last_s + 100.0, 1.75) == ""
    assert Pulse(1.0).overdue(5.0, 1.75) == ""

# SPDX-License-Identifier: Apache-2.0
"""The offset of one sensor's stamps against another's is found where something moves, and nothing is claimed where not."""

import numpy as np
import pytest

from mm_nav.core.lag import Scan, cells, lag

START = 1_600_000_000_000_000_000


def town(seed: int, count: int = 400) -> np.ndarray:
    """Corners of things, 60 m around."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(-60, 60, (count, 2)), rng.uniform(0.5, 2.0, count)])


def drive(period_s: float, count: int, late_s: float, speed: float, share: float, seed: int) -> list[Scan]:
    """Scans of a town from a car that drives along x and sees a share of it each time; stamps are late by ``late_s``."""
    rng, things = np.random.default_rng(seed), town(0)
    out = []
    for k in range(count):
        t = k * period_s
        seen = things[rng.random(len(things)) < share] - [speed * t, 0.0, 0.0]
        out.append((START + round((t + late_s) * 1e9), cells(seen + rng.normal(0, 0.1, seen.shape), flat=seed == 2)))
    return out


@pytest.mark.parametrize("late_s", [0.32, 0.0, -0.45])
def test_the_offset_is_found_from_the_scans_alone(late_s: float) -> None:
    found = lag(drive(0.25, 20, late_s, speed=10.0, share=0.4, seed=2), drive(0.1, 60, 0.0, speed=10.0, share=0.6, seed=1))
    assert found is not None
    assert found.offset_s == pytest.approx(-late_s, abs=0.03)
    assert (found.after > found.before + 0.02) == (late_s != 0.0)


@pytest.mark.parametrize(
    ("late", "reference"),
    [
        (drive(0.25, 20, 0.3, speed=0.0, share=0.4, seed=2), drive(0.1, 60, 0.0, speed=0.0, share=0.6, seed=1)),  # nothing moves
        (drive(0.25, 3, 0.3, speed=10.0, share=0.4, seed=2), drive(0.1, 60, 0.0, speed=10.0, share=0.6, seed=1)),  # too few
        (drive(0.25, 20, 0.3, speed=10.0, share=0.4, seed=2), []),
        ([(START + k * 250_000_000, cells(town(k + 9))) for k in range(20)], drive(0.1, 60, 0.0, speed=10.0, share=0.6, seed=1)),  # noise
    ],
    ids=["standing still", "three scans", "no reference", "clutter"],
)
def test_nothing_is_claimed_where_the_scans_do_not_tell(late: list[Scan], reference: list[Scan]) -> None:
    assert lag(late, reference) is None

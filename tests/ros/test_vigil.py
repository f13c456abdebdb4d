# SPDX-License-Identifier: Apache-2.0
"""A network's thread that hangs, fails or starves is noticed by somebody else."""

import pytest

from mm_nav.ros.guard import Guard
from mm_nav.ros.vigil import Vigil


class Watched:
    """A vigil whose clock is this object's."""

    def __init__(self, required: tuple[str, ...] = ()) -> None:
        self.now_s = 10.0
        self.guard = Guard(lambda _: None, clock=lambda: self.now_s)
        self.vigil = Vigil(self.guard, lambda: self.now_s, required)

    def instants(self, count: int, period_s: float = 0.1) -> None:
        for _ in range(count):
            self.now_s += period_s
            self.vigil.instant()


def test_before_the_first_instant_there_is_nothing_to_hold() -> None:
    watched = Watched()
    watched.now_s += 100
    assert watched.vigil.hold(0.0) == ""


@pytest.mark.fault("S04", "G05")
def test_without_an_instant_for_a_second_nothing_is_known() -> None:
    watched = Watched()
    watched.instants(5)
    watched.now_s += 0.9
    assert watched.vigil.hold(0.0) == ""
    watched.now_s += 0.2
    assert watched.vigil.hold(0.0) == "no instant for 1.1 s"
    watched.instants(1)
    assert watched.vigil.hold(0.0) == ""


@pytest.mark.fault("P15")
def test_a_network_that_hangs_is_named() -> None:
    watched = Watched()
    watched.instants(5)
    watched.now_s += 3.0
    assert watched.vigil.hold(3.0) == "the network has worked on one instant for 3.0 s"


@pytest.mark.fault("P01", "G03")
def test_three_failures_within_five_seconds_are_not_trusted_until_they_are_past() -> None:
    watched = Watched()
    watched.instants(3)
    for _ in range(2):
        watched.guard.drop("pipeline", "internal", "x")
    assert watched.vigil.failing() == ""
    watched.guard.drop("pipeline", "internal", "x")
    assert "failed 3 times within 5 s" in watched.vigil.failing()
    watched.now_s += 5.1
    assert watched.vigil.failing() == ""


@pytest.mark.fault("S02")
@pytest.mark.parametrize(
    ("required", "missing", "held"),
    [((), {"lidar": "silent"}, False), (("lidar",), {"lidar": "silent"}, True), (("camera",), {"camera/front": "silent"}, True),
     (("camera/rear",), {"camera/front": "silent"}, False), (("radar",), {}, False)],
)  # fmt: skip
def test_a_required_sensor_that_is_missing_holds(required: tuple[str, ...], missing: dict[str, str], held: bool) -> None:
    assert bool(Watched(required).vigil.lacking(missing)) is held


@pytest.mark.fault("G06")
def test_instants_that_come_much_less_often_than_data_are_told() -> None:
    watched = Watched()
    watched.instants(30, period_s=0.5)
    assert watched.vigil.rate_hz() == pytest.approx(2.0)
    assert watched.vigil.slow(3.9) == ""
    assert "2.0 instants a second of 10.0" in watched.vigil.slow(10.0)
    assert watched.vigil.slow(0.0) == ""

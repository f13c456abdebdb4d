# SPDX-License-Identifier: Apache-2.0
"""Rates, gaps and clocks of topics of which everything is known."""

import numpy as np
import pytest

from mm_nav.core.timing import Timing, timing
from mm_nav.doctor.timing import judge

START = 1_700_000_000_000_000_000


def at(*seconds: float) -> np.ndarray:
    return START + (np.array(seconds) * 1e9).astype(np.int64)


def steady(count: int = 50, period_s: float = 0.1, behind_s: float = 0.0) -> Timing:
    logs = at(*(np.arange(count) * period_s))
    return timing(logs, logs - round(behind_s * 1e9), START)


def said(found: dict[str, Timing], sensors: dict[str, str]) -> dict[tuple[str, str], tuple[str, str, str]]:
    return {(f.subject, f.check): (f.level, f.text, f.remedy) for f in judge(found, sensors)}


def test_a_steady_topic_has_its_rate_and_no_gap() -> None:
    t = steady()
    assert t.rate_hz == pytest.approx(10)
    assert (t.lost, t.zero_stamps, t.backwards) == (0, 0, 0)
    assert t.jitter_s == pytest.approx(0, abs=1e-6)
    assert said({"/lidar": t}, {"/lidar": "lidar"})["/lidar", "rate"][0] == "ok"


@pytest.mark.parametrize(("missing", "level"), [((7,), "note"), ((7, 8, 20, 30), "fault")])
def test_missing_messages_are_counted_by_their_gaps(missing: tuple[int, ...], level: str) -> None:
    logs = at(*(k * 0.1 for k in range(50) if k not in missing))
    t = timing(logs, logs, START)
    assert t.lost == len(missing)
    found = said({"/lidar": t}, {"/lidar": "lidar"})["/lidar", "rate"]
    assert found[0] == level
    assert f"about {len(missing)} missing" in found[1]


def test_jitter_is_no_gap() -> None:
    rng = np.random.default_rng(0)
    logs = at(*(np.arange(200) * 0.1 + rng.uniform(-0.02, 0.02, 200)))
    t = timing(logs, logs, START)
    assert t.lost == 0
    assert 0.01 < t.jitter_s < 0.04


def test_headers_without_stamp_are_a_fault_with_the_parameter_that_mends_it() -> None:
    t = timing(at(0, 0.1, 0.2), np.zeros(3, np.int64), START)
    assert (t.zero_stamps, t.behind_s) == (3, None)
    assert said({"/radar": t}, {"/radar": "radar"})["/radar", "stamp"] == ("fault", "3 of 3 headers have stamp 0", "stamp_policy: arrival")


@pytest.mark.parametrize("behind_s", [338_524.9, -3.0])
def test_the_clock_of_one_sensor_that_is_off_is_named_with_its_offset(behind_s: float) -> None:
    found = {"/lidar": steady(), "/camera": steady(), "/radar": steady(behind_s=behind_s)}
    faults = said(found, {"/lidar": "lidar", "/camera": "camera/front", "/radar": "radar"})
    level, text, remedy = faults["/radar", "clock"]
    assert level == "fault"
    assert ("behind" if behind_s > 0 else "ahead") in text
    assert remedy.startswith(f"time_offset_s.radar: {behind_s:.3f}" if abs(behind_s) < 10 else "set its clock")
    assert ("/lidar", "clock") not in faults


def test_a_recording_that_was_logged_again_later_is_no_fault() -> None:
    found = said({t: steady(behind_s=5e6) for t in ("/a", "/b")}, {"/a": "a", "/b": "b"})
    assert {level for level, _, _ in found.values()} == {"ok", "note"}


def test_clocks_are_held_against_the_arrival_where_the_sensors_have_none() -> None:
    radar = timing(at(0, 0.1, 0.2), np.zeros(3, np.int64), START)
    found = said({"/radar": radar, "/imu": steady(behind_s=338_524.9), "/baro": steady(behind_s=338_524.9)}, {"/radar": "radar"})
    assert found["/imu", "clock"][:2] == ("fault", "its clock is 3.9 days behind that of the others")


def test_time_that_runs_backwards_and_a_late_start_are_told() -> None:
    looped = timing(at(0, 1, 2, 3), at(0, 1, 0, 1), START)
    late = timing(at(2, 2.1, 2.2), at(2, 2.1, 2.2), START)
    found = said({"/lidar": looped, "/camera": late}, {"/lidar": "lidar", "/camera": "camera"})
    assert found["/lidar", "stamp"][:2] == ("fault", "time runs backwards 1 times")
    assert found["/camera", "start"][:2] == ("note", "starts 2.00 s after the first sensor")


def test_a_single_message_says_nothing_wrong() -> None:
    assert [f.level for f in judge({"/lidar": timing(at(0), at(0), START)}, {"/lidar": "lidar"})] == ["ok"]

# SPDX-License-Identifier: Apache-2.0
"""Switching a simulated sensor off and on by a word."""

import pytest

pytest.importorskip("open3d")

from mm_nav.errors import ConfigError
from mm_nav.ros.params import SimConfig
from mm_nav.ros.scenario import Scenario


def topics(scenario: Scenario, count: int = 5) -> set[str]:
    """What is published in the next moments, a sensor period at least."""
    return {topic for _ in range(count) for topic, _, _ in scenario.advance(0.0, 0.0, False)}


def test_a_sensor_falls_silent_and_comes_back() -> None:
    scenario = Scenario(SimConfig(seed=1_030_002))
    assert {"radar/points", "lidar/points", "camera/front/image"} <= topics(scenario)
    scenario.switch("radar off")
    assert "radar/points" not in (heard := topics(scenario))
    assert "lidar/points" in heard
    scenario.switch(" radar on ")
    assert "radar/points" in topics(scenario)


@pytest.mark.parametrize(("text", "said"), [("radar", "switches no sensor"), ("", "switches no sensor"), ("sonar off", "sonar")])
def test_what_is_no_switch_is_refused_and_quoted(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Scenario(SimConfig(seed=1_030_002)).switch(text)

# SPDX-License-Identifier: Apache-2.0
"""Domains that are free are told from those that are not."""

import socket
from pathlib import Path
from typing import Any

import pytest

from mm_nav.errors import ConfigError
from mm_nav.ros import domain
from mm_nav.ros.domain import DOMAINS, check_domain, free_domain


@pytest.mark.fault("Q13")
@pytest.mark.parametrize("number", ["", "0", "42", "101", "232"])
def test_a_domain_that_has_ports_is_taken(number: str) -> None:
    check_domain({"ROS_DOMAIN_ID": number})
    check_domain({})


@pytest.mark.parametrize("number", ["233", "300", "-1", "1.5", "abc", " 7", "٣"])
def test_a_domain_that_has_no_ports_is_refused_with_the_range(number: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_domain({"ROS_DOMAIN_ID": number})
    assert str(caught.value).startswith(f"ROS_DOMAIN_ID is {number!r}; it must be a whole number in 0..232, best 0..101 on Linux")


def test_a_domain_in_use_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_domain()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 7400 + 250 * first + 10))
        assert free_domain() != first
    assert free_domain(besides=(first,)) != first


def test_a_domain_is_not_free_while_a_later_participant_lives() -> None:
    first = free_domain()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 7400 + 250 * first + 10 + 2 * 3))
        assert free_domain() != first


def test_where_all_are_in_use_there_is_still_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "_unused", lambda _: False)
    assert free_domain() in DOMAINS


def test_a_node_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rclpy: Any = pytest.importorskip("rclpy")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    mine = free_domain()
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=mine)
    node = rclpy.create_node("somebody", context=context)
    try:
        assert free_domain() != mine
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)

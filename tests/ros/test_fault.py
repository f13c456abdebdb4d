# SPDX-License-Identifier: Apache-2.0
"""PX4's words on messages: each does to a sensor what it says, and what cannot happen is refused."""

import copy
import itertools
from typing import Any

import numpy as np
import pytest

from mm_nav.errors import ConfigError, MessageError
from mm_nav.wire import decode_image, decode_odometry, decode_point_cloud
from tests.ros.robot import camera_info, cloud, image, odometry

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

from mm_nav.ros.fault import PAIRS, Faults, make
from mm_nav.ros.messages import to_message

SECOND = 1_000_000_000
MADE = {"camera": image, "lidar": cloud, "radar": lambda stamp: cloud(stamp, "radar"), "odometry": odometry}
KINDS = {"camera/front": "camera", "lidar": "lidar", "odom": "odometry", "clock": "clock"}


def said(kind: str, word: str, count: int = 10, period_s: float = 0.2) -> list[tuple[float, Any]]:
    """What comes out for ``count`` messages: seconds, and message or bytes."""
    fault = make(kind, word, np.random.default_rng(0))
    out = []
    for i in range(count):
        message = to_message(MADE[kind](SECOND + round(i * period_s * 1e9)))
        out += [(i * period_s + later_s, copy.deepcopy(what)) for later_s, what in fault(message, i * period_s)]
    return out


def stamp_ns(message: Any) -> int:
    return int(message.header.stamp.sec) * SECOND + int(message.header.stamp.nanosec)


@pytest.mark.parametrize("kind", MADE)
def test_off_slow_delayed_and_intermittent_are_about_time_alone(kind: str) -> None:
    assert said(kind, "off") == []
    assert len(said(kind, "slow", 20)) == 4
    assert [round(at - 0.2 * i, 9) for i, (at, _) in enumerate(said(kind, "delayed"))] == [0.5] * 10
    assert 5 <= len(said(kind, "intermittent", 20)) <= 15
    plain = to_message(MADE[kind](SECOND))
    assert said(kind, "delayed")[0][1] == plain


@pytest.mark.parametrize("kind", MADE)
def test_a_stuck_sensor_says_the_same_with_new_stamps(kind: str) -> None:
    found = [message for _, message in said(kind, "stuck")]
    assert [stamp_ns(m) for m in found] == [SECOND + round(i * 0.2e9) for i in range(10)]
    for message in found:
        message.header = found[0].header
    assert all(message == found[0] for message in found)


@pytest.mark.parametrize("kind", ["camera", "lidar", "radar"])
def test_garbage_has_the_right_size_and_nothing_in_common(kind: str) -> None:
    plain = to_message(MADE[kind](SECOND))
    first, second = (message for _, message in said(kind, "garbage", 2))
    assert len(first.data) == len(second.data) == len(plain.data)
    assert np.mean(np.asarray(first.data) == np.asarray(second.data)) < 0.1


def test_odometry_of_garbage_or_of_nan_is_refused_and_a_cloud_of_nan_is_empty() -> None:
    for word in ("garbage", "nan"):
        with pytest.raises(MessageError):
            decode_odometry(said("odometry", word, 1)[0][1])
    assert len(decode_point_cloud(said("lidar", "nan", 1)[0][1]).xyz) == 0


def test_wrong_is_mirrored_turned_by_ten_degrees_or_twice_as_far() -> None:
    mirrored = decode_image(said("camera", "wrong", 1)[0][1]).rgb
    np.testing.assert_array_equal(mirrored[:, ::-1], decode_image(to_message(image(SECOND))).rgb)
    turned, plain = decode_point_cloud(said("lidar", "wrong", 1)[0][1]).xyz, decode_point_cloud(to_message(cloud(SECOND))).xyz
    angles = np.arctan2(turned[:, 1], turned[:, 0]) - np.arctan2(plain[:, 1], plain[:, 0])
    np.testing.assert_allclose(np.rad2deg(np.angle(np.exp(1j * angles))), 10.0, atol=1e-2)
    fault = make("odometry", "wrong", np.random.default_rng(0))
    first, second = to_message(odometry(SECOND)), to_message(odometry(2 * SECOND))
    first.pose.pose.position.x, second.pose.pose.position.x = 1.0, 1.5
    assert [fault(m, 0.0)[0][1].pose.pose.position.x for m in (first, second)] == [1.0, 2.0]


@pytest.mark.parametrize("kind", MADE)
def test_a_fast_sensor_says_ten_different_ones_in_the_time_of_one(kind: str) -> None:
    found = said(kind, "fast", 5)
    assert len(found) == 1 + 4 * 10  # before the second message nobody knows the period
    assert {round(b[0] - a[0], 6) for a, b in itertools.pairwise(found[1:])} == {0.02}
    assert len({stamp_ns(message) for _, message in found}) == len(found)
    if kind != "odometry":
        assert len({bytes(message.data) for _, message in found[1:11]}) > 5


def test_blank_and_noise_are_bytes_that_are_no_message() -> None:
    assert {what for _, what in said("lidar", "blank")} == {b""}
    noise = [what for _, what in said("lidar", "noise")]
    assert len(set(noise)) == 10
    assert all(isinstance(what, bytes) for what in noise)


def test_orders_are_taken_one_by_one_for_all_and_back() -> None:
    faults = Faults(KINDS)
    assert faults.order("lidar stuck") == "lidar stuck"
    assert faults.of("lidar", "lidar/points") is faults.of("lidar", "lidar/points")
    assert faults.of("odom", "odom") is None
    assert faults.order(" camera/front garbage") == "lidar stuck; camera/front garbage"
    assert faults.of("camera/front", "camera/front/camera_info") is None  # a calibration that came is known
    assert faults.order("all off") == "camera/front off; lidar off; odom off"
    info = faults.of("camera/front", "camera/front/camera_info")
    assert info is not None
    assert info(to_message(camera_info(SECOND)), 0.0) == []
    assert faults.of("clock", "/clock") is None
    assert faults.order("all ok") == "all ok"


@pytest.mark.parametrize(("text", "told"), [
    ("lidar explode", "'explode' cannot happen"), ("sonar off", "names no source"), ("clock garbage", "cannot happen"), ("", "names no source"),
    ("camera/front nan", "cannot happen"), ("all nan", "cannot happen"),
])  # fmt: skip
def test_an_unknown_pair_is_refused_and_changes_nothing(text: str, told: str) -> None:
    faults = Faults(KINDS)
    faults.order("lidar off")
    with pytest.raises(ConfigError, match=told):
        faults.order(text)
    assert faults.order("clock ok") == "lidar off"


def test_every_pair_can_be_made() -> None:
    for kind, words in PAIRS.items():
        for word in words:
            make(kind, word, np.random.default_rng(0))

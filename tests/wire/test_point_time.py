# SPDX-License-Identifier: Apache-2.0
"""The time of each point, from the fields that drivers write."""

import numpy as np
import pytest

from mm_nav.wire import decode_laser_scan, decode_point_cloud

from .conftest import as_message
from .test_cloud import SCAN, XYZ, cloud

STAMP_S = 1_700_000_000
STAMP = {"stamp": {"sec": STAMP_S, "nanosec": 500_000_000}, "frame_id": "lidar"}
AT = [0.0, 0.025, 0.05, 0.1]  # seconds after the stamp
DRIVERS = {
    "Velodyne time": ("time", "f4", AT),
    "Velodyne time, to the end": ("time", "f4", [-0.1, -0.075, -0.05, 0.0]),
    "Ouster t": ("t", "u4", [round(a * 1e9) for a in AT]),
    "Livox offset_time": ("offset_time", "u4", [round(a * 1e9) for a in AT]),
    "Livox timestamp, ns": ("timestamp", "f8", [(STAMP_S + 0.5 + a) * 1e9 for a in AT]),
    "Hesai timestamp, s": ("timestamp", "f8", [STAMP_S + 0.5 + a for a in AT]),
    "Autoware time_stamp": ("time_stamp", "u4", [round(a * 1e9) for a in AT]),
    "microseconds": ("time", "u4", [round(a * 1e6) for a in AT]),
    "milliseconds": ("time", "f4", [a * 1e3 for a in AT]),
}


def decoded(name: str, dtype: str, values: list[float]):
    message = cloud({**XYZ, name: (dtype, values)}, hole=2, big=True)
    return decode_point_cloud(as_message({**message, "header": STAMP}))


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_drivers_field_is_seconds_after_the_stamp(driver: str) -> None:
    name, dtype, values = DRIVERS[driver]
    expected = [-0.1, -0.075, -0.05, 0.0] if "end" in driver else AT
    np.testing.assert_allclose(decoded(name, dtype, values).time_s, expected, atol=2e-6)


@pytest.mark.parametrize(
    ("name", "dtype", "values"),
    [("time", "f4", [0.0] * 4), ("time", "f8", [5e9, 6e9, 7e9, 8e9]), ("timestamp", "f8", [STAMP_S + 40 + a for a in AT]),
     ("time", "f4", [float(STAMP_S + a) for a in AT]), ("time", "f4", [np.nan] * 4), ("t", "u1", [9] * 4)],
    ids=["all zero", "a sweep of an hour", "half a minute off", "seconds that f4 cannot hold", "no numbers", "constant"],
)  # fmt: skip
def test_what_makes_no_sense_is_no_time(name: str, dtype: str, values: list[float]) -> None:
    assert decoded(name, dtype, values).time_s is None


def test_a_cloud_without_such_a_field_has_no_times() -> None:
    assert decode_point_cloud(as_message(cloud(XYZ))).time_s is None


def test_points_that_are_removed_take_their_times_with_them() -> None:
    columns = {**XYZ, "x": ("f4", [1.0, np.nan, 3, 4]), "time": ("f4", AT)}
    points = decode_point_cloud(as_message(cloud(columns)))
    assert points.time_s is not None
    np.testing.assert_allclose(points.time_s, [0.0, 0.05, 0.1], atol=1e-7)
    assert len(points.time_s) == len(points.xyz) == 3


def test_beams_of_a_scan_follow_each_other() -> None:
    """The stamp is of the first ray (sensor_msgs/LaserScan)."""
    points = decode_laser_scan(as_message({**SCAN, "time_increment": 0.01}))
    assert points.time_s is not None
    angles = np.arctan2(points.xyz[:, 1], points.xyz[:, 0])
    beams = np.round((angles - SCAN["angle_min"]) / SCAN["angle_increment"])
    np.testing.assert_allclose(points.time_s, beams * 0.01, atol=1e-6)

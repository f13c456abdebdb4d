# SPDX-License-Identifier: Apache-2.0
"""Messages of every input type with arbitrary fields: decoded to something finite, or refused by name; never more.

``MM_NAV_FUZZ`` is how many messages of each type are tried (`make fuzz`: 10,000).
"""

import os
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mm_nav.core.types import CameraImage, CameraModel, Odometry, PointCloud, Utterance
from mm_nav.errors import MessageError
from mm_nav.wire import decode
from mm_nav.wire.pixels import LAYOUTS

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

from mm_nav.ros.messages import message_class, reader, to_message
from tests.ros.robot import TOPICS

COUNT = int(os.environ.get("MM_NAV_FUZZ", "100"))
MOST_TIMES, SPARE = 4, 1 << 20  # memory that a decoder may take: so many times its input, and some for itself
FUZZ = settings(max_examples=COUNT, deadline=None, derandomize=True, database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example])  # fmt: skip

uint32 = st.one_of(st.integers(0, 8), st.sampled_from([16, 100, 65535, 10**6, 2**31, 2**32 - 1]), st.integers(0, 2**32 - 1))
number = st.one_of(st.floats(-(2.0**127), 2.0**127, width=32), st.sampled_from([float("nan"), float("inf"), -float("inf")]))
data = st.binary(max_size=400)
text = st.text(max_size=30)


def put(message: Any, path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        message = getattr(message, parent)
    setattr(message, name, value)


FIELD = st.fixed_dictionaries({"name": st.sampled_from(["x", "y", "z", "intensity", "X", "range", "azimuth", "t", "velocity", ""]), "offset": uint32,
                               "datatype": st.integers(0, 255), "count": uint32})  # fmt: skip
PLAIN_FIELDS = st.just([{"name": n, "offset": 4 * i, "datatype": 7, "count": 1} for i, n in enumerate("xyz")])
HEADER = {"header.stamp.sec": st.integers(-(2**31), 2**31 - 1), "header.stamp.nanosec": uint32, "header.frame_id": text}
PICTURE = {**HEADER, "width": uint32, "height": uint32, "data": data}
TYPES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "sensor_msgs/msg/Image": {**PICTURE, "step": uint32, "is_bigendian": st.integers(0, 255), "encoding": st.one_of(st.sampled_from([*LAYOUTS]), text)},
    "sensor_msgs/msg/CompressedImage": {**HEADER, "format": text, "data": st.one_of(
        data, data.map(lambda b: b"\xff\xd8\xff" + b + b"\xff\xd9"), data.map(lambda b: b"\x89PNG\r\n\x1a\n" + b + b"IEND\xaeB`\x82"))},
    "sensor_msgs/msg/CameraInfo": {**HEADER, "width": uint32, "height": uint32, "distortion_model": text, "k": st.lists(number, min_size=9, max_size=9),
                                   "d": st.lists(number, max_size=20), "binning_x": uint32, "roi.width": uint32, "roi.x_offset": uint32},
    "sensor_msgs/msg/PointCloud2": {**PICTURE, "point_step": uint32, "row_step": uint32, "is_bigendian": st.booleans(),
                                    "fields": st.one_of(PLAIN_FIELDS, st.lists(FIELD, max_size=6))},
    "sensor_msgs/msg/LaserScan": {**HEADER, "angle_min": number, "angle_increment": number, "time_increment": number, "range_min": number,
                                  "range_max": number, "ranges": st.lists(number, max_size=40), "intensities": st.lists(number, max_size=40)},
    "nav_msgs/msg/Odometry": {**HEADER, "child_frame_id": text, **{f"pose.pose.{p}": number for p in ("position.x", "position.y", "orientation.z", "orientation.w")},
                              "twist.twist.linear.x": number, "twist.twist.angular.z": number},
    "std_msgs/msg/String": {"data": st.text(max_size=1000)},
}  # fmt: skip


def filled(type_name: str, values: dict[str, Any]) -> Any:
    from mm_nav.ros.messages import build

    message = message_class(type_name)()
    for path, value in values.items():
        if path == "fields":
            value = [build("sensor_msgs/msg/PointField", {**f, "datatype": f["datatype"] % 256}) for f in value]
        put(message, path, value)
    return message


def finite(reading: Any) -> bool:
    """Whether nothing in it is NaN or infinite but what may be: the speed of points without one."""
    if isinstance(reading, PointCloud):
        times = [] if reading.time_s is None else [reading.time_s]
        return all(np.isfinite(a).all() for a in (reading.xyz, reading.intensity, *times)) and not np.isinf(reading.velocity).any()
    if isinstance(reading, CameraModel):
        return bool(np.isfinite(reading.K).all() and np.isfinite(reading.D).all())
    if isinstance(reading, Odometry):
        return bool(np.isfinite(reading.T_odom_base).all() and np.isfinite(reading.linear).all() and np.isfinite(reading.angular).all())
    return isinstance(reading, CameraImage | Utterance)


def held(read: Callable[[], Any], size: int) -> Any:
    """What ``read`` gives, or None if it refuses; no more memory than a few times the input."""
    told: Any = True
    tracemalloc.start()
    try:
        reading = read()
    except MessageError as error:
        told = error.reason and len(str(error)) < 2000
        reading = None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert told
    assert peak <= MOST_TIMES * size + SPARE, f"{peak} bytes for a message of {size}"
    return reading


@pytest.mark.fault("M01", "M05", "M06", "M10", "M11", "M12", "M15", "M16", "M17", "M19", "M21", "M22", "M27", "X02")
@pytest.mark.parametrize("type_name", TYPES)
def test_any_fields_give_something_finite_or_a_refusal_with_its_reason(type_name: str) -> None:
    refused = []

    @FUZZ
    @given(st.fixed_dictionaries(TYPES[type_name]))
    def check(values: dict[str, Any]) -> None:
        message = filled(type_name, values)
        reading = held(lambda: decode(type_name, message, stamp_ns=1), len(getattr(message, "data", "")) + 1000)
        refused.append(reading is None)
        assert reading is None or finite(reading)

    check()
    assert type_name == "std_msgs/msg/String" or any(refused)


@pytest.mark.parametrize("type_name", TYPES)
def test_any_bytes_on_the_wire_are_no_message_or_one_that_is_held_to_the_same(type_name: str) -> None:
    """As the nodes read them: pictures and clouds by our own reader, the others by the middleware's."""
    from rclpy.serialization import deserialize_message, serialize_message

    samples = [bytes(serialize_message(message)) for message in (message_class(type_name)(), *said(type_name))]
    cdr = st.sampled_from(samples).flatmap(lambda sound: st.one_of(
        st.binary(max_size=200), st.binary(max_size=120).map(lambda b: sound[:4] + b), st.integers(0, len(sound)).map(lambda n: sound[:n]),
        st.tuples(st.integers(0, min(200, len(sound) - 4)), st.sampled_from([b"\xf0\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x80\x7f"])).map(
            lambda t: sound[: t[0]] + t[1] + sound[t[0] + 4 :]),
    ))  # fmt: skip
    own = reader(type_name)

    def read(raw: bytes) -> Any:
        if own is not None:
            return own(raw)
        try:
            return deserialize_message(raw, message_class(type_name))
        except Exception as error:  # the middleware's own refusal, whatever its type
            raise MessageError("bad_cdr", "rclpy drops it below us") from error

    @FUZZ
    @given(cdr)
    def check(raw: bytes) -> None:
        reading = held(lambda: decode(type_name, read(raw), stamp_ns=1), len(raw) + 1000)
        assert reading is None or finite(reading)

    check()


def said(type_name: str) -> list[Any]:
    """A whole message of a type that we have an example of."""
    return [to_message(make(10**9)) for name, make in TOPICS.values() if name == type_name][:1]

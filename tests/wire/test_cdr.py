# SPDX-License-Identifier: Apache-2.0
"""Serialized pictures and clouds read as views say what rclpy's own reader says, and broken ones are refused."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.errors import MessageError
from mm_nav.wire import cdr, decode
from mm_nav.wire.message import Encoded

serialization = pytest.importorskip("rclpy.serialization", reason="rclpy is not installed")
IMAGE, CLOUD = "sensor_msgs/msg/Image", "sensor_msgs/msg/PointCloud2"
U32 = st.integers(0, 2**32 - 1)
HEADER = st.fixed_dictionaries({
    "stamp": st.fixed_dictionaries({"sec": st.integers(-(2**31), 2**31 - 1), "nanosec": U32}),
    "frame_id": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9),
})  # fmt: skip
NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=7)
BYTES = st.binary(max_size=50)
IMAGES = st.fixed_dictionaries({
    "header": HEADER, "height": U32, "width": U32, "encoding": NAME, "is_bigendian": st.integers(0, 255), "step": U32, "data": BYTES,
})  # fmt: skip
FIELD = st.fixed_dictionaries({"name": NAME, "offset": U32, "datatype": st.integers(0, 255), "count": U32})
CLOUDS = st.fixed_dictionaries({
    "header": HEADER, "height": U32, "width": U32, "fields": st.lists(FIELD, max_size=5), "is_bigendian": st.booleans(),
    "point_step": U32, "row_step": U32, "data": BYTES, "is_dense": st.booleans(),
})  # fmt: skip


def serialized(type_name: str, fields: dict) -> bytes:
    from mm_nav.ros.messages import to_message

    return bytes(serialization.serialize_message(to_message(Encoded(type_name, fields))))


def plain(message, names: dict) -> dict:
    """The named attributes, nested, as comparable values."""
    found = {}
    for name, value in names.items():
        has = getattr(message, name)
        if isinstance(value, dict):
            found[name] = plain(has, value)
        elif isinstance(value, list):
            found[name] = [plain(one, item) for one, item in zip(has, value, strict=True)]
        else:
            found[name] = bytes(has) if isinstance(value, bytes) else has
    return found


@pytest.mark.parametrize(("type_name", "drawn"), [(IMAGE, IMAGES), (CLOUD, CLOUDS)])
def test_every_field_is_what_rclpy_reads(type_name: str, drawn) -> None:
    @given(fields=drawn)
    @settings(max_examples=200, deadline=None)
    def check(fields: dict) -> None:
        assert plain(cdr.view(type_name, serialized(type_name, fields)), fields) == fields

    check()


@pytest.mark.parametrize(("type_name", "drawn"), [(IMAGE, IMAGES), (CLOUD, CLOUDS)])
def test_bytes_that_are_cut_off_or_random_are_read_or_refused_and_never_raise_anything_else(type_name: str, drawn) -> None:
    @given(fields=drawn, cut=st.floats(0, 1), noise=st.binary(min_size=4, max_size=120))
    @settings(max_examples=200, deadline=None)
    def check(fields: dict, cut: float, noise: bytes) -> None:
        whole = serialized(type_name, fields)
        for data in (whole[: int(cut * len(whole))], b"\x00\x01\x00\x00" + noise, noise, b"\x00\x00\x00\x00" + noise):
            try:
                cdr.view(type_name, data)
            except MessageError as error:
                assert error.reason == "bad_cdr"  # noqa: PT017 - most noise is read, and need not raise

    check()


@pytest.mark.parametrize(
    ("type_name", "drawn", "names"),
    [(IMAGE, IMAGES, ("header", "height", "width", "encoding", "is_bigendian", "step", "data")),
     (CLOUD, CLOUDS, ("header", "height", "width", "fields", "is_bigendian", "point_step", "row_step", "data", "is_dense"))],
)  # fmt: skip
def test_what_is_remembered_of_a_topic_never_outlives_a_change_of_it(type_name: str, drawn, names: tuple[str, ...]) -> None:
    @given(pair=st.tuples(drawn, drawn), changed=st.sampled_from(names), cut=st.floats(0, 1))
    @settings(max_examples=150, deadline=None)
    def check(pair: tuple[dict, dict], changed: str, cut: float) -> None:
        first, other = pair
        second = {**first, changed: other[changed]}
        viewer = cdr.Viewer(type_name)
        for fields in (first, first, second, second, first, other):
            assert plain(viewer(serialized(type_name, fields)), fields) == fields
        whole = serialized(type_name, first)
        with contextlib.suppress(MessageError):
            viewer(whole[: int(cut * len(whole))])
        assert plain(viewer(whole), first) == first

    check()


def test_the_data_is_a_view_of_the_bytes_and_decodes_without_a_copy() -> None:
    rgb = np.arange(4 * 6 * 3, dtype=np.uint8)
    fields = {"height": 4, "width": 6, "encoding": "rgb8", "step": 18, "data": rgb}
    data = serialized(IMAGE, fields)
    reading = decode(IMAGE, cdr.view(IMAGE, data))
    assert np.shares_memory(reading.rgb, np.frombuffer(data, np.uint8))
    np.testing.assert_array_equal(reading.rgb.reshape(-1), rgb)


def test_big_endian_bytes_are_read_too() -> None:
    body = b"\x00\x00\x00\x00" + bytes.fromhex("00000001 00000002 00000002 63000000 00000003 00000004 00000002 78000000 00000005 00000001 ff")
    image = cdr.view(IMAGE, body)
    assert (image.header.stamp.sec, image.header.stamp.nanosec, image.header.frame_id) == (1, 2, "c")
    assert (image.height, image.width, image.encoding, image.step, image.data.tolist()) == (3, 4, "x", 5, [255])


def test_other_types_and_encapsulations_are_left_to_the_middleware() -> None:
    assert cdr.view("nav_msgs/msg/Odometry", b"\x00\x01\x00\x00") is None
    assert cdr.view(IMAGE, b"\x00\x07\x00\x00" + bytes(80)) is None

# SPDX-License-Identifier: Apache-2.0
"""Serialized sensor_msgs/Image and PointCloud2 (CDR, as DDS carries them) as messages that share their bytes. Knows no ROS package.

What rclpy makes of a picture is copied three times on its way to numpy; here only the header is read, and ``data`` is a view.
The attributes are those of the message classes, so that ``decode`` takes either. Source: OMG DDSI-RTPS 2.5, 10.2 (XCDR version 1).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8

from mm_nav.errors import MessageError

ENCAPSULATION = 4  # bytes before the first field; alignment counts from behind them
ORDERS = {b"\x00\x00": ">", b"\x00\x01": "<"}  # plain CDR; anything else is for the middleware's own reader
LITTLE = b"\x00\x01\x00\x00"
STAMP, STAMP_END = struct.Struct("<iI"), ENCAPSULATION + 8
LEAST_FIELD = 13  # bytes of a PointField without a name


@dataclass(slots=True)
class Time:
    """builtin_interfaces/Time."""

    sec: int
    nanosec: int


@dataclass(slots=True)
class Header:
    """std_msgs/Header."""

    stamp: Time
    frame_id: str


@dataclass(slots=True)
class ImageView:
    """sensor_msgs/Image whose ``data`` is a read-only view of the serialized bytes."""

    header: Header
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: UInt8[np.ndarray, " n"]


@dataclass(slots=True)
class FieldView:
    """sensor_msgs/PointField."""

    name: str
    offset: int
    datatype: int
    count: int


@dataclass(slots=True)
class CloudView:
    """sensor_msgs/PointCloud2 whose ``data`` is a read-only view of the serialized bytes."""

    header: Header
    height: int
    width: int
    fields: tuple[FieldView, ...]
    is_bigendian: bool
    point_step: int
    row_step: int
    data: UInt8[np.ndarray, " n"]
    is_dense: bool


def view(type_name: str, serialized: bytes) -> ImageView | CloudView | None:
    """The message in ``serialized``; None if its type or its encapsulation is not read here (let the middleware do it).

    Raises:
        MessageError: ``bad_cdr`` where a length leads beyond the bytes.
    """
    read, order = VIEWS.get(type_name), ORDERS.get(bytes(serialized[:2]))
    if read is None or order is None:
        return None
    try:
        return read(_Reader(serialized, order))
    except (struct.error, IndexError) as error:
        text = f"{type_name} of {len(serialized)} bytes ends before its fields do; check who publishes it"
        raise MessageError("bad_cdr", text) from error


class Viewer:
    """Views of one topic's messages: what stands between stamp and data is read once, as long as it stays the same."""

    def __init__(self, type_name: str) -> None:
        self._type_name = type_name
        self._head, self._length = b"", -1  # bytes behind the stamp up to the data, and of all
        self._last: ImageView | CloudView | None = None

    def __call__(self, serialized: bytes) -> ImageView | CloudView | None:
        """As ``view``.

        Raises:
            MessageError: ``bad_cdr``.
        """
        last, at = self._last, STAMP_END + len(self._head)
        if last is None or len(serialized) != self._length or serialized[:4] != LITTLE or serialized[STAMP_END:at] != self._head:
            return self._learn(serialized)
        header = Header(Time(*STAMP.unpack_from(serialized, ENCAPSULATION)), last.header.frame_id)
        data = np.frombuffer(serialized, np.uint8, len(last.data), at)
        if isinstance(last, ImageView):
            return ImageView(header, last.height, last.width, last.encoding, last.is_bigendian, last.step, data)
        return CloudView(header, last.height, last.width, last.fields, last.is_bigendian, last.point_step, last.row_step, data,
                         bool(serialized[at + len(data)]))  # fmt: skip

    def _learn(self, serialized: bytes) -> ImageView | CloudView | None:
        self._last = found = view(self._type_name, serialized)
        if found is None or not len(found.data) or serialized[:4] != LITTLE:
            self._last = None
        else:
            tail = isinstance(found, CloudView)
            end = found.data.ctypes.data - np.frombuffer(serialized, np.uint8).ctypes.data
            self._head, self._length = serialized[STAMP_END:end], len(serialized)
            if end + len(found.data) + tail > len(serialized):
                self._last = None
        return found


class _Reader:
    """Fields in the order in which they lie."""

    def __init__(self, serialized: bytes, order: str) -> None:
        self._bytes, self._at = serialized, ENCAPSULATION
        self._u32, self._i32 = struct.Struct(order + "I"), struct.Struct(order + "i")

    def u32(self) -> int:
        return self._number(self._u32)

    def i32(self) -> int:
        return self._number(self._i32)

    def u8(self) -> int:
        self._at += 1
        return self._bytes[self._at - 1]

    def text(self) -> str:
        """A string ends at its first NUL, as it does for rclpy."""
        return bytes(self._take(self.u32())).partition(b"\x00")[0].decode("utf-8", "replace")

    def octets(self) -> UInt8[np.ndarray, " n"]:
        count = self.u32()
        self._take(count)
        return np.frombuffer(self._bytes, np.uint8, count, self._at - count) if count else np.zeros(0, np.uint8)

    def header(self) -> Header:
        return Header(Time(self.i32(), self.u32()), self.text())

    def _number(self, kind: struct.Struct) -> int:
        self._at = at = self._at + (-self._at % 4)  # ENCAPSULATION is a multiple of four: alignment is the same from the start
        self._at += 4
        return int(kind.unpack_from(self._bytes, at)[0])

    def need(self, count: int) -> None:
        """Refuse a length that no message of this size can have, before anything of that length is made."""
        if count > len(self._bytes):
            raise IndexError(count)

    def _take(self, count: int) -> memoryview:
        start, self._at = self._at, self._at + count
        if self._at > len(self._bytes):
            raise IndexError(count)
        return memoryview(self._bytes)[start : self._at]


def _image(r: _Reader) -> ImageView:
    return ImageView(r.header(), r.u32(), r.u32(), r.text(), r.u8(), r.u32(), r.octets())


def _cloud(r: _Reader) -> CloudView:
    header, height, width, count = r.header(), r.u32(), r.u32(), r.u32()
    r.need(count * LEAST_FIELD)
    fields = tuple(FieldView(r.text(), r.u32(), r.u8(), r.u32()) for _ in range(count))
    return CloudView(header, height, width, fields, bool(r.u8()), r.u32(), r.u32(), r.octets(), bool(r.u8()))


VIEWS: dict[str, Callable[[_Reader], Any]] = {"sensor_msgs/msg/Image": _image, "sensor_msgs/msg/PointCloud2": _cloud}

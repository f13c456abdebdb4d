# SPDX-License-Identifier: Apache-2.0
"""Plain structures into rclpy messages: what ``wire`` encoded, or a message read from a bag. Knows no topic and no node.

Large sequences are handed over as ``array.array``: that is the only form that rclpy takes without touching every
element, and with ``ROS_PYTHON_CHECK_FIELDS=1`` too.
"""

import importlib
import re
from array import array
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from mm_nav.errors import ConfigError, MessageError
from mm_nav.wire import cdr
from mm_nav.wire.message import Encoded

TYPECODES = {
    "int8": "b", "uint8": "B", "char": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
    "int64": "q", "uint64": "Q", "float": "f", "double": "d",
}  # fmt: skip
DTYPES = {name: np.dtype(code) for name, code in TYPECODES.items()}
SEQUENCE = re.compile(r"sequence<(?P<item>[^,>]+)(?:,\s*\d+)?>")
FIXED = re.compile(r"(?P<item>.+)\[\d+\]")
ABSENT = object()

Convert = Callable[[Any], Any]


@cache
def message_class(type_name: str) -> Any:
    """Class of ``sensor_msgs/msg/Image`` (or ``sensor_msgs/Image``).

    Raises:
        ConfigError: the name is malformed, or its package is not installed.
    """
    parts = type_name.split("/")
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[1] != "msg"):
        raise ConfigError(f"message type {type_name!r} is malformed; write it as package/msg/Name")
    try:
        return getattr(importlib.import_module(f"{parts[0]}.msg"), parts[-1])
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"message type {type_name!r} is not installed ({error}); install its package") from error


def has_type(type_name: str) -> bool:
    """Whether messages of this type can be made here."""
    try:
        message_class(type_name)
    except ConfigError:
        return False
    return True


def reader(type_name: str) -> Convert | None:
    """What makes messages of one topic's serialized bytes without copying their data; None for types that are subscribed to as messages."""
    if type_name not in cdr.VIEWS:
        return None
    from rclpy.serialization import deserialize_message

    viewer = cdr.Viewer(type_name)

    def read(serialized: bytes) -> Any:
        if (found := viewer(serialized)) is not None:
            return found
        try:
            return deserialize_message(serialized, message_class(type_name))
        except Exception as error:  # rcl's own error types
            raise MessageError("bad_cdr", f"{type_name} of {len(serialized)} bytes cannot be read: {error}; check who publishes it") from error

    return read


def to_message(encoded: Encoded) -> Any:
    """rclpy message of what ``wire.encode_*`` made.

    Raises:
        ConfigError: its package is not installed.
        MessageError: ``unknown_field``, or ``bad_field`` for a value that does not fit its type.
    """
    return build(encoded.type_name, encoded.fields)


def build(type_name: str, source: Any) -> Any:
    """rclpy message with the fields of ``source``: a mapping, or any object with the same attributes (rosbags).

    A field that the source lacks keeps its zero value; a key of a mapping that the type lacks is an error.
    """
    message = message_class(type_name)()
    _fill(type_name, message, source)
    return message


def _fill(type_name: str, message: Any, source: Any) -> None:
    converters = _converters(type_name)
    if isinstance(source, Mapping):
        odd = sorted(set(source) - set(converters))
        if odd:
            raise MessageError("unknown_field", f"{type_name} has no field {odd[0]!r}; it has {list(converters)}")
    for name, convert in converters.items():
        value = source.get(name, ABSENT) if isinstance(source, Mapping) else getattr(source, name, ABSENT)
        if value is ABSENT:
            continue
        try:
            setattr(message, name, convert(value))
        except (TypeError, ValueError, OverflowError, AssertionError) as error:
            shown = repr(value)[:60] if isinstance(value, str | int | float) else type(value).__name__
            raise MessageError("bad_field", f"{type_name}.{name} cannot hold {shown}: {str(error)[:120]}") from error


@cache
def _converters(type_name: str) -> dict[str, Convert]:
    return {name: _converter(text) for name, text in message_class(type_name).get_fields_and_field_types().items()}


def _converter(field_type: str) -> Convert:
    if sequence := SEQUENCE.fullmatch(field_type):
        item = sequence["item"]
        return _packed(item) if item in TYPECODES else _each(_converter(item))
    if fixed := FIXED.fullmatch(field_type):
        item = fixed["item"]
        if item in DTYPES:
            dtype = DTYPES[item]
            return lambda value: np.asarray(value, dtype).reshape(-1)
        return _each(_converter(item))
    if "/" in field_type:
        return lambda value: build(field_type, value)
    return SCALARS[field_type.partition("<")[0]]


def _packed(item: str) -> Convert:
    code, dtype = TYPECODES[item], DTYPES[item]

    def convert(value: Any) -> Any:
        if isinstance(value, bytes | bytearray | memoryview):
            value = np.frombuffer(value, dtype)
        packed = array(code)
        packed.frombytes(np.ascontiguousarray(value, dtype).reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        return packed

    return convert


def _each(convert: Convert) -> Convert:
    return lambda values: [convert(value) for value in values]


def _octet(value: Any) -> bytes:
    return value if isinstance(value, bytes) else bytes([int(value)])


def _text(value: Any) -> str:
    """Text that can be sent: half a surrogate pair (a file name that is no UTF-8, a shell argument) would raise in ``publish``."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


SCALARS: dict[str, Convert] = {
    **dict.fromkeys(("int8", "uint8", "char", "int16", "uint16", "int32", "uint32", "int64", "uint64"), int),
    "float": float,
    "double": float,
    "boolean": bool,
    "octet": _octet,
    "string": _text,
    "wstring": _text,
}

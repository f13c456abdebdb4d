# SPDX-License-Identifier: Apache-2.0
"""Writes rosbag2 recordings (MCAP or SQLite) that any ROS 2 tool reads. Knows types only by their ROS definitions."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast

import numpy as np
from rosbags.interfaces import (
    Connection,
    Nodetype,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from mm_nav.bags.checksum import seal
from mm_nav.errors import BagError
from mm_nav.wire.message import Encoded

BAG_VERSION: Literal[9] = 9
FOREVER = QosTime(9223372036, 854775807)
LATCHED = Qos(
    QosHistory.KEEP_LAST, 1, QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL,
    FOREVER, FOREVER, QosLiveliness.AUTOMATIC, FOREVER, False,
)  # fmt: skip
STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
ZERO: dict[str, Any] = {"string": "", "wstring": "", "bool": False, "float32": 0.0, "float64": 0.0}
DTYPES = {"bool": "bool", "octet": "uint8", "byte": "uint8", "char": "uint8"}


class BagWriter:
    """Writes one recording; it appears under its final name only when it is complete.

    Use it as a context manager, or call ``close``. An error inside the ``with`` block leaves nothing behind.

    Args:
        path: directory to make; it must not exist.
        storage: ``mcap`` or ``sqlite3``.
        compression: ``zstd`` (per chunk for MCAP, per message for SQLite) or ``none``.

    Raises:
        BagError: when ``path`` exists or cannot be written, or an option is unknown.
    """

    def __init__(self, path: str | Path, *, storage: str = "mcap", compression: str = "zstd") -> None:
        self.path = Path(path)
        if self.path.exists():
            raise BagError(f"{self.path} exists already and is not overwritten; remove it or choose another name")
        if storage not in STORAGES or compression not in ("zstd", "none"):
            raise BagError(
                f"storage {storage!r} with compression {compression!r} is unknown; use mcap|sqlite3 and zstd|none"
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._partial = Path(tempfile.mkdtemp(dir=self.path.parent, prefix=f".{self.path.name}."))
        except OSError as error:
            raise BagError(f"cannot write to {self.path.parent}: {error.strerror}; choose a writable folder") from error
        self._writer = Writer(self._partial / self.path.name, version=BAG_VERSION, storage_plugin=STORAGES[storage])
        if compression == "zstd":
            mode = CompressionMode.STORAGE if storage == "mcap" else CompressionMode.MESSAGE
            self._writer.set_compression(mode, CompressionFormat.ZSTD)
        self._writer.open()
        self._types = get_typestore(Stores.ROS2_KILTED)
        self._connections: dict[str, Connection] = {}
        self._open = True

    def write(self, topic: str, message: Encoded, log_time_ns: int) -> None:
        """Append a message; a topic without a leading '/' gets one.

        Raises:
            BagError: for a closed recording, an unknown type or field, a second type on a topic, a full disk.
        """
        connection = self._connection_of(topic, message.type_name)
        data = self._types.serialize_cdr(self._message(message.type_name, message.fields), message.type_name)
        self._append(connection, data, log_time_ns)

    def write_serialized(self, topic: str, type_name: str, data: bytes, log_time_ns: int) -> None:
        """Append a message as it came over the wire (CDR with its encapsulation header); nothing is decoded.

        Raises:
            BagError: for a closed recording, an unknown type, a second type on a topic, a full disk.
        """
        self._append(self._connection_of(topic, type_name), data, log_time_ns)

    def _connection_of(self, topic: str, type_name: str) -> Connection:
        if not self._open:
            raise BagError(f"{self.path} is closed; write to it before close()")
        return self._connection(topic if topic.startswith("/") else "/" + topic, type_name)

    def _append(self, connection: Connection, data: bytes | memoryview, log_time_ns: int) -> None:
        try:
            self._writer.write(connection, int(log_time_ns), data)
        except OSError as error:
            raise BagError(
                f"cannot write {self.path}: {error.strerror}; free space on the disk and record again"
            ) from error

    def close(self) -> None:
        """Finish the recording and give it its final name; a second call does nothing.

        Raises:
            BagError: when the disk is full or the name was taken meanwhile; nothing half-written is left.
        """
        if not self._open:
            return
        self._open = False
        try:
            self._writer.close()
            for file in (self._partial / self.path.name).glob("*.mcap"):
                seal(file)
            (self._partial / self.path.name).rename(self.path)
        except OSError as error:
            raise BagError(
                f"cannot finish {self.path}: {error.strerror}; free space on the disk and record again"
            ) from error
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def __enter__(self) -> "BagWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif self._open:
            self._open = False
            self._writer.abort()
            shutil.rmtree(self._partial, ignore_errors=True)

    def _connection(self, topic: str, type_name: str) -> Connection:
        known = self._connections.get(topic)
        if known is None:
            if type_name not in self._types.fielddefs:
                raise BagError(f"message type {type_name!r} is unknown; write one of common_interfaces")
            qos = [LATCHED] if topic == "/tf_static" else []
            known = self._writer.add_connection(topic, type_name, typestore=self._types, offered_qos_profiles=qos)
            self._connections[topic] = known
        elif known.msgtype != type_name:
            raise BagError(f"{topic} holds {known.msgtype} already, not {type_name}; use one topic per type")
        return known

    def _message(self, type_name: str, fields: dict[str, Any]) -> object:
        """rosbags' object for plain fields; what is left out is zero."""
        definition = self._types.fielddefs[type_name][1]
        unknown = set(fields).difference(name for name, _ in definition)
        if unknown:
            raise BagError(f"{type_name} has no field {sorted(unknown)}; it has {[name for name, _ in definition]}")
        values = {name: self._value(kind, fields.get(name)) for name, kind in definition}
        return cast(Callable[..., object], self._types.types[type_name])(**values)

    def _value(self, kind: Any, value: Any) -> Any:
        """A field by its definition: (BASE, (name, _)), (NAME, type), (ARRAY | SEQUENCE, (item kind, length))."""
        node, detail = kind
        if node == Nodetype.BASE:
            return ZERO.get(detail[0], 0) if value is None else value
        if node == Nodetype.NAME:
            return self._message(detail, {} if value is None else value)
        item, length = detail
        if item[0] == Nodetype.BASE and item[1][0] not in ("string", "wstring"):
            dtype = np.dtype(DTYPES.get(item[1][0], item[1][0]))
            if value is None:
                return np.zeros(length if node == Nodetype.ARRAY else 0, dtype)
            return np.ascontiguousarray(value, dtype)
        if value is None:
            return [self._value(item, None) for _ in range(length if node == Nodetype.ARRAY else 0)]
        return [self._value(item, v) for v in value]

# SPDX-License-Identifier: Apache-2.0
"""Saves what is left of an MCAP file that was cut off, by reading its records in order (mcap.dev, format 0)."""

import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]
from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader, StoragePlugin, Writer

from mm_nav.errors import BagError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MCAP_MAGIC = b"\x89MCAP0\r\n"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SCHEMA, CHANNEL, MESSAGE, CHUNK = 3, 4, 5, 6
KNOWN_OPCODES = range(1, 16)


def read_zstd(data: bytes | memoryview) -> bytes:
    """Decompress one zstd frame."""
    return zstd.decompress(data)


def recover_mcap(source: Path, target: Path) -> tuple[Path, int]:
    """Copy every readable message into a new folder; returns the data file in it and how many messages it holds.

    Raises:
        BagError: what was written is not what is read back.
    """
    schemas: dict[int, tuple[str, str]] = {}
    channels: dict[int, Connection] = {}
    count = 0
    with source.open("rb") as stream, Writer(target, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        stream.seek(len(MCAP_MAGIC))
        for opcode, body in _records(stream):
            if opcode == SCHEMA:
                number, name, encoding, definition = _schema(body)
                if encoding in ("ros2msg", "ros2idl"):
                    schemas[number] = (name, definition)
            elif opcode == CHANNEL:
                number, schema, topic, serialization = _channel(body)
                if number not in channels and schema in schemas:
                    name, definition = schemas[schema]
                    channels[number] = writer.add_connection(
                        topic, name, msgdef=definition, rihs01="unknown", serialization_format=serialization
                    )
            elif opcode == MESSAGE:
                number, _, log_time_ns, _ = struct.unpack_from("<HIQQ", body)
                if number in channels:
                    writer.write(channels[number], log_time_ns, body[22:])
                    count += 1
    again = _count(target) if count else 0
    if again != count:
        raise BagError(f"{source}: {count} messages were saved and {again} can be read back; free space in the temporary folder, or record it again")
    return target / f"{target.name}.mcap", count


def _count(folder: Path) -> int:
    """Messages that a reader finds in a recording."""
    count = 0
    with suppress(Exception), Reader(folder) as reader:  # damaged files break rosbags in many ways
        for _ in reader.messages():
            count += 1
    return count


def _records(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Opcode and body of each whole record, chunks opened; ends where the file does, or stops making sense."""
    while len(head := stream.read(9)) == 9:
        opcode, size = head[0], int.from_bytes(head[1:], "little")
        if opcode not in KNOWN_OPCODES:
            return
        if opcode == CHUNK:
            yield from _chunk(stream.read(size))
            continue
        body = stream.read(size)
        if len(body) < size:
            return
        yield opcode, body


def _chunk(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Records of a chunk, even when its end is missing."""
    with suppress(struct.error, UnicodeDecodeError):
        compression, at = _string(body, 28)
        data = body[at + 8 :]
        if compression == "zstd":
            data = _zstd_so_far(data)
        elif compression == "lz4":
            data = LZ4FrameDecompressor().decompress(data)
        yield from _records(BytesIO(data))


def _zstd_so_far(data: bytes) -> bytes:
    out, opened = bytearray(), zstd.ZstdDecompressor()
    with suppress(zstd.ZstdError):
        out += opened.decompress(data)
    return bytes(out)


def _string(body: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from("<I", body, at)
    return body[at + 4 : at + 4 + size].decode(), at + 4 + size


def _schema(body: bytes) -> tuple[int, str, str, str]:
    (number,) = struct.unpack_from("<H", body)
    name, at = _string(body, 2)
    encoding, at = _string(body, at)
    definition, _ = _string(body, at)
    return number, name, encoding, definition


def _channel(body: bytes) -> tuple[int, int, str, str]:
    number, schema = struct.unpack_from("<HH", body)
    topic, at = _string(body, 4)
    serialization, _ = _string(body, at)
    return number, schema, topic, serialization

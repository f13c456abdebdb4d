# SPDX-License-Identifier: Apache-2.0
"""The quick way through MCAP files as rosbag2 and we write them: mapped into memory, chunks opened ahead in threads, no copies.

It only takes what is simple: an index in every file, messages in chunks, files one after the other in time. It checks what rosbags
checks, and gives the same order. Whatever it stumbles over, it stops before the chunk in question, and rosbags reads on from there and says what is wrong: see
reader.py. Knows the container (mcap.dev, format 0) and no message.
"""

import mmap
import struct
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

from lz4.frame import decompress as lz4_decompress  # type: ignore[import-untyped]

from mm_nav.bags.recover import MCAP_MAGIC, MESSAGE, read_zstd

try:
    from isal.isal_zlib import crc32  # ten times as fast
except ImportError:  # pragma: no cover
    from binascii import crc32

FOOTER, CHANNEL, CHUNK, CHUNK_INDEX, STATISTICS = 2, 4, 6, 8, 11
FOOTER_SIZE = 37  # with the end mark
AHEAD, THREADS = 3, 2  # chunks that are opened before they are asked for
SMALL = 65_536  # bytes
OPEN: dict[str, Callable[[memoryview], bytes | memoryview]] = {"": lambda data: data, "zstd": read_zstd, "lz4": lz4_decompress}
Message = tuple[int, int, str, bytes | memoryview]  # log time, place of its chunk, topic, CDR


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where one is: its file's bytes, first and last log time, place, compression, sizes, and which channels are in it."""

    data: memoryview
    first_ns: int
    last_ns: int
    start: int
    compression: str
    compressed: int
    size: int
    channels: frozenset[int]
    topics: dict[int, str]


def files_of(reader: Any) -> list[Path]:
    """The files that rosbags' reader reads from; none where one of them is no MCAP file, or it does not tell."""
    try:
        storages = [storage for one in reader.readers for storage in getattr(one.storage, "storages", [one.storage])]
        found = [Path(storage.path) for storage in storages]
    except (AttributeError, TypeError):
        return []
    return found if all(file.suffix == ".mcap" for file in found) else []


def chunks_of(files: Sequence[Path]) -> list[Chunk] | None:
    """Chunks of all files in the order of their messages; None for files that are not as simple as that."""
    try:
        parts = [_chunks(file) for file in files]
    except (OSError, ValueError, IndexError, struct.error):
        return None
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None
    known.sort(key=lambda part: part[0].first_ns)
    if any(max(c.last_ns for c in a) >= b[0].first_ns for a, b in pairwise(known)):
        return None
    return [chunk for part in known for chunk in part]


def messages(chunks: Sequence[Chunk], topics: Collection[str]) -> Iterator[list[Message]]:
    """Messages of some topics by log time, those of one time by place, as views into the file or into an opened chunk.

    Raises:
        Exception: of any kind, where the first message of a damaged chunk would be due.
    """
    wanted = [c for c in chunks if any(c.topics[n] in topics for n in c.channels)]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="chunk") as pool:
        opened: deque[Future[list[Message]]] = deque(pool.submit(_read, chunk, topics) for chunk in wanted[:AHEAD])
        held: list[Message] = []  # until no chunk is left that may hold an earlier one
        try:
            for i, chunk in enumerate(wanted):
                due = bisect_left(held, chunk.first_ns, key=itemgetter(0))
                yield held[:due]
                if i + AHEAD < len(wanted):
                    opened.append(pool.submit(_read, wanted[i + AHEAD], topics))
                held = held[due:] + opened.popleft().result()
                held.sort(key=itemgetter(0, 1))
            yield held
        finally:
            for future in opened:
                future.cancel()


def _read(chunk: Chunk, topics: Collection[str]) -> list[Message]:
    head = chunk.start + 9
    (checksum,) = struct.unpack_from("<I", chunk.data, head + 24)
    packed = chunk.data[head + 40 + len(chunk.compression) :][: chunk.compressed]
    data = memoryview(OPEN[chunk.compression](packed))
    if len(packed) != chunk.compressed or len(data) != chunk.size or (checksum and crc32(data) != checksum):
        raise ValueError(f"chunk at {chunk.start} is damaged")
    found, at = list[Message](), 0
    kept = {number: topic for number, topic in chunk.topics.items() if topic in topics}
    while at < chunk.size:
        opcode, size = data[at], int.from_bytes(data[at + 1 : at + 9], "little")
        end = at + 9 + size
        if end > chunk.size:
            raise ValueError(f"record at {at} of the chunk at {chunk.start} is longer than that")
        if opcode == MESSAGE:
            channel, _, log_time_ns, _ = struct.unpack_from("<HIQQ", data, at + 9)
            if channel in kept and chunk.first_ns <= log_time_ns <= chunk.last_ns:
                message = data[at + 31 : end]  # a small one shall not keep all of its chunk in memory
                found.append((log_time_ns, chunk.start, kept[channel], bytes(message) if len(message) < SMALL else message))
        at = end
    return found


def _chunks(file: Path) -> list[Chunk] | None:
    """Chunks of one file as its index tells; None where that is missing, or tells of more than chunks."""
    if file.suffix != ".mcap" or file.stat().st_size < FOOTER_SIZE + len(MCAP_MAGIC):
        return None
    with file.open("rb") as stream:
        data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    footer = len(data) - FOOTER_SIZE
    if data[: len(MCAP_MAGIC)] != MCAP_MAGIC or data[-len(MCAP_MAGIC) :] != MCAP_MAGIC or data[footer] != FOOTER:
        return None
    (at,) = struct.unpack_from("<Q", data, footer + 9)
    topics: dict[int, str] = {}
    rows: list[tuple[int, int, int, str, int, int, frozenset[int]]] = []
    promised = -1
    if not 0 < at <= footer:
        return None
    while at < footer:
        opcode, size = data[at], int.from_bytes(data[at + 1 : at + 9], "little")
        body = data[at + 9 : at + 9 + size]
        at += 9 + size
        if opcode == CHANNEL:
            number, _, length = struct.unpack_from("<HHI", body)
            topics[number] = bytes(body[8 : 8 + length]).decode()
        elif opcode == STATISTICS:
            (promised,) = struct.unpack_from("<I", body, 22)
        elif opcode == CHUNK_INDEX:
            rows.append(_row(body))
    rows.sort(key=itemgetter(0, 2))
    whole = len(rows) == promised and all(data[r[2]] == CHUNK and r[3] in OPEN and r[6] <= topics.keys() for r in rows)
    return [Chunk(data, *row, topics) for row in rows] if whole else None


def _row(body: memoryview) -> tuple[int, int, int, str, int, int, frozenset[int]]:
    first_ns, last_ns, start, _, listed = struct.unpack_from("<QQQQI", body)
    channels = frozenset(struct.unpack_from("<H", body, at)[0] for at in range(36, 36 + listed, 10))
    at = 36 + listed + 8
    (length,) = struct.unpack_from("<I", body, at)
    compression = bytes(body[at + 4 : at + 4 + length]).decode()
    compressed, size = struct.unpack_from("<QQ", body, at + 4 + length)
    return first_ns, last_ns, start, compression, compressed, size, channels

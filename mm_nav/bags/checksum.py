# SPDX-License-Identifier: Apache-2.0
"""Gives the chunks of an MCAP file their CRC (mcap.dev, format 0). rosbags checks it when it reads, and does not write it.

Without it a zeroed block in a picture goes unseen: pictures do not compress further, so that damage to them still unpacks.
"""

import struct
from binascii import crc32
from pathlib import Path

from mm_nav.bags.recover import CHUNK, MCAP_MAGIC, read_zstd

CRC_AT = 24  # in a chunk, after its start time, end time and uncompressed size
DATA_END = 15


def seal(file: Path) -> None:
    """Write the CRC of every chunk's uncompressed records into ``file``; one chunk at a time is in memory."""
    with file.open("r+b") as stream:
        stream.seek(len(MCAP_MAGIC))
        while len(head := stream.read(9)) == 9 and head[0] != DATA_END:
            start, size = stream.tell(), int.from_bytes(head[1:], "little")
            if head[0] == CHUNK:
                body = stream.read(size)
                (named,) = struct.unpack_from("<I", body, CRC_AT + 4)
                records = memoryview(body)[CRC_AT + 8 + named + 8 :]
                stream.seek(start + CRC_AT)
                stream.write(struct.pack("<I", crc32(read_zstd(records) if named else records)))
            stream.seek(start + size)

# SPDX-License-Identifier: Apache-2.0
"""What is written has checksums that other readers confirm, and that show damage which still unpacks."""

from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.records import Chunk
from mcap.stream_reader import CRCValidationError, StreamReader

from mm_nav import cli
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.errors import DamagedBagError
from mm_nav.wire.message import Encoded, header_fields

PICTURES = [np.random.default_rng(seed).integers(1, 255, 600_000, np.uint8) for seed in range(4)]  # as dense as a JPEG, without a zero


def record(path: Path, compression: str) -> Path:
    with BagWriter(path, compression=compression) as writer:
        for i, data in enumerate(PICTURES):
            fields = {"header": header_fields(i + 1, "eye"), "format": "jpeg", "data": data}
            writer.write("camera/eye/image/compressed", Encoded("sensor_msgs/msg/CompressedImage", fields), i + 1)
    (file,) = path.glob("*.mcap")
    return file


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_every_chunk_has_a_checksum_that_the_reference_reader_confirms(tmp_path: Path, compression: str) -> None:
    file = record(tmp_path / "bag", compression)
    with file.open("rb") as stream:
        chunks = [r for r in StreamReader(stream, emit_chunks=True, validate_crcs=True).records if isinstance(r, Chunk)]
    assert len(chunks) > 1
    assert all(chunk.uncompressed_crc for chunk in chunks)
    with file.open("rb") as stream:
        assert sum(1 for _ in make_reader(stream, validate_crcs=True).iter_messages()) == len(PICTURES)


@pytest.mark.parametrize("compression", ["zstd", "none"])
@pytest.mark.fault("B04")
def test_a_zeroed_block_in_a_picture_is_damage(tmp_path: Path, compression: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = record(tmp_path / "bag", compression)
    data = bytearray(file.read_bytes())
    middle = data.find(PICTURES[2].tobytes()[300_000:300_064])
    assert middle > 0, "the picture is stored as it is"
    data[middle : middle + 1024] = bytes(1024)
    file.write_bytes(bytes(data))
    assert cli.main(["inspect", str(tmp_path / "bag")]) == 3
    assert "checksum" in capsys.readouterr().err
    with BagReader(tmp_path / "bag") as reader, pytest.raises(DamagedBagError, match=r"recovered \d of 4 messages"):
        list(reader.messages())
    with file.open("rb") as stream, pytest.raises(CRCValidationError):
        list(make_reader(stream, validate_crcs=True).iter_messages())

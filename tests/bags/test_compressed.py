# SPDX-License-Identifier: Apache-2.0
"""Recordings that are compressed, and larger than the memory that reading them may take; and what is saved of damaged ones."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from mm_nav.bags import recover
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.errors import BagError, DamagedBagError
from mm_nav.wire import encode_string

COUNT, BYTES = 100, 1_000_000
MOST_BYTES = 25_000_000  # of the 100 MB of the recording: a few chunks at a time
KINDS = [
    (StoragePlugin.SQLITE3, CompressionMode.FILE), (StoragePlugin.SQLITE3, CompressionMode.MESSAGE), (StoragePlugin.SQLITE3, CompressionMode.NONE),
    (StoragePlugin.MCAP, CompressionMode.FILE), (StoragePlugin.MCAP, CompressionMode.MESSAGE), (StoragePlugin.MCAP, CompressionMode.STORAGE),
]  # fmt: skip


def record(path: Path, storage: StoragePlugin, mode: CompressionMode) -> Path:
    """A hundred clouds of a megabyte, as ``ros2 bag record --compression-mode`` leaves them."""
    types = get_typestore(Stores.ROS2_KILTED)
    header = types.types["std_msgs/msg/Header"](types.types["builtin_interfaces/msg/Time"](1, 2), "lidar")
    noise = np.tile(np.random.default_rng(0).integers(0, 256, BYTES // 100, np.uint8), 100)
    cloud = types.types["sensor_msgs/msg/PointCloud2"](header, 1, BYTES, [], False, 1, BYTES, noise, True)
    data = types.serialize_cdr(cloud, "sensor_msgs/msg/PointCloud2")
    writer = Writer(path, version=9, storage_plugin=storage)
    if mode != CompressionMode.NONE:
        writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection("/lidar/points", "sensor_msgs/msg/PointCloud2", typestore=types)
        for i in range(COUNT):
            writer.write(connection, i + 1, data)
    return path


@pytest.mark.fault("B12")
@pytest.mark.parametrize(("storage", "mode"), KINDS, ids=[f"{s.name} {m.name}".lower() for s, m in KINDS])
def test_a_compressed_recording_is_read_in_a_quarter_of_its_size(tmp_path: Path, storage: StoragePlugin, mode: CompressionMode) -> None:
    path = record(tmp_path / "bag", storage, mode)
    tracemalloc.start()
    try:
        with BagReader(path) as reader:
            sizes = [len(message.msg.data) for message in reader.messages()]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sizes == [BYTES] * COUNT
    assert peak < MOST_BYTES


@pytest.mark.fault("B12")
def test_a_compressed_file_without_metadata_is_named_with_how_to_unpack_it(tmp_path: Path) -> None:
    path = record(tmp_path / "bag", StoragePlugin.SQLITE3, CompressionMode.FILE)
    (path / "metadata.yaml").unlink()
    with pytest.raises(BagError, match=r"metadata\.yaml is missing.*zstd -d bag\.db3\.zstd"):
        BagReader(path)


def cut_off(path: Path) -> Path:
    with BagWriter(path) as writer:
        for i in range(200):
            writer.write("command", encode_string(f"{i} " + "x" * 1000), i)
    (file,) = path.glob("*.mcap")
    file.write_bytes(file.read_bytes()[:-200])
    return path


@pytest.mark.fault("B14")
def test_what_was_saved_is_read_again_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cut_off(tmp_path / "bag")
    with BagReader(path, allow_partial=True) as reader:
        whole = sum(1 for _ in reader.messages())
    assert whole > 0

    class Careless(Writer):  # as a repair that says that all went well
        def close(self) -> None:
            super().close()
            (file,) = self.path.glob("*.mcap")
            file.write_bytes(file.read_bytes()[:100])

    monkeypatch.setattr(recover, "Writer", Careless)
    with pytest.raises(BagError, match=rf"{whole} messages were saved and 0 can be read back"):
        BagReader(path, allow_partial=True)


@pytest.mark.fault("B14")
def test_a_repaired_recording_that_is_still_damaged_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mm_nav import cli

    path: Any = tmp_path / "repaired"
    with BagWriter(path, compression="none") as writer:
        for i in range(200):
            writer.write("command", encode_string(f"{i} " + "x" * 30_000), i)
    (file,) = path.glob("*.mcap")
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 300_000] = bytes(300_000)  # its end mark is whole: a repair would leave it as it is
    file.write_bytes(raw)
    with BagReader(path) as reader, pytest.raises(DamagedBagError, match=r"recovered \d+ of 200"):
        list(reader.messages())
    assert cli.main(["inspect", str(path)]) != 0
    assert "recovered" in capsys.readouterr().err

# SPDX-License-Identifier: Apache-2.0
"""A recording of pictures, scans and 100 Hz IMU from end to end, decoded to numpy: our reader against rosbags.

Both are open already, and give message objects whose data are numpy arrays. Both check the chunks' checksums. The file is in the page cache, as a training's
is after its first epoch.
"""

import importlib.metadata
import tempfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from mm_nav import wire
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.bench import Row, require, take_turns, versus
from mm_nav.core.types import CameraImage
from mm_nav.wire.message import Encoded

LIMIT_ZSTD = "zstd itself: a chunk is opened by one library call, on as many threads as there are cores; both sides wait for it"


def record(path: Path, compression: str, instants: int) -> int:
    """Like a robot's: half of a picture is smooth, half is texture. Returns the bytes of all messages."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (720, 1280, 3), np.uint8)
    rgb[:, :640] //= 32
    scan = np.zeros((131_072, 4), np.float32)
    scan[:, :3] = np.round(rng.normal(0, 10, (len(scan), 3)), 2)
    fields = [{"name": name, "offset": 4 * i, "datatype": 7, "count": 1} for i, name in enumerate(("x", "y", "z", "intensity"))]
    with BagWriter(path, compression=compression) as writer:
        for k in range(instants):
            at = 10**11 + k * 10**8
            header = {"stamp": {"sec": at // 10**9, "nanosec": at % 10**9}, "frame_id": "lidar"}
            writer.write("camera/front/image", wire.encode_image(CameraImage(stamp_ns=at, frame_id="camera", rgb=np.roll(rgb, k, 0))), at)
            cloud = {"header": header, "height": 64, "width": 2048, "fields": fields, "point_step": 16, "row_step": 32768, "is_dense": True,
                     "data": scan.view(np.uint8).ravel()}  # fmt: skip
            writer.write("lidar/points", Encoded("sensor_msgs/msg/PointCloud2", cloud), at + 1000)
            for j in range(10):
                writer.write("imu", Encoded("sensor_msgs/msg/Imu", {"header": header}), at + 2000 + j * 10**7)
    return instants * (rgb.nbytes + scan.nbytes)


def rows(quick: bool) -> list[Row]:
    """Time both; equal first: topic, time and checksum of the data of every message."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for compression, id_, target in (("none", "B9", 10.0), ("zstd", "B9z", 2.5)):
            path = Path(scratch) / compression
            size = record(path, compression, 6 if quick else 30)

            with BagReader(path) as ours, AnyReader([path], default_typestore=get_typestore(Stores.ROS2_KILTED)) as theirs:
                require([(m.topic, m.log_time_ns, _sum(m.msg)) for m in ours.messages()]
                        == [(c.topic, at, _sum(theirs.deserialize(data, c.msgtype))) for c, at, data in theirs.messages()],
                        f"messages of the {compression} recording differ")  # fmt: skip
                times = take_turns(
                    {
                        "mm_nav BagReader": partial(_read_ours, ours),
                        f"rosbags {importlib.metadata.version('rosbags')} AnyReader": partial(_read_theirs, theirs),
                    },
                    repeat=1 if quick else 2,
                )  # fmt: skip
            speed = {f"{name.split()[0]}_MB_s": size / 1e3 / ms for name, ms in times.items()}
            found.append(versus(f"bags_{compression}", times, check="topic, log time and CRC-32 of the data of every message", id=id_,
                                targets=(target,), figures=speed, limit=LIMIT_ZSTD if compression == "zstd" else ""))  # fmt: skip
    return found


def _read_ours(reader: BagReader) -> int:
    return sum(1 for message in reader.messages() if message.msg is not None)


def _read_theirs(reader: AnyReader) -> int:
    return sum(1 for connection, _, data in reader.messages() if reader.deserialize(data, connection.msgtype) is not None)


def _sum(msg: object) -> int:
    return zlib.crc32(getattr(msg, "data", b""))

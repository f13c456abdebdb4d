# SPDX-License-Identifier: Apache-2.0
"""From a message's bytes to numpy and from numpy to a message, in one process.

B3: serialized 720p picture and 131,072-point cloud, as a subscription has them, to an array of pixels or points of bytes. Ours
reads the header and shares the bytes (``wire.cdr``); the peer is ``rclpy.serialization.deserialize_message`` and
``np.frombuffer``. B4: an array into the message, ready to publish. Ours is ``ros.messages`` (``array.array``); the peers
are what tutorials write: ``msg.data = picture.tobytes()`` and ``grid.data = cells.tolist()``.
"""

import numpy as np

from benchmarks.process import require_ros
from mm_nav.bench import Row, require, take_turns, versus

IMAGE, CLOUD, GRID = "sensor_msgs/msg/Image", "sensor_msgs/msg/PointCloud2", "nav_msgs/msg/OccupancyGrid"
POINTS, SIDE = 131_072, 512


def rows(quick: bool) -> list[Row]:
    """Time all; equal first: the same bytes on both sides."""
    version = require_ros()
    repeat = 3 if quick else 40
    return [_read(IMAGE, _image(), repeat, version), _read(CLOUD, _cloud(), repeat, version),
            _write_image(repeat, version), _write_grid(repeat, version)]  # fmt: skip


def _image() -> dict:
    rgb = np.arange(720 * 1280 * 3, dtype=np.uint32).astype(np.uint8)
    return {"header": {"frame_id": "camera"}, "height": 720, "width": 1280, "encoding": "rgb8", "step": 3840, "data": rgb}


def _cloud() -> dict:
    points = np.random.default_rng(0).normal(size=(POINTS, 4)).astype("<f4")
    fields = [{"name": n, "offset": 4 * i, "datatype": 7, "count": 1} for i, n in enumerate(("x", "y", "z", "intensity"))]
    return {"header": {"frame_id": "lidar"}, "height": 64, "width": POINTS // 64, "fields": fields, "point_step": 16,
            "row_step": POINTS // 4, "data": points.reshape(-1).view(np.uint8), "is_dense": True}  # fmt: skip


def _read(type_name: str, fields: dict, repeat: int, version: str) -> Row:
    from rclpy.serialization import deserialize_message, serialize_message

    from mm_nav.ros.messages import build, message_class, reader

    kind, read = message_class(type_name), reader(type_name)
    data = bytes(serialize_message(build(type_name, fields)))
    if read is None:
        raise AssertionError(type_name)
    ours, theirs = read(data), deserialize_message(data, kind)
    require(bytes(ours.data) == bytes(theirs.data) == bytes(fields["data"]), f"{type_name}: data differ")
    require((ours.width, ours.header.frame_id) == (theirs.width, theirs.header.frame_id), f"{type_name}: header differs")
    times = take_turns(
        {"mm_nav wire.cdr view": lambda: np.asarray(read(data).data),
         f"rclpy {version} deserialize_message, np.frombuffer": lambda: np.frombuffer(deserialize_message(data, kind).data, np.uint8)},
        repeat=repeat,
    )  # fmt: skip
    name = "picture" if type_name == IMAGE else "cloud"
    return versus(f"read_{name}", times, check=f"all {len(fields['data'])} bytes, width and frame", id="B3", targets=(150,),
                  limit="cProfile: 60 % is the interpreter in the reader's one function, the rest its seven small calls; no byte is copied", versions={"rclpy": version})  # fmt: skip


def _write_image(repeat: int, version: str) -> Row:
    from sensor_msgs.msg import Image

    from mm_nav.ros.messages import build

    fields = _image()
    rgb = fields["data"].reshape(720, 1280, 3)

    def theirs() -> object:
        msg = Image(height=720, width=1280, encoding="rgb8", step=3840)
        msg.header.frame_id = "camera"
        msg.data = rgb.tobytes()
        return msg

    require(build(IMAGE, fields) == theirs(), "pictures differ")
    times = take_turns({"mm_nav ros.messages": lambda: build(IMAGE, fields), f"rclpy {version}, msg.data = tobytes()": theirs}, repeat=repeat)
    return versus("write_picture", times, check="messages are equal", id="B4", targets=(15,), versions={"rclpy": version},
                  limit="one copy of 2.8 MB into array.array is left, which rclpy wants; warm, the two copies of bytes cost no more")  # fmt: skip


def _write_grid(repeat: int, version: str) -> Row:
    from nav_msgs.msg import OccupancyGrid

    from mm_nav.ros.messages import build

    cells = np.random.default_rng(0).integers(-1, 101, (SIDE, SIDE)).astype(np.int8)
    fields = {"info": {"width": SIDE, "height": SIDE, "resolution": 0.25}, "data": cells.reshape(-1)}

    def theirs() -> object:
        msg = OccupancyGrid()
        msg.info.width, msg.info.height, msg.info.resolution = SIDE, SIDE, 0.25
        msg.data = cells.flatten().tolist()
        return msg

    require(build(GRID, fields) == theirs(), "grids differ")
    times = take_turns({"mm_nav ros.messages": lambda: build(GRID, fields), f"rclpy {version}, msg.data = tolist()": theirs}, repeat=repeat)
    return versus("write_grid", times, check="messages are equal", id="B4", targets=(200,), versions={"rclpy": version},
                  limit="of our time most is the message's own constructors (header, info, pose), not the cells")  # fmt: skip

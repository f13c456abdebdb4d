# SPDX-License-Identifier: Apache-2.0
"""Recordings that mm_nav writes."""

import errno
from pathlib import Path

import numpy as np
import pytest

from mm_nav import wire
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.core.config import BevGrid
from mm_nav.core.types import CameraImage, CameraModel, Odometry, Plan, PointCloud, Velocity
from mm_nav.errors import BagError

IMAGE = CameraImage(stamp_ns=10, frame_id="c", rgb=np.arange(36, dtype=np.uint8).reshape(3, 4, 3))
CLOUD = PointCloud(
    stamp_ns=10, frame_id="l", xyz=np.ones((3, 3), np.float32), intensity=np.ones(3, np.float32),
    velocity=np.full(3, np.nan, np.float32),
)  # fmt: skip
STILL = Odometry(
    stamp_ns=10, frame_id="odom", child_frame_id="base_link", T_odom_base=np.eye(4), linear=np.zeros(3), angular=np.zeros(3)
)
PLAN = Plan(stamp_ns=10, path=np.array([[0.0, 0], [1, 1]]), stop=False, state="drive")
STATUS = wire.Status(name="fusion", level=2, message="HOLD", values={"age": "1.2"})
BOX = wire.LabelledBox(id=4, label="cone", text="red cone", center=np.ones(3), size=np.ones(3), yaw=0.5)
EVERYTHING = {
    "camera/front/image": wire.encode_image(IMAGE),
    "camera/front/camera_info": wire.encode_camera_info(CameraModel(frame_id="c", width=4, height=3, K=np.eye(3)), 10),
    "lidar/points": wire.encode_point_cloud(CLOUD, radar=False),
    "radar/points": wire.encode_point_cloud(CLOUD, radar=True),
    "odom": wire.encode_odometry(STILL),
    "command": wire.encode_string("go to the red cone / 去红色锥桶"),
    "/tf_static": wire.encode_transforms([("base_link", "lidar", np.eye(4))], 0),
    "occupancy": wire.encode_grid(np.full((96, 96), np.nan, np.float32), BevGrid(), 10, "base_link"),
    "objects": wire.encode_boxes([BOX], 10),
    "goal_pose": wire.encode_goal_pose(np.ones(2), 10, "base_link"),
    "plan": wire.encode_plan(PLAN),
    "cmd_vel": wire.encode_velocity(Velocity(linear=0.1, angular=0.2), 10, True),
    "cmd_vel_plain": wire.encode_velocity(Velocity(linear=0.1, angular=0.2), 10, False),
    "diagnostics": wire.encode_diagnostics([STATUS], 10),
    "command_status": wire.encode_command_status(wire.Status(name="", level=0, message="accepted")),
}


def record(path, **options):
    with BagWriter(path, **options) as writer:
        for i, (topic, encoded) in enumerate(EVERYTHING.items()):
            writer.write(topic, encoded, 1000 + i)
    return path


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_everything_that_is_written_is_read_again(tmp_path, storage, compression):
    path = record(tmp_path / "bag", storage=storage, compression=compression)
    with BagReader(path) as reader:
        messages = list(reader.messages())
    assert [m.topic for m in messages] == ["/" + topic.lstrip("/") for topic in EVERYTHING]
    assert [m.log_time_ns for m in messages] == list(range(1000, 1000 + len(EVERYTHING)))
    assert [m.type for m in messages] == [e.type_name for e in EVERYTHING.values()]
    found = {m.topic: m.msg for m in messages}
    np.testing.assert_array_equal(wire.decode_image(found["/camera/front/image"]).rgb, IMAGE.rgb)
    np.testing.assert_array_equal(wire.decode_point_cloud(found["/radar/points"]).xyz, CLOUD.xyz)
    assert found["/objects"].markers[1].text == "red cone"
    assert found["/command"].data.endswith("去红色锥桶")
    assert found["/diagnostics"].status[0].values[0].value == "1.2"


def test_the_official_mcap_reader_decodes_every_message(tmp_path):
    reader_module = pytest.importorskip("mcap.reader")
    decoder_module = pytest.importorskip("mcap_ros2.decoder")
    path = record(tmp_path / "bag")
    with (path / "bag.mcap").open("rb") as stream:
        reader = reader_module.make_reader(stream, decoder_factories=[decoder_module.DecoderFactory()])
        decoded = {channel.topic: message for _, channel, _, message in reader.iter_decoded_messages()}
        compressions = {chunk.compression for chunk in reader.get_summary().chunk_indexes}
    assert compressions == {"zstd"}
    assert len(decoded) == len(EVERYTHING)
    assert bytes(decoded["/camera/front/image"].data) == IMAGE.rgb.tobytes()
    assert decoded["/tf_static"].transforms[0].child_frame_id == "lidar"
    assert decoded["/objects"].markers[1].ns == "cone"


def test_static_transforms_are_recorded_as_latched(tmp_path):
    assert "durability: transient_local" in (record(tmp_path / "bag") / "metadata.yaml").read_text()


@pytest.mark.fault("B13")
def test_a_recording_is_not_there_until_it_is_complete(tmp_path):
    writer = BagWriter(tmp_path / "bag")
    writer.write("command", wire.encode_string("go"), 1)
    assert not (tmp_path / "bag").exists()
    writer.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bag"]


def test_an_error_while_recording_leaves_nothing_behind(tmp_path):
    with pytest.raises(RuntimeError, match="sensor"), BagWriter(tmp_path / "bag") as writer:  # noqa: PT012
        writer.write("command", wire.encode_string("go"), 1)
        raise RuntimeError("sensor broke")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("B13")
def test_a_full_disk_is_named_and_leaves_nothing_behind(tmp_path, monkeypatch):
    writer = BagWriter(tmp_path / "bag")

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer._writer, "close", full)
    with pytest.raises(BagError, match="No space left on device; free space"):
        writer.close()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_recording_is_not_overwritten(tmp_path):
    record(tmp_path / "bag")
    with pytest.raises(BagError, match="exists already"):
        BagWriter(tmp_path / "bag")


def test_wrong_use_is_named(tmp_path):
    with pytest.raises(BagError, match="'zip'"):
        BagWriter(tmp_path / "a", storage="zip")
    with BagWriter(tmp_path / "bag") as writer:
        writer.write("command", wire.encode_string("go"), 1)
        with pytest.raises(BagError, match="/command holds std_msgs/msg/String already"):
            writer.write("command", wire.encode_image(IMAGE), 1)
        with pytest.raises(BagError, match=r"no field \['words'\]; it has \['data'\]"):
            writer.write("command", wire.Encoded("std_msgs/msg/String", {"words": ""}), 1)
        with pytest.raises(BagError, match="'made_up/msg/Thing' is unknown"):
            writer.write("thing", wire.Encoded("made_up/msg/Thing", {}), 1)
    with pytest.raises(BagError, match="closed"):
        writer.write("command", wire.encode_string("go"), 1)


def test_serialized_messages_are_kept_byte_for_byte(tmp_path: Path) -> None:
    text = "去红色锥桶旁边".encode() + b"\0"
    data = b"\x00\x01\x00\x00" + len(text).to_bytes(4, "little") + text  # CDR, little-endian
    with BagWriter(tmp_path / "bag") as writer:
        writer.write_serialized("command", "std_msgs/msg/String", data, 5)
        with pytest.raises(BagError, match="holds std_msgs/msg/String already"):
            writer.write_serialized("command", "nav_msgs/msg/Odometry", data, 6)
    with BagReader(tmp_path / "bag") as reader:
        (message,) = reader.messages()
        assert (message.topic, message.log_time_ns, message.msg.data) == ("/command", 5, "去红色锥桶旁边")
    with pytest.raises(BagError, match="closed"):
        writer.write_serialized("command", "std_msgs/msg/String", data, 7)

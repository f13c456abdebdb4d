# SPDX-License-Identifier: Apache-2.0
"""Recordings that are whole, and recordings that are not."""

import sqlite3

import numpy as np
import pytest

from mm_nav import wire
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.errors import BagError

COUNT = 200


@pytest.fixture
def bag(tmp_path):
    """200 odd-sized messages in many chunks."""
    return record(tmp_path / "bag")


def record(path, **options):
    noise = np.random.default_rng(0)
    with BagWriter(path, **options) as writer:
        for i in range(COUNT):
            text = noise.integers(32, 127, 30_000, np.uint8).tobytes().decode()
            writer.write("command", wire.encode_string(f"{i} {text}"), i)
    return path


def data_file(bag):
    return next(f for f in bag.iterdir() if f.suffix in (".mcap", ".db3"))


def count(path, **options):
    with BagReader(path, **options) as reader:
        return sum(1 for _ in reader.messages())


def test_topics_are_listed_with_type_and_count(bag):
    with BagReader(bag) as reader:
        assert {name: (t.type, t.count, t.readable) for name, t in reader.topics.items()} == {
            "/command": ("std_msgs/msg/String", COUNT, True)
        }
        assert (reader.message_count, reader.duration_ns) == (COUNT, COUNT - 1)


def test_a_single_data_file_is_a_recording(bag):
    assert count(data_file(bag)) == COUNT


@pytest.mark.fault("B10")
def test_a_topic_that_is_not_there_is_named_with_those_that_are(bag):
    with BagReader(bag) as reader, pytest.raises(BagError, match=r"no topic '/odom'; it has \['/command'\]"):
        next(reader.messages(["/odom"]))


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("content", [None, "", "a: [", "rosbag2_bagfile_information: {}"])
@pytest.mark.fault("B01", "B02")
def test_missing_or_broken_metadata_is_rebuilt_with_a_warning(tmp_path, caplog, storage, content):
    bag = record(tmp_path / "bag", storage=storage)
    (bag / "metadata.yaml").unlink()
    if content is not None:
        (bag / "metadata.yaml").write_text(content)
    assert count(bag) == COUNT
    assert "data files instead" in caplog.text


@pytest.mark.fault("B03")
def test_a_truncated_mcap_is_named_with_its_remedy(bag):
    file = data_file(bag)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BagError, match=r"is cut off .*allow a partial read \(--allow-partial\), or repair it with `mcap recover bag.mcap`"):
        BagReader(bag)


@pytest.mark.parametrize("with_metadata", [True, False])
@pytest.mark.fault("B03")
def test_a_partial_read_recovers_what_is_left_of_a_truncated_mcap(bag, caplog, with_metadata):
    file = data_file(bag)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    if not with_metadata:
        (bag / "metadata.yaml").unlink()
    with BagReader(bag, allow_partial=True) as reader:
        numbers = [int(m.msg.data.split(" ", 1)[0]) for m in reader.messages()]
    assert numbers == list(range(len(numbers)))
    assert COUNT * 0.45 < len(numbers) < COUNT * 0.55
    assert f"recovered {len(numbers)} of {COUNT if with_metadata else 'an unknown number of'} messages" in caplog.text


@pytest.mark.parametrize("size", [9, 40, 100])
def test_an_mcap_with_nothing_left_is_named(bag, size):
    file = data_file(bag)
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(BagError, match="no message in it can be recovered"):
        BagReader(bag, allow_partial=True)


@pytest.mark.fault("B05")
def test_a_damaged_chunk_is_an_error_with_the_numbers(bag):
    file = data_file(bag)
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 300_000] = bytes(300_000)
    file.write_bytes(raw)
    with pytest.raises(BagError, match=r"recovered \d+ of 200 messages .*allow a partial read"):
        count(bag)
    assert 0 < count(bag, allow_partial=True) < COUNT


@pytest.mark.fault("B04")
def test_messages_that_are_missing_from_a_whole_file_are_counted(tmp_path):
    bag = record(tmp_path / "bag", storage="sqlite3")
    connection = sqlite3.connect(data_file(bag))
    connection.execute("DELETE FROM messages WHERE id > 12")
    connection.commit()
    connection.close()
    with pytest.raises(BagError, match="recovered 12 of 200 messages"):
        count(bag)
    assert count(bag, allow_partial=True) == 12


@pytest.mark.fault("B08")
def test_garbage_for_a_message_does_not_end_the_recording(tmp_path):
    bag = record(tmp_path / "bag", storage="sqlite3", compression="none")
    connection = sqlite3.connect(data_file(bag))
    connection.execute("UPDATE messages SET data = x'00010000ffffffff' WHERE id = 5")
    connection.commit()
    connection.close()
    with pytest.raises(BagError, match=r"recovered 199 of 200 messages .*/command"):
        count(bag)
    assert count(bag, allow_partial=True) == COUNT - 1


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(BagError, match=r"holds no \.mcap or \.db3 file; give a rosbag2 folder"):
        BagReader(tmp_path)


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(BagError, match="does not exist"):
        BagReader(tmp_path / "nothing")


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 4096, b"not a recording" * 50])
@pytest.mark.parametrize("with_metadata", [True, False])
@pytest.mark.fault("B06", "B07")
def test_a_data_file_that_is_none_is_one_line_with_a_remedy(tmp_path, storage, content, with_metadata):
    bag = record(tmp_path / "bag", storage=storage)
    data_file(bag).write_bytes(content)
    if not with_metadata:
        (bag / "metadata.yaml").unlink()
    with pytest.raises(BagError, match="; ") as caught:
        BagReader(bag)
    assert "\n" not in str(caught.value)
    assert "bag" in str(caught.value)


@pytest.mark.fault("B09")
def test_a_data_file_that_metadata_names_and_is_gone_is_named(bag):
    data_file(bag).unlink()
    with pytest.raises(BagError, match=r"bag\.mcap.*copy them back"):
        BagReader(bag)


def test_an_empty_serialization_format_is_named_with_what_to_write(bag):
    metadata = bag / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("serialization_format: cdr", "serialization_format: ''"))
    with pytest.raises(BagError, match="write `serialization_format: cdr`"):
        BagReader(bag)


def test_real_recordings_are_read_to_the_last_message(real_data):
    for name, expected in {"radiate_foggy": 279, "dgp_scene_01": 25, "two_lidars": 661, "mmwave_radar": 11152}.items():
        assert count(real_data / name / "bag") == expected


def test_a_ros_1_recording_reads_like_its_ros_2_copy(real_data):
    topic = "/husky_velocity_controller/odom"
    found = []
    for path in ("test1.bag", "bag"):
        with BagReader(real_data / "husky_odometry" / path) as reader:
            found.append([wire.decode_odometry(m.msg) for m in reader.messages([topic])])
    assert len(found[0]) == len(found[1]) == 3952
    assert all(a.stamp_ns == b.stamp_ns and (a.T_odom_base == b.T_odom_base).all() for a, b in zip(*found, strict=True))


@pytest.mark.fault("B10")
def test_an_unknown_message_type_is_listed_and_skipped(real_data, caplog):
    with BagReader(real_data / "nebula_radar" / "ars548" / "1708578204") as reader:
        [(topic, info)] = reader.topics.items()
        assert (info.type, info.count, info.readable) == ("nebula_msgs/msg/NebulaPackets", 2, False)
        assert list(reader.messages()) == []
    assert f"{topic} skipped" in caplog.text


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.fault("B11")
def test_messages_that_were_written_out_of_order_come_by_log_time(tmp_path, storage):
    times = np.random.default_rng(1).permutation(COUNT)
    with BagWriter(tmp_path / "bag", storage=storage) as writer:
        for time in times:
            writer.write("command", wire.encode_string(str(time) + " " * 30_000), int(time))
    with BagReader(tmp_path / "bag") as reader:
        assert [(m.log_time_ns, int(m.msg.data)) for m in reader.messages()] == [(i, i) for i in range(COUNT)]

# SPDX-License-Identifier: Apache-2.0
"""Which topic is which sensor, and when its readings were taken."""

from collections import Counter

import numpy as np
import pytest

from mm_nav import wire
from mm_nav.bags.playback import readings, source_name, sources, topic_uses
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.core.geometry import se3
from mm_nav.core.sync import SourceSpec, Synchronizer
from mm_nav.core.types import CameraImage, CameraModel, PointCloud, Utterance
from mm_nav.errors import BagError


def cloud(stamp_ns=5):
    empty = np.zeros(0, np.float32)
    return PointCloud(stamp_ns=stamp_ns, frame_id="lidar", xyz=np.zeros((0, 3), np.float32), intensity=empty, velocity=empty)


IMAGE = wire.encode_image(CameraImage(stamp_ns=5, frame_id="c", rgb=np.zeros((2, 2, 3), np.uint8)))
INFO = wire.encode_camera_info(CameraModel(frame_id="c", width=2, height=2, K=np.eye(3)), 5)
CLOUD = wire.encode_point_cloud(cloud(), radar=False)
TEXT = wire.encode_string("go")


def record(path, messages):
    with BagWriter(path) as writer:
        for i, (topic, encoded) in enumerate(messages):
            writer.write(topic, encoded, 1000 + i)
    return path


def uses(path, topic_map=None):
    with BagReader(path) as reader:
        return {use.topic: (use.kind, use.name) if use.kind else use.reason for use in topic_uses(reader, topic_map)}


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("/camera/front/image/compressed", "camera/front"), ("/camera/front/image", "camera/front"),
        ("/camera/front/camera_info", "camera/front"), ("/zed/left/image_rect_color", "zed/left"),
        ("/lidar/points", "lidar"), ("/points", "points"), ("/scan", "scan"), ("/odom", "odom"),
        ("/radar/front/points_near", "radar/front/points_near"),
    ],
)  # fmt: skip
def test_a_source_is_named_after_its_topic(topic, name):
    assert source_name(topic) == name


def test_topics_become_sources_by_type_and_name(tmp_path):
    topics = {
        "camera/front/image": IMAGE, "camera/front/camera_info": INFO, "radar/points": CLOUD, "lidar/points": CLOUD,
        "command": TEXT, "ground_truth/target": TEXT, "chatter/text": TEXT, "obstacles": CLOUD, "depth/image": IMAGE,
        "lonely/camera_info": INFO, "mmwave/image": IMAGE, "camera/front/image_rect": IMAGE, "plan": wire.encode_boxes([], 0),
    }  # fmt: skip
    assert uses(record(tmp_path / "bag", topics.items())) == {
        "/camera/front/camera_info": ("camera_info", "camera/front"),
        "/camera/front/image": ("camera", "camera/front"),
        "/camera/front/image_rect": "another topic is the camera 'camera/front' already",
        "/chatter/text": "text that is no command",
        "/command": ("command", "command"),
        "/depth/image": ("lidar", "depth"),
        "/ground_truth/target": "ground truth",
        "/lidar/points": ("lidar", "lidar"),
        "/lonely/camera_info": "no picture of 'lonely'",
        "/mmwave/image": "a radar picture, not a camera's; of these only polar ones are read",
        "/obstacles": "an output of mm_nav",
        "/plan": "visualization_msgs/msg/MarkerArray is not read",
        "/radar/points": ("radar", "radar"),
    }


def test_a_map_names_the_topics_to_use_and_no_other(tmp_path):
    path = record(tmp_path / "bag", [("/a", CLOUD), ("/b", CLOUD), ("/say", TEXT)])
    wanted = {"/b": "front_radar", "/say": "command"}
    assert uses(path, wanted) == {"/a": "not mapped", "/b": ("radar", "front_radar"), "/say": ("command", "command")}
    with BagReader(path) as reader:
        assert [name for name, _, _ in readings(reader, wanted)] == ["front_radar", "command"]
        with pytest.raises(BagError, match="no topic '/c'"):
            topic_uses(reader, {"/c": "lidar"})


def test_readings_keep_their_header_stamp_and_text_gets_the_log_time(tmp_path):
    with BagReader(record(tmp_path / "bag", [("lidar/points", CLOUD), ("command", TEXT)])) as reader:
        (_, first, first_log), (_, second, _) = readings(reader)
    assert (first.stamp_ns, first_log) == (5, 1000)
    assert second == Utterance(stamp_ns=1001, text="go")


def test_a_zero_stamp_becomes_the_log_time_and_is_counted(tmp_path):
    zero = wire.encode_point_cloud(cloud(stamp_ns=0), radar=False)
    counts = Counter()
    with BagReader(record(tmp_path / "bag", [("lidar/points", zero), ("lidar/points", zero)])) as reader:
        assert [r.stamp_ns for _, r, _ in readings(reader, counts=counts)] == [1000, 1001]
    assert counts == {"lidar: zero_stamp": 2}


def test_a_message_that_cannot_be_decoded_is_left_out_and_counted(tmp_path, caplog):
    broken = wire.Encoded(IMAGE.type_name, {**IMAGE.fields, "data": np.zeros(3, np.uint8)})
    counts = Counter()
    messages = [("camera/front/image", broken), ("camera/front/image", IMAGE)]
    with BagReader(record(tmp_path / "bag", messages)) as reader:
        assert len(list(readings(reader, counts=counts))) == 1
    assert counts == {"camera/front: short_data": 1}
    assert "needs 12" in caplog.text


def test_mountings_come_from_static_transforms_first(tmp_path):
    at = [se3((x, 0.0, 0.0)) for x in (0.0, 1.0, 2.0)]
    messages = [
        ("/tf", wire.encode_transforms([("base_link", "lidar", at[2]), ("base_link", "radar", at[2])], 1)),
        ("/tf_static", wire.encode_transforms([("base_link", "lidar", at[1])], 0)),
        ("/tf_static", wire.encode_transforms([("odom", "lidar", at[0])], 0)),  # a second parent
        ("lidar/points", CLOUD),
    ]
    with BagReader(record(tmp_path / "bag", messages)) as reader:
        specs, tree = sources(reader)
    assert specs == [SourceSpec("lidar", "lidar")]
    np.testing.assert_array_equal(tree.lookup("base_link", "lidar"), at[1])
    np.testing.assert_array_equal(tree.lookup("base_link", "radar"), at[2])


def frames_of(path):
    with BagReader(path) as reader:
        specs, tree = sources(reader)
        sync = Synchronizer(specs, slop_ns=60_000_000, window_ns=120_000_000, tree=tree)
        found = []
        counts = Counter()
        for name, reading, _ in readings(reader, counts=counts):
            sync.push(name, reading)
            while (frame := sync.pop()) is not None:
                found.append(frame)
        while (frame := sync.flush()) is not None:
            found.append(frame)
    return found, specs, counts


def test_a_real_street_in_fog_gives_stereo_lidar_and_the_polar_picture_of_the_radar(real_data):
    found, specs, counts = frames_of(real_data / "radiate_foggy" / "bag")
    assert [s.name for s in specs] == ["camera/left", "camera/right", "lidar", "radar/polar"]
    assert "radar picture" in uses(real_data / "radiate_foggy" / "bag")["/radar/cartesian/compressed"]
    assert len(found) == 42
    assert sum(len(f.cameras) == 2 and len(f.lidars) == 1 for f in found) == 35  # the cameras start 0.7 s later
    assert not counts


def test_a_real_car_with_three_cameras_loses_no_instant(real_data):
    found, _, _ = frames_of(real_data / "dgp_scene_01" / "bag")
    assert [(len(f.cameras), len(f.lidars), f.odometry is not None, f.missing) for f in found] == [(3, 1, True, ())] * 3


def test_real_scanners_without_mounting_are_missing_for_that_reason(real_data):
    found, specs, _ = frames_of(real_data / "two_lidars" / "bag")
    assert [(s.name, s.kind) for s in specs] == [("front_scan", "lidar"), ("rear_scan", "lidar")]
    assert len(found) == 332
    assert {m.reason for f in found[1:-1] for m in f.missing} == {
        "no transform base_link <- front_scanner", "no transform base_link <- rear_scanner"
    }  # fmt: skip


def test_a_real_radar_without_stamps_is_timed_by_the_recording(real_data):
    found, specs, counts = frames_of(real_data / "mmwave_radar" / "bag")
    assert [(s.name, s.kind) for s in specs] == [("ti_mmwave/radar_scan_pcl", "radar")]
    assert counts == {"ti_mmwave/radar_scan_pcl: zero_stamp": 412}
    assert len(found) == 412
    assert found[0].missing[0].reason == "frame_id is empty"


RADAR_MSGS = {
    "radar_msgs/msg/RadarReturn": "float32 range\nfloat32 azimuth\nfloat32 elevation\nfloat32 doppler_velocity\nfloat32 amplitude\n",
    "radar_msgs/msg/RadarScan": "std_msgs/Header header\nradar_msgs/RadarReturn[] returns\n",
}


def test_radar_msgs_are_read_by_the_definition_in_the_recording(tmp_path):
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS2_KILTED)
    store.register({k: v for name, text in RADAR_MSGS.items() for k, v in get_types_from_msg(text, name).items()})
    Return, Scan, Header, Time = (store.types[n] for n in (*RADAR_MSGS, "std_msgs/msg/Header", "builtin_interfaces/msg/Time"))
    scan = Scan(header=Header(stamp=Time(sec=1, nanosec=2), frame_id="radar"),
                returns=[Return(range=4.0, azimuth=0.0, elevation=0.0, doppler_velocity=-2.0, amplitude=7.0)])  # fmt: skip
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/front/scan", "radar_msgs/msg/RadarScan", typestore=store)
        writer.write(connection, 5, store.serialize_cdr(scan, "radar_msgs/msg/RadarScan"))
    with BagReader(tmp_path / "bag") as reader:
        ((name, reading, _),) = readings(reader)
        assert [(use.kind, use.name) for use in topic_uses(reader)] == [("radar", "front/scan")]
    assert name == "front/scan"
    assert (reading.xyz.tolist(), reading.velocity.tolist(), reading.stamp_ns) == ([[4.0, 0.0, 0.0]], [-2.0], 1_000_000_002)


def test_a_depth_camera_is_another_lidar_once_its_camera_info_came(tmp_path):
    depth = wire.Encoded("sensor_msgs/msg/Image", {"header": wire.message.header_fields(9, "eye"), "height": 4, "width": 4, "encoding": "16UC1",
                                                   "step": 8, "data": np.full(16, 3000, "<u2").view(np.uint8)})  # fmt: skip
    model = CameraModel(frame_id="eye", width=4, height=4, K=np.array([[2.0, 0, 1.5], [0, 2, 1.5], [0, 0, 1]]))
    messages = [("cam/depth/image_rect_raw", depth), ("cam/depth/camera_info", wire.encode_camera_info(model, 9)), ("cam/depth/image_rect_raw", depth)]
    counts = Counter()
    with BagReader(record(tmp_path / "bag", messages)) as reader:
        specs, _ = sources(reader)
        found = list(readings(reader, counts=counts))
    assert [(s.name, s.kind) for s in specs] == [("cam/depth", "lidar")]
    ((name, cloud, _),) = found
    assert (name, cloud.frame_id, len(cloud.xyz)) == ("cam/depth", "eye", 16)
    np.testing.assert_allclose(cloud.xyz[0], [-1.5 / 2 * 3, -1.5 / 2 * 3, 3.0], rtol=1e-5)
    assert counts == {"cam/depth: no_camera_info": 1}

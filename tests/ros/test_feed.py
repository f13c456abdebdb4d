# SPDX-License-Identifier: Apache-2.0
"""Messages become instants; what is dropped is counted with its reason."""

from typing import Any

import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import se2
from mm_nav.core.types import Odometry, PointCloud, Utterance
from mm_nav.errors import ConfigError, MessageError
from mm_nav.ros.feed import ERROR, OK, STALE, WARN, Feed, topic_fault
from mm_nav.ros.guard import Guard
from mm_nav.ros.inputs import Input, inputs_of
from mm_nav.ros.params import FusionConfig
from mm_nav.wire import Encoded, Status, encode_odometry, encode_point_cloud, encode_string
from mm_nav.wire.extrinsics import mount

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

from mm_nav.ros.messages import to_message

SECOND = 1_000_000_000
EXTRINSICS = {"lidar": (0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0)}


class Robot:
    """A feed with a LiDAR and odometry, and clocks that stand where they are put."""

    def __init__(self, **config: Any) -> None:
        self.now_s, self.now_ns, self.lines = 100.0, 50 * SECOND, list[str]()
        settings = {"cameras": (), "radars": (), "extrinsics": EXTRINSICS, **config}
        self.config = FusionConfig(**settings)
        self.guard = Guard(self.lines.append, clock=lambda: self.now_s)
        tree = mount(self.config.extrinsics, "", "base_link")
        self.feed = Feed(
            self.config, ModelSpec(), tree, self.guard, now_ns=lambda: self.now_ns, clock=lambda: self.now_s
        )
        self.inputs = {i.topic: i for i in self.feed.inputs}

    def hear(self, topic: str, encoded: Encoded) -> Utterance | None:
        return self.feed.hear(self.inputs[topic], to_message(encoded))

    def lidar(self, stamp_ns: int, xyz: Any = ((1.0, 2.0, 0.0),)) -> None:
        points = np.asarray(xyz, np.float32).reshape(-1, 3)
        zeros = np.zeros(len(points), np.float32)
        cloud = PointCloud(stamp_ns=stamp_ns, frame_id="lidar", xyz=points, intensity=zeros, velocity=zeros)
        self.hear("lidar/points", encode_point_cloud(cloud, radar=False))

    def odom(self, stamp_ns: int) -> None:
        none = np.zeros(3)
        self.hear("odom", encode_odometry(Odometry(
            stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(0, 0, 0), linear=none, angular=none)))

    def status(self, topic: str, faults: dict[str, str] | None = None) -> Status:
        (found,) = (s for s in self.feed.statuses(faults or {}) if s.name == f"input {topic}")
        return found


def test_cameras_lidars_scans_and_radars_become_topics_with_types() -> None:
    config = FusionConfig(cameras=("front", "rear"), lidars=("top/points",), scans=("scan",), radars=("radar/points",), compressed=True)
    found = {(i.topic, i.type_name.rpartition("/")[2], i.source, i.kind) for i in inputs_of(config)}
    assert found == {
        ("camera/front/image/compressed", "CompressedImage", "camera/front", "camera"),
        ("camera/front/camera_info", "CameraInfo", "camera/front", "camera_info"),
        ("camera/rear/image/compressed", "CompressedImage", "camera/rear", "camera"),
        ("camera/rear/camera_info", "CameraInfo", "camera/rear", "camera_info"),
        ("top/points", "PointCloud2", "top", "lidar"),
        ("scan", "LaserScan", "scan", "lidar"),
        ("radar/points", "PointCloud2", "radar", "radar"),
        ("odom", "Odometry", "odom", "odometry"),
        ("command", "String", "command", "command"),
    }


def test_readings_of_one_time_become_one_instant_placed_in_the_base_frame() -> None:
    robot = Robot()
    robot.lidar(SECOND)
    robot.odom(SECOND)
    frame = robot.feed.take()
    assert frame is not None
    assert (frame.stamp_ns, frame.lidars[0].T_base_sensor[2, 3]) == (SECOND, 0.5)
    assert frame.odometry is not None
    assert robot.feed.take() is None


@pytest.mark.fault("T01")
def test_a_zero_stamp_is_dropped_with_a_hint_or_replaced_by_the_arrival() -> None:
    with pytest.raises(MessageError, match="stamp_policy") as caught:
        Robot().lidar(0)
    assert caught.value.reason == "zero_stamp"
    robot = Robot(stamp_policy="arrival")
    robot.lidar(0)
    robot.odom(123)
    frame = robot.feed.take()
    assert frame is not None
    assert frame.stamp_ns == robot.now_ns


@pytest.mark.parametrize(("stamp_s", "reason"), [(48, "stale"), (52, "future")])
@pytest.mark.fault("T02", "T03")
def test_a_stamp_far_from_the_clock_is_dropped_where_a_limit_is_set(stamp_s: int, reason: str) -> None:
    Robot().lidar(stamp_s * SECOND)
    with pytest.raises(MessageError, match=r"2\.00 s.*limit 1 s.*NTP") as caught:
        Robot(max_stamp_age_s=1.0).lidar(stamp_s * SECOND)
    assert caught.value.reason == reason


@pytest.mark.fault("T06", "F07")
def test_a_bag_that_begins_anew_clears_what_waits_and_goes_on() -> None:
    robot = Robot()
    robot.lidar(10 * SECOND)
    robot.lidar(11 * SECOND)
    robot.lidar(2 * SECOND)
    robot.odom(2 * SECOND)
    frame = robot.feed.take()
    assert robot.feed.resets == 1
    assert frame is not None
    assert frame.stamp_ns == 2 * SECOND


@pytest.mark.fault("T07")
@pytest.mark.parametrize(("ahead_s", "wall_s", "resets"), [(3600, 0.2, 1), (3600, 3600, 0), (4, 0.2, 0), (30, 2.0, 0)])
def test_stamps_that_leap_ahead_of_the_wall_clock_begin_anew(ahead_s: int, wall_s: float, resets: int) -> None:
    robot = Robot()
    robot.lidar(10 * SECOND)
    robot.now_s += wall_s
    robot.lidar((10 + ahead_s) * SECOND)
    robot.odom((10 + ahead_s) * SECOND)
    frame = robot.feed.take()
    assert robot.feed.resets == resets
    assert frame is not None
    assert frame.stamp_ns == (10 + ahead_s) * SECOND


@pytest.mark.fault("M02", "M03", "M14", "M25")
@pytest.mark.parametrize(
    ("name", "change"),
    [("trailing", {"data": np.zeros(16 + 5, np.uint8)}), ("row_step", {"row_step": 0}),
     ("no_intensity", {"fields": [{"name": n, "offset": 4 * i, "datatype": 7, "count": 1} for i, n in enumerate("xyz")]}),
     ("slash", {"header": {"stamp": {"sec": 1}, "frame_id": "/lidar"}})],
)  # fmt: skip
def test_what_is_odd_but_readable_is_used_and_told_once(name: str, change: dict[str, Any]) -> None:
    robot = Robot()
    ones = np.ones(1, np.float32)
    cloud = encode_point_cloud(PointCloud(stamp_ns=SECOND, frame_id="lidar", xyz=np.ones((1, 3), np.float32), intensity=ones, velocity=ones), radar=False)
    for second in (1, 2, 3):
        header = {"stamp": {"sec": second}, "frame_id": "lidar"}
        robot.hear("lidar/points", Encoded(cloud.type_name, {**cloud.fields, "header": header, **change}))
        change = {**change, "header": {**header, **({"frame_id": "/lidar"} if name == "slash" else {})}} if name == "slash" else change
    robot.odom(3 * SECOND)
    frame = robot.feed.take()
    assert frame is not None
    assert len(frame.lidars[0].cloud.xyz) == 1
    assert f"odd.{name}" in robot.status("lidar/points").values
    assert len(robot.lines) == 1


@pytest.mark.fault("T10")
def test_the_offset_of_a_sensor_is_measured() -> None:
    robot = Robot()
    for second in range(1, 6):
        robot.odom(second * SECOND - 30_000_000)
        robot.lidar(second * SECOND)
    robot.feed.take()
    assert robot.status("odom").values["offset_ms"] == "-30.0"


@pytest.mark.fault("M24")
def test_a_silent_sensor_that_somebody_publishes_is_subscribed_anew_every_five_seconds() -> None:
    robot = Robot()
    robot.lidar(SECOND)
    published = ["lidar/points", "odom"]
    found = []
    for _ in range(30):
        robot.now_s += 0.5
        robot.odom(SECOND)
        found += [(round(robot.now_s - 100, 1), topic) for topic in robot.feed.mute(published)]
    assert [topic for _, topic in found] == ["lidar/points", "lidar/points"]
    assert found[1][0] - found[0][0] >= 5.0
    assert robot.guard.count("lidar/points", "resubscribed") == 2
    assert robot.feed.mute([]) == []


def test_a_command_is_stamped_by_the_sensors_clock() -> None:
    robot = Robot()
    first = robot.hear("command", encode_string("stop"))
    robot.lidar(7 * SECOND)
    second = robot.hear("command", encode_string("go"))
    assert first is not None
    assert second is not None
    assert (first.stamp_ns, second.stamp_ns, second.text) == (robot.now_ns, 7 * SECOND, "go")


@pytest.mark.fault("T09")
def test_states_follow_the_age_of_arrival() -> None:
    robot = Robot()
    assert (robot.status("lidar/points").level, robot.status("lidar/points").message) == (STALE, "silent")
    assert [i.topic for i in robot.feed.quiet()] == ["lidar/points", "odom"]
    robot.lidar(SECOND)
    assert robot.status("lidar/points").level == OK
    robot.now_s += 0.7
    assert robot.status("lidar/points").level == WARN
    robot.now_s += 0.7
    assert robot.status("lidar/points").level == STALE
    assert robot.status("lidar/points", {"lidar/points": "nobody publishes it"}).level == ERROR


def test_dropped_messages_show_their_reason_in_the_status() -> None:
    robot = Robot()
    topic = robot.inputs["lidar/points"]
    broken = to_message(Encoded("sensor_msgs/msg/PointCloud2", {"width": 2, "height": 1, "point_step": 12, "row_step": 24}))
    robot.guard.call(topic.topic, robot.feed.hear, topic, broken)
    status = robot.status("lidar/points")
    assert status.level == WARN
    assert any(key.startswith("dropped.") for key in status.values)


@pytest.mark.fault("M12")
def test_a_cloud_of_nan_runs_as_an_empty_one_and_says_so() -> None:
    robot = Robot()
    robot.lidar(SECOND, np.full((4, 3), np.nan))
    robot.odom(SECOND)
    frame = robot.feed.take()
    assert frame is not None
    assert len(frame.lidars[0].cloud.xyz) == 0
    status = robot.status("lidar/points")
    assert (status.level, status.message) == (WARN, "none of 4 points is finite")
    assert status.values["points"] == "0 of 4 are finite"


@pytest.mark.fault("T11")
def test_sources_that_never_match_report_the_nearest_gap() -> None:
    robot = Robot()
    for second in range(1, 5):
        robot.lidar(second * SECOND)
        robot.odom(second * SECOND + 400_000_000)
    robot.feed.take()
    values = robot.status("odom").values
    assert values["matched"] == "0"
    assert values["nearest_gap_ms"].startswith("400.0")


def test_an_offset_shifts_stamps_and_one_for_an_unknown_source_is_refused() -> None:
    robot = Robot(time_offset_s={"lidar": 0.5})
    robot.lidar(SECOND)
    robot.odom(SECOND + 500_000_000)
    frame = robot.feed.take()
    assert frame is not None
    assert frame.stamp_ns == SECOND + 500_000_000
    with pytest.raises(ConfigError, match=r"time_offset_s\.lidra.*sources are lidar, odom"):
        Robot(time_offset_s={"lidra": 0.5})


@pytest.mark.fault("F05")
def test_a_bad_transform_is_counted_and_good_ones_count() -> None:
    robot = Robot(extrinsics={})
    source = Input(topic="/tf_static", type_name="tf2_msgs/msg/TFMessage", source="/tf_static", kind="transform")

    def transform(parent: str, child: str) -> Any:
        from types import SimpleNamespace as S

        return S(header=S(frame_id=parent, stamp=S(sec=0, nanosec=0)), child_frame_id=child,
                 transform=S(translation=S(x=0.0, y=0.0, z=1.0), rotation=S(x=0.0, y=0.0, z=0.0, w=1.0)))  # fmt: skip

    class Transforms:
        transforms = (transform("base_link", "lidar"), transform("lidar", "lidar"))

    robot.feed.hear(source, Transforms())
    assert robot.feed.tree.has("base_link", "lidar")
    assert robot.guard.count("transforms") == 1


@pytest.mark.parametrize(
    ("types", "fault"),
    [
        (["a/msg/X"], None),
        ([], "nobody publishes it"),
        (["b/msg/Y"], "published as b/msg/Y, expected a/msg/X; remap it or change the publisher"),
        (["a/msg/X", "b/msg/Y"], "also published as b/msg/Y, which is not read"),
    ],
)
@pytest.mark.fault("Q07", "Q08")
def test_publishers_of_a_topic_are_judged_by_their_type(types: list[str], fault: str | None) -> None:
    assert topic_fault("a/msg/X", types) == fault

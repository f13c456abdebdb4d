# SPDX-License-Identifier: Apache-2.0
"""Instants out of unordered streams."""

import numpy as np
import pytest

from mm_nav.core.frames import TransformTree
from mm_nav.core.geometry import se2
from mm_nav.core.sync import SourceSpec, Synchronizer
from mm_nav.core.types import CameraImage, CameraModel, Odometry, PointCloud
from mm_nav.errors import ConfigError

MS = 1_000_000
SLOP, WINDOW = 60 * MS, 120 * MS
CAMERA, LIDAR, RADAR, ODOM = (
    SourceSpec("front", "camera"), SourceSpec("lidar", "lidar"), SourceSpec("radar", "radar"), SourceSpec("odom", "odometry")
)  # fmt: skip
ALL = (CAMERA, LIDAR, RADAR, ODOM)
MODEL = CameraModel(frame_id="front", width=8, height=4, K=np.eye(3))


def reading(name: str, ms: float, frame_id: str | None = None):
    stamp_ns, frame_id = int(ms * MS), name if frame_id is None else frame_id
    if name.startswith("odom"):
        return Odometry(
            stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=np.eye(4),
            linear=np.zeros(3), angular=np.zeros(3),
        )  # fmt: skip
    if name.startswith("front"):
        return CameraImage(stamp_ns=stamp_ns, frame_id=frame_id, rgb=np.zeros((4, 8, 3), np.uint8))
    none = np.zeros(0, np.float32)
    return PointCloud(stamp_ns=stamp_ns, frame_id=frame_id, xyz=np.zeros((0, 3), np.float32), intensity=none, velocity=none)


def synchronizer(*sources: SourceSpec, calibrated: bool = True) -> Synchronizer:
    tree = TransformTree()
    for name in ("front", "lidar", "lidar2", "radar"):
        tree.set("base_link", name, se2(1, 0, 0))
    sync = Synchronizer(sources, slop_ns=SLOP, window_ns=WINDOW, tree=tree)
    if calibrated and CAMERA in sources:
        sync.push("front", MODEL)
    return sync


def feed(sync: Synchronizer, **stamps) -> None:
    """Push by stamp, as a tidy recording has it."""
    for ms, name in sorted((ms, name) for name, listed in stamps.items() for ms in listed):
        sync.push(name, reading(name, ms))


def drain(sync: Synchronizer, last: bool = True) -> list:
    found = []
    while (frame := sync.flush() if last else sync.pop()) is not None:
        found.append(frame)
    return found


def summary(frame) -> tuple:
    """What a frame holds, in milliseconds."""
    parts = {v.name: v.image.stamp_ns / MS for v in frame.cameras}
    parts |= {p.name: p.cloud.stamp_ns / MS for p in (*frame.lidars, *frame.radars)}
    if frame.odometry is not None:
        parts["odom"] = frame.odometry.stamp_ns / MS
    return frame.stamp_ns / MS, parts, {m.name: m.reason for m in frame.missing}


def test_sensors_of_one_stamp_make_one_frame_as_soon_as_all_are_there():
    sync = synchronizer(*ALL)
    for name in ("radar", "odom", "front"):
        sync.push(name, reading(name, 100))
        assert sync.take() is None
    sync.push("lidar", reading("lidar", 100))
    frame = sync.take()
    assert summary(frame) == (100, dict.fromkeys(("front", "lidar", "radar", "odom"), 100), {})
    np.testing.assert_array_equal(frame.lidars[0].T_base_sensor, se2(1, 0, 0))
    assert sync.take() is None


@pytest.mark.parametrize(
    ("present", "anchor"), [(("front", "lidar", "radar"), "lidar"), (("front", "radar"), "front"), (("radar",), "radar")]
)
def test_the_anchor_is_the_lidar_then_the_camera_then_the_radar(present, anchor):
    sync = synchronizer(*ALL)
    at = {"front": [10, 110], "lidar": [20, 120], "radar": [30, 130]}
    feed(sync, **{name: at[name] for name in present})
    assert [f.stamp_ns / MS for f in drain(sync)] == at[anchor]


def test_among_two_lidars_the_first_configured_is_the_anchor():
    sync = synchronizer(SourceSpec("lidar2", "lidar"), LIDAR)
    feed(sync, lidar=[0, 100, 200], lidar2=[30, 130, 230])
    assert [summary(f)[1] for f in drain(sync)] == [
        {"lidar2": 30, "lidar": 0}, {"lidar2": 130, "lidar": 100}, {"lidar2": 230, "lidar": 200}
    ]  # fmt: skip


@pytest.mark.fault("S02", "S08")
def test_when_the_lidar_falls_silent_the_camera_takes_over_after_a_second():
    sync = synchronizer(CAMERA, LIDAR)
    feed(sync, lidar=[0, 100, 200], front=range(0, 2001, 100))
    found = [summary(f) for f in drain(sync)]
    assert [stamp for stamp, _, _ in found] == [0, 100, 200, *range(1300, 2001, 100)]
    assert found[-1][2] == {"lidar": "silent for 1.80 s"}


def test_a_lidar_that_comes_back_is_the_anchor_again():
    sync = synchronizer(CAMERA, LIDAR)
    feed(sync, lidar=[0, 2010, 2110], front=range(0, 2201, 100))
    assert [f.stamp_ns / MS for f in drain(sync)][-3:] == [1900, 2010, 2110]


@pytest.mark.fault("S08")
def test_a_slow_sensor_is_given_three_of_its_periods():
    sync = synchronizer(CAMERA, LIDAR)
    feed(sync, lidar=[0, 2000, 4000], front=range(0, 12001, 1000))
    assert [f.stamp_ns / MS for f in drain(sync)] == [0, 2000, 4000, 11000, 12000]


def test_a_late_start_of_one_sensor_is_waited_for_a_window_long():
    sync = synchronizer(CAMERA, LIDAR)
    sync.push("lidar", reading("lidar", 0))
    sync.push("lidar", reading("lidar", 119))
    assert sync.take() is None
    sync.push("lidar", reading("lidar", 120))
    assert summary(sync.take())[2] == {"front": "silent"}


@pytest.mark.parametrize("live", [False, True], ids=["recording", "robot"])
def test_a_radar_that_delivers_late_is_in_as_many_instants_once_its_offset_is_given(live):
    """Its picture of time t comes 300 ms later, with that stamp; readings are pushed as they arrive."""
    matched = {}
    for offset_ms in (0, -300):
        sync = synchronizer(LIDAR, SourceSpec("radar", "radar", offset_ns=offset_ms * MS))
        arrivals = sorted([(t, "lidar", t) for t in range(0, 8000, 100)] + [(t + 310, "radar", t + 300) for t in range(0, 7600, 200)])
        found = []
        for _, name, stamp in arrivals:
            sync.push(name, reading(name, stamp))
            while (frame := sync.take() if live else sync.pop()) is not None:
                found.append(frame)
        pairs = [(f.stamp_ns / MS, f.radars[0].cloud.stamp_ns / MS) for f in found if f.radars]
        matched[offset_ms] = len(pairs)
        assert all(abs(t - radar) <= 60 for t, radar in pairs)
    assert matched[-300] >= matched[0] - 3
    assert matched[-300] > 30


def test_a_sensor_with_a_clock_of_another_time_does_not_hold_up_the_others_when_it_dies():
    sync = synchronizer(LIDAR, SourceSpec("radar", "radar", offset_ns=-5000 * MS))
    for t in range(0, 3000, 100):
        sync.push("lidar", reading("lidar", t))
        if t < 1000:
            sync.push("radar", reading("radar", t + 5000))
        if t >= 1200:
            assert sync.take() is not None


def test_of_eight_cameras_one_that_appears_later_is_in_every_instant_from_then_on():
    names = [f"front{i}" for i in range(8)]
    sync = synchronizer(LIDAR, *(SourceSpec(name, "camera", frame_id="front") for name in names))
    for name in names:
        sync.push(name, MODEL)
    feed(sync, lidar=range(0, 5001, 100), **{name: range(3000 if name == "front7" else 0, 5001, 100) for name in names})
    found = {f.stamp_ns // MS: f for f in drain(sync)}
    assert {len(f.cameras) for t, f in found.items() if t < 2900} == {7}
    assert {len(f.cameras) for t, f in found.items() if t >= 3000} == {8}
    assert [m.name for m in found[1000].missing] == ["front7"]


def test_a_sensor_that_never_speaks_costs_no_time_after_the_first_second():
    sync = synchronizer(CAMERA, LIDAR, RADAR)
    feed(sync, lidar=range(0, 1001, 100), front=range(0, 1001, 100))
    drain(sync, last=False)
    feed(sync, lidar=[1100], front=[1100])
    assert summary(sync.take()) == (1100, {"lidar": 1100, "front": 1100}, {"radar": "silent"})


def test_a_picture_at_the_edge_of_the_slop_is_taken_and_one_beyond_is_not():
    sync = synchronizer(CAMERA, LIDAR)
    feed(sync, front=[40, 339], lidar=[100, 400])
    (_, first, _), (_, second, why) = map(summary, drain(sync))
    assert first == {"lidar": 100, "front": 40}
    assert (second, why) == ({"lidar": 400}, {"front": "late by 0.06 s"})


def test_odometry_may_be_two_tenths_of_a_second_old_but_no_older():
    sync = synchronizer(LIDAR, ODOM)
    feed(sync, odom=[100, 699], lidar=[300, 500, 900])
    assert [summary(f)[1].get("odom") for f in drain(sync)] == [100, None, None]


@pytest.mark.fault("T10")
def test_the_offset_of_a_source_is_added_to_its_stamps():
    sync = synchronizer(SourceSpec("lidar", "lidar", offset_ns=-250 * MS), SourceSpec("radar", "radar"))
    feed(sync, lidar=[1250, 1350], radar=[1000, 1100])
    assert [summary(f)[1] for f in drain(sync)] == [{"lidar": 1000, "radar": 1000}, {"lidar": 1100, "radar": 1100}]


@pytest.mark.fault("F01", "F10", "M25")
def test_what_cannot_be_placed_is_missing_with_both_frames_named():
    sync = synchronizer(LIDAR, RADAR)
    sync.push("lidar", reading("lidar", 0, frame_id="roof"))
    sync.push("radar", reading("radar", 0, frame_id=""))
    assert summary(sync.flush())[2] == {"lidar": "no transform base_link <- roof", "radar": "frame_id is empty"}


def test_a_configured_frame_replaces_that_of_the_messages():
    sync = synchronizer(SourceSpec("lidar", "lidar", frame_id="lidar2"))
    sync.push("lidar", reading("lidar", 0, frame_id=""))
    assert len(sync.flush().lidars) == 1


@pytest.mark.fault("F02")
def test_a_transform_may_come_after_the_reading():
    tree = TransformTree()
    sync = Synchronizer([LIDAR], slop_ns=SLOP, window_ns=WINDOW, tree=tree)
    sync.push("lidar", reading("lidar", 0))
    tree.set("base_link", "lidar", np.eye(4))
    assert len(sync.take().lidars) == 1


@pytest.mark.fault("M20", "M21")
def test_a_camera_without_intrinsics_is_missing_and_one_with_others_too():
    sync = synchronizer(CAMERA, LIDAR, calibrated=False)
    feed(sync, front=[0], lidar=[0])
    assert summary(sync.flush())[2] == {"front": "no camera_info"}
    sync.push("front", CameraModel(frame_id="front", width=8, height=8, K=np.eye(3)))
    feed(sync, front=[100], lidar=[100])
    assert summary(sync.flush())[2] == {"front": "camera_info is 8x8, picture is 8x4"}
    sync.push("front", CameraModel(frame_id="front", width=16, height=8, K=np.eye(3)))  # the same, scaled
    feed(sync, front=[200], lidar=[200])
    assert summary(sync.flush())[2] == {}


def test_intrinsics_that_come_just_after_the_first_picture_are_waited_for():
    sync = synchronizer(CAMERA, LIDAR, calibrated=False)
    feed(sync, front=[0], lidar=[0])
    assert sync.take() is None
    sync.push("front", MODEL)
    assert len(sync.take().cameras) == 1


def test_taking_gives_the_newest_and_counts_what_it_drops():
    sync = synchronizer(LIDAR)
    feed(sync, lidar=[0, 100, 200])
    assert sync.take().stamp_ns == 200 * MS
    assert (sync.report().frames, sync.report().dropped) == (3, 2)


@pytest.mark.fault("T04")
def test_repeated_and_older_readings_are_dropped_and_counted():
    sync = synchronizer(LIDAR)
    for ms in (100, 100, 50, 200):
        sync.push("lidar", reading("lidar", ms))
    assert [f.stamp_ns / MS for f in drain(sync)] == [100, 200]
    assert sync.report().sources["lidar"].missed == {"out_of_order": 2}


def test_an_anchor_that_arrives_after_its_time_makes_no_frame_in_the_past():
    sync = synchronizer(CAMERA, LIDAR)
    feed(sync, front=range(0, 1001, 100))
    assert drain(sync)[-1].stamp_ns == 1000 * MS
    feed(sync, lidar=[900, 1010])
    assert [f.stamp_ns / MS for f in drain(sync)] == [1010]
    assert sync.report().sources["lidar"].missed["late_arrival"] >= 1


@pytest.mark.fault("T11")
def test_the_report_says_how_near_the_sensors_ever_came():
    sync = synchronizer(LIDAR, RADAR)
    feed(sync, lidar=[0, 1000, 2000], radar=[300, 1290, 2280])
    drain(sync)
    radar = sync.report().sources["radar"]
    assert (radar.received, radar.matched, radar.nearest_gap_ns) == (3, 0, 280 * MS)
    assert sum(radar.missed.values()) == 3


def test_a_reset_forgets_readings_but_not_intrinsics():
    sync = synchronizer(CAMERA, LIDAR)
    feed(sync, front=[5000], lidar=[5000])
    sync.reset()
    assert sync.flush() is None
    feed(sync, front=[100], lidar=[100])
    assert summary(sync.flush()) == (100, {"front": 100, "lidar": 100}, {})


def test_a_source_that_nobody_waits_for_does_not_fill_the_memory():
    sync = synchronizer(LIDAR, ODOM)
    feed(sync, odom=range(2000))
    assert len(sync._sources["odom"].stamps) <= 256
    feed(sync, lidar=range(2000, 8000, 100))
    drain(sync)
    assert len(sync._sources["lidar"].stamps) <= 16


def test_wrong_use_is_named():
    sync = synchronizer(LIDAR)
    with pytest.raises(ConfigError, match="'sonar' is not configured; use one of"):
        sync.push("sonar", reading("lidar", 0))
    with pytest.raises(ConfigError, match="'lidar' of kind lidar got a CameraImage"):
        sync.push("lidar", reading("front", 0))
    with pytest.raises(ConfigError, match="got a CameraModel"):
        sync.push("lidar", MODEL)
    with pytest.raises(ConfigError, match="not unique"):
        synchronizer(LIDAR, LIDAR)
    with pytest.raises(ConfigError, match="widen the window"):
        Synchronizer([LIDAR], slop_ns=2, window_ns=1, tree=TransformTree())

# SPDX-License-Identifier: Apache-2.0
"""The synchroniser whatever the order in which sensors speak: properties, over generated streams."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.sync import SourceSpec, Synchronizer

from .test_sync import ALL, CAMERA, MS, ODOM, RADAR, WINDOW, drain, feed, reading, summary, synchronizer

STREAMS = st.fixed_dictionaries(
    {
        name: st.lists(st.integers(1, 400), max_size=25).map(lambda gaps: np.cumsum(gaps).tolist())
        for name in ("front", "lidar", "radar", "odom")
    }
)


def push_in(order: list[str], streams: dict[str, list[int]]) -> Synchronizer:
    sync, at = synchronizer(*ALL), dict.fromkeys(streams, 0)
    for name in order:
        sync.push(name, reading(name, streams[name][at[name]]))
        at[name] += 1
    return sync


@given(streams=STREAMS, data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_interleaving_that_keeps_each_sources_order_gives_the_same_frames(streams, data):
    names = [name for name, stamps in streams.items() for _ in stamps]
    one, other = push_in(names, streams), push_in(data.draw(st.permutations(names)), streams)
    assert [summary(f) for f in drain(one, last=False)] == [summary(f) for f in drain(other, last=False)]
    assert [summary(f) for f in drain(one)] == [summary(f) for f in drain(other)]
    assert one.report() == other.report()


@given(streams=STREAMS)
@settings(max_examples=100, deadline=None)
def test_each_frame_holds_what_is_nearest_to_it_and_nothing_else(streams):
    sync = synchronizer(*ALL)
    feed(sync, **streams)
    stamps = []
    for t, parts, missing in map(summary, drain(sync)):
        stamps.append(t)
        for name, listed in streams.items():
            before = 200 if name == "odom" else 60
            near = [ms for ms in listed if -before <= ms - t <= 60]
            if near:
                assert abs(parts[name] - t) == min(abs(ms - t) for ms in near)
            else:
                assert name in missing
        assert parts.keys() | missing.keys() == streams.keys()
    assert stamps == sorted(set(stamps))
    assert set(streams["lidar"]) <= set(stamps) <= {ms for name in ("lidar", "front", "radar") for ms in streams[name]}


@given(streams=STREAMS, offset=st.integers(-1000, 1000))
@settings(max_examples=50, deadline=None)
def test_an_offset_undoes_a_shift_of_the_stamps(streams, offset):
    plain, shifted = synchronizer(*ALL), synchronizer(CAMERA, SourceSpec("lidar", "lidar", offset_ns=offset * MS), RADAR, ODOM)
    feed(plain, **streams)
    feed(shifted, **{**streams, "lidar": [ms - offset for ms in streams["lidar"]]})
    assert [summary(f) for f in drain(plain)] == [summary(f) for f in drain(shifted)]


@given(streams=STREAMS)
@settings(max_examples=100, deadline=None)
def test_no_silent_sensor_holds_a_frame_back_longer_than_the_window(streams):
    sync = synchronizer(*ALL)
    seen: list[int] = []
    lidar: list[int] = []
    for ms, name in sorted((ms, name) for name, listed in streams.items() for ms in listed):
        sync.push(name, reading(name, ms))
        if name == "lidar":
            lidar.append(ms)
        seen += [int(f.stamp_ns / MS) for f in drain(sync, last=False)]
        assert {t for t in lidar if t <= ms - WINDOW // MS} <= set(seen)

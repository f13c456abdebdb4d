# SPDX-License-Identifier: Apache-2.0
"""Point clouds of every layout, and laser scans."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.errors import MessageError
from mm_nav.wire import decode_laser_scan, decode_point_cloud
from mm_nav.wire.cloud import DATATYPES, decode_radar_scan, decode_radar_tracks

from .conftest import as_message

HEADER = {"stamp": {"sec": 1, "nanosec": 5}, "frame_id": "/lidar"}
NUMBER_OF = {text: number for number, text in DATATYPES.items()}


def cloud(columns: dict[str, tuple[str, list[float]]], *, rows: int = 1, hole: int = 0, pad: int = 0, big: bool = False):
    """PointCloud2 fields: columns as name -> (dtype, values); ``hole`` bytes before each field, ``pad`` after rows."""
    order = ">" if big else "<"
    fields, offset = [], 0
    for name, (dtype, _) in columns.items():
        offset += hole
        fields.append({"name": name, "offset": offset, "datatype": NUMBER_OF[dtype], "count": 1})
        offset += np.dtype(dtype).itemsize
    count = len(next(iter(columns.values()))[1])
    point = np.dtype({"names": list(columns), "formats": [order + d for d, _ in columns.values()],
                      "offsets": [f["offset"] for f in fields], "itemsize": offset})  # fmt: skip
    table = np.zeros(count, point)
    for name, (_, values) in columns.items():
        table[name] = values
    raw = table.view(np.uint8).reshape(rows, -1)
    raw = np.concatenate([raw, np.full((rows, pad), 255, np.uint8)], axis=1)
    return {"header": HEADER, "height": rows, "width": count // rows, "fields": fields, "is_bigendian": big,
            "point_step": offset, "row_step": raw.shape[1], "data": raw.reshape(-1), "is_dense": True}  # fmt: skip


XYZ = {"x": ("f4", [1.0, 2, 3, 4]), "y": ("f4", [5.0, 6, 7, 8]), "z": ("f4", [9.0, 10, 11, 12])}
EXPECTED = np.array([[1, 5, 9], [2, 6, 10], [3, 7, 11], [4, 8, 12]], np.float32)


@given(
    order=st.permutations(["x", "y", "z", "intensity", "ring"]), dtypes=st.lists(st.sampled_from(["f4", "f8", "i2", "u1"]), min_size=5, max_size=5),
    rows=st.sampled_from([1, 2, 4]), hole=st.integers(0, 5), pad=st.integers(0, 7), big=st.booleans(),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
@pytest.mark.fault("M04", "M08", "M09", "M11")
def test_no_layout_changes_the_points(order, dtypes, rows, hole, pad, big):
    values = {**{k: v for k, (_, v) in XYZ.items()}, "intensity": [1, 2, 3, 4], "ring": [0, 0, 1, 1]}
    columns = {name: (dtype, values[name]) for name, dtype in zip(order, dtypes, strict=True)}
    points = decode_point_cloud(as_message(cloud(columns, rows=rows, hole=hole, pad=pad, big=big)))
    np.testing.assert_array_equal(points.xyz, EXPECTED)
    np.testing.assert_array_equal(points.intensity, [1, 2, 3, 4])
    assert points.xyz.dtype == points.intensity.dtype == np.float32
    assert points.xyz.flags.c_contiguous
    assert np.isnan(points.velocity).all()
    assert (points.stamp_ns, points.frame_id) == (1_000_000_005, "lidar")


@pytest.mark.fault("M12")
def test_points_that_are_not_finite_are_removed_with_their_values(message):
    columns = {"x": ("f4", [1.0, np.nan, np.inf, 4]), "y": ("f4", [0.0, 0, -np.inf, 0]), "z": ("f8", [0.0, 0, 0, 1e300]),
               "intensity": ("f4", [7.0, 8, 9, 10])}  # fmt: skip
    points = decode_point_cloud(message(cloud(columns)))
    np.testing.assert_array_equal(points.xyz, [[1, 0, 0]])
    np.testing.assert_array_equal(points.intensity, [7])


@pytest.mark.parametrize("name", ["velocity", "Doppler", "range_rate", "v_r", "radial_velocity"])
@pytest.mark.fault("M26")
def test_doppler_is_found_under_its_usual_names(message, name):
    columns = {**XYZ, name: ("f4", [1.0, -1, np.nan, np.inf]), "rcs": ("f4", [5.0, np.nan, -3, 0])}
    points = decode_point_cloud(message(cloud(columns)))
    np.testing.assert_array_equal(points.velocity, np.array([1, -1, np.nan, np.nan], np.float32))
    np.testing.assert_array_equal(points.intensity, [5, 0, -3, 0])


@pytest.mark.parametrize("name", ["intensity", "rcs", "power", "snr", "i"])
def test_strength_is_found_under_its_usual_names(message, name):
    points = decode_point_cloud(message(cloud({**XYZ, name: ("u1", [1, 2, 3, 4])})))
    np.testing.assert_array_equal(points.intensity, [1, 2, 3, 4])


@pytest.mark.fault("M26")
def test_a_polar_radar_is_turned_into_points(message):
    columns = {"range": ("f4", [2.0, 2, 2]), "azimuth": ("f4", [0.0, np.pi / 2, 0]), "elevation": ("f4", [0.0, 0, np.pi / 2])}
    points = decode_point_cloud(message(cloud(columns)))
    np.testing.assert_allclose(points.xyz, [[2, 0, 0], [0, 2, 0], [0, 0, 2]], atol=1e-6)
    flat = decode_point_cloud(message(cloud({k: v for k, v in columns.items() if k != "elevation"})))
    np.testing.assert_allclose(flat.xyz[:2], points.xyz[:2], atol=1e-6)
    assert points.xyz.dtype == np.float32


@pytest.mark.fault("M07")
def test_a_cloud_without_points_is_valid_and_empty(message):
    for changes in ({"width": 0, "data": b""}, {"height": 0, "point_step": 0, "fields": []}):
        points = decode_point_cloud(message(cloud(XYZ), **changes))
        assert points.xyz.shape == (0, 3)
        assert points.velocity.shape == points.intensity.shape == (0,)


@pytest.mark.fault("M03")
def test_a_missing_row_step_is_worked_out(message):
    np.testing.assert_array_equal(decode_point_cloud(message(cloud(XYZ, rows=2), row_step=0)).xyz, EXPECTED)


@pytest.mark.fault("M02")
def test_bytes_after_the_last_row_are_ignored(message):
    fields = cloud(XYZ)
    longer = np.concatenate([fields["data"], np.zeros(9, np.uint8)])
    np.testing.assert_array_equal(decode_point_cloud(message(fields, data=longer)).xyz, EXPECTED)


X_OUTSIDE = [{"name": n, "offset": o, "datatype": 7, "count": 1} for n, o in (("x", 10), ("y", 0), ("z", 4))]
OVERLAP = [{"name": n, "offset": o, "datatype": 7, "count": 1} for n, o in (("x", 0), ("y", 2), ("z", 8))]


@pytest.mark.parametrize(
    ("changes", "reason", "says"),
    [
        ({"data": np.zeros(47, np.uint8)}, "short_data", "47 bytes, row_step 48 x height 1 needs 48"),
        ({"width": 0xFFFFFFFF, "height": 0xFFFFFFFF, "row_step": 0}, "short_data", "48 bytes"),
        ({"width": 1_000_000, "row_step": 12_000_000}, "short_data", "12000000"),
        ({"row_step": 40}, "bad_layout", "row_step 40"),
        ({"point_step": 0}, "bad_layout", "point_step 0"),
        ({"fields": X_OUTSIDE}, "bad_layout", "'x' at byte 10"),
        ({"fields": OVERLAP}, "bad_layout", "'y' at byte 2"),
    ],
)
@pytest.mark.fault("M01", "M04", "M05", "M06", "M10")
def test_a_broken_cloud_is_refused_with_its_numbers(message, changes, reason, says):
    with pytest.raises(MessageError, match=re.escape(says)) as caught:
        decode_point_cloud(message(cloud(XYZ), **changes))
    assert caught.value.reason == reason


@pytest.mark.fault("M09")
def test_a_cloud_without_positions_names_the_fields_it_has(message):
    with pytest.raises(MessageError, match=r"\['x float32', 'height float64'\].*publish x, y, z") as caught:
        decode_point_cloud(message(cloud({"x": XYZ["x"], "height": ("f8", [1.0, 2, 3, 4])})))
    assert caught.value.reason == "no_xyz"


@pytest.mark.fault("M11")
def test_a_position_of_unknown_datatype_is_missing(message):
    fields = cloud(XYZ)
    fields["fields"][2]["datatype"] = 9
    with pytest.raises(MessageError, match="none says where"):
        decode_point_cloud(message(fields))


SCAN = {"header": HEADER, "time_increment": 0.0, "angle_min": -np.pi / 2, "angle_increment": np.pi / 2, "range_min": 0.1, "range_max": 5.0,
        "ranges": np.array([1, 2, 3], np.float32), "intensities": np.zeros(0, np.float32)}  # fmt: skip


def test_a_scan_becomes_points_on_the_ground_plane_of_the_sensor(message):
    points = decode_laser_scan(message(SCAN))
    np.testing.assert_allclose(points.xyz, [[0, -1, 0], [2, 0, 0], [0, 3, 0]], atol=1e-6)
    np.testing.assert_array_equal(points.intensity, [0, 0, 0])


def test_beams_that_saw_nothing_or_too_near_are_dropped(message):
    ranges = np.array([np.nan, np.inf, 0.05, 5.1, 4, -1], np.float32)
    points = decode_laser_scan(message(SCAN, ranges=ranges, intensities=np.arange(6, dtype=np.float32)))
    assert points.xyz.shape == (1, 3)
    np.testing.assert_array_equal(points.intensity, [4])


def test_a_scan_with_angles_that_are_no_numbers_is_refused(message):
    with pytest.raises(MessageError, match="angle_min nan"):
        decode_laser_scan(message(SCAN, angle_min=np.nan))


def test_every_echo_of_a_multi_echo_scan_is_a_point(message):
    """Three beams to the right, ahead and to the left; the middle one sees rain, then a wall."""
    echoes = [[1.0], [0.5, 3.0, 9.0], []]
    scan = {**SCAN, "ranges": [{"echoes": e} for e in echoes], "intensities": [{"echoes": [10.0 * v for v in e]} for e in echoes]}
    points = decode_laser_scan(message(scan))
    np.testing.assert_allclose(points.xyz, [[0, -1, 0], [0.5, 0, 0], [3, 0, 0]], atol=1e-6)  # 9 m is beyond range_max
    np.testing.assert_allclose(points.intensity, [10, 5, 30])


def test_a_radar_scan_is_polar(message):
    returns = [{"range": 10.0, "azimuth": np.pi / 2, "elevation": 0.0, "doppler_velocity": -3.0, "amplitude": 12.0},
               {"range": 2.0, "azimuth": 0.0, "elevation": np.pi / 6, "doppler_velocity": np.nan, "amplitude": np.inf},
               {"range": np.nan, "azimuth": 0.0, "elevation": 0.0, "doppler_velocity": 0.0, "amplitude": 0.0}]  # fmt: skip
    points = decode_radar_scan(message({"header": HEADER, "returns": returns}))
    np.testing.assert_allclose(points.xyz, [[0, 10, 0], [2 * np.cos(np.pi / 6), 0, 1]], atol=1e-5)
    np.testing.assert_array_equal(points.velocity, np.array([-3, np.nan], np.float32))
    np.testing.assert_array_equal(points.intensity, [12, 0])
    assert len(decode_radar_scan(message({"header": HEADER, "returns": []})).xyz) == 0


def test_a_radar_track_keeps_its_speed_along_the_ray(message):
    track = {"position": {"x": 3.0, "y": 4.0, "z": 0.0}, "velocity": {"x": 5.0, "y": 0.0, "z": 0.0}}
    points = decode_radar_tracks(message({"header": HEADER, "tracks": [track]}))
    np.testing.assert_allclose(points.xyz, [[3, 4, 0]])
    np.testing.assert_allclose(points.velocity, [3.0])  # 5 m/s along x, of which 3/5 point away

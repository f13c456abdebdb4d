# SPDX-License-Identifier: Apache-2.0
"""Data that cannot be true is taken out; data that is only odd is told."""

import dataclasses

import numpy as np
import pytest

from mm_nav.core.geometry import se2
from mm_nav.core.plausible import Plausibility
from mm_nav.core.types import CameraImage, CameraModel, CameraView, Odometry, PointCloud, PosedCloud, SensorFrame

PERIOD_NS = 200_000_000
RNG = np.random.default_rng(3)
SMOOTH = np.kron(RNG.integers(30, 220, (12, 16)), np.ones((8, 8)))[..., None].repeat(3, axis=2).astype(np.uint8)
WALL = RNG.uniform(-8, 8, (400, 3)).astype(np.float32)


def frame(i: int, *, rgb: np.ndarray = SMOOTH, lidar: np.ndarray | None = None, radar: np.ndarray | None = None, x: float | None = None) -> SensorFrame:
    stamp_ns = 10**12 + i * PERIOD_NS
    model = CameraModel(frame_id="cam", width=rgb.shape[1], height=rgb.shape[0], K=np.diag([100.0, 100.0, 1.0]))
    view = CameraView(name="camera", image=CameraImage(stamp_ns=stamp_ns, frame_id="cam", rgb=rgb), model=model, T_base_cam=np.eye(4))
    zero = np.zeros(3)
    odometry = None if x is None else Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=se2(x, 0, 0), linear=zero, angular=zero)
    return SensorFrame(stamp_ns=stamp_ns, cameras=(view,), lidars=(posed("lidar", lidar if lidar is not None else noisy(WALL), stamp_ns),),
                       radars=(posed("radar", radar if radar is not None else noisy(WALL[:30]), stamp_ns),), odometry=odometry)  # fmt: skip


def noisy(points: np.ndarray) -> np.ndarray:
    return (points + RNG.normal(0, 0.01, points.shape)).astype(np.float32)


def grainy(i: int) -> np.ndarray:
    return np.clip(SMOOTH + np.random.default_rng(i).normal(0, 3, SMOOTH.shape), 0, 255).astype(np.uint8)


def posed(name: str, xyz: np.ndarray, stamp_ns: int) -> PosedCloud:
    none = np.zeros(len(xyz), np.float32)
    return PosedCloud(name=name, cloud=PointCloud(stamp_ns=stamp_ns, frame_id=name, xyz=xyz, intensity=none, velocity=none), T_base_sensor=np.eye(4))


def missing(judged: SensorFrame) -> dict[str, str]:
    return {m.name: m.reason for m in judged.missing}


def test_sound_sensors_are_left_as_they_are() -> None:
    watch = Plausibility()
    for i in range(20):
        given = frame(i, rgb=grainy(i), x=0.1 * i)
        judged, odd = watch.judge(given)
        assert judged is given
        assert not odd


@pytest.mark.fault("S05")
@pytest.mark.parametrize("sensor", ["camera", "lidar"])
def test_a_sensor_that_repeats_itself_while_the_robot_moves_is_taken_out_until_it_lives_again(sensor: str) -> None:
    watch = Plausibility()

    def at(i: int, stuck: bool) -> dict[str, str]:
        rgb = SMOOTH if stuck and sensor == "camera" else grainy(i)
        lidar = WALL if stuck and sensor == "lidar" else noisy(WALL)
        return missing(watch.judge(frame(i, rgb=rgb, lidar=lidar, x=0.1 * i))[0])

    assert [sensor in at(i, stuck=True) for i in range(5)] == [False, False, True, True, True]
    assert "stuck: the same data for 1.0 s while the robot moved" in at(5, stuck=True)[sensor]
    assert not at(6, stuck=False)


@pytest.mark.fault("S05")
def test_a_standing_robot_is_warned_after_a_second_and_one_without_odometry_loses_the_sensor_after_two() -> None:
    standing, lost = Plausibility(), Plausibility()
    told = [standing.judge(frame(i, lidar=WALL, rgb=grainy(i), x=0.0)) for i in range(15)]
    assert ["lidar" in odd for _, odd in told] == [i >= 5 for i in range(15)]
    assert all(not judged.missing for judged, _ in told)
    out = [missing(lost.judge(frame(i, lidar=WALL, rgb=grainy(i)))[0]) for i in range(15)]
    assert ["lidar" in m for m in out] == [i >= 10 for i in range(15)]


def test_one_reading_in_two_instants_is_no_repetition() -> None:
    watch = Plausibility()
    for i in range(6):
        given = frame(i, rgb=grainy(i), x=0.1 * i)
        old = dataclasses.replace(given.lidars[0], cloud=frame(0, lidar=WALL).lidars[0].cloud)
        judged, odd = watch.judge(dataclasses.replace(given, lidars=(old,)))
        assert (missing(judged), odd) == ({}, {})


@pytest.mark.fault("S06", "M13")
def test_random_bytes_of_the_right_size_are_taken_out_at_once() -> None:
    rgb = RNG.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    for seed in range(20):
        bits = np.random.default_rng(seed).integers(0, 2**32, (1000, 3), dtype=np.uint32).view(np.float32)
        points = bits[np.isfinite(bits).all(axis=1)]
        found = missing(Plausibility().judge(frame(0, rgb=rgb, lidar=points, radar=points[:60]))[0])
        assert "noise, no picture" in found["camera"]
        assert "beyond 1 km" in found["lidar"]
        assert "beyond 1 km" in found["radar"]


@pytest.mark.fault("M13")
def test_a_few_absurd_ranges_do_no_harm_and_a_cloud_at_the_origin_is_told() -> None:
    points = noisy(WALL)
    points[:20] = 1e30
    judged, odd = Plausibility().judge(frame(0, rgb=grainy(0), lidar=points))
    assert (missing(judged), odd) == ({}, {})
    points[:] = 0.0
    points[:5] = 3.0
    judged, odd = Plausibility().judge(frame(0, rgb=grainy(0), lidar=points))
    assert odd == {"lidar": "99% of its points lie at the sensor itself"}


@pytest.mark.fault("M07")
def test_a_lidar_without_points_is_off_after_a_second_unless_that_means_open_ground() -> None:
    none = np.zeros((0, 3), np.float32)
    for open_ground in (False, True):
        watch = Plausibility(empty_is_open=open_ground)
        out = [missing(watch.judge(frame(i, rgb=grainy(i), lidar=none))[0]) for i in range(8)]
        assert ["lidar" in m for m in out] == [not open_ground and i >= 5 for i in range(8)]
        assert not missing(watch.judge(frame(9, rgb=grainy(9)))[0])


def test_a_night_picture_full_of_grain_is_no_random_picture() -> None:
    night = np.clip(SMOOTH / 12 + RNG.normal(0, 6, SMOOTH.shape), 0, 255).astype(np.uint8)
    assert not missing(Plausibility().judge(frame(0, rgb=night))[0])


def test_time_that_begins_anew_is_no_repetition() -> None:
    watch = Plausibility()
    watch.judge(frame(50, lidar=WALL, rgb=grainy(0)))
    watch.reset()
    judged, odd = watch.judge(frame(0, lidar=WALL, rgb=grainy(1)))
    assert (missing(judged), odd) == ({}, {})

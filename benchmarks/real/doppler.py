# SPDX-License-Identifier: Apache-2.0
"""Radars: Doppler and RCS against the packets they were decoded from, and the speed by Doppler against an IMU."""

from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from benchmarks.real.section import Section, Table
from mm_nav.bags.playback import readings
from mm_nav.bags.reader import BagReader
from mm_nav.core.doppler import own_velocity
from mm_nav.core.types import PointCloud
from mm_nav.viz import chart
from mm_nav.viz.canvas import CYAN, YELLOW

DECODED = {  # source name in the recording -> the detections that another decoder made of the same packets
    "radar/front_center": "ars548/*_detection.yaml",
    "radar/front_left/points_near": "srr520/*_near_detection.yaml",
    "radar/front_left/points_hrr": "srr520/*_hrr_detection.yaml",
}
REST_S = 1.5  # the hand-held rig stands still at the start
SOURCE_MOUNT = Rotation.from_quat([0.923218461092, 0.375992995522, -0.0267831268675, -0.0746967504749])  # by its calibration
CHANGE_S = 1.0  # velocity changes over this time are compared: Doppler has no drift, an IMU has


def automotive(data: Path, pictures: Path, scratch: Path) -> Section:
    """ARS548 and SRR520: what we read against the source's decoder, and the speed that most returns agree on."""
    section = Section("nebula_radar", "Automotive radars (Continental ARS548, SRR520)")
    table = Table(("radar", "returns", "range rate off by, m/s", "RCS off by, dB", "position off by, m", "speed, m/s", "standing"))
    worst = 0.0
    with BagReader(data / "nebula_radar" / "derived_points") as reader:
        for name, cloud, _ in readings(reader):
            if not isinstance(cloud, PointCloud):
                continue
            rate, rcs, xyz = _decoded(data / "nebula_radar", name)
            gaps = [float(np.abs(a - b).max()) for a, b in ((cloud.velocity, rate), (cloud.intensity, rcs), (cloud.xyz, xyz))]
            worst = max(worst, *gaps)
            found = own_velocity(cloud.xyz, cloud.velocity)
            speed, share = (None, None) if found is None else (float(np.hypot(*found[0])), float(found[1].mean()))
            table.rows.append((name, len(cloud.xyz), *(f"{gap:.1e}" for gap in gaps), speed, share))
            section.summary[f"speed by {name.removeprefix('radar/')}, m/s"] = speed
    section.summary["largest difference from the decoder's values"] = f"{worst:.1e}"
    section.tables.append(("Each radar's one scan, against the values that the source's own decoder wrote down:", table))
    section.notes.append("There is no odometry in these packets. The speed is the one that most returns agree on; "
                         "*standing* is the share of returns that fit it within 0.25 m/s.")  # fmt: skip
    return section


def _decoded(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Range rate, RCS and position of each detection, from YAML."""
    file = next(iter(sorted(folder.glob(DECODED[name]))))
    found = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
    listed = found["detections"] if isinstance(found, dict) else found
    rate, rcs, away, azimuth, elevation = (
        np.array([float(d.get(key, 0.0)) for d in listed]) for key in ("range_rate", "rcs", "range", "azimuth_angle", "elevation_angle"))  # fmt: skip
    ground = np.cos(elevation) * away
    return rate, rcs, np.stack([ground * np.cos(azimuth), ground * np.sin(azimuth), np.sin(elevation) * away], axis=1)


def handheld(data: Path, pictures: Path, scratch: Path) -> Section:
    """TI mmWave: velocity by Doppler against the IMU beside it, over one second at a time."""
    section = Section("mmwave_radar", "Hand-held radar with IMU (TI mmWave)")
    imu, clouds = _imu(data / "mmwave_radar" / "bag"), _clouds(data / "mmwave_radar" / "bag")
    times, velocity, share = _velocities(imu, clouds)
    corrected, by_imu, turn = _compared(times, velocity, imu)
    r = float(np.corrcoef(corrected.ravel(), by_imu.ravel())[0, 1])
    off = float(np.sqrt(((corrected - by_imu) ** 2).sum(axis=1).mean()))
    usual = float(np.sqrt((by_imu**2).sum(axis=1).mean()))
    section.summary = {"scans with a speed": f"{len(times)} of {len(clouds)}", "correlation with the IMU": r,
                       "off by, m/s": off, "of a usual change of, m/s": usual}  # fmt: skip
    table = Table(("axis", "correlation", "off by (rms), m/s", "usual change (rms), m/s"))
    for axis, name in enumerate("xyz"):
        a, b = corrected[:, axis], by_imu[:, axis]
        table.rows.append((name, float(np.corrcoef(a, b)[0, 1]), float(np.sqrt(np.mean((a - b) ** 2))), float(np.sqrt(np.mean(b**2)))))
    section.tables.append((f"Changes of velocity over {CHANGE_S:g} s, Doppler against integrated acceleration, {len(by_imu)} pairs:", table))
    section.notes += [
        (f"On average {100 * share:.0f} % of the returns stand still and are fitted. The recording holds no reference for speed; the IMU's "
        "acceleration, turned by its own gyroscope and freed of gravity as it was at rest, is independent of the radar."),
        (f"The mounting's rotation is fitted, since the recording has none: it comes out {turn:.0f} degrees from the calibration that "
        "the source gives for its own axes. Headers have no stamp and no frame, so log times are used."),
    ]
    figure, axes = chart.panels(1, 9, 3.2)
    axes[0].plot(by_imu[:, 0], color=CYAN, label="IMU")
    axes[0].plot(corrected[:, 0], color=YELLOW, label="Doppler")
    chart.name(axes[0], "change of velocity over 1 s, along x", "scan", "m/s")
    chart.legend(axes[0])
    chart.picture(figure).save(pictures / "mmwave_radar.png")
    section.pictures.append(("real/mmwave_radar.png", "Two curves of velocity change over the scans, by IMU and by Doppler, lie on each other"))
    return section


class _Imu:
    """Seconds, turn rates without bias, rotations into the level frame, and velocity by acceleration alone (it drifts)."""

    def __init__(self, times: np.ndarray, force: np.ndarray, rate: np.ndarray) -> None:
        rest = times < REST_S
        gravity = force[rest].mean(axis=0)
        self.times, self.rate = times, rate - rate[rest].mean(axis=0)
        turns = [Rotation.align_vectors([[0.0, 0.0, 1.0]], [gravity / np.linalg.norm(gravity)])[0]]
        for step, since in zip(self.rate[:-1], np.diff(times), strict=True):
            turns.append(turns[-1] * Rotation.from_rotvec(step * since))
        self.level = Rotation.concatenate(turns)
        free = self.level.apply(force) - [0.0, 0.0, float(np.linalg.norm(gravity))]
        steps = (free[1:] + free[:-1]) / 2 * np.diff(times)[:, None]
        self.velocity = np.vstack([np.zeros(3), np.cumsum(steps, axis=0)])

    def at(self, times: np.ndarray) -> np.ndarray:
        """Velocity (n, 3)."""
        return np.stack([np.interp(times, self.times, column) for column in self.velocity.T], axis=1)


def _imu(bag: Path) -> _Imu:
    with BagReader(bag) as reader:
        rows = [(m.log_time_ns, m.msg.header.stamp.sec * 10**9 + m.msg.header.stamp.nanosec,
                 *(getattr(m.msg.linear_acceleration, a) for a in "xyz"), *(getattr(m.msg.angular_velocity, a) for a in "xyz"))
                for m in reader.messages(["/sensor_platform/imu"])]  # fmt: skip
        logs, stamps = (np.array([row[i] for row in rows], np.int64) for i in (0, 1))
    seconds = (stamps - stamps[0]) * 1e-9 + float(np.median((logs - logs[0]) - (stamps - stamps[0]))) * 1e-9  # its clock is days off
    values = np.array([row[2:] for row in rows])
    return _Imu(seconds, values[:, :3], values[:, 3:])


def _clouds(bag: Path) -> list[tuple[float, PointCloud]]:
    """Scans by seconds after the first message of the IMU, by log time."""
    with BagReader(bag) as reader:
        start = next(reader.messages(["/sensor_platform/imu"])).log_time_ns
        return [((log_ns - start) * 1e-9, cloud) for _, cloud, log_ns in readings(reader) if isinstance(cloud, PointCloud)]


def _velocities(imu: _Imu, clouds: list[tuple[float, PointCloud]]) -> tuple[np.ndarray, np.ndarray, float]:
    """Times, the radar's velocities (n, 3) in its own frame, and the mean share of standing returns."""
    times, found, shares = [], [], []
    for seconds, cloud in clouds:
        own = own_velocity(cloud.xyz, cloud.velocity)
        if own is None:
            continue
        stands = own[1]
        rays = cloud.xyz[stands].astype(np.float64)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        found.append(np.linalg.lstsq(rays, -cloud.velocity[stands].astype(np.float64), rcond=None)[0])
        times.append(seconds)
        shares.append(float(stands.mean()))
    return np.array(times), np.array(found), float(np.mean(shares))


def _compared(times: np.ndarray, velocity: np.ndarray, imu: _Imu) -> tuple[np.ndarray, np.ndarray, float]:
    """Pairs of changes over ``CHANGE_S`` in the level frame, by Doppler and by IMU, and how far the fitted mounting is from the
    source's (degrees)."""
    level = imu.level[np.clip(np.searchsorted(imu.times, times), 0, len(imu.times) - 1)]
    later = np.searchsorted(times, times + CHANGE_S)
    first = np.flatnonzero(later < len(times))
    by_imu = imu.at(times[later[first]]) - imu.at(times[first])

    def by_doppler(mount: np.ndarray) -> np.ndarray:
        placed = level.apply(Rotation.from_rotvec(mount).apply(velocity))
        return np.asarray(placed[later[first]] - placed[first])

    starts = [turn * SOURCE_MOUNT for turn in Rotation.from_euler("z", np.arange(0, 360, 90)[:, None], degrees=True)]
    fits = [least_squares(lambda m: (by_doppler(m) - by_imu).ravel(), start.as_rotvec()) for start in starts]
    best = min(fits, key=lambda fit: float(fit.cost))
    away = Rotation.from_rotvec(best.x) * SOURCE_MOUNT.inv()
    return by_doppler(best.x), by_imu, float(np.degrees(away.magnitude()))

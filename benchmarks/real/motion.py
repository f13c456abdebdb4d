# SPDX-License-Identifier: Apache-2.0
"""Odometry alone becomes its own future truth; two 2-D scans alone become occupancy."""

from pathlib import Path

import numpy as np
import yaml

from benchmarks.real.boxes import BASE
from benchmarks.real.section import Section, Table
from benchmarks.real.sensing import agreement, picture, seen
from mm_nav.bags.reader import BagReader
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import cells_of, transform
from mm_nav.engine import load_bundle
from mm_nav.train import labels
from mm_nav.viz import chart
from mm_nav.viz.canvas import CYAN

EVERY = 10  # odometry messages
ASSUMED = {"front_scanner": [0.25, 0.0, 0.3, 0.0], "rear_scanner": [-0.25, 0.0, 0.3, np.pi]}  # x y z yaw


def odometry(data: Path, pictures: Path, scratch: Path) -> Section:
    """Clearpath Husky, 395 s: waypoint labels from later odometry, against an interpolation of their own."""
    section = Section("husky_odometry", "Odometry alone (Clearpath Husky, 395 s)")
    bag, spec = data / "husky_odometry" / "bag", ModelSpec()
    truth = labels.read_truth(bag)
    with BagReader(bag) as reader:
        found = [m.msg for m in reader.messages() if m.type == "nav_msgs/msg/Odometry"]
    stamps = np.array([m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in found], np.int64)
    t = (stamps - stamps[0]) * 1e-9
    place = np.array([complex(m.pose.pose.position.x, m.pose.pose.position.y) for m in found])
    turn = np.array([complex(m.pose.pose.orientation.w, m.pose.pose.orientation.z) for m in found]) ** 2
    speed = np.array([m.twist.twist.linear.x for m in found])
    made, gaps, straight = 0, [], []
    frames = range(0, len(t), EVERY)
    for i in frames:
        way, known = labels.waypoints(truth, int(stamps[i]), spec)
        for k in np.flatnonzero(known):
            later = t[i] + (k + 1) * spec.waypoint_dt_s
            then = complex(np.interp(later, t, place.real), np.interp(later, t, place.imag))
            ahead = (then - place[i]) * np.conj(turn[i]) / abs(turn[i])
            gaps.append(abs(complex(*way[k]) - ahead))
            straight.append(abs(ahead - speed[i] * (k + 1) * spec.waypoint_dt_s))
            made += 1
    whole = len(list(frames)) * spec.waypoint_count
    section.summary = {"waypoint labels": f"{made} of {whole}", "largest error, m": f"{max(gaps):.1e}",
                       "driving straight on would be off by, m": float(np.mean(straight))}  # fmt: skip
    section.notes.append(
        f"No sensor but odometry (and an IMU): every {EVERY}th message becomes a frame of {spec.waypoint_count} waypoints {spec.waypoint_dt_s:g} s "
        f"apart. {made} of {whole} are labelled, the others lie behind the end of the recording or a gap in it. The largest difference "
        "from an interpolation in complex numbers, without our transforms, is as above. Going straight on at the speed of now would "
        "miss them by the mean distance above: that is what there is to learn.")  # fmt: skip
    figure, axes = chart.panels(1, 5, 4.2)
    axes[0].plot(place.real, place.imag, color=CYAN)
    axes[0].set_aspect("equal")
    chart.name(axes[0], "driven path", "x, m", "y, m")
    chart.picture(figure).save(pictures / "husky_odometry.png")
    section.pictures.append(("real/husky_odometry.png", "The path that the robot drove by its odometry"))
    return section


def scans(data: Path, pictures: Path, scratch: Path) -> Section:
    """Two LaserScans without transforms: occupancy with a mounting that is assumed here."""
    section = Section("two_lidars", "Two 2-D LiDARs that are not synchronised")
    beside = scratch / "two_lidars"
    beside.mkdir()
    (beside / "bag").symlink_to((data / "two_lidars" / "bag").resolve())
    frames = {name: {"xyz": values[:3], "rpy": [0.0, 0.0, float(values[3])]} for name, values in ASSUMED.items()}
    (beside / "calibration.yaml").write_text(yaml.safe_dump({"frames": frames}))
    spec = load_bundle(BASE).spec
    recall, precision, both = [], [], 0
    for event in seen(beside / "bag", BASE):
        cells = np.zeros((spec.grid.rows, spec.grid.columns))
        for posed in event.frame.lidars:
            row, column, inside = cells_of(spec.grid, transform(posed.T_base_sensor, posed.cloud.xyz)[:, :2])
            np.add.at(cells, (row[inside], column[inside]), 1)
        occupied = event.outcome.output.occupancy >= 0.5
        found, near = agreement(occupied, cells)
        recall.append(found)
        precision += [near] if near is not None else []
        both += len(event.frame.lidars) == 2
    picture(event, spec.grid, "two 2-D LiDARs").save(pictures / "two_lidars.png")
    section.pictures.append(("real/two_lidars.png", "A room around the robot, its walls occupied"))
    section.summary = {"instants": len(recall), "with both scans": both, "cells with returns that are occupied": float(np.mean(recall)),
                       "occupied cells beside a return": float(np.mean(precision))}  # fmt: skip
    table = Table(("frame", "x, m", "y, m", "z, m", "yaw, rad"), [(name, *map(float, values)) for name, values in ASSUMED.items()])
    section.tables.append(("The recording has no transforms; this mounting is our assumption, given as `calibration.yaml` beside the recording:", table))
    section.notes.append("The network never saw a planar scan in training. Each instant takes the rear scan nearest to the front scan's stamp; "
                         "without odometry neither is moved to the other's time.")  # fmt: skip
    return section

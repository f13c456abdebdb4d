# SPDX-License-Identifier: Apache-2.0
"""A recording through real ROS 2 topics at its own rate, three processes on one machine: player, fusion node, recorder."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mm_nav.bags.reader import BagReader

SETTLE_S = 3.0  # after the last message, for what is still in the node
PATIENCE_S = 60.0


@dataclass(slots=True)
class Heard:
    """What came out. ``after_s`` is from the newest reading of an instant to its occupancy, where stamps and log time fit."""

    instants: int = 0
    stamps: list[int] = field(default_factory=list)
    logs: list[int] = field(default_factory=list)
    skipped: int = 0
    said: set[str] = field(default_factory=set)  # messages of the fusion node's diagnostics


def play(bag: Path, bundle: Path, scratch: Path, domain: int, extra: dict[str, object] | None = None) -> Heard:
    """Play a recording at its recorded rate into a fusion node; everything discovers on localhost only."""
    params, out = scratch / "params.yaml", scratch / "heard"
    env = os.environ | {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_LOG_DIR": str(scratch / "log")}
    tool = [sys.executable, "-m", "mm_nav"]
    subprocess.run([*tool, "play", str(bag), "--write-params", str(params)], check=True, env=env, capture_output=True)
    values = yaml.safe_load(params.read_text())
    values["/**"]["ros__parameters"] |= {"bundle": str(bundle), **(extra or {})}
    params.write_text(yaml.safe_dump(values))
    node = [*tool, "node", "fusion_node", "--ros-args", "--params-file", str(params)]
    recorder = [*tool, "record", "--out", str(out), "/occupancy", "/diagnostics", "/fusion_status"]
    running = [subprocess.Popen(one, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for one in (recorder, node)]
    try:
        subprocess.run([*tool, "play", str(bag), "--wait-s", str(PATIENCE_S)], check=True, env=env, capture_output=True, timeout=600)
        time.sleep(SETTLE_S)
    finally:
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            process.wait(30)
    return _read(out)


def _read(out: Path) -> Heard:
    heard = Heard()
    with BagReader(out) as reader:
        for message in reader.messages():
            if message.topic == "/occupancy":
                heard.instants += 1
                heard.stamps.append(message.msg.header.stamp.sec * 10**9 + message.msg.header.stamp.nanosec)
                heard.logs.append(message.log_time_ns)
            elif message.topic == "/diagnostics":
                for status in message.msg.status:
                    if status.name.endswith(": fusion"):
                        heard.said.add(status.message)
                        heard.skipped = max(heard.skipped, *(int(v.value) for v in status.values if v.key == "skipped"))
    return heard

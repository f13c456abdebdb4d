# SPDX-License-Identifier: Apache-2.0
"""Ten times the rate of a sensor, and a thousand orders a second: is the newest still what counts, how soon, at what memory?"""

import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.soak.drive import Tell, close, quantiles, start
from benchmarks.soak.trouble import Rig, flood
from mm_nav.ros.words import RATE_HZ

SECONDS = 20.0
SOURCES = ("camera/front", "lidar", "radar", "odom")
P99_RATIO = 1.5  # what is promised
GROWTH_MB = 10.0  # what counts as flat: a queue of a thousand clouds a minute would be hundreds


def rush(folder: Path, seed: int, seconds: float = SECONDS, tell: Tell = print) -> dict[str, Any]:
    """Nominal, each sensor fast, and a flood of orders. Returns: what docs/soak.json holds under ``rush``."""
    rig = start(folder, seed)
    rows: dict[str, Any] = {}
    try:
        rig.probe.listen(seconds / 2)  # everything warm
        for name in ("nominal", *(f"{source} fast" for source in SOURCES), "1000 orders a second", "nominal again"):
            rows[name] = _row(rig, name, seconds)
            tell(f"{name:22} " + ", ".join(f"{k} {v}" for k, v in rows[name].items()))
    finally:
        close(rig)
    nominal = rows["nominal"]["latency_ms"]["p99"] or float("nan")
    if again := rows["nominal again"]["latency_ms"]["p99"]:  # other work on the machine comes and goes
        nominal = (nominal + again) / 2
    for row in rows.values():
        row["p99_ratio"] = round((row["latency_ms"]["p99"] or float("inf")) / nominal, 2)
        row["passed"] = row["p99_ratio"] <= P99_RATIO and row["growth_mb"] <= GROWTH_MB and row.get("newest", True)
    return {"seconds": seconds, "rows": rows, "crashes": rig.processes.crashes(), "passed": all(r["passed"] for r in rows.values())}


def _row(rig: Rig, name: str, seconds: float) -> dict[str, Any]:
    probe = rig.probe
    source = name.removesuffix(" fast")
    counted, plans, before_mb, answers = len(probe.latencies_s), probe.plans, _used_mb(rig), len(probe.answers)
    said: list[int] = []
    if name == "1000 orders a second":
        rig.meanwhile(lambda: said.append(flood(probe, seconds)))
    elif source != name:
        probe.fault(f"{source} fast")
    began_s = time.monotonic()
    probe.listen(seconds)
    took_s = time.monotonic() - began_s
    rig.settle()
    found = probe.latencies_s[counted:]
    values: dict[str, Any] = {
        "latency_ms": {k: v and round(1e3 * v, 1) for k, v in quantiles(found).items()}, "plans_per_s": round((probe.plans - plans) / took_s, 2),
        "growth_mb": round(_used_mb(rig) - before_mb, 1)}  # fmt: skip
    if said:
        last = probe.last_said
        values |= {"orders_said": said[0], "newest": probe.until(lambda: probe.accepted == last, 2.0 + 2.0 / RATE_HZ) is not None,
                   "answered": len(probe.answers) - answers}  # fmt: skip
        probe.say_order_again()
    elif source != name:
        probe.fault(f"{source} ok")
        probe.listen(1.0)
    return values


def _used_mb(rig: Rig) -> float:
    pids = [rig.processes.pid(node) for node in ("fusion", "navigator")]
    return float(sum(psutil.Process(pid).memory_info().rss for pid in pids if pid)) / 1e6

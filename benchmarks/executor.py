# SPDX-License-Identifier: Apache-2.0
"""CPU of a node per small message: the event loop of our nodes against ``SingleThreadedExecutor.spin``.

A publisher process sends nav_msgs/Odometry at 200 Hz, and 1 kHz for the count of losses, to a node that also has five quiet
subscriptions and a timer of 20 Hz, as a navigator has. CPU is that of the subscriber's process over a burst, all of it.

This file is also what those processes run: ``executor.py publish|subscribe ours|stock``.
"""

import os
import statistics
import sys
import threading
import time
from typing import Any

from benchmarks.process import Child, environment, obey, require_ros
from mm_nav.bench import MIN_ALTERNATIONS, Row, require, versus
from mm_nav.ros.domain import free_domain

SLOW_HZ, FAST_HZ = 200.0, 1000.0
DEPTH = 2000  # of both queues: what is lost was lost by the executor


def row(quick: bool) -> Row:
    """Time both; equal first: every number arrives, once and in order, at 200 Hz and at 1 kHz."""
    version = require_ros()
    first = free_domain()
    pairs = {"ours": _pair("ours", first), "stock": _pair("stock", free_domain(besides=(first,)))}
    try:
        lost = {}
        for side, pair in pairs.items():
            _burst(pair, 20, SLOW_HZ)
            found = _burst(pair, 100 if quick else 1000, FAST_HZ)
            lost[side] = found["sent"] - found["received"]
            require(found["in_order"], f"{side}: out of order or twice")
        require(lost["ours"] == 0, f"{lost['ours']} messages were lost at {FAST_HZ:g} Hz")
        turns: dict[str, list[float]] = {side: [] for side in pairs}
        latency: dict[str, list[float]] = {side: [] for side in pairs}
        for turn in range(MIN_ALTERNATIONS):
            for side in list(pairs)[:: 1 if turn % 2 == 0 else -1]:
                found = _burst(pairs[side], 40 if quick else 300, SLOW_HZ)
                turns[side].append(found["cpu_ms"])
                latency[side].append(found["latency_us"])
    finally:
        for pair in pairs.values():
            for child in pair:
                child.close()
    times = {"mm_nav event loop": statistics.median(turns["ours"]),
             f"rclpy {version} SingleThreadedExecutor.spin": statistics.median(turns["stock"])}  # fmt: skip
    figures = {f"{side}_latency_us": statistics.median(latency[side]) for side in pairs} | {f"{side}_lost_at_1_kHz": float(n) for side, n in lost.items()}
    return versus("executor", times, id="B14", targets=(3,), alternations=MIN_ALTERNATIONS, figures=figures, versions={"rclpy": version},
                  check=f"every message arrives, once and in order, at {SLOW_HZ:g} and {FAST_HZ:g} Hz",
                  limit="perf: the interpreter, which builds the nested objects of each message on both sides; Fast DDS's receiving thread is a ninth")  # fmt: skip


def _pair(side: str, domain: int) -> list[Child]:
    children = [Child([__file__, role, side], environment(domain)) for role in ("subscribe", "publish")]
    for child in children:
        child.answer()
    return children


def _burst(pair: list[Child], count: int, rate_hz: float) -> dict[str, Any]:
    for child in pair:
        child.tell(count=count, rate_hz=rate_hz)
    received, sent = (child.answer() for child in pair)
    return {**received, **sent}


# ---------------------------------------------------------------- the children


def main(role: str, side: str) -> None:
    """One process."""
    if side == "ours":
        from mm_nav.ros import transport

        transport.prepare()
    import rclpy
    from nav_msgs.msg import Odometry
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy
    from std_msgs.msg import String

    rclpy.init()
    node = rclpy.create_node(f"{role}_{side}")
    qos = QoSProfile(depth=DEPTH, reliability=QoSReliabilityPolicy.RELIABLE)
    if role == "publish":
        publisher = node.create_publisher(Odometry, "odom", qos)
        obey(lambda **order: _publish(publisher, Odometry, **order))
        return
    heard: list[tuple[int, int]] = []

    def hear(msg: Any) -> None:
        heard.append((msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec, time.monotonic_ns()))

    node.create_subscription(Odometry, "odom", hear, qos)
    for i in range(5):
        node.create_subscription(String, f"quiet_{i}", lambda _msg: None, 10)
    node.create_timer(0.05, lambda: None)
    threading.Thread(target=_spin, args=(node, side), daemon=True).start()
    obey(lambda **order: _collect(heard, **order))
    os._exit(0)  # the spinning thread knows no end


def _spin(node: Any, side: str) -> None:
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    if side == "stock":
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        executor.spin()
        return
    from mm_nav.ros.runner import SPIN_S, event_loop

    loop = event_loop(rclpy.get_default_context())
    loop.add_node(node)
    while rclpy.ok():
        loop.spin_once(timeout_sec=SPIN_S)


def _publish(publisher: Any, kind: Any, count: int, rate_hz: float) -> dict[str, Any]:
    while publisher.get_subscription_count() < 1:
        time.sleep(0.01)
    message, next_at = kind(), time.monotonic() + 0.1
    for _ in range(count):
        next_at += 1 / rate_hz
        time.sleep(max(0.0, next_at - time.monotonic()))
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(time.monotonic_ns(), 10**9)
        publisher.publish(message)
    return {"sent": count}


def _collect(heard: list[tuple[int, int]], count: int, rate_hz: float) -> dict[str, Any]:
    """Wait for the burst; CPU is of the whole process from the first message to the last."""
    began_ns, deadline_s = time.monotonic_ns(), time.monotonic() + 5 + 2 * count / rate_hz
    heard.clear()
    cpu_s = time.process_time()
    while len(heard) < count and time.monotonic() < deadline_s:
        time.sleep(0.05)
    cpu_s = time.process_time() - cpu_s
    stamps = [sent for sent, _ in heard if sent >= began_ns]
    delays = [received - sent for sent, received in heard]
    return {"received": len(stamps), "in_order": stamps == sorted(set(stamps)), "cpu_ms": 1e3 * cpu_s / max(1, len(stamps)),
            "latency_us": statistics.median(delays) / 1e3 if delays else float("inf")}  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

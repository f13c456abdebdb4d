# SPDX-License-Identifier: Apache-2.0
"""A 720p picture from one process to another through DDS, 20 Hz: mm_nav's set-up against rclpy's, stock and tuned.

Latency runs from "the publisher has a numpy picture" to "the subscriber has a numpy picture". Ours: the package's
Fast DDS profile, allocator and event loop, ``wire``, ``array.array``, and the reader that its nodes use. Stock: default profile,
``msg.data = picture.tobytes()``, ``SingleThreadedExecutor``. Tuned: as stock, with Fast DDS's LARGE_DATA transports. All: reliable,
keep last 1. The six processes live through the whole run and take turns. CPU is that of the subscriber's process.

This file is also what those processes run: ``transport.py publish|subscribe SIDE``.
"""

import statistics
import sys
import time
import zlib
from typing import Any

import numpy as np

from benchmarks.process import Child, environment, obey, require_ros
from mm_nav.bench import MIN_ALTERNATIONS, Row, require, versus
from mm_nav.ros.domain import free_domain

HEIGHT, WIDTH, RATE_HZ = 720, 1280, 20.0
TOPIC = "picture"
ANSWER_S = 60.0
SIDES: dict[str, dict[str, str]] = {"ours": {}, "stock": {}, "tuned": {"FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA"}}
COPIES = (
    "perf: memmove takes two thirds of the CPU of both sides. Fast DDS and rclpy copy a picture on the way to each of message, payload and "
    "segment, and back, at about 0.3 ms a copy where caches are cold; fewer need a transport that ordinary ROS publishers do not speak"
)


def picture(number: int) -> np.ndarray:
    """A picture that differs from every other."""
    base = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint32).reshape(HEIGHT, WIDTH, 3)
    return ((base * (number + 1)) >> 3).astype(np.uint8)


# ---------------------------------------------------------------- the parent


def rows(quick: bool) -> list[Row]:
    """Time all; equal first: the checksums of whole pictures, sent and received."""
    version = require_ros()
    domains: list[int] = []
    for _ in SIDES:
        domains.append(free_domain(besides=domains))
    pairs = {side: _Pair(side, domain) for side, domain in zip(SIDES, domains, strict=True)}
    try:
        for side, pair in pairs.items():
            pair.burst(2)  # discovery
            sent, received = pair.burst(4, check=True)["sums"]
            require(received, f"{side}: none of 4 pictures arrived")
            require(received.items() <= sent.items(), f"{side}: pictures differ: {sent} sent, {received} received")
        latency: dict[str, list[float]] = {side: [] for side in pairs}
        cpu: dict[str, list[float]] = {side: [] for side in pairs}
        for turn in range(MIN_ALTERNATIONS):
            for side in list(pairs)[:: 1 if turn % 2 == 0 else -1]:
                found = pairs[side].burst(4 if quick else 20)
                latency[side].append(statistics.median(found["latencies_ms"]))
                cpu[side].append(found["cpu_ms"])
    finally:
        for pair in pairs.values():
            pair.close()
    names = {"ours": "mm_nav: profile, allocator, wire, event loop", "stock": f"rclpy {version}, default Fast DDS, bytes",
             "tuned": f"rclpy {version}, Fast DDS LARGE_DATA, bytes"}  # fmt: skip
    check = "CRC-32 of whole 1280x720 rgb8 pictures, sent and received, on all sides"
    made = []
    for number, name, values, targets in (("B1", "transport", latency, (25, 5)), ("B2", "transport_cpu", cpu, (8, None))):
        times = {names[side]: statistics.median(values[side]) for side in SIDES}
        figures = {f"{side}_worst_turn_ms": max(values[side]) for side in SIDES}
        made.append(versus(name, times, check=check, alternations=MIN_ALTERNATIONS, id=number, targets=targets, limit=COPIES,
                           figures=figures, versions={"rclpy": version}))  # fmt: skip
    return made


class _Pair:
    """A publisher and a subscriber process of one side."""

    def __init__(self, side: str, domain: int) -> None:
        env = environment(domain, **SIDES[side])
        self._children = [Child([__file__, role, side], env) for role in ("subscribe", "publish")]
        for child in self._children:
            child.answer()  # ready

    def burst(self, count: int, check: bool = False) -> dict[str, Any]:
        """Send pictures; ``sums`` are the checksums sent and received by stamp if ``check``."""
        for child in self._children:
            child.tell(count=count, check=check)
        received, sent = (child.answer() for child in self._children)
        return {**received, "sums": (sent["sums"], received["sums"])}

    def close(self) -> None:
        """End both processes."""
        for child in self._children:
            child.close()


# ---------------------------------------------------------------- the children


def main(role: str, side: str) -> None:
    """One process: prepare as its side does, then obey."""
    if side == "ours":
        from mm_nav.ros import transport

        transport.prepare()
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy
    from sensor_msgs.msg import Image

    from mm_nav.ros.runner import event_loop

    rclpy.init()
    node = rclpy.create_node(f"{role}_{side}")
    executor = event_loop(rclpy.get_default_context()) if side == "ours" else SingleThreadedExecutor()
    executor.add_node(node)
    qos = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE)
    if role == "publish":
        publisher = node.create_publisher(Image, TOPIC, qos)
        obey(lambda **order: _publish(publisher, side, **order))
    else:
        inbox: list[tuple[int, int, np.ndarray]] = []
        receive = _receiver(side)
        node.create_subscription(Image, TOPIC, lambda msg: inbox.append(receive(msg)), qos, raw=side == "ours")
        obey(lambda **order: _collect(executor, inbox, **order))
    node.destroy_node()
    rclpy.try_shutdown()


def _publish(publisher: Any, side: str, count: int, check: bool) -> dict[str, Any]:
    deadline = time.monotonic() + ANSWER_S
    while publisher.get_subscription_count() < 1:
        if time.monotonic() > deadline:
            return {"error": "the subscriber was not discovered"}
        time.sleep(0.01)
    pictures = [picture(number) for number in range(min(count, 4))]
    sums: dict[str, int] = {}
    next_at = time.monotonic()
    for number in range(count):
        next_at += 1 / RATE_HZ
        time.sleep(max(0.0, next_at - time.monotonic()))
        start = time.monotonic_ns()
        publisher.publish(_message(pictures[number % len(pictures)], start, side))
        if check:
            sums[str(start)] = zlib.crc32(pictures[number % len(pictures)].tobytes())
    return {"sums": sums}


def _message(rgb: np.ndarray, stamp_ns: int, side: str) -> Any:
    if side == "ours":
        from mm_nav.core.types import CameraImage
        from mm_nav.ros.messages import to_message
        from mm_nav.wire import encode_image

        return to_message(encode_image(CameraImage(stamp_ns=stamp_ns, frame_id="camera", rgb=rgb)))
    from sensor_msgs.msg import Image

    msg = Image(height=HEIGHT, width=WIDTH, encoding="rgb8", step=3 * WIDTH)
    msg.header.frame_id = "camera"
    msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    msg.data = rgb.tobytes()
    return msg


def _receiver(side: str) -> Any:
    """What makes stamp, time of receipt and picture of what the subscription gives."""
    if side == "ours":
        from mm_nav.ros.messages import reader
        from mm_nav.wire import decode_image

        read = reader("sensor_msgs/msg/Image")

        def ours(serialized: bytes) -> tuple[int, int, np.ndarray]:
            image = decode_image(read(serialized) if read else serialized)
            return image.stamp_ns, time.monotonic_ns(), image.rgb

        return ours

    def theirs(msg: Any) -> tuple[int, int, np.ndarray]:
        rgb = np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.width, 3)
        return msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec, time.monotonic_ns(), rgb

    return theirs


def _collect(executor: Any, inbox: list[tuple[int, int, np.ndarray]], count: int, check: bool) -> dict[str, Any]:
    """Spin until all pictures are here, or none comes any more (a lost one is no error: keep last 1)."""
    started, last, began_ns = time.monotonic(), time.monotonic(), time.monotonic_ns()
    cpu_began = cpu = time.process_time()
    sums: dict[str, int] = {}
    latencies: list[float] = []
    while len(latencies) < count and time.monotonic() - started < ANSWER_S:
        executor.spin_once(timeout_sec=0.1)
        while inbox:
            sent_ns, received_ns, rgb = inbox.pop(0)
            if sent_ns < began_ns:
                continue  # of the burst before
            latencies.append((received_ns - sent_ns) * 1e-6)
            last, cpu = time.monotonic(), time.process_time()
            if check:
                sums[str(sent_ns)] = zlib.crc32(rgb.tobytes())
        if latencies and time.monotonic() - last > 1.0:
            break
    if not latencies:
        return {"error": "no picture arrived"}
    return {"sums": sums, "latencies_ms": latencies, "cpu_ms": 1e3 * (cpu - cpu_began) / len(latencies)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

# SPDX-License-Identifier: Apache-2.0
"""A 720p picture from one process to another through DDS, 20 Hz: mm_nav's set-up against stock rclpy.

Latency runs from "the publisher has a numpy picture" to "the subscriber has a numpy picture". Ours: the package's
Fast DDS profile and allocator, ``wire`` and ``array.array``. Stock: default profile, ``msg.data = picture.tobytes()``.
Both: reliable, keep last 1, the single-threaded executor. Four processes live through the whole run and take turns.

This file is also what those processes run: ``transport.py publish|subscribe ours|stock``.
"""

import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np

from mm_nav.bench import MIN_ALTERNATIONS, Row, SkippedError, require, versus
from mm_nav.ros.domain import free_domain

HEIGHT, WIDTH, RATE_HZ = 720, 1280, 20.0
TOPIC = "picture"
ANSWER_S = 60.0
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS")


def picture(number: int) -> np.ndarray:
    """A picture that differs from every other."""
    base = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint32).reshape(HEIGHT, WIDTH, 3)
    return ((base * (number + 1)) >> 3).astype(np.uint8)


# ---------------------------------------------------------------- the parent


def row(quick: bool) -> Row:
    """Time both; equal first: the checksums of whole pictures, sent and received."""
    try:
        import rclpy  # noqa: F401
        import sensor_msgs.msg  # noqa: F401
    except ImportError as error:
        raise SkippedError(f"{error.name} is not installed; source a ROS 2 install or pip install 'mm_nav[ros]'") from error
    ours = free_domain()
    pairs = {"ours": _Pair("ours", ours), "stock": _Pair("stock", free_domain(besides=ours))}
    try:
        for side, pair in pairs.items():
            pair.burst(2)  # discovery
            sent, received = pair.burst(4, check=True)[0]
            require(received, f"{side}: none of 4 pictures arrived")
            require(received.items() <= sent.items(), f"{side}: pictures differ: {sent} sent, {received} received")
        count = 4 if quick else 20
        turns: dict[str, list[float]] = {side: [] for side in pairs}
        for turn in range(MIN_ALTERNATIONS):
            for side in list(pairs)[:: 1 if turn % 2 == 0 else -1]:
                _, latencies = pairs[side].burst(count)
                turns[side].append(statistics.median(latencies))
    finally:
        for pair in pairs.values():
            pair.close()
    version = _version()
    times = {
        "mm_nav profile, allocator, wire": statistics.median(turns["ours"]),
        f"rclpy {version}, default Fast DDS, bytes": statistics.median(turns["stock"]),
    }
    return versus("transport", times, check="CRC-32 of whole 1280x720 rgb8 pictures, sent and received, on both sides",
                  alternations=MIN_ALTERNATIONS, versions={"rclpy": version})  # fmt: skip


def _version() -> str:
    try:
        return importlib.metadata.version("ros-rclpy")
    except importlib.metadata.PackageNotFoundError:
        return "of the ROS install"


class _Pair:
    """A publisher and a subscriber process of one side, steered by lines of JSON."""

    def __init__(self, side: str, domain: int) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in PROFILE_VARIABLES}
        environment |= {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
                        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])}  # fmt: skip
        environment.setdefault("AMENT_PREFIX_PATH", sys.prefix)
        environment.pop("ROS_PYTHON_CHECK_FIELDS", None)
        self._children = [
            subprocess.Popen([sys.executable, __file__, role, side], env=environment, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
            for role in ("subscribe", "publish")
        ]  # fmt: skip
        for child in self._children:
            self._answer(child)  # ready

    def burst(self, count: int, check: bool = False) -> tuple[tuple[dict[str, int], dict[str, int]], list[float]]:
        """Send pictures; gives (checksums sent, received) by stamp if ``check``, and latencies in ms."""
        order = {"count": count, "check": check}
        for child in self._children:
            self._tell(child, order)
        received, sent = (self._answer(child) for child in self._children)
        return (sent["sums"], received["sums"]), received["latencies_ms"]

    def close(self) -> None:
        """End both processes."""
        for child in self._children:
            if child.stdin is not None:
                child.stdin.close()
        for child in self._children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()

    @staticmethod
    def _tell(child: "subprocess.Popen[str]", order: dict[str, Any]) -> None:
        stdin = cast(TextIO, child.stdin)
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()

    @staticmethod
    def _answer(child: "subprocess.Popen[str]") -> dict[str, Any]:
        line = cast(TextIO, child.stdout).readline()
        if not line:
            raise SkippedError("a process of the benchmark died; its error is above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SkippedError(answer["error"])
        return answer


# ---------------------------------------------------------------- the children


def child(role: str, side: str) -> None:
    """One process: prepare as its side does, then obey orders until stdin ends."""
    if side == "ours":
        from mm_nav.ros import transport

        transport.prepare()
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy
    from sensor_msgs.msg import Image

    rclpy.init()
    node = rclpy.create_node(f"{role}_{side}")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    qos = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE)
    print(json.dumps({"ready": True}), flush=True)
    if role == "publish":
        publisher = node.create_publisher(Image, TOPIC, qos)
        for line in sys.stdin:
            print(json.dumps(_publish(publisher, side, **json.loads(line))), flush=True)
    else:
        inbox: list[tuple[int, int, np.ndarray]] = []
        node.create_subscription(Image, TOPIC, lambda msg: inbox.append(_receive(msg, side)), qos)
        for line in sys.stdin:
            print(json.dumps(_collect(executor, inbox, **json.loads(line))), flush=True)
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


def _receive(msg: Any, side: str) -> tuple[int, int, np.ndarray]:
    if side == "ours":
        from mm_nav.wire import decode_image

        image = decode_image(msg)
        return image.stamp_ns, time.monotonic_ns(), image.rgb
    rgb = np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.width, 3)
    return msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec, time.monotonic_ns(), rgb


def _collect(executor: Any, inbox: list[tuple[int, int, np.ndarray]], count: int, check: bool) -> dict[str, Any]:
    """Spin until all pictures are here, or none comes any more (a lost one is no error: keep last 1)."""
    started = last = time.monotonic()
    sums: dict[str, int] = {}
    latencies: list[float] = []
    while len(latencies) < count and time.monotonic() - started < ANSWER_S:
        executor.spin_once(timeout_sec=0.1)
        while inbox:
            sent_ns, received_ns, rgb = inbox.pop(0)
            latencies.append((received_ns - sent_ns) * 1e-6)
            last = time.monotonic()
            if check:
                sums[str(sent_ns)] = zlib.crc32(rgb.tobytes())
        if latencies and time.monotonic() - last > 1.0:
            break
    if not latencies:
        return {"error": "no picture arrived"}
    return {"sums": sums, "latencies_ms": latencies}


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2])

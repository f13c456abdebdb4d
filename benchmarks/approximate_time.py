# SPDX-License-Identifier: Apache-2.0
"""An independent re-implementation of the algorithm of message_filters' Python ApproximateTimeSynchronizer, as a peer.

message_filters comes with a ROS install and not from PyPI. The algorithm: each topic has a queue of the newest messages by stamp;
when a message comes, every other queue is listed with the distance of its stamps from the new one, what is farther than the slop
is left out, each list is sorted, and of all combinations, nearest first, the first whose stamps lie within the slop
of each other is handed over and taken out of the queues.
"""

import itertools
import threading
from collections.abc import Callable
from typing import Any

from rclpy.duration import Duration
from rclpy.time import Time


class ApproximateTime:
    """Args: topics: how many. queue: messages kept of each. slop_s: largest distance within a set. matched: takes one message of each."""

    def __init__(self, topics: int, queue: int, slop_s: float, matched: Callable[..., Any]) -> None:
        self._queues: list[dict[int, Any]] = [{} for _ in range(topics)]
        self._queue, self._slop, self._matched = queue, Duration(seconds=slop_s), matched
        self._lock = threading.Lock()

    def add(self, topic: int, stamp: Time, message: Any) -> None:
        """A message came on a topic. Stamps are compared as rclpy's Time and Duration, as there."""
        with self._lock:
            mine = self._queues[topic]
            mine[stamp.nanoseconds] = message
            while len(mine) > self._queue:
                del mine[min(mine)]
            near: list[list[Time]] = []
            for other in [q for i, q in enumerate(self._queues) if i != topic]:
                listed = []
                for ns in other:
                    apart = Duration(nanoseconds=abs(ns - stamp.nanoseconds))
                    if not apart > self._slop:
                        listed.append((Time(nanoseconds=ns, clock_type=stamp.clock_type), apart))
                if not listed:
                    return
                listed.sort(key=lambda pair: pair[1])
                near.append([time for time, _ in listed])
            for choice in itertools.product(*near):
                times = list(choice)
                times.insert(topic, stamp)
                if max(times) - min(times) < self._slop:
                    self._matched(*(queue.pop(time.nanoseconds) for queue, time in zip(self._queues, times, strict=True)))
                    return

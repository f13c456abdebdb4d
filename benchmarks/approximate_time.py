# SPDX-License-Identifier: Apache-2.0
"""An independent re-implementation of the algorithm of message_filters' Python ApproximateTimeSynchronizer, as a peer.

message_filters comes with a ROS install and not from PyPI. The algorithm: each topic has a queue of the newest messages by stamp;
when a message comes, every other queue is listed with the distance of its stamps from the new one, what is farther than the slop
is left out, each list is sorted, and of all combinations, nearest first, the first whose stamps lie within the slop
of each other is handed over and taken out of the queues.
"""

import itertools
from collections.abc import Callable
from typing import Any


class ApproximateTime:
    """Args: topics: how many. queue: messages kept of each. slop_ns: largest distance within a set. matched: takes one message of each."""

    def __init__(self, topics: int, queue: int, slop_ns: int, matched: Callable[..., Any]) -> None:
        self._queues: list[dict[int, Any]] = [{} for _ in range(topics)]
        self._queue, self._slop_ns, self._matched = queue, slop_ns, matched

    def add(self, topic: int, stamp_ns: int, message: Any) -> None:
        """A message came on a topic."""
        mine = self._queues[topic]
        mine[stamp_ns] = message
        while len(mine) > self._queue:
            del mine[min(mine)]
        near: list[list[tuple[int, int]]] = []
        for other in [q for i, q in enumerate(self._queues) if i != topic]:
            listed = [(abs(s - stamp_ns), s) for s in other]
            listed = sorted(pair for pair in listed if pair[0] <= self._slop_ns)
            if not listed:
                return
            near.append(listed)
        for choice in itertools.product(*near):
            stamps = [s for _, s in choice]
            stamps.insert(topic, stamp_ns)
            if max(stamps) - min(stamps) <= self._slop_ns:
                self._matched(*(queue.pop(stamp) for queue, stamp in zip(self._queues, stamps, strict=True)))
                return

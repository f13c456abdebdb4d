# SPDX-License-Identifier: Apache-2.0
"""Whether the network's thread does its work: if not, the node says that nothing is known. Knows neither rclpy nor nodes."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from mm_nav.ros.guard import Guard

HOLD_S = 1.0  # without an instant
HUNG_S = 2.0  # on one instant
FAILURES, FAILURES_S = 3, 5.0
RATED = 20  # instants that the rate is taken from
SLOW_SHARE = 0.5  # of the rate that the fastest sensor has


class Vigil:
    """Watched from the executor's thread while the worker works.

    Args:
        guard: counts what failed under ``pipeline``.
        clock: monotonic seconds.
        required: names or kinds of sources without which the robot must stand.
    """

    def __init__(self, guard: Guard, clock: Callable[[], float], required: Sequence[str] = ()) -> None:
        self._guard, self._clock, self._required = guard, clock, tuple(required)
        self._done: deque[float] = deque(maxlen=RATED)

    def instant(self) -> None:
        """One more instant was worked through."""
        self._done.append(self._clock())

    @property
    def begun(self) -> bool:
        """Whether there ever was an instant."""
        return bool(self._done)

    def rate_hz(self) -> float:
        """Instants per second lately; 0 before there are some."""
        if len(self._done) < 3:
            return 0.0
        return (len(self._done) - 1) / max(self._done[-1] - self._done[0], 1e-6)

    def failing(self) -> str:
        """Why not to trust what comes out, although something does; '' if it can be trusted."""
        if (count := self._guard.burst("pipeline", FAILURES_S)) >= FAILURES:
            return f"the network failed {count} times within {FAILURES_S:g} s"
        return ""

    def lacking(self, missing: Mapping[str, str]) -> str:
        """Why to stand for want of a sensor; ``missing`` is why, by source."""
        for name, reason in missing.items():
            if any(name == wanted or name.split("/")[0] == wanted for wanted in self._required):
                return f"{name} is required and missing: {reason}"
        return ""

    def hold(self, busy_s: float) -> str:
        """Why nothing is known now, or ''. ``busy_s``: how long the worker has had one instant in hand."""
        if not self._done:
            return ""
        if failing := self.failing():
            return failing
        quiet_s = self._clock() - self._done[-1]
        if busy_s > HUNG_S:
            return f"the network has worked on one instant for {busy_s:.1f} s"
        return f"no instant for {quiet_s:.1f} s" if quiet_s > HOLD_S else ""

    def slow(self, sensor_hz: float) -> str:
        """That instants come much less often than the sensors' data, or ''."""
        rate_hz = self.rate_hz()
        if not rate_hz or rate_hz >= SLOW_SHARE * sensor_hz:
            return ""
        return f"slow: {rate_hz:.1f} instants a second of {sensor_hz:.1f} that the sensors give; the machine is too slow, hot or busy"

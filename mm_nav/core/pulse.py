# SPDX-License-Identifier: Apache-2.0
"""How often something comes, and so how long its silence may be. Takes the time, never a clock.

A limit that fits every robot is too long for a fast one: who hears a plan five times a second knows after half a second that
something died, not only after the second that the slowest robot needs.
"""

from collections import deque
from statistics import median

BEATS = 8  # gaps that the period is taken from
LEAST_BEATS = 4  # fewer say nothing
PATIENCE = 2.5  # periods
LEAST_S = 0.3  # a loaded machine hiccups


class Pulse:
    """Beats of one topic.

    Args:
        most_s: silence is never allowed for longer, and longer gaps say nothing about the period.
    """

    def __init__(self, most_s: float) -> None:
        self.most_s = most_s
        self._last_s: float | None = None
        self._gaps: deque[float] = deque(maxlen=BEATS)

    def beat(self, now_s: float) -> None:
        """It came."""
        if self._last_s is not None and now_s - self._last_s < self.most_s:
            self._gaps.append(now_s - self._last_s)
        self._last_s = now_s

    def age_s(self, now_s: float) -> float | None:
        """Seconds since the last beat; None before the first."""
        return None if self._last_s is None else now_s - self._last_s

    @property
    def rate_hz(self) -> float:
        """Beats per second lately; 0 before that can be told."""
        return 1.0 / max(median(self._gaps), 1e-6) if len(self._gaps) >= LEAST_BEATS else 0.0

    @property
    def limit_s(self) -> float:
        """How long it may be silent."""
        if len(self._gaps) < LEAST_BEATS:
            return self.most_s
        return min(self.most_s, max(LEAST_S, PATIENCE * median(self._gaps)))

    def overdue(self, now_s: float, periods: float) -> str:
        """That it should have come by now, '' if not; one whose period is not known is never overdue."""
        age_s = self.age_s(now_s)
        if age_s is None or len(self._gaps) < LEAST_BEATS or not age_s > max(LEAST_S, periods * median(self._gaps)):
            return ""
        return f"overdue: silent for {age_s:.2f} s, it came every {median(self._gaps):.2f} s"

    def late(self, now_s: float) -> str:
        """Why its silence is too long; '' while it is not, or while it never came."""
        age_s = self.age_s(now_s)
        if age_s is None or not age_s > self.limit_s:
            return ""
        usual = f", it came every {median(self._gaps):.2f} s" if len(self._gaps) >= LEAST_BEATS else ""
        return f"silent for {age_s:.2f} s{usual}"

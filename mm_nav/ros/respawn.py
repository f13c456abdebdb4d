# SPDX-License-Identifier: Apache-2.0
"""When a node that ended starts again, and when nobody should wait for it any longer. Knows no process and no clock.

``ros2 launch`` starts at once and for ever; a node that fails at its start would then fill the log and the processor.
"""

from dataclasses import dataclass

STEADY_S = 10.0  # a node that lived this long has not failed at its start
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
MOST_FAILURES = 10  # in a row, which takes about three minutes


@dataclass(slots=True)
class Respawn:
    """The lives of one node.

    Attributes:
        delay_s: of the launch file; None leaves it to the back-off.
        max_retries: of the launch file: restarts in all; negative is for ever; None leaves it to ``MOST_FAILURES``.
        failures: ends in a row that came soon after the start.
        restarts: so far.
    """

    delay_s: float | None = None
    max_retries: int | None = None
    failures: int = 0
    restarts: int = 0

    def after(self, lived_s: float) -> float | None:
        """Seconds to wait before the next start; None: there is none."""
        self.failures = 1 if lived_s > STEADY_S else self.failures + 1
        if self.failures >= MOST_FAILURES if self.max_retries is None else 0 <= self.max_retries <= self.restarts:
            return None
        self.restarts += 1
        return BACKOFF_S[min(self.failures, len(BACKOFF_S)) - 1] if self.delay_s is None else self.delay_s

    def epitaph(self, code: int) -> str:
        """Why it is not started again."""
        if self.max_retries is not None:
            return f"given up: respawn_max_retries is {self.max_retries}, and it ended with exit code {code}"
        return (
            f"given up: it ended {self.failures} times within {STEADY_S:g} s of its start, last with exit code {code}; "
            "mend what it says above, then start it again"
        )

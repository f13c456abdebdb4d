# SPDX-License-Identifier: Apache-2.0
"""Whether the time of readings leapt: a bag that loops, a clock that was set, a recording of several runs. Asks no clock."""

BACK_NS = 1_000_000_000  # a source whose stamps step back by more than this has begun anew
AHEAD_NS = 10_000_000_000  # and one that steps ahead by more than this and FASTEST times the time that went by
FASTEST = 20.0  # real-time factor of a simulation or a bag


class Leap:
    """Watches the stamps of all sources; after a leap all begin anew."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, float]] = {}

    def heard(self, source: str, stamp_ns: int, at_s: float) -> bool:
        """Whether this reading's stamp is a leap from its source's last; ``at_s`` is when it came, by a clock that does not jump."""
        last_ns, last_s = self._last.get(source, (stamp_ns, at_s))
        leapt = not last_ns - BACK_NS <= stamp_ns <= last_ns + AHEAD_NS + FASTEST * max(0.0, at_s - last_s) * 1e9
        if leapt:
            self._last.clear()
        self._last[source] = (stamp_ns, at_s)
        return leapt

    @property
    def newest_ns(self) -> int | None:
        """The newest stamp since the last leap, None before there is one."""
        return max((stamp_ns for stamp_ns, _ in self._last.values()), default=None)

    def restart(self) -> None:
        """Forget all stamps."""
        self._last.clear()

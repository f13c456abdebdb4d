# SPDX-License-Identifier: Apache-2.0
"""Nothing raises out of a callback: faults are counted by source and reason, and logged without flooding. No rclpy.

An exception in a callback would end ``spin()`` and with it the node.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from mm_nav.errors import MessageError, MmNavError

LOG_PERIOD_S = 5.0
WINDOW_S = 5.0
KEPT = 16  # times of the last faults of a source


class Guard:
    """Counts drops; safe to use from the executor's thread and the worker's.

    Args:
        log: called with one line, at most once per ``LOG_PERIOD_S`` for each source and reason.
        clock: monotonic seconds.
    """

    def __init__(self, log: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._texts: dict[tuple[str, str], str] = {}
        self._times: dict[tuple[str, str], float] = {}
        self._last: dict[str, deque[float]] = {}
        self._logged: dict[tuple[str, str], float] = {}

    def drop(self, source: str, reason: str, text: str) -> None:
        """Count one fault of ``source``; the log line says how many there were since the last line."""
        key, now = (source, reason), self._clock()
        with self._lock:
            self._counts[key] += 1
            self._texts[key] = text
            self._times[key] = now
            self._last.setdefault(source, deque(maxlen=KEPT)).append(now)
            quiet = now - self._logged.get(key, float("-inf")) < LOG_PERIOD_S
            if not quiet:
                self._logged[key] = now
            count = self._counts[key]
        if not quiet:
            self._log(f"{source}: {reason} ({count} so far): {one_line(text)}")

    def tell(self, text: str) -> None:
        """Log a line that is no fault."""
        self._log(one_line(text))

    def call(self, source: str, function: Callable[..., Any], *args: Any) -> Any:
        """Run ``function``; an exception becomes a drop and the result is None."""
        try:
            return function(*args)
        except MessageError as error:
            self.drop(source, error.reason, str(error))
        except MmNavError as error:
            self.drop(source, type(error).__name__, str(error))
        except Exception as error:
            self.drop(source, "internal", told(error))
        return None

    def wrap(self, source: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function`` as a callback that never raises."""

        def guarded(*args: Any) -> Any:
            return self.call(source, function, *args)

        return guarded

    def report(self, source: str) -> dict[str, str]:
        """Key/values for diagnostics: each reason of a source with its count and last text."""
        with self._lock:
            return {
                f"dropped.{reason}": f"{count}: {one_line(self._texts[name, reason])}"
                for (name, reason), count in sorted(self._counts.items())
                if name == source
            }

    def count(self, source: str, reason: str | None = None) -> int:
        """How many faults of a source (of one reason, or of all)."""
        with self._lock:
            return sum(n for (name, why), n in self._counts.items() if name == source and reason in (None, why))

    def burst(self, source: str, window_s: float = WINDOW_S) -> int:
        """How many faults of a source there were within the last seconds (at most KEPT)."""
        now = self._clock()
        with self._lock:
            return sum(now - t <= window_s for t in self._last.get(source, ()))

    def recent(self, source: str, window_s: float = WINDOW_S) -> list[str]:
        """Reasons of a source within the last seconds."""
        now = self._clock()
        with self._lock:
            return sorted(why for (name, why), t in self._times.items() if name == source and now - t <= window_s)


def told(error: Exception) -> str:
    """A bug in words: what it was, and the module and line where it was raised."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f" at {where.tb_frame.f_globals.get('__name__')}:{where.tb_lineno}" if where is not None else ""
    return f"{type(error).__name__}: {error}{place}; please report this"


def one_line(text: str, limit: int = 200) -> str:
    """Text fit for a log: one line, no control characters, cut."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"

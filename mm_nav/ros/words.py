# SPDX-License-Identifier: Apache-2.0
"""Which spoken orders go on to the network's thread, and when: a flood becomes its newest order. Knows neither rclpy nor nodes.

A stop word goes on at once, always, and ends whatever waits. Every text is answered: what was not passed on by a rejection.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mm_nav.core import command
from mm_nav.core.types import Command, Intent, Rejection, Utterance

RATE_HZ, BURST = 5.0, 10  # orders that go on: so many per second, and so many at once


@dataclass(frozen=True, slots=True)
class Spoken:
    """An order on its way; ``heard_s`` is by the caller's monotonic clock."""

    utterance: Utterance
    heard_s: float
    stop: bool = False


class Words:
    """One thread at a time.

    Args:
        clock: monotonic seconds.
        max_age_s: orders that waited longer are refused; stop words never are.
    """

    def __init__(self, clock: Callable[[], float], max_age_s: float) -> None:
        self._clock, self._max_age_s = clock, max_age_s
        self._tokens, self._filled_s = float(BURST), clock()
        self._waiting: Spoken | None = None

    def hear(self, utterance: Utterance) -> tuple[Spoken | None, Rejection | None]:
        """What goes on now, and the answer to the text that never will."""
        heard = command.parse(utterance.text)
        spoken = Spoken(utterance, self._clock(), isinstance(heard, Command) and heard.intent is Intent.STOP)
        if spoken.stop:
            refused, self._waiting = self._superseded(), None
            return spoken, refused
        if self._waiting is None and self._take():
            return spoken, None
        refused, self._waiting = self._superseded(), spoken
        return None, refused

    def due(self) -> Spoken | None:
        """The order that waited for its turn, once it has come; ask several times a second."""
        if self._waiting is None or not self._take():
            return None
        spoken, self._waiting = self._waiting, None
        return spoken

    def expired(self, spoken: Spoken) -> Rejection | None:
        """The refusal of an order that waited too long; call it when its turn has come."""
        age_s = self._clock() - spoken.heard_s
        if spoken.stop or age_s <= self._max_age_s:
            return None
        return command.rejection("expired", spoken.utterance.text, f"waited {age_s:.1f} s, the limit is {self._max_age_s:g} s; say it again")

    def _superseded(self) -> Rejection | None:
        if self._waiting is None:
            return None
        return command.rejection("superseded", self._waiting.utterance.text, f"was followed by another at once; at most {RATE_HZ:g} orders a second are heard")

    def _take(self) -> bool:
        now_s = self._clock()
        self._tokens = min(BURST, self._tokens + (now_s - self._filled_s) * RATE_HZ)
        self._filled_s = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

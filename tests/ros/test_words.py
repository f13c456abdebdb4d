# SPDX-License-Identifier: Apache-2.0
"""A flood of orders becomes its newest; stop is never held up; every text gets its answer."""

import pytest

from mm_nav.core.types import Rejection, Utterance
from mm_nav.ros.words import BURST, RATE_HZ, Spoken, Words


class Speaker:
    """Says things at its own time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.words = Words(lambda: self.now_s, max_age_s=2.0)
        self.passed: list[str] = []
        self.refused: list[Rejection] = []

    def say(self, text: str) -> None:
        spoken, refused = self.words.hear(Utterance(stamp_ns=0, text=text))
        self._took(spoken)
        self.refused += [refused] if refused is not None else []

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.now_s += 0.1
            self._took(self.words.due())

    def _took(self, spoken: Spoken | None) -> None:
        if spoken is not None:
            self.passed.append(spoken.utterance.text)


@pytest.mark.fault("X11")
def test_of_a_flood_the_newest_order_counts_and_all_others_are_answered() -> None:
    speaker = Speaker()
    for i in range(1000):
        speaker.now_s += 0.001
        speaker.say(f"go to the box {i}")
    speaker.wait(1.0)
    assert BURST <= len(speaker.passed) <= BURST + RATE_HZ + 2
    assert speaker.passed[-1] == "go to the box 999"
    assert len(speaker.passed) + len(speaker.refused) == 1000
    assert {r.reason for r in speaker.refused} == {"superseded"}
    assert "box 998" in speaker.refused[-1].text


@pytest.mark.fault("X11", "X08")
def test_stop_goes_on_at_once_and_ends_what_waits() -> None:
    speaker = Speaker()
    for i in range(50):
        speaker.say(f"go to the box {i}")
    for word in ("stop", "STOP!", "停", "stop and go"):
        speaker.say(word)
    assert speaker.passed[-4:] == ["stop", "STOP!", "停", "stop and go"]
    speaker.wait(5.0)
    assert speaker.passed[-1] == "stop and go"
    assert len(speaker.passed) + len(speaker.refused) == 54


def test_single_orders_are_passed_on_at_once() -> None:
    speaker = Speaker()
    for i in range(30):
        speaker.say(f"turn left {i}")
        assert speaker.passed[-1] == f"turn left {i}"
        speaker.wait(1.0)
    assert not speaker.refused


@pytest.mark.fault("T12")
def test_an_order_that_waited_too_long_is_expired_and_stop_never_is() -> None:
    now = [0.0]
    words = Words(lambda: now[0], max_age_s=2.0)
    order, _ = words.hear(Utterance(stamp_ns=0, text="go to the red cone"))
    stop, _ = words.hear(Utterance(stamp_ns=0, text="stop"))
    assert order is not None
    assert stop is not None
    now[0] = 1.9
    assert words.expired(order) is None
    now[0] = 2.5
    refused = words.expired(order)
    assert refused is not None
    assert refused.reason == "expired"
    assert "waited 2.5 s, the limit is 2 s" in refused.text
    assert words.expired(stop) is None

# SPDX-License-Identifier: Apache-2.0
"""Rate, jitter, gaps and clocks of the topics of a recording, from their stamps alone. Knows no message and no file."""

from collections.abc import Mapping

import numpy as np

from mm_nav.core.timing import Timing
from mm_nav.doctor.finding import Finding

LOST_SHARE = 0.02  # of messages, from which losing them is a fault
CLOCK_S = 0.5  # a clock that is so far from the others' is another clock
LATE_S = 0.05  # stamps are so much older than their arrival: worth knowing
MOST_OFFSET_S = 10.0  # that the parameter time_offset_s takes
START_S = 0.3  # a sensor that starts so much later than the first


def judge(found: Mapping[str, Timing], sensors: Mapping[str, str]) -> list[Finding]:
    """Findings about all topics.

    Args:
        found: by topic. sensors: topic -> source name, of those that mm_nav fuses; only for these a parameter can mend it.
    """
    clocks = {topic: t.behind_s for topic, t in found.items() if t.behind_s is not None}
    arrival = {topic: 0.0 for topic, t in found.items() if t.zero_stamps}  # without a clock, its arrival is all there is
    common = _common([c for topic, c in (clocks | arrival).items() if topic in sensors] or list(clocks.values()))
    first = min((found[t].first_s for t in sensors if t in found), default=0.0)
    out = []
    for topic, t in found.items():
        source = sensors.get(topic, "")
        out += _rate(topic, t) + _stamps(topic, t, source)
        if topic in clocks and not t.zero_stamps:
            out += _clock(topic, clocks[topic], common, source)
        if source and t.first_s - first > START_S:
            out.append(Finding(level="note", subject=topic, check="start", text=f"starts {t.first_s - first:.2f} s after the first sensor",
                               remedy="until then it is fused as missing", values={"starts_s": round(t.first_s - first, 3)}))  # fmt: skip
    return out


def _common(clocks: list[float]) -> float:
    """The offset that most topics share: the middle of the largest group within ``CLOCK_S``."""
    if not clocks:
        return 0.0
    values = np.array(clocks)
    near = np.abs(values[:, None] - values) < CLOCK_S
    return float(np.median(values[near[int(near.sum(axis=1).argmax())]]))


def _rate(topic: str, t: Timing) -> list[Finding]:
    values = {"count": t.count, "rate_hz": round(t.rate_hz, 3), "jitter_s": round(t.jitter_s, 4), "lost": t.lost,
              "longest_gap_s": round(t.longest_gap_s, 3)}  # fmt: skip
    text = f"{t.count} message{'s' * (t.count != 1)}" + (f", {t.rate_hz:.1f} Hz, jitter {1e3 * t.jitter_s:.0f} ms" if t.rate_hz else "")
    if not t.lost:
        return [Finding(level="ok", subject=topic, check="rate", text=text, values=values)]
    bad = t.lost > LOST_SHARE * (t.count + t.lost) and t.lost > 1
    return [Finding(level="fault" if bad else "note", subject=topic, check="rate",
                    text=f"{text}; about {t.lost} missing, longest gap {t.longest_gap_s:.2f} s",
                    remedy="look for a full disk, a slow recorder or a saturated link" if bad else "", values=values)]  # fmt: skip


def _stamps(topic: str, t: Timing, source: str) -> list[Finding]:
    out = []
    if t.zero_stamps:
        remedy = "stamp_policy: arrival" if source else "give its driver a clock"
        out.append(Finding(level="fault", subject=topic, check="stamp", text=f"{t.zero_stamps} of {t.count} headers have stamp 0",
                           remedy=remedy, values={"zero_stamps": t.zero_stamps}))  # fmt: skip
    if t.backwards:
        out.append(Finding(level="fault", subject=topic, check="stamp", text=f"time runs backwards {t.backwards} times",
                           remedy="was a bag played in a loop while this was recorded? record again",
                           values={"backwards": t.backwards}))  # fmt: skip
    return out


def _clock(topic: str, behind_s: float, common_s: float, source: str) -> list[Finding]:
    other, values = behind_s - common_s, {"behind_s": round(behind_s, 4), "against_others_s": round(behind_s - common_s, 4)}
    if abs(other) > CLOCK_S:
        mended = source and abs(other) <= MOST_OFFSET_S
        remedy = f"time_offset_s.{source}: {other:.3f}" if mended else "set its clock (chrony, PTP), or leave it out"
        return [Finding(level="fault", subject=topic, check="clock", remedy=remedy, values=values,
                        text=f"its clock is {_span(abs(other))} {'behind' if other > 0 else 'ahead of'} that of the others")]  # fmt: skip
    if abs(behind_s) > LATE_S:
        return [Finding(level="note", subject=topic, check="clock", values=values,
                        text=f"stamps are {_span(abs(behind_s))} {'older' if behind_s > 0 else 'newer'} than their arrival")]  # fmt: skip
    return []


def _span(seconds: float) -> str:
    return f"{seconds / 86400:.1f} days" if seconds > 86400 else f"{seconds:.0f} s" if seconds > 10 else f"{1e3 * seconds:.0f} ms"

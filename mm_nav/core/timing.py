# SPDX-License-Identifier: Apache-2.0
"""Rate, jitter and gaps of one topic, from its stamps alone. Pure functions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

GAP = 1.6  # times the usual period: at least one message is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One topic. Times in seconds; ``behind_s`` is how much older header stamps are than log times (median)."""

    count: int
    rate_hz: float
    jitter_s: float  # half the spread of periods between the 5th and the 95th percentile
    lost: int  # messages that are missing, by the gaps
    longest_gap_s: float
    zero_stamps: int
    backwards: int  # stamps that are older than the one before
    behind_s: float | None  # None without any stamp
    first_s: float  # log time of the first message, after the recording's first
    last_s: float


def timing(log_ns: Int64[np.ndarray, " n"], stamp_ns: Int64[np.ndarray, " n"] | None, start_ns: int) -> Timing:
    """Measure one topic.

    Args:
        log_ns: arrival of each message, ascending. stamp_ns: header stamps, None for types that have none.
        start_ns: of the recording.
    """
    stamped = stamp_ns is not None and bool((stamp_ns > 0).any())
    said = log_ns if stamp_ns is None or not (stamp_ns > 0).all() else stamp_ns
    periods = np.diff(said) * 1e-9
    forward = periods[periods > 0]
    usual = float(np.median(forward)) if len(forward) else 0.0
    gaps = forward[forward > GAP * usual]
    behind = None
    if stamped and stamp_ns is not None:
        behind = float(np.median((log_ns - stamp_ns)[stamp_ns > 0])) * 1e-9
    return Timing(
        count=len(log_ns), rate_hz=1.0 / usual if usual else 0.0,
        jitter_s=float(np.subtract(*np.percentile(forward, [95, 5]))) / 2 if len(forward) > 2 else 0.0,
        lost=int(np.round(gaps / usual - 1).sum()) if len(forward) > 2 else 0, longest_gap_s=float(forward.max()) if len(forward) else 0.0,
        zero_stamps=0 if stamp_ns is None else int((stamp_ns == 0).sum()), backwards=int((periods < 0).sum()), behind_s=behind,
        first_s=(int(log_ns[0]) - start_ns) * 1e-9, last_s=(int(log_ns[-1]) - start_ns) * 1e-9,
    )  # fmt: skip

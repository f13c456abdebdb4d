# SPDX-License-Identifier: Apache-2.0
"""When each point of a sweep was measured, from the many fields that drivers write. Knows numbers, no message.

Ouster ``t`` is u32 nanoseconds since the start; Velodyne ``time`` is f32 seconds, from the start or (negative) from the end;
Livox ``offset_time`` is u32 nanoseconds, Livox and Hesai ``timestamp`` f64 absolute; Autoware ``time_stamp`` is u32
nanoseconds. None says its unit: it follows from the sweep being at most half a second long.
"""

import numpy as np
from jaxtyping import Float32, Shaped

NAMES = ("time", "timestamp", "time_stamp", "t", "offset_time", "timeoffset", "time_offset")
UNITS = (1.0, 1e-3, 1e-6, 1e-9)  # seconds
LONGEST_S = 0.5
FARTHEST_S = 1.0  # from the header's stamp
ABSOLUTE_S = 1e8  # later than that after 1970 is a clock, earlier is a span


def seconds(values: Shaped[np.ndarray, " n"], stamp_ns: int) -> Float32[np.ndarray, " n"] | None:
    """Seconds after ``stamp_ns``; None where all points are of one instant, or the numbers make no sense.

    A time that is not finite counts as the stamp's.
    """
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not len(known) or known.min() == known.max():
        return None
    first, span = known.min(), float(known.max()) - float(known.min())
    unit = next((u for u in UNITS if span * u <= LONGEST_S), None)
    if unit is None:
        return None
    base = 0.0
    if float(first) * unit > ABSOLUTE_S:
        if not stamp_ns:
            return None
        base = stamp_ns * 1e-9 / unit
    out = (values.astype(np.float64) - base) * unit
    out[~np.isfinite(out)] = 0.0
    return out.astype(np.float32) if np.abs(out).max() <= FARTHEST_S else None

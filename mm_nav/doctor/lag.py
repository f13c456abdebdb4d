# SPDX-License-Identifier: Apache-2.0
"""Whether a radar's stamps fit the LiDAR's, by what both see while something moves. Keeps cells, no points."""

from collections import defaultdict

import numpy as np
from jaxtyping import Float

from mm_nav.core.lag import SIDE, Lag, cells, lag
from mm_nav.doctor.finding import Finding

LATE_S = 0.1  # from which it is a fault: at 5 m/s half a metre
QUARTERS = 4  # of a turn: a scanning radar sees each at another time
APART_S = 0.1  # between quarters, from which that is told
MOST = {"radar": 120, "lidar": 600}  # scans that are kept, the first ones: they must lie beside each other in time


class Scans:
    """Scans of LiDARs and radars, packed."""

    def __init__(self) -> None:
        self.kept: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self.kinds: dict[str, str] = {}

    def add(self, topic: str, kind: str, stamp_ns: int, points: Float[np.ndarray, "n 3"]) -> None:
        """A scan in base_link."""
        self.kinds[topic] = kind
        if len(self.kept[topic]) < MOST[kind] and stamp_ns:
            self.kept[topic].append((stamp_ns, np.packbits(cells(points, flat=kind == "radar")).tobytes()))

    def findings(self, sources: dict[str, str]) -> list[Finding]:
        """One per radar whose scans tell.

        Args:
            sources: topic -> name of the source in parameters.
        """
        lidars = [t for t, kind in self.kinds.items() if kind == "lidar"]
        reference = max(lidars, key=lambda t: len(self.kept[t]), default=None)
        if reference is None:
            return []
        known = _grids(self.kept[reference])
        out = []
        for topic in (t for t, kind in self.kinds.items() if kind == "radar"):
            grids = _grids(self.kept[topic])
            found = lag(grids, known)
            if found is not None:
                out.append(_told(topic, sources[topic], reference, found, _quarters(grids, known)))
        return out


def _grids(kept: list[tuple[int, bytes]]) -> list[tuple[int, np.ndarray]]:
    return [(stamp, np.unpackbits(np.frombuffer(packed, np.uint8), count=SIDE * SIDE).reshape(SIDE, SIDE).astype(bool)) for stamp, packed in kept]


def _quarters(late: list[tuple[int, np.ndarray]], known: list[tuple[int, np.ndarray]]) -> list[float]:
    """Offsets of what lies right of ahead, right of behind, left of behind, left of ahead; none if one of them does not tell."""
    at = np.arange(SIDE) + 0.5 - SIDE / 2
    clockwise = -np.arctan2(at[:, None], at[None]) % (2 * np.pi)
    out = []
    for quarter in range(QUARTERS):
        inside = (clockwise // (2 * np.pi / QUARTERS)).astype(int) == quarter
        found = lag([(s, g & inside) for s, g in late], [(s, g & inside) for s, g in known])
        if found is None:
            return []
        out.append(round(found.offset_s, 3))
    return out


def _told(topic: str, source: str, reference: str, found: Lag, quarters: list[float]) -> Finding:
    values = {"offset_s": round(found.offset_s, 3), "spread_s": round(found.spread_s, 3), "scans": found.scans, "reference": reference,
              "agreement": round(found.before, 3), "agreement_mended": round(found.after, 3), "quarters_s": quarters}  # fmt: skip
    late = abs(found.offset_s) > LATE_S
    side = "late" if found.offset_s < 0 else "early"
    text = f"stamps are {abs(found.offset_s):.2f} s {side} against {reference}, by {found.scans} scans of the same things"
    if quarters and max(quarters) - min(quarters) > APART_S:
        text += f" ({', '.join(f'{q:.2f}' for q in quarters)} s by quarters of its turn, clockwise from ahead: it sees them one after the other)"
    if not late:
        text = f"stamps fit those of {reference} within {max(abs(found.offset_s), found.spread_s):.2f} s, by {found.scans} scans of the same things"
        return Finding(level="ok", subject=topic, check="lag", text=text, values=values)
    text += f"; with the offset cells agree to {found.after:.2f} instead of {found.before:.2f}"
    return Finding(level="fault", subject=topic, check="lag", text=text, remedy=f"time_offset_s.{source}: {found.offset_s:.3f}", values=values)

# SPDX-License-Identifier: Apache-2.0
"""One source of the synchroniser: its waiting readings by stamp, and its counts. Knows no other source."""

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median_low
from typing import Literal

from mm_nav.core.types import CameraImage, CameraModel, Odometry, PointCloud
from mm_nav.errors import ConfigError

Kind = Literal["camera", "lidar", "radar", "odometry"]
READING_OF = {"camera": CameraImage, "lidar": PointCloud, "radar": PointCloud, "odometry": Odometry}
LIVE_NS = 1_000_000_000  # a source that was heard within this time is alive
LIVE_PERIODS = 3
GAPS = 1000  # matches whose gaps are kept
HISTORY = 6  # readings that its period is taken from
ASPECT_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A configured sensor. ``offset_ns`` is added to its stamps; ``frame_id`` replaces the frame of its messages."""

    name: str
    kind: Kind
    offset_ns: int = 0
    frame_id: str | None = None


@dataclass(slots=True)
class SourceReport:
    """What became of a source's readings.

    ``missed`` counts frames without it by reason (silent, late, apart, no_transform, no_camera_info, size_mismatch) and
    readings that were not used by reason (out_of_order, late_arrival, overflow). ``nearest_gap_ns`` is its stamp minus
    the frame's at the closest they ever were: the clock offset, when nothing ever matches. ``gaps_ns`` are those of the last
    matches.
    """

    received: int = 0
    matched: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    nearest_gap_ns: int | None = None
    gaps_ns: deque[int] = field(default_factory=lambda: deque(maxlen=GAPS))

    def count(self, reason: str) -> None:
        """One more of a reason."""
        self.missed[reason] += 1

    def copy(self) -> "SourceReport":
        """A snapshot."""
        return replace(self, missed=Counter(self.missed), gaps_ns=self.gaps_ns.copy())


@dataclass(frozen=True, slots=True)
class SyncReport:
    """Counts of a synchroniser since its start."""

    frames: int
    dropped: int  # final frames that nobody took, because a newer one was there
    slop_ns: int
    sources: dict[str, SourceReport]


class Source:
    """Readings of one source, ordered by stamp; ``next`` is the first that was not yet considered as an anchor."""

    def __init__(self, spec: SourceSpec) -> None:
        if spec.kind not in READING_OF:
            raise ConfigError(f"source {spec.name!r} is of kind {spec.kind!r}; use one of {list(READING_OF)}")
        self.spec = spec
        self.report = SourceReport()
        self.stamps: list[int] = []
        self.next = 0
        self._readings: list[tuple[CameraImage | PointCloud | Odometry, CameraModel | None]] = []
        self._model: CameraModel | None = None

    def add(self, reading: CameraImage | CameraModel | PointCloud | Odometry) -> bool:
        """Append a reading with its offset applied; False if it is a repetition or came out of order."""
        spec = self.spec
        if isinstance(reading, CameraModel) and spec.kind == "camera":
            self._model = reading
            return True
        if isinstance(reading, CameraModel) or not isinstance(reading, READING_OF[spec.kind]):
            got = type(reading).__name__
            raise ConfigError(f"source {spec.name!r} of kind {spec.kind} got a {got}; check the type of its topic")
        self.report.received += 1
        stamp_ns = reading.stamp_ns + spec.offset_ns
        if self.stamps and stamp_ns <= self.stamps[-1]:
            self.report.count("out_of_order")
            return False
        shifted = replace(reading, stamp_ns=stamp_ns) if spec.offset_ns else reading
        self.stamps.append(stamp_ns)
        self._readings.append((shifted, self._model))
        return True

    @property
    def usable(self) -> bool:
        """Whether it was heard and, if it is a camera, its intrinsics are known."""
        return bool(self.stamps) and (self.spec.kind != "camera" or self._model is not None)

    def limit(self, t: int) -> int:
        """How long before ``t`` its last reading may be for the source to be alive, from its readings up to ``t``."""
        end = bisect_right(self.stamps, t)
        recent = self.stamps[max(0, end - HISTORY) : end]
        if len(recent) < 2:
            return LIVE_NS
        period = median_low([b - a for a, b in pairwise(recent)])
        return max(LIVE_NS, LIVE_PERIODS * period)

    def alive(self, t: int, slop_ns: int) -> bool:
        """Whether it has a reading around ``t``."""
        at = bisect_right(self.stamps, t + slop_ns) - 1
        return at >= 0 and self.heard_since(t, self.stamps[at])

    def heard_since(self, t: int, stamp_ns: int) -> bool:
        """Whether a reading of that stamp shows that it is alive at ``t``; its period is asked for only where that decides."""
        return stamp_ns >= t - LIVE_NS or stamp_ns >= t - self.limit(t)

    def match(
        self, t: int, before_ns: int, after_ns: int
    ) -> tuple[CameraImage | PointCloud | Odometry | None, CameraModel | None, str]:
        """The reading nearest to ``t``, with its camera model; or None, None and why not."""
        if not self.stamps:
            self.report.count("silent")
            return None, None, "silent"
        at = bisect_left(self.stamps, t)
        near = [i for i in (at - 1, at) if 0 <= i < len(self.stamps)]
        allowed = [i for i in near if -before_ns <= self.stamps[i] - t <= after_ns]
        best = min(allowed or near, key=lambda i: abs(self.stamps[i] - t))
        gap = self.stamps[best] - t
        if self.report.nearest_gap_ns is None or abs(gap) < abs(self.report.nearest_gap_ns):
            self.report.nearest_gap_ns = gap
        if not allowed:
            return None, None, self._why(t, gap)
        self.report.gaps_ns.append(gap)
        reading, model = self._readings[best]
        if isinstance(reading, CameraImage):
            model = model or self._model
            reason = self._unfit(reading, model)
            if reason:
                return None, None, reason
        return reading, model, ""

    def before(self, stamp_ns: int, count: int) -> list[PointCloud]:
        """At most ``count`` clouds before one, oldest first; as many as are kept."""
        at = bisect_left(self.stamps, stamp_ns)
        found = [reading for reading, _ in self._readings[max(0, at - max(count, 0)) : at]]
        return [reading for reading in found if isinstance(reading, PointCloud)]

    def prune(self, stamp_ns: int) -> None:
        """Forget what is older and was considered, but keep enough to know the period."""
        keep = bisect_left(self.stamps, stamp_ns) - HISTORY
        if self.spec.kind != "odometry":
            keep = min(keep, self.next)
        if keep > 0:
            self._cut(keep)

    def drop_before(self, index: int) -> None:
        """Forget the oldest readings although they were not considered."""
        if index > 0:
            self.report.missed["overflow"] += index
            self._cut(index)

    def clear(self) -> None:
        """Forget all readings."""
        self._cut(len(self.stamps))

    def _cut(self, index: int) -> None:
        del self.stamps[:index], self._readings[:index]
        self.next = max(0, self.next - index)

    def _why(self, t: int, gap: int) -> str:
        seconds = abs(gap) / 1e9
        if gap > 0 or self.stamps[-1] > t:
            self.report.count("apart")
            return f"nearest reading is {seconds:.2f} s away"
        if not -gap > self.limit(t):
            self.report.count("late")
            return f"late by {seconds:.2f} s"
        self.report.count("silent")
        return f"silent for {seconds:.2f} s"

    def _unfit(self, image: CameraImage, model: CameraModel | None) -> str:
        """Why a picture cannot be used; a scaled picture (same aspect) can."""
        if model is None:
            self.report.count("no_camera_info")
            return "no camera_info"
        height, width = image.rgb.shape[:2]
        if abs(width * model.height / (height * model.width) - 1) > ASPECT_TOLERANCE:
            self.report.count("size_mismatch")
            return f"camera_info is {model.width}x{model.height}, picture is {width}x{height}"
        return ""

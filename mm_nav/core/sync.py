# SPDX-License-Identifier: Apache-2.0
"""Readings of many sensors -> instants that the network can take. Decides by stamps alone: no clock, no thread.

Frames are decided when they are asked for, so how the sources' readings interleave does not matter. Not safe for
threads: the caller holds a lock around every call.
"""

from collections import deque
from collections.abc import Sequence

from mm_nav.core.deskew import at_instant
from mm_nav.core.frames import TransformTree
from mm_nav.core.sync_source import LIVE_NS, Kind, Source, SourceReport, SourceSpec, SyncReport
from mm_nav.core.types import (
    CameraImage,
    CameraModel,
    CameraView,
    Missing,
    Odometry,
    PointCloud,
    PosedCloud,
    SensorFrame,
)
from mm_nav.errors import ConfigError

__all__ = ["Kind", "SourceReport", "SourceSpec", "SyncReport", "Synchronizer"]

ANCHOR_KINDS = ("lidar", "camera", "radar")
ODOMETRY_AGE_NS = 200_000_000
MAX_BUFFER = 256  # readings per source that wait for a decision
MAX_FRAMES = 1024  # final frames that wait to be taken


class Synchronizer:
    """Pairs readings by stamp.

    The anchor at a time is the first source, LiDAR before camera before radar and in the given order among equals,
    that is alive then. Each anchor reading makes a frame at its stamp ``t``: every other source gives the reading
    nearest to ``t`` within the slop (odometry: at most 0.2 s before or the slop after), or is listed as missing. A
    frame is final once every live source has a reading at ``t`` or later, or any source is a window ahead of ``t``;
    in the first second, sources that were not heard yet (or cameras without camera_info) are waited for too.
    With odometry, scans are moved to ``t`` by the robot's own motion, point by point where these have times.
    A source is alive at ``t`` if it has a reading from three of its periods (at least 1 s) before to the slop after.

    Args:
        sources: names must be unique.
        slop_ns: largest distance of a reading from the frame's stamp.
        window_ns: how long, by stamps, a frame waits for a source; not less than the slop. A source whose stamps are set back
            by an offset of at most a second is waited for so much longer.
        base_frame: robot frame that sensors are placed in.
        tree: looked up when a frame is made, so transforms may come late.
        radar_sweeps: of each radar that a frame holds; earlier ones are there only with odometry, which moves them.

    Raises:
        ConfigError: for a duplicate name, an unknown kind, or a window shorter than the slop.
    """

    def __init__(
        self,
        sources: Sequence[SourceSpec],
        *,
        slop_ns: int,
        window_ns: int,
        base_frame: str = "base_link",
        tree: TransformTree,
        radar_sweeps: int = 1,
    ) -> None:
        if not 0 <= slop_ns <= window_ns:
            raise ConfigError(
                f"sync slop {slop_ns} ns must be between 0 and the window {window_ns} ns; widen the window"
            )
        self._sources = {spec.name: Source(spec) for spec in sources}
        if len(self._sources) < len(sources):
            raise ConfigError(f"source names {sorted(s.name for s in sources)} are not unique; rename one")
        self._anchors = [s for kind in ANCHOR_KINDS for s in self._sources.values() if s.spec.kind == kind]
        self._radar_sweeps = radar_sweeps
        # a sensor whose stamps are set back delivers late; by more than a second it has another clock, which costs no time
        late_ns = max((-spec.offset_ns for spec in sources if -spec.offset_ns <= LIVE_NS), default=0)
        self._slop, self._window, self._base, self._tree = slop_ns, window_ns + max(0, late_ns), base_frame, tree
        self._final: deque[SensorFrame] = deque()
        self._first = self._newest = -1
        self._last = -1  # stamp of the last frame made
        self._made = self._dropped = 0

    def push(self, name: str, reading: CameraImage | CameraModel | PointCloud | Odometry) -> None:
        """Add a reading of a source; one that is not newer than the source's last is dropped and counted.

        Raises:
            ConfigError: for an unknown name, or a reading that the source's kind does not give.
        """
        source = self._sources.get(name)
        if source is None:
            raise ConfigError(f"source {name!r} is not configured; use one of {sorted(self._sources)}")
        if not source.add(reading) or isinstance(reading, CameraModel):
            return
        stamp_ns = source.stamps[-1]
        self._first = stamp_ns if self._first < 0 else min(self._first, stamp_ns)
        self._newest = max(self._newest, stamp_ns)
        if self._last >= 0 and stamp_ns <= self._last - self._slop:
            source.report.count("late_arrival")
        if len(source.stamps) > MAX_BUFFER:
            self._decide(everything=False)
            source.drop_before(len(source.stamps) - MAX_BUFFER)

    def take(self) -> SensorFrame | None:
        """The newest final frame, or None; older ones are dropped and counted."""
        self._decide(everything=False)
        if not self._final:
            return None
        frame = self._final.pop()
        self._dropped += len(self._final)
        self._final.clear()
        return frame

    def pop(self) -> SensorFrame | None:
        """The oldest final frame, or None; nothing is dropped. For recordings, where each frame counts."""
        self._decide(everything=False)
        return self._final.popleft() if self._final else None

    def flush(self) -> SensorFrame | None:
        """At the end of a recording: all that waits becomes final. Gives the oldest; call it until it gives None."""
        self._decide(everything=True)
        return self._final.popleft() if self._final else None

    def reset(self) -> None:
        """Forget readings and frames (the clock jumped); camera models and counts stay."""
        for source in self._sources.values():
            source.clear()
        self._final.clear()
        self._first = self._newest = self._last = -1

    def report(self) -> SyncReport:
        """Counts since the start."""
        sources = {name: source.report.copy() for name, source in self._sources.items()}
        return SyncReport(frames=self._made, dropped=self._dropped, slop_ns=self._slop, sources=sources)

    def _decide(self, *, everything: bool) -> None:
        """Walk through the possible anchor readings by stamp, and make frames of those that are final."""
        made = self._made
        while True:
            t, i = 0, -1
            for at, source in enumerate(self._anchors):
                if source.next < len(source.stamps) and (i < 0 or source.stamps[source.next] < t):
                    t, i = source.stamps[source.next], at
            if i < 0:
                break
            if not any(s.alive(t, self._slop) for s in self._anchors[:i]):
                if not everything and not self._is_final(t):
                    break
                if t > self._last:
                    self._make(t)
                else:
                    self._anchors[i].report.count("late_arrival")
            self._anchors[i].next += 1
        if made == self._made:
            return  # nothing got older
        for source in self._sources.values():
            source.prune(self._last - max(self._slop, ODOMETRY_AGE_NS))

    def _is_final(self, t: int) -> bool:
        if self._newest >= t + self._window:
            return True
        starting = t < self._first + LIVE_NS
        for source in self._sources.values():
            if source.usable and source.stamps[-1] < t:
                if source.heard_since(t, source.stamps[-1]):
                    return False
            elif not source.usable and starting:
                return False
        return True

    def _make(self, t: int) -> None:
        cameras: list[CameraView] = []
        clouds: dict[str, list[PosedCloud]] = {"lidar": [], "radar": []}
        odometry: Odometry | None = None
        earlier: list[PosedCloud] = []
        missing: list[Missing] = []
        for name, source in self._sources.items():
            before = ODOMETRY_AGE_NS if source.spec.kind == "odometry" else self._slop
            reading, model, reason = source.match(t, before, self._slop)
            if isinstance(reading, Odometry):
                odometry = reading
            elif reading is not None:
                frame_id = source.spec.frame_id or reading.frame_id
                try:
                    T = self._tree.lookup(self._base, frame_id)
                except LookupError as error:
                    reason = str(error) if frame_id else "frame_id is empty"
                    source.report.count("no_transform")
                else:
                    if isinstance(reading, PointCloud):
                        clouds[source.spec.kind].append(PosedCloud(name=name, cloud=reading, T_base_sensor=T))
                        if source.spec.kind == "radar":
                            sweeps = source.before(reading.stamp_ns, self._radar_sweeps - 1)
                            earlier += [PosedCloud(name=name, cloud=sweep, T_base_sensor=T) for sweep in sweeps]
                    elif model is not None:
                        cameras.append(CameraView(name=name, image=reading, model=model, T_base_cam=T))
            if reason:
                missing.append(Missing(name=name, reason=reason))
            else:
                source.report.matched += 1
        if odometry is not None:
            clouds["radar"] += earlier
        self._last = t
        self._made += 1
        self._final.append(
            SensorFrame(
                stamp_ns=t,
                cameras=tuple(cameras),
                lidars=tuple(at_instant(posed, odometry, t) for posed in clouds["lidar"]),
                radars=tuple(at_instant(posed, odometry, t) for posed in clouds["radar"]),
                odometry=odometry,
                missing=tuple(missing),
            )
        )
        if len(self._final) > MAX_FRAMES:
            self._final.popleft()
            self._dropped += 1

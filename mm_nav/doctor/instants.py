# SPDX-License-Identifier: Apache-2.0
"""What the synchroniser makes of a recording, and whether cameras and LiDARs agree in a few of its instants."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mm_nav.bags.playback import readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.alignment import Fit, fit, look
from mm_nav.core.config import ModelSpec
from mm_nav.core.sync import Synchronizer, SyncReport
from mm_nav.core.types import SensorFrame, Utterance
from mm_nav.doctor.finding import Finding

COMPARED = 4  # instants, spread over the recording
RARE = 0.5  # share of instants; a sensor that is in fewer is worth a note
SIDES = {True: "left", False: "right"}


@dataclass(slots=True)
class Instants:
    """``kept`` are spread over the recording, ``fullest`` has most sensors."""

    report: SyncReport
    kept: list[SensorFrame] = field(default_factory=list)
    fullest: SensorFrame | None = None


def instants(reader: BagReader, base_frame: str = "base_link") -> Instants:
    """Run the synchroniser over a recording, with a network's usual slop and window."""
    spec = ModelSpec()
    specs, tree = sources(reader)
    sync = Synchronizer(specs, slop_ns=spec.sync_slop_ns, window_ns=spec.sync_window_ns, base_frame=base_frame, tree=tree)
    found = Instants(report=sync.report())
    every_ns = max(1, reader.duration_ns // COMPARED)
    for name, reading, _ in readings(reader):
        if isinstance(reading, Utterance):
            continue
        sync.push(name, reading)
        while (frame := sync.pop()) is not None:
            _keep(found, frame, every_ns)
    while (frame := sync.flush()) is not None:
        _keep(found, frame, every_ns)
    found.report = sync.report()
    return found


def _keep(found: Instants, frame: SensorFrame, every_ns: int) -> None:
    if found.fullest is None or len(frame.missing) < len(found.fullest.missing):
        found.fullest = frame
    due = not found.kept or frame.stamp_ns - found.kept[-1].stamp_ns >= every_ns
    if frame.cameras and frame.lidars and due:
        found.kept.append(frame)


def synchronised(found: Instants, topics: dict[str, str]) -> list[Finding]:
    """How often each sensor is in an instant, and how far from its stamp.

    Args:
        topics: source -> topic.
    """
    out = []
    for name, source in found.report.sources.items():
        if not source.received or not found.report.frames or source.missed["no_transform"]:
            continue  # a sensor without mounting has its own finding
        share = source.matched / found.report.frames
        missed = {reason: count for reason, count in sorted(source.missed.items()) if count}
        text = f"in {source.matched} of {found.report.frames} instants ({100 * share:.0f} %)"
        values: dict[str, Any] = {"instants": found.report.frames, "matched": source.matched, "share": round(share, 4), "missed": missed}
        if gaps := [gap * 1e-9 for gap in source.gaps_ns]:
            values |= {"offset_s": round(float(np.median(gaps)), 4), "spread_s": round(float(np.subtract(*np.percentile(gaps, [90, 10])) / 2), 4)}
            text += f", {1e3 * values['offset_s']:+.0f} ms from their stamp (spread {1e3 * values['spread_s']:.0f} ms)"
        if missed:
            text += "; " + ", ".join(f"{reason} {count}" for reason, count in missed.items())
        rare = share < RARE
        out.append(Finding(level="note" if rare else "ok", subject=topics.get(name, name), check="sync", text=text, values=values,
                           remedy="raise its rate, or mend its stamps if they are late" if rare else ""))  # fmt: skip
    return out


def aligned(found: Instants) -> list[Finding]:
    """Whether LiDAR and cameras agree about where things are: all cameras together, then each that disagrees with the rest."""
    names = sorted({view.name for frame in found.kept for view in frame.cameras})
    looks = {name: [look(view, frame.lidars) for frame in found.kept for view in frame.cameras if view.name == name] for name in names}
    together = fit(list(looks.values())) if looks else None
    if together is None:
        return []
    lidars = ", ".join(sorted({f"{p.name} (frame {p.cloud.frame_id})" for frame in found.kept for p in frame.lidars}))
    out = [_alignment("cameras and LiDAR", lidars, together, len(names))]
    if together.verdict == "agree" and len(names) > 1:
        for name in names:
            alone = fit([looks[name]])
            if alone is not None and alone.verdict == "off":
                out.append(_alignment(name, lidars, alone, 1))
    return out


def _alignment(subject: str, lidars: str, found: Fit, cameras: int) -> Finding:
    values = {"verdict": found.verdict, "score": round(found.score, 2), "best": round(found.best, 2), "yaw_deg": found.yaw_deg,
              "pitch_deg": found.pitch_deg, "turn_deg": found.turn_deg, "mirrored": found.mirrored, "points": found.points, "cameras": cameras}  # fmt: skip
    measured = f"{found.best:.1f} standard deviations above turned mountings, {found.points} points"
    if found.verdict == "agree":
        return Finding(level="ok", subject=subject, check="alignment", values=values, text=f"LiDAR and pictures agree within 1 degree ({measured})")
    if found.verdict == "unclear":
        return Finding(level="note", subject=subject, check="alignment", values=values,
                       text="cannot tell whether LiDAR and pictures agree: no mounting stands out",
                       remedy="look at `mm_nav doctor BAG --picture DIR`, or record clear air, edges and corners")  # fmt: skip
    if found.verdict == "mirrored":
        which = "right and left" if not found.turn_deg else "ahead and behind"
        return Finding(level="fault", subject=subject, check="alignment", values=values,
                       text=f"pictures fit if {which} are exchanged in {lidars}: its data are mirrored",
                       remedy="mend its driver (x forward, y left, z up is REP-103); no mounting can undo this")  # fmt: skip
    if found.verdict == "turned":
        return Finding(level="fault", subject=subject, check="alignment", values=values,
                       text=f"pictures fit if {lidars} is turned by {found.turn_deg:+.0f} degrees about the vertical",
                       remedy="its axes are mixed up (x forward, y left is REP-103): turn its mounting, extrinsics.FRAME")  # fmt: skip
    moved = f"{abs(found.yaw_deg):.0f} degrees to the {SIDES[found.yaw_deg > 0]}" if found.yaw_deg else f"{abs(found.pitch_deg):.0f} degrees {'up' if found.pitch_deg > 0 else 'down'}"
    who = f"the mounting of {lidars}" if cameras > 1 else f"the mounting of {subject} (or of the LiDAR)"
    return Finding(level="fault", subject=subject, check="alignment", values=values, remedy=f"calibrate {who}; extrinsics.FRAME takes it",
                   text=f"pictures fit if the LiDAR's points are moved {moved} ({measured}; as given {found.score:.1f})")  # fmt: skip

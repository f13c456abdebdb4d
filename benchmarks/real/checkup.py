# SPDX-License-Identifier: Apache-2.0
"""What the doctor finds in every recording by itself, and whether the line that it offers mends a late radar."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.real.section import Section, Table

RECORDINGS = ("radiate_foggy/bag", "dgp_scene_01/bag", "nuscenes_keyframe/bag", "husky_odometry/bag", "two_lidars/bag", "mmwave_radar/bag",
              "nebula_radar/derived_points")  # fmt: skip
RADAR = "/radar/polar/compressed"


def doctor(data: Path, pictures: Path, scratch: Path) -> Section:
    """`mm_nav doctor BAG` on each."""
    section = Section("all, mm_nav doctor", "What the doctor finds by itself")
    table = Table(("recording", "level", "about", "check", "found", "remedy"))
    for name in RECORDINGS:
        found = findings(data / name, scratch)
        faults = [f for f in found if f["level"] == "fault"]
        table.rows += [(name.split("/")[0], f["level"], f["subject"], f["check"], f["text"], f["remedy"]) for f in found if f["level"] != "ok"]
        if not any(f["level"] != "ok" for f in found):
            table.rows.append((name.split("/")[0], "ok", "all", "", "consistent", ""))
        section.summary[f"faults of {name.split('/')[0]}"] = len(faults)
    section.tables += [("Faults and notes; what is good is left out:", table), _mended(data, scratch), _synchronised(data, scratch)]
    return section


def findings(bag: Path, scratch: Path) -> list[dict[str, Any]]:
    """Of one recording."""
    out = scratch / "doctor.json"
    done = subprocess.run([sys.executable, "-m", "mm_nav", "doctor", str(bag), "--json", str(out)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"doctor {bag} ended with {done.returncode}: {done.stderr[-1000:]}")
    return list(json.loads(out.read_text())["findings"])


def _mended(data: Path, scratch: Path) -> tuple[str, Table]:
    """The late radar with the parameter line that the doctor offered."""
    beside = scratch / "mended"
    beside.mkdir()
    (beside / "bag").symlink_to((data / "radiate_foggy" / "bag").resolve())
    table = Table(("radiate_foggy", "offset left, s", "agreement of cells with LiDAR", "by quarters of the turn, s", "in instants"))
    for name in ("as recorded", "with the offered offset"):
        found = findings(beside / "bag", scratch)
        lag = next(f for f in found if f["check"] == "lag")["values"]
        share = next(f for f in found if f["check"] == "sync" and f["subject"] == RADAR)["values"]["share"]
        table.rows.append((name, lag["offset_s"], lag["agreement"], ", ".join(map(str, lag["quarters_s"])), share))
        (beside / "calibration.yaml").write_text(f"sources:\n  radar/polar: {{time_offset_s: {lag['offset_s']}}}\n")
    return "The radar's lag, and what is left of it with `time_offset_s` as offered:", table


def _synchronised(data: Path, scratch: Path) -> tuple[str, Table]:
    """Of radiate_foggy: rate, offset and match ratio of each sensor."""
    found = findings(data / "radiate_foggy" / "bag", scratch)
    rates = {f["subject"]: f["values"]["rate_hz"] for f in found if f["check"] == "rate"}
    table = Table(("sensor", "rate, Hz", "in instants", "share", "offset to the instant, s", "spread, s", "missed"))
    for one in (f for f in found if f["check"] == "sync"):
        v = one["values"]
        missed = ", ".join(f"{reason} {count}" for reason, count in v["missed"].items()) or "–"
        table.rows.append((one["subject"], rates.get(one["subject"]), f"{v['matched']} of {v['instants']}", v["share"], v.get("offset_s"),
                           v.get("spread_s"), missed))  # fmt: skip
    return "The synchroniser's report of radiate_foggy:", table

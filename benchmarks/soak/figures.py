# SPDX-License-Identifier: Apache-2.0
"""What was measured, as JSON that is kept (docs/soak.json), a page for people (docs/soak.md), and words for each fault."""

import json
from pathlib import Path
from typing import Any

from benchmarks.real.section import Table

MEDIAN_S, WORST_S = 0.5, 1.0  # from a death to standing: what is promised
FILE = Path(__file__).parents[2] / "docs" / "soak.json"
HEAD = """# What was measured while things went wrong

Written by `make soak` (`python -m benchmarks.soak [soak|kill|rush]`): simulator, fault injector, fusion and navigator run as
processes of their own, started by `mm_nav up faults.launch.xml`; a probe in another process looks and speaks from outside.
"""
KILL = """From the fault to what the robot does about it: zero `cmd_vel`, or a missing sensor announced on `fusion_status` and at most
`degraded_speed`. Promised are {median:g} s (median) and {worst:g} s (worst). A dead navigator says nothing, and its last `cmd_vel` ages:
**the base must stand by itself when `cmd_vel` is silent** (the simulated one does after 0.5 s; set the timeout of yours no longer). For it
the table shows when the base stood (promised: the worst), and when the restarted navigator said its first zero. What was killed with "base and sensors" is the
simulator, so nobody tells when its wheels stood.
"""
RUSH = """Latency is from a sensor's message to the first `cmd_vel` that could consider it, which is sent 20 times a second."""


def load(file: Path = FILE) -> dict[str, Any]:
    """All that was measured; empty before anything was."""
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def keep(part: str, values: dict[str, Any], about: dict[str, str], file: Path) -> None:
    """Replace one part of the file, and write the page beside it anew."""
    every = load(file)
    every[part] = {"about": about, **values}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(every, indent=1, ensure_ascii=False) + "\n", "utf-8")
    file.with_suffix(".md").write_text(page(every), "utf-8")


def measured(every: dict[str, Any]) -> dict[str, str]:
    """Words for each fault of the catalogue that something was measured of."""
    said: dict[str, list[str]] = {}
    for name, row in every.get("kill", {}).get("rows", {}).items():
        for fault in row["ids"]:
            said.setdefault(fault, []).append(f"{name}: {_reaction(name)} {_spread(row['reacted_s'])} s")
    runs: dict[str, list[float | None]] = {}
    for one in every.get("soak", {}).get("each", []):
        for fault in one["ids"]:
            runs.setdefault(fault, []).append(one["running_s"] if one["recovered"] else None)
    for fault, times in runs.items():
        there = sorted(t for t in times if t is not None)
        text = f"{len(there)} of {len(times)} recovered" + (f", within {there[-1]:.1f} s" if there else "")
        said.setdefault(fault, []).append(text)
    return {fault: "; ".join(texts) for fault, texts in sorted(said.items())}


def page(every: dict[str, Any]) -> str:
    """docs/soak.md."""
    lines = [HEAD]
    for part, write in (("soak", _soak), ("kill", _kill), ("rush", _rush)):
        if part in every:
            about = every[part]["about"]
            lines += [*write(every[part]), f"{about['date']}, {about['machine']}, mm_nav {about['mm_nav']}: `{about['command']}`", ""]
    return "\n".join(lines).rstrip() + "\n"


def _soak(values: dict[str, Any]) -> list[str]:
    table = Table(("what", "promised", "measured"))
    memory, latency = values["memory"], values["latency_ms"]
    table.rows += [
        ("driving, with a fault every 10 s", "20 min", f"{values['minutes']:g} min, {values['faults']} faults of {values['kinds']} kinds, {values['metres']:g} m"),
        ("orders fulfilled", "", f"{values['orders_fulfilled']} of {values['orders']}"),
        ("nodes that crashed", "0", len(values["crashes"])),
        ("faults that were not recovered from", "0", f"{len(values['not_recovered'])} {', '.join(values['not_recovered'])}".strip()),
        ("collisions", "0", _listed([f"{c['after']}: {c['reason']}" for c in values["collisions"]])),
        ("unsafe motion", "0", _listed(values["unsafe"])),
        ("everything runs again after a fault ended (median; worst)", "10 s; a process 30 s", f"{_spread(values['running_s'])} s"),
        ("it moves again (median; worst)", "", f"{_spread(values['moves_s'])} s"),
        ("latency from sensor to cmd_vel (median; 99 %; worst)", "", f"{latency['p50']}; {latency['p99']}; {latency['max']} ms"),
    ]  # fmt: skip
    for node in ("fusion", "navigator"):
        growth = memory[node]["mb_per_min"]
        text = "run too short" if growth is None else f"{growth:+.2f} MB/min over {memory[node]['minutes']:g} min"
        table.rows.append((f"memory of {node}", "< 1 MB/min", f"{text}, at most {memory[node]['most_mb']} MB"))
    return ["## Driving through faults", "", *table.lines(), ""]


def _kill(values: dict[str, Any]) -> list[str]:
    table = Table(("what dies", "reaction", "median; worst", "base stands", "first zero again", "held"))
    for name, row in values["rows"].items():
        how = f"{_reaction(name)}" + (f" ({row['slowed']} of {values['trials']} slower, else stands)" if row["slowed"] else "")
        table.rows.append((name, how, f"{_spread(row['reacted_s'])} s" + (f", never {row['never']} times" if row["never"] else ""),
                           _spread(row["base_still_s"]), _spread(row["zero_again_s"]), "yes" if row["passed"] else "**no**"))  # fmt: skip
    return ["## From a death to standing still", "", KILL.format(median=MEDIAN_S, worst=WORST_S), f"{values['trials']} of each.", "", *table.lines(), ""]


def _rush(values: dict[str, Any]) -> list[str]:
    table = Table(("what", "plans per second", "latency (median; 99 %; worst), ms", "99 % over nominal (promised: 1.5)", "memory grew by, MB", "held"))
    for name, row in values["rows"].items():
        took = row["latency_ms"]
        extra = f" ({row['orders_said']} said, the newest {'won' if row['newest'] else 'did not win'})" if "newest" in row else ""
        table.rows.append((name + extra, row["plans_per_s"], f"{took['p50']}; {took['p99']}; {took['max']}", row["p99_ratio"], row["growth_mb"],
                           "yes" if row["passed"] else "**no**"))  # fmt: skip
    return ["## Floods", "", RUSH, "", f"{values['seconds']:g} s of each.", "", *table.lines(), ""]


def _reaction(name: str) -> str:
    if name.startswith("navigator"):
        return "the base stands"
    return "slower or zero" if name in ("camera off", "LiDAR off", "radar off") else "zero"


def _listed(found: list[str]) -> str:
    return f"{len(found)}" + (f": {'; '.join(found[:5])}" if found else "")


def _spread(values: dict[str, float | None]) -> str:
    return "–" if values["median"] is None else f"{values['median']:.2f}; {values['worst']:.2f}"

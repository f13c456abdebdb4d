# SPDX-License-Identifier: Apache-2.0
"""``mm_nav demo``: a simulated robot is told where to go, and gets there through real ROS 2 nodes; then it is drawn.

``run`` starts the nodes of launch/sim.launch.xml and records every topic, ``story`` reads that recording back into pictures.
Nothing here simulates, plans or decodes by itself. Needs neither a ROS install nor torch.
"""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mm_nav.engine import load_bundle

PICTURES = 4  # of the way, in the report
WORLD = 2267
MOST_DRAWN = 70  # of a longer run every second, third … instant is drawn


@dataclass(frozen=True, kw_only=True)
class DemoConfig:
    """What to show."""

    out: Path = Path("out/demo")
    """Folder for demo.gif, report.html, summary.json, the recording and the nodes' log; older ones are replaced."""
    say: str = ""
    """What to tell the robot; empty: the order that the world comes with."""
    seed: int | None = None
    """The world; if not given, 2267, or with --say the first one from there on that has exactly one thing that is meant."""
    bundle: str = "base"
    """A folder, or the name of a bundle that came with the package."""
    switch_off: str = "camera/front"
    """The sensor that fails on the way and comes back: camera/front, lidar or radar; empty for none."""
    rerun: str = ""
    """Show it live in Rerun: true (a window, or the browser without a display), native, web, or FILE.rrd to record; empty for not."""
    real_time_factor: float = 1.0
    """Simulated seconds per second."""
    time_limit_s: float = 60.0
    """Simulated seconds until the run has failed."""


def main(config: DemoConfig) -> int:
    """Run, draw, report; 0 only if the robot did what it was told.

    Raises:
        BundleError: there is no such bundle.
        ConfigError: the nodes did not start; the text quotes their last lines.
    """
    from mm_nav.demo import run, story

    console = Console()
    load_bundle(config.bundle)  # refuse before anything starts
    config.out.mkdir(parents=True, exist_ok=True)
    for old in ("bag", "demo.gif", "report.html", "summary.json", "result.json", "nodes.log", "log"):
        path = config.out / old
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    config = replace(config, seed=_world(config, console))
    done = run.run(config, console)
    with console.status("drawing …"):
        told = story.read(config.out / "bag")
        summary = summarise(done, told)
        draw(config.out, told, summary)
    (config.out / "summary.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(table(summary))
    console.print(f"{config.out / 'demo.gif'}  {config.out / 'report.html'}  {config.out / 'bag'}", highlight=False)
    return 0 if summary["success"] else 1


def _world(config: DemoConfig, console: Console) -> int:
    """The seed to drive in."""
    if config.seed is not None or not config.say:
        return WORLD if config.seed is None else config.seed
    from mm_nav.sim.spoken import world_for

    with console.status("looking for a world that has such a thing …"):
        found = world_for(config.say, WORLD)
    if found is None:
        console.print(f"No world is known in which {config.say!r} means exactly one thing: driving in world {WORLD}, by the robot's own word.", highlight=False)
        return WORLD
    return found


def summarise(done: Any, told: Any) -> dict[str, Any]:
    """The run in figures: the simulator's verdict, and what the recording shows."""
    from mm_nav.evaluate.metrics import percentiles

    latency = {k: None if v is None else round(v, 2) for k, v in percentiles(told.latency_ms).items()}
    return {
        **done.result,
        "latency_ms": latency,
        "frames": len(told.instants),
        "outages": [{"sensor": o.sensor, "from_s": round(o.start_s, 2), "to_s": round(o.end_s, 2)} for o in told.outages],
        "messages": sum(done.messages.values()),
        "messages_by_topic": dict(sorted(done.messages.items())),
        "wall_s": round(done.wall_s, 1),
    }


def draw(out: Path, told: Any, summary: dict[str, Any]) -> None:
    """demo.gif and report.html."""
    from mm_nav.viz.animation import save_gif
    from mm_nav.viz.picture import draw as picture
    from mm_nav.viz.report import save_report

    step = -(-len(told.instants) // MOST_DRAWN)
    instants = [*told.instants[:-1:step], told.instants[-1]]
    pictures = [picture(instant) for instant in instants]
    save_gif(pictures, out / "demo.gif", fps=told.rate_hz / step)
    chosen = sorted({round(i * (len(pictures) - 1) / max(1, PICTURES - 1)) for i in range(PICTURES)})
    rows = [{"figure": label, "value": value} for label, value, _ in figures(summary)]
    topics = [{"topic": name, "messages": count} for name, count in summary["messages_by_topic"].items()]
    save_report(
        out / "report.html", title="mm_nav: a spoken goal, driven through real ROS 2 nodes",
        lead=f"Told “{summary['command']}”, seed {summary['seed']}. Fusion, navigator and simulator ran as separate processes; "
             "every topic was recorded and this page was drawn from the recording.",
        cards=figures(summary), animation=out / "demo.gif",
        pictures=[(f"at {instants[i].time_s:.1f} s: {instants[i].state.replace('_', ' ')}", pictures[i]) for i in chosen],
        tables={"Figures": rows, "Messages": topics},
    )  # fmt: skip


def figures(summary: dict[str, Any]) -> list[tuple[str, str, bool | None]]:
    """Label, value, and whether it is good."""
    latency = summary["latency_ms"]
    ms = "n/a" if latency["p50"] is None else f"{latency['p50']:.0f} / {latency['p95']:.0f} ms"
    off = ", ".join(f"{o['sensor']} {o['from_s']:.1f}–{o['to_s']:.1f} s" for o in summary["outages"]) or "none"
    away = summary.get("target_distance_m")
    return [
        ("goal", "reached" if summary["success"] else summary["reason"], bool(summary["success"])),
        ("simulated time", f"{summary['time_s']:.1f} s", None),
        ("driven", f"{summary['distance_m']:.1f} m", None),
        ("shortest way", f"{summary['shortest_m']:.1f} m", None),
        ("left to the target", "n/a" if away is None else f"{away:.2f} m", None),
        ("collisions", str(int(summary["collided"])), not summary["collided"]),
        ("latency p50 / p95", ms, None),
        ("messages", f"{summary['messages']}", None),
        ("sensor failure", off, None),
    ]


def table(summary: dict[str, Any]) -> Table:
    """The same figures for the terminal."""
    shown = Table(title=f"“{summary['command']}”", title_justify="left", show_header=False)
    shown.add_column("figure")
    shown.add_column("value", justify="right")
    for label, value, good in figures(summary):
        shown.add_row(label, value if good is None else f"[{'green' if good else 'red'}]{value}[/]")
    return shown

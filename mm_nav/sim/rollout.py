# SPDX-License-Identifier: Apache-2.0
"""``mm_nav simulate``: the expert drives procedural worlds; each becomes a bag with ground truth.

Scenarios are independent, so processes share them out; a scenario depends on its seed alone, never on its neighbours.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav.errors import BagError, ConfigError
from mm_nav.sim.expert import Expert, Style
from mm_nav.sim.recording import Item, drive
from mm_nav.sim.simulation import SimConfig, Simulation
from mm_nav.sim.task import NAMES
from mm_nav.sim.weather import CONDITIONS, check_condition
from mm_nav.sim.world import KINDS

LIST = "scenarios.json"
PUSHED = 0.5  # share of scenarios whose driver is pushed off its way now and then
CAR_SHARE = 0.25  # of --robot mixed


@dataclass(frozen=True, kw_only=True)
class SimulateConfig:
    """What to record."""

    out: Path
    """Folder for the bags, one per scenario, and for scenarios.json."""
    scenarios: int = 10
    """How many worlds."""
    seed: int = 0
    """Seeds are seed, seed+1, …; keep those of training and evaluation apart."""
    rate_hz: float = 5.0
    """Sensor frames per second, at most 10; odometry is recorded at 10 Hz."""
    max_seconds: float = 40.0
    """A scenario ends then at the latest."""
    randomise: bool = True
    """Vary sensor mounting, LiDAR beams, camera view and noise from world to world."""
    robot: str = "diff"
    """diff, ackermann or mixed."""
    worlds: tuple[str, ...] = KINDS
    """Kinds of world to choose from."""
    tasks: tuple[str, ...] = ("goto", "goto_relation", "goto_zh")
    """Tasks to choose from: goto, goto_relation, goto_zh, turn, stop, move."""
    condition: str = "none"
    """none, fog, night, glare, lidar_rain or radar_clutter."""
    conditions_share: float = 0.0
    """Share of the scenarios of condition none that get a random bad one instead, 0 to 1."""
    linger_s: float = 2.0
    """How long to record after the robot arrived."""
    storage: str = "mcap"
    """mcap or sqlite3."""
    compression: str = "zstd"
    """zstd or none."""
    workers: int = 2
    """Processes."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigError: quoting the option and its value.
        """
        for name, known in (("worlds", KINDS), ("tasks", NAMES), ("robot", ("diff", "ackermann", "mixed"))):
            given = getattr(self, name)
            odd = [g for g in ((given,) if isinstance(given, str) else given) if g not in known]
            if odd or not given:
                raise ConfigError(f"--{name} {' '.join(odd) or '(nothing)'} is unknown; use {', '.join(known)}")
        check_condition(self.condition)
        for name, low, high in (("scenarios", 1, 1_000_000), ("rate_hz", 0.1, 10), ("max_seconds", 1, 3600),
                                ("workers", 1, 256), ("linger_s", 0, 60), ("seed", 0, 2**31),
                                ("conditions_share", 0, 1)):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"--{name.replace('_', '-')} {value} is out of range; give {low} to {high}")


def scenario(config: SimulateConfig, seed: int) -> Simulation:
    """The simulation of one seed under a config."""
    rng = np.random.default_rng([seed, 9])
    kinds = {k: s for k, s in zip(KINDS, (0.55, 0.2, 0.25), strict=True) if k in config.worlds}
    kind = str(rng.choice(list(kinds), p=np.array(list(kinds.values())) / sum(kinds.values())))
    task = str(rng.choice(config.tasks, p=_shares(config.tasks)))
    car = config.robot == "ackermann" or (config.robot == "mixed" and rng.random() < CAR_SHARE)
    if car and task == "turn":
        task = "goto"
    return Simulation(SimConfig(seed=seed, kind=kind, robot="ackermann" if car else "diff", task=task,
                                rate_hz=config.rate_hz, randomise=config.randomise,
                                condition=_condition(config, seed)))  # fmt: skip


def _condition(config: SimulateConfig, seed: int) -> str:
    """Drawn apart from everything else: with a share of 0 every seed stays as it was."""
    rng = np.random.default_rng([seed, 12])
    if config.condition != "none" or rng.random() >= config.conditions_share:
        return config.condition
    return str(rng.choice([name for name in CONDITIONS if name != "none"]))


def messages(config: SimulateConfig, seed: int) -> tuple[Simulation, Iterator[Item]]:
    """A simulation that has not begun, and the messages that driving it brings."""
    sim = scenario(config, seed)
    pushed = np.random.default_rng([seed, 10]).random() < PUSHED
    expert = Expert(sim, Style(noise=0.15 if pushed else 0.0))
    return sim, drive(sim, expert, config.rate_hz, config.max_seconds, config.linger_s)


def record(config: SimulateConfig, seed: int) -> dict[str, Any]:
    """Drive one scenario into a bag; returns its row of scenarios.json. A bag that is there already is kept."""
    from mm_nav.bags.writer import BagWriter

    name = f"scenario_{seed:06d}"
    sim, items = messages(config, seed)
    row = {"name": name, "seed": seed, "world": sim.world.kind, "robot": sim.config.robot, "task": sim.task.name,
           "command": sim.task.text, "target": sim.task.target_id, "condition": sim.config.condition}  # fmt: skip
    if (config.out / name).exists():
        return {**row, "kept": True}
    frames = 0
    try:
        with BagWriter(config.out / name, storage=config.storage, compression=config.compression) as writer:
            for topic, message, stamp_ns in items:
                frames += topic == "ground_truth/objects"
                writer.write(topic, message, stamp_ns)
            if sim.collided:
                raise _Collided
    except _Collided:
        return {**row, "collided": sim.hit_label, "frames": 0}
    return {**row, "success": sim.success, "seconds": round(sim.time_s, 2), "frames": frames}


class _Collided(Exception):  # noqa: N818  (leaves BagWriter without a bag; nobody else sees it)
    pass


def simulate(config: SimulateConfig, progress: Callable[[dict[str, Any]], None] = lambda _: None) -> list[dict[str, Any]]:
    """Record all scenarios; ``progress`` gets each row as it is done. Rows come back in seed order.

    Raises:
        ConfigError: when the folder holds scenarios of another config.
        BagError: when a bag cannot be written.
    """
    _claim(config)
    seeds = range(config.seed, config.seed + config.scenarios)
    rows = []
    if config.workers == 1:
        for seed in seeds:
            rows.append(record(config, seed))
            progress(rows[-1])
    else:
        with ProcessPoolExecutor(min(config.workers, config.scenarios), mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(record, config, seed) for seed in seeds]
            try:
                for job in as_completed(jobs):
                    rows.append(job.result())
                    progress(rows[-1])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    rows.sort(key=lambda row: int(row["seed"]))
    _write_list(config, rows)
    return rows


def main(config: SimulateConfig) -> int:
    """Record with a progress bar and print what came of it; 0 unless nothing could be kept."""
    from rich.console import Console

    from mm_nav.progress import bar

    console = Console()
    start = time.monotonic()
    with bar("recording", config.scenarios, console) as shown:
        rows = simulate(config, lambda row: shown.advance(note=f"{row['command'][:40]}"))
    took = time.monotonic() - start
    frames = sum(row.get("frames", 0) for row in rows)
    reached = sum(bool(row.get("success")) for row in rows)
    hit = sum("collided" in row for row in rows)
    kept = sum("kept" in row for row in rows)
    console.print(f"{len(rows)} scenarios in {config.out}: {reached} fulfilled, {hit} left out after a collision, "
                  f"{kept} there already; {frames} frames in {took:.0f} s ({frames / max(took, 1e-9):.0f}/s)")  # fmt: skip
    return 0 if hit < len(rows) else 1


def _shares(tasks: tuple[str, ...]) -> np.ndarray:
    from mm_nav.sim.task import SHARE

    share = np.array([SHARE[NAMES.index(t)] for t in tasks])
    return np.asarray(share / share.sum())


def _settings(config: SimulateConfig) -> dict[str, Any]:
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(config).items()}
    return {k: v for k, v in plain.items() if k not in ("out", "workers", "scenarios", "seed")}


def _claim(config: SimulateConfig) -> None:
    """A folder holds scenarios of one config, so that a run can be resumed or extended and never mixed up."""
    listed = config.out / LIST
    if listed.exists():
        try:
            before = json.loads(listed.read_text(encoding="utf-8"))["config"]
        except (ValueError, KeyError, TypeError) as error:
            raise BagError(f"{listed} is damaged ({error}); remove it or choose another --out") from error
        before = {"condition": "none", "conditions_share": 0.0} | before  # lists of version 0.1 do not say
        odd = sorted(k for k, v in _settings(config).items() if before.get(k) != v)
        if odd:
            raise ConfigError(f"{listed} was recorded with {odd[0]}={before.get(odd[0])!r}; use the same, or another --out")
        return
    try:
        config.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BagError(f"cannot write to {config.out}: {error.strerror}; choose a writable folder") from error
    _write_list(config, [])


def _write_list(config: SimulateConfig, rows: list[dict[str, Any]]) -> None:
    listed = config.out / LIST
    known = {r["seed"]: r for r in json.loads(listed.read_text(encoding="utf-8"))["scenarios"]} if listed.exists() else {}
    known |= {r["seed"]: r for r in rows if not ("kept" in r and r["seed"] in known)}
    content = {"config": _settings(config), "scenarios": [known[s] for s in sorted(known)]}
    partial = listed.with_suffix(".part")
    partial.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    partial.replace(listed)

# SPDX-License-Identifier: Apache-2.0
"""Minutes of driving with a fault every few seconds: what recovered, what must not have happened, memory and latency."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.soak.probe import Probe
from benchmarks.soak.processes import MINE, Life, Processes
from benchmarks.soak.trouble import Rig, Trouble, drawn, table

EVERY_S = 10.0
START_S = 120.0
BLIND_S = 1.5  # after which a robot that must stand has to: the target is 1.0 s, the probe and a busy machine take some
MOVES_S = 35.0  # an order that cannot be fulfilled ends after ORDER_S; then comes another
ORDER_S = 30.0
REMIND_S = 3.0  # standing although all is well: the order is said again, as a person would
WORLD_S = 300.0  # in one world
ENDING_SHARE = 0.45  # of the run in which nodes may be ended; afterwards memory is watched in long lives
WARM_UP_S = 60.0
LOOK_S = 2.0
Tell = Callable[[str], None]


def start(folder: Path, seed: int, **arguments: object) -> Rig:
    """World, robot and probe, driving.

    Raises:
        RuntimeError: it does not drive.
    """
    processes, probe = Processes(folder, seed, time_limit_s=ORDER_S, **arguments), Probe()
    rig = Rig(probe, processes)
    if driving(rig, START_S) is None:
        said = "\n".join(processes.said()[-20:])
        close(rig)
        raise RuntimeError(f"the robot did not drive within {START_S:g} s:\n{said}")
    return rig


def close(rig: Rig) -> None:
    """End everything."""
    rig.processes.close()
    rig.probe.close()


def driving(rig: Rig, patience_s: float) -> float | None:
    """Wait until it moves, all sensors there; reminds it of its order. Returns the seconds, None: it never did."""
    probe, began_s = rig.probe, time.monotonic()
    said_s = began_s

    def done() -> bool:
        nonlocal said_s
        now_s = time.monotonic()
        if not probe.running or now_s - probe.moved_s < REMIND_S:
            said_s = max(said_s, now_s - REMIND_S + 0.5)
        if now_s - said_s > REMIND_S:
            said_s = now_s
            probe.say_order_again()
        return probe.running and probe.moves_since(began_s)

    return probe.until(done, patience_s)


def suffer(rig: Rig, trouble: Trouble) -> dict[str, Any]:
    """One fault from its begin to its recovery; what was seen of it."""
    probe, began_s, unsafe = rig.probe, time.monotonic(), len(rig.probe.unsafe)
    trouble.begin(rig)

    def moves_blindly() -> bool:
        told_to_go = trouble.word and probe.order_s > began_s  # the simulator's next order came after the stop
        return trouble.stands and not told_to_go and time.monotonic() - began_s > BLIND_S and not probe.stands

    if probe.until(moves_blindly, trouble.lasts_s) is not None:
        probe.unsafe.append(f"{trouble.name}: moves at {probe.commanded} after {time.monotonic() - began_s:.1f} s")
        probe.listen(max(0.0, trouble.lasts_s - (time.monotonic() - began_s)))
    rig.settle()
    ended_s = time.monotonic()
    trouble.end(rig)
    if trouble.ends_process:
        probe.until(lambda: not probe.running, trouble.recovers_s)
    ran_s = probe.until(lambda: probe.running, trouble.recovers_s + ended_s - time.monotonic())
    runs_s = time.monotonic() - ended_s
    probe.say_order_again()
    moved_s = driving(rig, MOVES_S)
    return {"fault": trouble.name, "ids": list(trouble.ids), "recovered": ran_s is not None and moved_s is not None,
            "running_s": None if ran_s is None else round(runs_s, 2),
            "moves_s": None if moved_s is None else round(time.monotonic() - ended_s, 2), "unsafe": probe.unsafe[unsafe:]}  # fmt: skip


def soak(
    folder: Path, minutes: float, seed: int, tell: Tell = print, faults: Sequence[Trouble] = (), every_s: float = EVERY_S, **arguments: object
) -> dict[str, Any]:
    """Drive through faults; with ``faults``, through these alone, one after the other. ``arguments``: more of the launch file.

    Returns: what docs/soak.json holds under ``soak``.
    """
    rig = start(folder, seed, **arguments)
    probe, processes = rig.probe, rig.processes
    done = threading.Event()
    threading.Thread(target=_look, args=(processes, done), daemon=True).start()
    began_s = time.monotonic()
    world_s, due_s, draw = began_s, began_s + every_s / 2, drawn(seed)
    seen: list[dict[str, Any]] = []
    nominal_s: list[float] = []
    collisions: list[dict[str, Any]] = []
    left = list(faults)
    try:
        while (left or not faults) and time.monotonic() - began_s < 60.0 * minutes:
            counted = len(probe.latencies_s)
            probe.listen(max(0.0, due_s - time.monotonic()))
            nominal_s += probe.latencies_s[counted:]
            share = (time.monotonic() - began_s) / (60.0 * minutes)
            trouble = left.pop(0) if faults else draw(share < ENDING_SHARE)
            due_s = max(due_s + every_s, time.monotonic())
            seen.append(suffer(rig, trouble))
            tell(_line(time.monotonic() - began_s, seen[-1]))
            if hit := [r for r in probe.results if r["collided"]]:
                collisions += [{"after": trouble.name, **hit[-1]}]
                tell(f"  collision: {hit[-1]}")
            if hit or time.monotonic() - world_s > WORLD_S:
                _another_world(rig, collisions)
                world_s = time.monotonic()
                tell(f"  another world, seed {processes.seed}")
    finally:
        done.set()
        close(rig)
    return _result(rig, seen, collisions, nominal_s, time.monotonic() - began_s)


def _another_world(rig: Rig, _collisions: list[dict[str, Any]]) -> None:
    rig.probe.results[:] = [r for r in rig.probe.results if not r["collided"]]
    rig.processes.another_world(rig.processes.seed + 1)
    rig.probe.until(lambda: not rig.probe.running, 10.0)
    driving(rig, START_S)


def _look(processes: Processes, done: threading.Event) -> None:
    while not done.wait(LOOK_S):
        processes.look()


def _line(at_s: float, seen: dict[str, Any]) -> str:
    state = "recovered" if seen["recovered"] else "NOT RECOVERED"
    return f"{at_s:6.0f} s  {seen['fault']:24} {state}, runs after {seen['running_s']} s, moves after {seen['moves_s']} s {'; '.join(seen['unsafe'])}"


def _result(
    rig: Rig, seen: list[dict[str, Any]], collisions: list[dict[str, Any]], latencies_s: list[float], took_s: float
) -> dict[str, Any]:
    probe, processes = rig.probe, rig.processes
    memory = {node: memory_of(processes.lives[node]) for node in processes.lives}
    missed = [s["fault"] for s in seen if not s["recovered"]]
    done = [r for r in probe.results if not r["collided"]]
    values = {
        "minutes": round(took_s / 60.0, 1), "faults": len(seen), "kinds": len({s["fault"] for s in seen}), "kinds_known": len(table()),
        "crashes": processes.crashes(), "not_recovered": missed, "collisions": collisions, "unsafe": probe.unsafe,
        "orders": len(done), "orders_fulfilled": sum(r["success"] for r in done), "metres": round(sum(r["distance_m"] for r in done), 1),
        "running_s": spread([s["running_s"] for s in seen]), "moves_s": spread([s["moves_s"] for s in seen]),
        "latency_ms": {k: v and round(1e3 * v, 1) for k, v in quantiles(latencies_s).items()}, "memory": memory, "each": seen,
    }  # fmt: skip
    values["passed"] = not (values["crashes"] or missed or collisions or probe.unsafe or any(
        (memory[node]["mb_per_min"] or 0.0) >= 1.0 for node in MINE))  # fmt: skip
    return values


def quantiles(values: Sequence[float]) -> dict[str, float | None]:
    """Median, 99th percentile and maximum."""
    if not values:
        return {"p50": None, "p99": None, "max": None}
    return {"p50": float(np.quantile(values, 0.5)), "p99": float(np.quantile(values, 0.99)), "max": float(max(values))}


def spread(values: Sequence[float | None]) -> dict[str, float | None]:
    """Median and worst of those that there are."""
    there = [v for v in values if v is not None]
    return {"median": round(statistics.median(there), 2), "worst": round(max(there), 2)} if there else {"median": None, "worst": None}


def memory_of(lives: Sequence[Life]) -> dict[str, float | None]:
    """Of the longest life after its first minute: slope by least squares, MB per minute; and the most of all lives, MB."""
    longest = max(lives, key=lambda life: life.seconds[-1] - life.seconds[0], default=None)
    empty: dict[str, float | None] = {"mb_per_min": None, "minutes": 0.0, "most_mb": None}
    if longest is None:
        return empty
    most = max(max(life.megabytes) for life in lives)
    seconds, used = np.array(longest.seconds), np.array(longest.megabytes)
    warm = seconds >= seconds[0] + WARM_UP_S
    minutes = (seconds[-1] - seconds[0] - WARM_UP_S) / 60.0
    if minutes < 1.0 or warm.sum() < 10:
        return empty | {"most_mb": round(most, 1), "minutes": round(max(0.0, minutes), 1)}
    slope = float(np.polyfit(seconds[warm] / 60.0, used[warm], 1)[0])
    return {"mb_per_min": round(slope, 3), "minutes": round(minutes, 1), "most_mb": round(most, 1)}

# SPDX-License-Identifier: Apache-2.0
"""From a sensor or a process that dies while the robot drives, to zero velocity or to announced, slower driving."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import psutil

from benchmarks.soak.drive import Tell, close, driving, spread, start
from benchmarks.soak.figures import MEDIAN_S, WORST_S
from benchmarks.soak.probe import LIMITS
from benchmarks.soak.trouble import Rig
from mm_nav.ros.respawn import STEADY_S

TRIALS = 20
DRIVES_MPS = 0.15
PATIENCE_S = 10.0
RECOVERS_S = 60.0
PERIOD_S = 0.2  # of the sensors: trials begin anywhere in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What dies: a source of the fault injector, or a node by a signal."""

    name: str
    ids: tuple[str, ...]
    source: str = ""
    node: str = ""
    number: signal.Signals = signal.SIGKILL


KINDS = (
    Kind(name="camera off", ids=("S01",), source="camera/front"),
    Kind(name="fusion SIGKILL", ids=("P13",), node="fusion"),
    Kind(name="LiDAR off", ids=("S02",), source="lidar"),
    Kind(name="radar off", ids=("S03",), source="radar"),
    Kind(name="navigator SIGKILL", ids=("P13",), node="navigator"),
    Kind(name="odometry off", ids=(), source="odom"),
    Kind(name="all sensors off", ids=("S04",), source="all"),
    Kind(name="base and sensors SIGKILL", ids=(), node="sim"),
    Kind(name="fusion SIGSTOP", ids=("P15",), node="fusion", number=signal.SIGSTOP),
)


def kill(folder: Path, seed: int, trials: int = TRIALS, tell: Tell = print, kinds: tuple[Kind, ...] = KINDS) -> dict[str, Any]:
    """Each kind, so many times. Returns: what docs/soak.json holds under ``kill``."""
    rig = start(folder, seed)
    rng = Random(seed)  # noqa: S311 - moments, no secret
    seen: dict[str, list[dict[str, float | None]]] = {kind.name: [] for kind in kinds}
    try:
        for number in range(trials):  # in rounds: while one kind dies, what died before it grows up
            for kind in kinds:
                seen[kind.name].append(trial(rig, kind, rng.uniform(0.0, PERIOD_S)))
            tell(f"round {number + 1} of {trials}: " + ", ".join(f"{name} {found[-1]['reacted_s'] or float('nan'):.2f}" for name, found in seen.items()))
    finally:
        close(rig)
    rows = {kind.name: row(kind, seen[kind.name]) for kind in kinds}
    for name, found in rows.items():
        tell(f"{name:26} {trials} times: " + ", ".join(f"{k} {v}" for k, v in found.items() if k != "ids"))
    return {"trials": trials, "rows": rows, "crashes": rig.processes.crashes(), "passed": all(r["passed"] for r in rows.values())}


def row(kind: Kind, seen: list[dict[str, float | None]]) -> dict[str, Any]:
    """Median and worst of what was seen; passes if nothing took longer than promised, or never happened."""
    reacted = [s["reacted_s"] for s in seen]
    median_s, worst_s = spread(reacted)["median"], spread(reacted)["worst"]
    soon = kind.node == "navigator" or (median_s is not None and median_s <= MEDIAN_S)  # the base's own timeout is half a second
    good = None not in reacted and worst_s is not None and worst_s <= WORST_S and soon
    return {"ids": list(kind.ids), "reacted_s": spread(reacted), "never": reacted.count(None), "slowed": sum(s["slowed"] == 1.0 for s in seen),
            "base_still_s": spread([s["base_still_s"] for s in seen]), "zero_again_s": spread([s["zero_again_s"] for s in seen]),
            "passed": good}  # fmt: skip


def trial(rig: Rig, kind: Kind, phase_s: float) -> dict[str, float | None]:
    """One death while it drives. ``reacted_s`` is until cmd_vel is zero or slow and announced; of the navigator, until the base stands.

    Raises:
        RuntimeError: it does not drive (any more).
    """
    probe = rig.probe
    pid = _grown_up(rig, kind.node) if kind.node else 0
    if probe.until(lambda: probe.running and probe.commanded[0] > DRIVES_MPS, 0.0) is None:
        _drive_on(rig)
    probe.listen(phase_s)
    if not (probe.running and probe.commanded[0] > DRIVES_MPS):
        _drive_on(rig)
    began_s = time.monotonic()
    if kind.source:
        probe.fault(f"{kind.source} off")
    else:
        rig.processes.expected += [kind.node] if kind.number == signal.SIGKILL else []
        os.kill(pid, kind.number)

    def slow() -> bool:
        return probe.level == 1 and probe.level_s > began_s and abs(probe.commanded[0]) <= LIMITS.degraded_speed and probe.velocity_s > probe.level_s

    def reacted() -> bool:
        if kind.node == "navigator":
            return probe.wheels_still_s > began_s and probe.wheels_still_s < float("inf")
        return (probe.stands and probe.since_still_s > began_s) or slow()

    reacted_s = probe.until(reacted, PATIENCE_S)
    slowed = float(reacted_s is not None and kind.node != "navigator" and not probe.stands)
    still_s = zero_s = None
    if not slowed and kind.node != "sim":
        probe.until(lambda: began_s < probe.wheels_still_s < float("inf"), 2.0)
        still_s = probe.wheels_still_s - began_s if began_s < probe.wheels_still_s < float("inf") else None
    if kind.node == "navigator":
        zero_s = probe.until(lambda: probe.stands and began_s < probe.since_still_s, RECOVERS_S)
        zero_s = None if zero_s is None else probe.since_still_s - began_s
    _mend(rig, kind, pid)
    return {"reacted_s": reacted_s, "slowed": slowed, "base_still_s": still_s, "zero_again_s": zero_s}


def _mend(rig: Rig, kind: Kind, pid: int) -> None:
    if kind.source:
        rig.probe.fault(f"{kind.source} ok")
    elif kind.number == signal.SIGSTOP:
        os.kill(pid, signal.SIGCONT)
    else:
        rig.probe.until(lambda: not rig.probe.running, 5.0)
    rig.probe.until(lambda: rig.probe.running, RECOVERS_S)
    rig.probe.say_order_again()


def _drive_on(rig: Rig) -> None:
    """Until it drives ahead, all sensors there; orders that turn or are done pass by."""
    probe, began_s = rig.probe, time.monotonic()
    while not (probe.running and probe.commanded[0] > DRIVES_MPS):
        if driving(rig, RECOVERS_S) is None or time.monotonic() - began_s > 4 * RECOVERS_S:
            raise RuntimeError(f"it does not drive; fusion says level {probe.level} {probe.hold} {probe.missing}; see {rig.processes.folder}")


def _grown_up(rig: Rig, node: str) -> int:
    """A process that lived long enough for its next start to be at once: one that fails at its start is started ever later."""
    found: list[int] = []

    def old() -> bool:
        pid = rig.processes.pid(node)
        if pid is None or time.time() - psutil.Process(pid).create_time() < STEADY_S + 1.0:
            rig.probe.listen(0.2)
            return False
        found[:] = [pid]
        return True

    if rig.probe.until(old, RECOVERS_S) is None:
        raise RuntimeError(f"{node} does not stay; see {rig.processes.folder}")
    return found[0]

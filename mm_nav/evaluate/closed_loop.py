# SPDX-License-Identifier: Apache-2.0
"""Drive simulated scenarios with a driver in the loop: sense, step, follow, until it worked or did not. No ROS.

The same pipeline and the same velocity law as on the robot; sensors at their own rate, the wheels several times as often.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from jaxtyping import Float64

from mm_nav.core import safety
from mm_nav.core.config import BevGrid
from mm_nav.core.geometry import inverse
from mm_nav.core.gist import Gist
from mm_nav.core.types import Command, Intent, Rejection, SensorFrame, Utterance, Velocity
from mm_nav.engine import load_bundle, open_engine
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import ConfigError
from mm_nav.evaluate.classical import Classical
from mm_nav.evaluate.driver import DRIVERS, Driver, Look, look_of
from mm_nav.evaluate.failure import category
from mm_nav.evaluate.metrics import overlap
from mm_nav.evaluate.report import Episode
from mm_nav.pipeline import Pipeline
from mm_nav.sim.simulation import START_NS, SimConfig, Simulation
from mm_nav.sim.snapshot import Snapshot
from mm_nav.sim.task import Task

FIRST_SEED, SEEDS_PER_RUN = 1_000_000, 10_000
TIME_LIMIT_S = 60.0
CONTROL_PERIOD_S = 0.05
VISIBLE_SHARE = 0.3  # of a target's probes that the camera must see
NEAR_M = 1.0  # how far a grounded goal may be from the target's centre
REST_S, ENDS = 2.0, ("reached", "not_found", "idle")  # standing so long with such a status ends an episode
DIES_AFTER_S = 3.0  # unless it is said when
SHORT_NAMES = {"camera": "camera/front"}
AMOUNT_TOLERANCE = 0.02  # of angles (rad) and distances (m) in a parsed command
INTENTS: Mapping[str, tuple[Intent, ...]] = {  # what each task's order may be parsed to; "find X" asks to look for it
    **dict.fromkeys(("goto", "goto_relation", "goto_zh"), (Intent.GO_TO, Intent.LOOK_FOR)),
    "turn": (Intent.TURN,), "move": (Intent.MOVE_BY,), "stop": (Intent.STOP,),
}  # fmt: skip


def evaluation_seeds(seed: int, count: int) -> list[int]:
    """World seeds of an evaluation run; no two runs share one, and training starts far below.

    Raises:
        ConfigError: for more scenarios than a run has seeds, or a negative seed.
    """
    if not 1 <= count <= SEEDS_PER_RUN or seed < 0:
        raise ConfigError(f"{count} scenarios of seed {seed}; use 1..{SEEDS_PER_RUN} scenarios and a seed from 0")
    return [FIRST_SEED + SEEDS_PER_RUN * seed + i for i in range(count)]


def refuse_shared_seeds(training: Sequence[int] | None, evaluation: Sequence[int]) -> None:
    """Evaluation in worlds that were trained on proves nothing.

    Raises:
        ConfigError: naming a seed that is in both.
    """
    shared = sorted(set(training or ()) & set(evaluation))
    if shared:
        raise ConfigError(
            f"{len(shared)} evaluation seeds were trained on, for example {shared[0]}; choose another --seed, "
            f"or train on seeds below {FIRST_SEED}"
        )


def sensor_name(given: str) -> str:
    """The simulator's name of a sensor; the only camera needs no number."""
    return SHORT_NAMES.get(given, given)


def parse_death(text: str) -> tuple[str, float]:
    """``NAME[@SECONDS]`` as a sensor and when it falls silent, in seconds after the start.

    Raises:
        ConfigError: for a time that is no number from 0.
    """
    name, at, seconds = text.partition("@")
    try:
        when = float(seconds) if at else DIES_AFTER_S
    except ValueError:
        when = float("nan")
    if not 0 <= when < float("inf"):
        raise ConfigError(f"--sensor-dies {text!r} has no time from 0; give NAME or NAME@SECONDS, for example lidar@3")
    return sensor_name(name), when


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """How scenarios are driven. ``bundle`` and ``backend`` are names, so that a worker process can open them."""

    bundle: str
    backend: str = "auto"
    threads: int = 0
    driver: str = "bundle"
    sensors_off: tuple[str, ...] = ()
    sensors_die: tuple[tuple[str, float], ...] = ()  # sensor, seconds after the start
    condition: str = "none"
    rate_hz: float = 5.0
    time_limit_s: float = TIME_LIMIT_S
    limits: safety.DriveLimits = field(default_factory=safety.DriveLimits)


def drive_all(drive: Drive, seeds: Sequence[int], workers: int = 1) -> Iterator[Episode]:
    """Episodes in the order of ``seeds``, driven one by one or in worker processes."""
    if workers <= 1:
        make = opener(drive)
        yield from (episode(drive, simulation(drive, seed), make()) for seed in seeds)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start, initargs=(drive,)) as pool:
        yield from pool.map(_drive_one, seeds)


def simulation(drive: Drive, seed: int) -> Simulation:
    """The scenario of a seed."""
    return Simulation(SimConfig(seed=seed, rate_hz=drive.rate_hz, sensors_off=drive.sensors_off,
                                sensors_die=drive.sensors_die, condition=drive.condition))  # fmt: skip


def episode(drive: Drive, sim: Simulation, driver: Driver) -> Episode:
    """One scenario from its start to its end."""
    grid = driver.spec.grid
    tally, wheels = _Tally(sim.task), _Wheels(drive.limits, grid)
    period_ns = round(1e9 / drive.rate_hz)
    reason, status = "", "idle"
    while not reason:
        snapshot = sim.sense()
        for utterance in snapshot.heard:
            tally.hear(utterance, driver.command(utterance.text, utterance.stamp_ns))
        start = time.perf_counter()
        outcome = driver.step(snapshot.frame())
        step_ms = 1e3 * (time.perf_counter() - start)
        look = look_of(outcome, grid)
        tally.see(snapshot, look, step_ms)
        status = look.status
        due_ns = snapshot.stamp_ns + period_ns
        while not reason and sim.stamp_ns < due_ns:
            velocity = wheels.velocity(sim, snapshot.frame(), look)
            sim.step(velocity.linear, velocity.angular, min(CONTROL_PERIOD_S, (due_ns - sim.stamp_ns) * 1e-9))
            reason = _verdict(sim, status, tally, drive.time_limit_s)
    return tally.episode(sim, reason, status)


def _verdict(sim: Simulation, status: str, tally: "_Tally", time_limit_s: float) -> str:
    """Why the episode is over, or '' while it is not."""
    if sim.success:
        return "success"
    if sim.collided:
        return f"collision with {sim.hit_label}"
    if sim.failed:
        return "did not stop within a second"
    if tally.rejected and len(tally.answers) == len(sim.task.script):
        return f"command rejected: {tally.rejected}"
    if sim.time_s >= time_limit_s:
        away = f", {sim.target_distance_m:.1f} m from the target" if sim.target is not None else ""
        return f"time limit{away}, {status}"
    if tally.rests(sim, status):
        away = f" {sim.target_distance_m:.1f} m from the target" if sim.target is not None else ""
        return f"ended as {status}{away}"
    return ""


class _Wheels:
    """The velocity law as the navigator applies it, with the drifting odometry."""

    def __init__(self, limits: safety.DriveLimits, grid: BevGrid) -> None:
        self._limits, self._grid = limits, grid
        self._previous = Velocity(linear=0.0, angular=0.0)

    def velocity(self, sim: Simulation, frame: SensorFrame, look: Look) -> Velocity:
        if frame.odometry is None:
            self._previous = Velocity(linear=0.0, angular=0.0, reason="no odometry")
            return self._previous
        T_scene_now: Float64[np.ndarray, "4 4"] = inverse(frame.odometry.T_odom_base) @ sim.odometry().T_odom_base
        age_s = (sim.stamp_ns - frame.stamp_ns) * 1e-9
        ages = safety.Ages(plan_s=age_s, scene_s=age_s, odom_s=0.0)
        self._previous = safety.velocity(look.plan, look.scene.occupancy, self._grid, T_scene_now, ages,
                                         self._limits, self._previous, CONTROL_PERIOD_S,
                                         degraded=bool(look.scene.missing))  # fmt: skip
        return self._previous


class _Tally:
    """Counts what is judged while an episode runs."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.answers: list[bool] = []
        self.rejected = ""
        self._visible = self._grounded = self._common = self._union = 0
        self._step_ms: list[float] = []
        self._rests_since_s: float | None = None

    def hear(self, utterance: Utterance, answer: Command | Rejection) -> None:
        """Hold a parsed command against what was meant: the order that counts, or the drive before a stop."""
        if isinstance(answer, Rejection):
            self.rejected = answer.reason
            self.answers.append(False)
            return
        counts = utterance.text == self._task.text
        right = answer.intent in INTENTS[self._task.name if counts else "goto"]
        if counts and self._task.name in ("turn", "move"):
            right = right and abs(answer.amount - self._task.amount) <= AMOUNT_TOLERANCE
        self.answers.append(right)

    def see(self, snapshot: Snapshot, look: Look, step_ms: float) -> None:
        """Count grounding, occupancy and time of one instant."""
        self._step_ms.append(step_ms)
        truth = snapshot.truth
        if truth.occupancy.shape == look.scene.occupancy.shape:  # the simulator knows the standard grid alone
            common, union = overlap(look.scene.occupancy, truth.occupancy == 1, truth.observed > 0)
            self._common += common
            self._union += union
        target = next((o for o in truth.objects if o.id == self._task.target_id), None)
        if target is None or look.aim is None or target.visible < VISIBLE_SHARE:
            return
        self._visible += 1
        self._grounded += bool(np.hypot(look.aim[0] - target.center[0], look.aim[1] - target.center[1]) <= NEAR_M)

    def rests(self, sim: Simulation, status: str) -> bool:
        """Whether the robot has stood for a while and thinks that it is done, one way or the other."""
        if status not in ENDS or not sim.still or len(self.answers) < len(self._task.script):
            self._rests_since_s = None
            return False
        if self._rests_since_s is None:
            self._rests_since_s = sim.time_s
        return sim.time_s - self._rests_since_s >= REST_S

    def episode(self, sim: Simulation, reason: str, status: str) -> Episode:
        """The whole episode as counts; ``status`` is the driver's last."""
        success = reason == "success"
        return Episode(
            seed=sim.config.seed, task=sim.task.name, command=sim.task.text, world=sim.world.kind, success=success,
            collided=sim.collided, reason=reason, category="" if success else category(sim, status, bool(self.rejected)), duration_s=(sim.stamp_ns - START_NS) * 1e-9,
            driven_m=sim.distance_travelled, shortest_m=sim.shortest_path_m, frames_visible=self._visible,
            frames_grounded=self._grounded, commands=len(self.answers), commands_right=sum(self.answers),
            cells_common=self._common, cells_union=self._union, step_ms=tuple(self._step_ms),
        )  # fmt: skip


def opener(drive: Drive) -> Callable[[], Driver]:
    """Open the bundle once; a new driver per episode, so that nothing is remembered."""
    check_driver(drive.driver)
    if drive.driver == "classical":
        return partial(Classical, drive.limits)
    bundle = load_bundle(drive.bundle)
    engine = open_engine(bundle, drive.backend, drive.threads)
    encoder = open_text_encoder(bundle)
    return partial(Pipeline, engine, encoder, bundle.spec, drive.limits, hear=Gist(encoder.encode_together).hear)


def check_driver(name: str) -> None:
    """Refuse a driver that does not exist.

    Raises:
        ConfigError: naming those that do.
    """
    if name not in DRIVERS:
        raise ConfigError(f"--driver {name!r} is unknown; use one of {', '.join(DRIVERS)}")


_worker: dict[str, Any] = {}


def _start(drive: Drive) -> None:
    _worker["drive"], _worker["make"] = drive, opener(drive)


def _drive_one(seed: int) -> Episode:
    drive: Drive = _worker["drive"]
    return episode(drive, simulation(drive, seed), _worker["make"]())

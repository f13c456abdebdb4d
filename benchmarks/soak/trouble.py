# SPDX-License-Identifier: Apache-2.0
"""The table of faults that the soak draws from: how each begins and ends, and what the robot must do meanwhile. Measures nothing."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from benchmarks.soak.probe import Probe
from benchmarks.soak.processes import Processes
from mm_nav.ros.fault import PAIRS
from tests.core.hostile import texts

LASTS_S = 3.0
SENSORS = {"camera/front": "camera", "lidar": "lidar", "radar": "radar", "odom": "odometry"}
IDS = {  # of benchmarks/faults/catalogue.yaml
    "stuck": ("S05",), "garbage": ("S06",), "wrong": ("S07",), "slow": ("S08",), "delayed": ("S08",), "intermittent": ("S08",), "fast": ("G05",),
    "nan": ("M12", "M27"), "blank": ("M24",), "noise": ("M23",),
}  # fmt: skip
OFF = {"camera/front": ("S01",), "lidar": ("S02",), "radar": ("S03",), "odom": ("S08",)}
FLOOD = ("go to the red cone", "turn left", "go to the box", "turn right", "go to the blue barrel")
FLOOD_HZ = 1000.0
HOSTILE_HZ = 20.0


@dataclass(slots=True)
class Rig:
    """What a fault works on."""

    probe: Probe
    processes: Processes
    threads: list[threading.Thread] = field(default_factory=list)

    def meanwhile(self, work: Callable[[], None]) -> None:
        """Run something while the probe listens."""
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.threads.append(thread)

    def settle(self) -> None:
        """Wait until what runs meanwhile has ended."""
        for thread in self.threads:
            thread.join()
        self.threads.clear()


Act = Callable[[Rig], object]


def nothing(_rig: Rig) -> None:
    """For what ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One fault.

    Attributes:
        stands: from 1.5 s after its begin to its end, cmd_vel must be zero.
        word: it is one of words; another order ends it.
        ends_process: a node ends, and is started again.
        recovers_s: how long after its end everything may take to run again.
    """

    name: str
    ids: tuple[str, ...]
    begin: Act
    end: Act = nothing
    lasts_s: float = LASTS_S
    stands: bool = False
    word: bool = False
    ends_process: bool = False
    recovers_s: float = 10.0


def table() -> list[Trouble]:
    """All faults."""
    return [*_sensors(), *_processes(), *_words()]


def drawn(seed: int) -> Callable[[bool], Trouble]:
    """The table in an order of the seed's, again and again. Each call says whether nodes may be ended now."""
    rng, left = Random(seed), list[Trouble]()  # noqa: S311 - an order, no secret

    def draw(may_end: bool) -> Trouble:
        while True:
            if not left:
                left.extend(table())
                rng.shuffle(left)
            trouble = left.pop()
            if may_end or not trouble.ends_process:
                return trouble

    return draw


def named(name: str) -> Trouble:
    """One of the table."""
    return next(trouble for trouble in table() if trouble.name == name)


def _fault(text: str) -> Act:
    return lambda rig: rig.probe.fault(text)


def _signal(node: str, number: signal.Signals) -> Act:
    return lambda rig: rig.processes.send(node, number)


def _sensors() -> Iterator[Trouble]:
    for source, kind in SENSORS.items():
        for word in PAIRS[kind]:
            blind = source == "odom" and word in ("off", "nan", "noise", "blank")
            yield Trouble(name=f"{source} {word}", ids=OFF[source] if word == "off" else IDS[word], stands=blind,
                          begin=_fault(f"{source} {word}"), end=_fault(f"{source} ok"))  # fmt: skip
    yield Trouble(name="all off", ids=("S04",), stands=True, begin=_fault("all off"), end=_fault("all ok"))
    yield Trouble(name="clock off", ids=("T08",), lasts_s=5.0, begin=_fault("clock off"), end=_fault("clock ok"))


def _processes() -> Iterator[Trouble]:
    for node, ids in (("fusion", ("P13", "P14")), ("navigator", ("P13", "P14")), ("sim", ("S04", "T06"))):
        for number in (signal.SIGKILL, signal.SIGTERM):
            yield Trouble(name=f"{node} {number.name}", ids=ids if number == signal.SIGKILL else ("P12", "P14"), begin=_signal(node, number),
                          lasts_s=0.5, ends_process=True, recovers_s=30.0)  # fmt: skip
    for node, ids in (("fusion", ("P15",)), ("navigator", ("P15",)), ("sim", ("T08", "S04"))):
        yield Trouble(name=f"{node} SIGSTOP", ids=ids, stands=node != "navigator", begin=_signal(node, signal.SIGSTOP),
                      end=_signal(node, signal.SIGCONT))  # fmt: skip


def _words() -> Iterator[Trouble]:
    yield Trouble(name="command flood", ids=("X11",), begin=lambda rig: rig.meanwhile(lambda: flood(rig.probe, LASTS_S)))
    yield Trouble(name="hostile texts", ids=("X06", "X07", "X08", "X12"), begin=lambda rig: rig.meanwhile(lambda: _hostile(rig.probe)))
    yield Trouble(name="long texts", ids=("X01",), begin=lambda rig: [rig.probe.say("go " * 100_000) for _ in range(20)])
    yield Trouble(name="command blank, then stop", ids=("M24",), stands=True, word=True, begin=lambda rig: _spoilt_stop(rig.probe, b""))
    yield Trouble(name="command noise, then stop", ids=("M23",), stands=True, word=True, begin=lambda rig: _spoilt_stop(rig.probe, b"\x00\x01\x00\x00\xf0\xff\xff\xff"))
    yield Trouble(name="stop", ids=("X08",), stands=True, word=True, begin=lambda rig: rig.probe.say("stop"))


def flood(probe: Probe, seconds: float, rate_hz: float = FLOOD_HZ) -> int:
    """Orders at a rate; returns how many were said."""
    began_s, said = time.monotonic(), 0
    while (gone_s := time.monotonic() - began_s) < seconds:
        while said < gone_s * rate_hz:
            probe.say(FLOOD[said % len(FLOOD)])
            said += 1
        time.sleep(1.0 / rate_hz)
    return said


def _hostile(probe: Probe) -> None:
    for kind, text in Random(time.monotonic_ns()).sample(texts(), round(LASTS_S * HOSTILE_HZ)):  # noqa: S311 - made-up texts
        if kind != "number":  # those may move a robot: it does not move by more than it may
            probe.say(text)
        time.sleep(1.0 / HOSTILE_HZ)


def _spoilt_stop(probe: Probe, raw: bytes) -> None:
    """Samples that are no text must not hide the word that stops."""
    for _ in range(20):
        probe.say_bytes(raw)
    probe.say("stop")

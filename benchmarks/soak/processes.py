# SPDX-License-Identifier: Apache-2.0
"""The nodes as a user starts them (``mm_nav up faults.launch.xml``): their processes, lives, memory and unexpected ends.

Knows no topic. The world (simulator, fault injector) and the robot (fusion, navigator) are two launches, as on two machines.
"""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

EXECUTABLES = {"sim": "sim_node", "fault_injector": "injector_node", "fusion": "fusion_node", "navigator": "navigator_node"}
MINE = ("fusion", "navigator")  # whose crashes and memory count
END_S = 10.0
ENDED = re.compile(r"^\[(?P<node>\w+)\] ended(?: with exit code (?P<code>-?\d+))?$")


@dataclass(slots=True)
class Life:
    """One process of a node, from start to end: when its memory was looked at, and how much it was."""

    pid: int
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)


class Launch:
    """One ``mm_nav up`` in a process group of its own; ``log`` gets what its nodes say."""

    def __init__(self, log: Path, **arguments: object) -> None:
        words = [f"{name}:={str(value).lower() if isinstance(value, bool) else value}" for name, value in arguments.items()]
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mm_nav", "up", "faults.launch.xml", *words], stdout=out, stderr=subprocess.STDOUT)  # fmt: skip

    def close(self) -> None:
        """SIGINT, and its nodes end with it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Processes:
    """World and robot.

    Args:
        folder: for logs.
        seed: of the first world.
        arguments: more of the launch file, for both.
    """

    def __init__(self, folder: Path, seed: int, **arguments: object) -> None:
        self.folder, self.seed, self._arguments = folder, seed, arguments
        self.lives: dict[str, list[Life]] = {name: [] for name in EXECUTABLES}
        self.expected: list[str] = []  # nodes that were ended on purpose
        self.world = self._launch("world", robot=False)
        self.robot = self._launch("robot", world=False)

    def _launch(self, name: str, **arguments: object) -> Launch:
        return Launch(self.folder / f"{name}.log", seed=self.seed, **self._arguments, **arguments)

    def another_world(self, seed: int) -> None:
        """End the simulator and start it with another seed."""
        self.world.close()
        self.seed = seed
        self.world = self._launch("world", robot=False)

    def close(self) -> None:
        """End everything."""
        self.robot.close()
        self.world.close()

    def pid(self, node: str) -> int | None:
        """Process of a node; None while it has none."""
        launch = self.world if node in ("sim", "fault_injector") else self.robot
        try:
            for child in psutil.Process(launch.process.pid).children(recursive=True):
                if EXECUTABLES[node] in child.cmdline():
                    return int(child.pid)
        except psutil.NoSuchProcess:
            pass
        return None

    def send(self, node: str, number: signal.Signals) -> int:
        """Send a signal to a node; one that ends it is expected to. Returns its process.

        Raises:
            RuntimeError: it has no process.
        """
        pid = self.pid(node)
        if pid is None:
            raise RuntimeError(f"{node} is not running; see {self.folder}")
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.expected.append(node)
        os.kill(pid, number)
        return pid

    def look(self) -> None:
        """Note everybody's memory."""
        for node, lives in self.lives.items():
            pid = self.pid(node)
            if pid is None:
                continue
            try:
                used = psutil.Process(pid).memory_info().rss / 1e6
            except psutil.NoSuchProcess:
                continue
            if not lives or lives[-1].pid != pid:
                lives.append(Life(pid))
            lives[-1].seconds.append(time.monotonic())
            lives[-1].megabytes.append(used)

    def crashes(self) -> list[str]:
        """Ends of our nodes that nobody asked for, and tracebacks, from the logs."""
        found, allowed = [], list(self.expected)
        for line in self.said():
            if (ended := ENDED.match(line)) and ended["node"] in MINE:
                if ended["node"] in allowed:
                    allowed.remove(ended["node"])
                else:
                    found.append(line)
            elif "Traceback" in line or "please report this" in line or "Segmentation fault" in line:
                found.append(line)
        return found

    def said(self) -> list[str]:
        """All lines of both logs."""
        return [line for name in ("world", "robot") for line in (self.folder / f"{name}.log").read_text("utf-8", "replace").splitlines()]

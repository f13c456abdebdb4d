# SPDX-License-Identifier: Apache-2.0
"""``mm_nav up LAUNCH_XML [arg:=value …]``: runs our launch files where ``ros2 launch`` is not installed.

The file is real ROS 2 launch XML; launch_xml.py says which subset. Nodes are child processes of this interpreter; other
packages' executables are run when their package is installed. Imports no rclpy.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from mm_nav import share
from mm_nav.errors import ConfigError
from mm_nav.ros import transport
from mm_nav.ros.command_line import check_params, command, labels
from mm_nav.ros.launch_xml import NodeSpec, describe, read
from mm_nav.ros.node import PARENT_VARIABLE
from mm_nav.ros.respawn import Respawn
from mm_nav.ros.runner import Stop

POLL_S = 0.05
INTERRUPT_S, TERMINATE_S = 2.0, 1.0  # patience with SIGINT, then with SIGTERM
OWN = "up"  # label of what this runner says itself


@dataclass(slots=True)
class Child:
    """A started node. ``due_s`` is when to start it again."""

    spec: NodeSpec
    label: str
    command: list[str]
    lives: Respawn
    process: subprocess.Popen[str] | None = None
    started_s: float = 0.0
    given_up: bool = False
    due_s: float | None = None
    readers: list[threading.Thread] = field(default_factory=list)


def main(argv: Sequence[str]) -> int:
    """Run a launch file until its nodes have ended or Ctrl-C; 0 when all was well, 1 when a node failed."""
    words = list(argv)
    if not words or words[0] in ("-h", "--help"):
        print("usage: mm_nav up LAUNCH_XML [arg:=value …]    (a path, or the name of an installed launch file)")
        return 0 if words else 2
    path = find_launch_file(words[0])
    if "--show-args" in words or "-s" in words:
        for name, (default, text) in describe(path).items():
            print(f"  {name}:={'(required)' if default is None else default!r}  {text}")
        return 0
    arguments = parse_arguments(words[1:])
    stop = Stop()
    with TemporaryDirectory(prefix="mm_nav_up_") as folder:
        specs = read(path, arguments)
        if not specs:
            raise ConfigError(f"{path} starts no node with these arguments; check its if= and unless=")
        for spec in specs:
            transport.check({**os.environ, **spec.environment})
        for note in check_params(specs):
            _say(OWN, note)
        children = [
            Child(spec, label, command(spec, Path(folder), i), Respawn(spec.respawn_delay_s, spec.respawn_max_retries))
            for i, (spec, label) in enumerate(zip(specs, labels(specs), strict=True))
        ]
        return supervise(children, stop)


def find_launch_file(name: str) -> Path:
    """A path, or the name of a launch file that came with the package ("sim", "sim.launch.xml").

    Raises:
        ConfigError: there is none; names those that are there.
    """
    path = Path(name)
    if path.is_file():
        return path
    if len(path.parts) == 1 or path.parts[:-1] == ("launch",):
        for full in (path.name, f"{path.name}.launch.xml"):
            found = share.find("launch", full)
            if found is not None:
                return found
    known = ", ".join(n for n in share.names("launch") if n.endswith(".launch.xml"))
    raise ConfigError(f"no launch file {name!r}; installed are {known or 'none'}")


def parse_arguments(words: Sequence[str]) -> dict[str, str]:
    """``["seed:=3"]`` as a mapping.

    Raises:
        ConfigError: a word of another form.
    """
    arguments: dict[str, str] = {}
    for word in words:
        name, mark, value = word.partition(":=")
        if not mark or not name.isidentifier():
            raise ConfigError(f"{word!r} is no launch argument; write name:=value")
        arguments[name] = value
    return arguments


def supervise(children: Sequence[Child], stop: Stop) -> int:
    """Start the children and stay until they have ended, one that ends all has, or a signal came."""
    failed = False
    try:
        for child in children:
            start(child)
        while not stop.requested:
            for child in children:
                code = ended(child)
                if code is None:
                    continue
                failed = failed or child.given_up or (code != 0 and not child.spec.respawn)
                if child.spec.ends_all:
                    return int(failed)
            if all(child.process is None and child.due_s is None for child in children):
                return int(failed)
            time.sleep(POLL_S)
        return 0
    finally:
        shut_down(children)


def start(child: Child) -> None:
    """Start or restart a child; its output comes out line by line under its name."""
    environment: Mapping[str, str] = {
        **os.environ, "PYTHONUNBUFFERED": "1", PARENT_VARIABLE: str(os.getpid()), **child.spec.environment,
    }  # fmt: skip
    child.process = subprocess.Popen(  # noqa: S603 - starting what the launch file names is the purpose
        child.command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    child.started_s, child.due_s = time.monotonic(), None
    if child.process.stdout is not None:
        reader = threading.Thread(target=_relay, args=(child.label, child.process.stdout), daemon=True)
        reader.start()
        child.readers = [reader]


def ended(child: Child) -> int | None:
    """Exit code of a child that has just ended, else None; arranges a respawn and does one that is due."""
    if child.due_s is not None and time.monotonic() >= child.due_s:
        start(child)
    if child.process is None or (code := child.process.poll()) is None:
        return None
    _drain(child)
    child.process = None
    lived_s = time.monotonic() - child.started_s
    _say(child.label, "ended" if code == 0 else f"ended with exit code {code}")
    if child.spec.respawn and not child.spec.ends_all:
        wait_s = child.lives.after(lived_s)
        if wait_s is None:
            child.given_up = True
            _say(child.label, child.lives.epitaph(code))
        else:
            child.due_s = time.monotonic() + wait_s
            _say(child.label, f"starts again in {wait_s:g} s")
    return code


def shut_down(children: Sequence[Child]) -> None:
    """SIGINT, after 2 s SIGTERM, after 1 s more SIGKILL."""
    for number, patience_s in ((signal.SIGINT, INTERRUPT_S), (signal.SIGTERM, TERMINATE_S), (signal.SIGKILL, TERMINATE_S)):
        alive = [c for c in children if c.process is not None and c.process.poll() is None]
        for child in alive:
            if number != signal.SIGINT:
                _say(child.label, f"does not end; sending {number.name}")
            if child.process is not None:
                child.process.send_signal(number)
        deadline_s = time.monotonic() + patience_s
        while any(c.process is not None and c.process.poll() is None for c in alive) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)
    for child in children:
        _drain(child)


def _drain(child: Child) -> None:
    for reader in child.readers:
        reader.join(0.5)


def _relay(label: str, stream: IO[str]) -> None:
    with stream:
        for line in stream:
            _say(label, line.rstrip("\n"))


def _say(label: str, line: str) -> None:
    sys.stdout.write(f"[{label}] {line}\n")
    sys.stdout.flush()

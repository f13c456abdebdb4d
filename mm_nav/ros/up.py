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

import yaml

from mm_nav import share
from mm_nav.errors import ConfigError
from mm_nav.ros.launch_xml import NodeSpec, describe, read
from mm_nav.ros.node import NODES, PARENT_VARIABLE
from mm_nav.ros.runner import Stop

POLL_S = 0.05
INTERRUPT_S, TERMINATE_S = 2.0, 1.0  # patience with SIGINT, then with SIGTERM
STEADY_S = 10.0  # a node that lived this long is respawned at once again
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


@dataclass(slots=True)
class Child:
    """A started node. ``due_s`` is when to start it again."""

    spec: NodeSpec
    label: str
    command: list[str]
    process: subprocess.Popen[str] | None = None
    started_s: float = 0.0
    failures: int = 0
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
        children = [
            Child(spec, label, command(spec, Path(folder), i))
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


def labels(specs: Sequence[NodeSpec]) -> list[str]:
    """Names for the output: the node's, with its namespace where that tells two apart."""
    plain = [spec.name or spec.executable for spec in specs]
    return [f"{s.namespace.strip('/')}/{n}" if plain.count(n) > 1 and s.namespace else n for s, n in zip(specs, plain, strict=True)]


def command(spec: NodeSpec, folder: Path, index: int) -> list[str]:
    """The command line of a node; inline parameters go to files in ``folder``, as launch_ros does it.

    Raises:
        ConfigError: the executable or a parameter file is not there.
    """
    words = [*program(spec), *spec.args, "--ros-args"]
    if spec.name:
        words += ["-r", f"__node:={spec.name}"]
    if spec.namespace:
        words += ["-r", f"__ns:={spec.namespace}"]
    for number, given in enumerate(spec.params):
        if isinstance(given, Path):
            if not given.is_file():
                raise ConfigError(f"parameter file {str(given)!r} of node {spec.name or spec.executable!r} is not there")
            file = given
        else:
            file = folder / f"{index}_{number}.yaml"
            file.write_text(yaml.safe_dump({"/**": {"ros__parameters": given}}, allow_unicode=True), encoding="utf-8")
        words += ["--params-file", str(file)]
    for source, target in spec.remaps:
        words += ["-r", f"{source}:={target}"]
    return [*words, *spec.ros_args]


def program(spec: NodeSpec) -> list[str]:
    """How to start an executable: ours by this interpreter (a script's #! may name another), others from lib/PKG."""
    if spec.package == "mm_nav":
        if spec.executable not in NODES:
            raise ConfigError(f"mm_nav has no executable {spec.executable!r}; it has {', '.join(NODES)}")
        return [sys.executable, "-m", "mm_nav.ros.node", spec.executable]
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        found = Path(prefix) / "lib" / spec.package / spec.executable
        if prefix and found.is_file():
            return [str(found)]
    raise ConfigError(f"{spec.package}/{spec.executable} is not installed; install it, or switch it off by its launch argument")


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
                failed = failed or (code != 0 and not child.spec.respawn)
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
    if child.spec.respawn:
        child.failures = 0 if lived_s > STEADY_S else child.failures + 1
        wait_s = child.spec.respawn_delay_s
        if wait_s is None:
            wait_s = BACKOFF_S[min(child.failures, len(BACKOFF_S) - 1)]
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

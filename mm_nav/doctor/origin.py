# SPDX-License-Identifier: Apache-2.0
"""Who set a parameter of a node that runs on this machine: its process's command line names the files. Knows no rclpy.

A running node cannot be asked for this. Where its process cannot be seen (another machine, another user) nothing is known.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from mm_nav.errors import ConfigError
from mm_nav.ros.params_file import KEY, read_blocks

PROCESSES = Path("/proc")
LAUNCHED = ("mm_nav_up_", "launch_params_")  # where `mm_nav up` and ros2 launch write the values that stand in a launch file
LAUNCH_FILE = "the launch file or its arguments"


def origins(node: str, processes: Path = PROCESSES) -> dict[str, str]:
    """Parameter -> file that set it last, for the node of that full name in this process's domain; empty where it is not known."""
    for words in _commands(processes):
        if _full_name(words) == node:
            return {key: source for option, word in pairwise(words) for key, source in _given(option, word, node)}
    return {}


def _commands(processes: Path) -> Iterator[list[str]]:
    """Command lines of this machine's processes that talk in the same domain."""
    domain = os.environ.get("ROS_DOMAIN_ID") or "0"
    for folder in sorted(processes.glob("[0-9]*")):
        try:
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
            if "--ros-args" not in words:
                continue
            variables = dict(v.partition("=")[::2] for v in (folder / "environ").read_bytes().decode("utf-8", "replace").split("\0"))
        except OSError:  # it ended, or is another user's
            continue
        if (variables.get("ROS_DOMAIN_ID") or "0") == domain:
            yield words


def _full_name(words: list[str]) -> str:
    """Full name that a command line gives its node."""
    remaps = dict(word.partition(":=")[::2] for word in words if ":=" in word)
    return f"{remaps.get('__ns', '/').rstrip('/')}/{remaps.get('__node', '')}"


def _given(option: str, word: str, node: str) -> Iterator[tuple[str, str]]:
    if option in ("-p", "--param") and ":=" in word:
        yield word.partition(":=")[0], "the command line"
    if option != "--params-file":
        return
    path = Path(word)
    inline = path.name.startswith(LAUNCHED) or path.parent.name.startswith(LAUNCHED)
    try:
        patterns = {block.pattern for block in read_blocks(path) if block.applies_to(node)}
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (ConfigError, OSError, yaml.YAMLError):  # it was taken away since
        return
    for pattern, values in _blocks(content, ""):
        if pattern in patterns:
            yield from ((key, LAUNCH_FILE if inline else str(path)) for key in _keys(values, ""))


def _blocks(content: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items() if isinstance(content, Mapping) else ():
        if key == KEY:
            yield prefix, value
        else:
            yield from _blocks(value, f"{prefix}/{str(key).strip('/')}")


def _keys(values: Any, prefix: str) -> Iterator[str]:
    for key, value in values.items() if isinstance(values, Mapping) else ():
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"

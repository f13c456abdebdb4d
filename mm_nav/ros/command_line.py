# SPDX-License-Identifier: Apache-2.0
"""The command line of a node of a launch file, word by word as launch_ros makes it. Starts nothing, imports no rclpy."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from mm_nav.errors import ConfigError
from mm_nav.ros.launch_xml import NodeSpec
from mm_nav.ros.node import NODES
from mm_nav.ros.params_file import notes, read_blocks


class _Quoting(yaml.SafeDumper):
    """Quotes every text: rcl takes an unquoted 1e3 for a number, and YAML 1.1 does not."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def command(spec: NodeSpec, folder: Path, index: int) -> list[str]:
    """Program, ``args``, ``ros_args``, name, namespace, parameters and remaps, in launch_ros's order.

    Inline parameters go to files in ``folder``, for the node's full name where name and namespace are named, else for
    every node of the process: a parameter file that names the node does not win over them.

    Raises:
        ConfigError: the executable is not there.
    """
    words = [*program(spec), *spec.args]
    if spec.ros_args:
        words += ["--ros-args", *spec.ros_args]
    words.append("--ros-args")
    if spec.name:
        words += ["-r", f"__node:={spec.name}"]
    if spec.namespace is not None:
        words += ["-r", f"__ns:={spec.namespace}"]
    for number, given in enumerate(spec.params):
        file = given
        if isinstance(file, dict):
            content = {(full_name(spec) if spec.namespace is not None else None) or "/**": {"ros__parameters": file}}
            file = folder / f"{index}_{number}.yaml"
            file.write_text(yaml.dump(content, Dumper=_Quoting, allow_unicode=True), encoding="utf-8")
        words += ["--params-file", str(file)]
    for source, target in spec.remaps:
        words += ["-r", f"{source}:={target}"]
    return words


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


def full_name(spec: NodeSpec) -> str | None:
    """Namespace and name; None where the program names itself."""
    return f"{(spec.namespace or '/').rstrip('/')}/{spec.name}" if spec.name else None


def check_params(specs: Sequence[NodeSpec]) -> Iterator[str]:
    """Read every parameter file before any node starts; yields a note for each that says nothing to a node given it.

    Raises:
        ConfigError: with file, line number and remedy.
    """
    files = {given: read_blocks(given) for spec in specs for given in spec.params if isinstance(given, Path)}
    told = dict.fromkeys((given, name) for spec in specs if (name := full_name(spec)) for given in spec.params if isinstance(given, Path))
    for path, name in told:
        yield from notes(path, files[path], name)


def labels(specs: Sequence[NodeSpec]) -> list[str]:
    """Names for the output: the node's, with its namespace where that tells two apart."""
    plain = [spec.name or spec.executable for spec in specs]
    return [
        f"{space.strip('/')}/{name}" if plain.count(name) > 1 and (space := spec.namespace or "").strip("/") else name
        for spec, name in zip(specs, plain, strict=True)
    ]

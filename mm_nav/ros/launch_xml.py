# SPDX-License-Identifier: Apache-2.0
"""Reads the subset of ROS 2 launch XML that our launch files use; starts nothing. Knows neither rclpy nor ``launch``.

Tags: launch, arg with choice, let, group, push_ros_namespace (or push-ros-namespace), node with param, remap and env,
set_env, include with arg or let. Substitutions: see substitution.py. ``if`` and ``unless`` work on every tag but those
inside node and include. An included file is read as if its text stood there: what it sets and the namespace that it
pushes stay, unless a group is around it. Anything else is an error, never silently skipped: the same file must mean the
same under ``ros2 launch``. Stricter than there: an argument that no file declares, and a parameter file that is missing.
"""

import difflib
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mm_nav.errors import ConfigError
from mm_nav.ros.launch_tags import check, need, parse, required, tag_of
from mm_nav.ros.param_value import parameter_value
from mm_nav.ros.substitution import Scope, boolean, flag, has_substitution, substitute, words

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """A process to start. ``params`` are files and inline values in order; a later one wins.

    ``namespace`` is None where nobody named one; "/" says the root. ``respawn_max_retries`` None leaves it to the runner.
    """

    package: str
    executable: str
    name: str
    namespace: str | None = None
    params: tuple[Path | dict[str, Any], ...] = ()
    remaps: tuple[tuple[str, str], ...] = ()
    args: tuple[str, ...] = ()
    ros_args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    respawn: bool = False
    respawn_delay_s: float | None = None
    respawn_max_retries: int | None = None
    ends_all: bool = False  # on_exit="shutdown"


def read(path: Path, arguments: Mapping[str, str], environment: Mapping[str, str] | None = None) -> list[NodeSpec]:
    """Nodes of a launch file.

    Args:
        path: the file.
        arguments: launch arguments, ``{"seed": "3"}``.
        environment: for ``$(env X)``; this process's by default.

    Raises:
        ConfigError: not readable, not in the subset, a missing value, or an argument that no file declares.
    """
    reader = _Reader(dict(arguments))
    scope = Scope(dict(arguments), dict(os.environ if environment is None else environment), path.absolute().parent)
    reader.file(path, scope)
    for name, value in arguments.items():
        if name not in reader.declared:
            near = difflib.get_close_matches(name, reader.declared, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(reader.declared)) or 'none'}"
            raise ConfigError(f"{path.name} has no argument {name!r} (given {value!r}); {hint}")
    return reader.nodes


def describe(path: Path) -> dict[str, tuple[str | None, str]]:
    """Arguments that a file itself declares: default (None: required) and description."""
    root = parse(path)
    return {e.get("name", ""): (e.get("default"), e.get("description", "")) for e in root.iter("arg") if "value" not in e.attrib}


class _Reader:
    def __init__(self, given: dict[str, str]) -> None:
        self.given = given
        self.declared: set[str] = set()
        self.nodes: list[NodeSpec] = []
        self.open_files: list[Path] = []
        self.tags: dict[str, Callable[[ET.Element, Scope], None]] = {
            "arg": self._arg,
            "let": self._let,
            "group": self._group,
            "push_ros_namespace": self._push,
            "node": self._node,
            "set_env": self._set_env,
            "include": self._include,
        }

    def file(self, path: Path, scope: Scope) -> None:
        if path.resolve() in self.open_files:
            raise ConfigError(f"launch file {path} includes itself; remove one <include>")
        root = parse(path)
        if root.tag != "launch":
            raise ConfigError(f"{path.name} starts with <{root.tag}>; a launch file starts with <launch>")
        check(root)
        self.open_files.append(path.resolve())
        self._children(root, scope)
        self.open_files.pop()

    def _children(self, parent: ET.Element, scope: Scope) -> None:
        for element in parent:
            tag = tag_of(element)
            if tag not in self.tags:
                known = ", ".join(self.tags)
                raise ConfigError(f"<{element.tag}> in <{parent.tag}> is not supported here; supported are {known}")
            check(element)
            if _wanted(element, scope):
                self.tags[tag](element, scope)

    def _arg(self, element: ET.Element, scope: Scope) -> None:
        name = need(element, "name")
        self.declared.add(name)
        if name not in scope.values:
            default = element.get("default")
            if default is None:
                raise ConfigError(f"launch argument {name!r} has no default; give it as {name}:=VALUE")
            scope.values[name] = substitute(default, scope)
        choices = [need(child, "value") for child in element]
        if choices and scope.values[name] not in choices:
            raise ConfigError(f"launch argument {name!r} is {scope.values[name]!r}; choose one of {', '.join(choices)}")

    def _let(self, element: ET.Element, scope: Scope) -> None:
        scope.values[substitute(need(element, "name"), scope)] = substitute(need(element, "value"), scope)

    def _group(self, element: ET.Element, scope: Scope) -> None:
        scoped = flag(element.get("scoped", "true"), "<group scoped>")
        self._children(element, scope.nested() if scoped else scope)

    def _push(self, element: ET.Element, scope: Scope) -> None:
        scope.namespace = join_namespace(scope.namespace, substitute(need(element, "namespace"), scope))

    def _set_env(self, element: ET.Element, scope: Scope) -> None:
        name, value = substitute(need(element, "name"), scope), substitute(need(element, "value"), scope)
        scope.environment[name] = scope.added_environment[name] = value

    def _include(self, element: ET.Element, scope: Scope) -> None:
        path = Path(substitute(need(element, "file"), scope)).absolute()
        given = {substitute(need(child, "name"), scope): need(child, "value") for child in element}
        lacking = [name for name in required(parse(path)) if name not in given]
        if lacking:
            raise ConfigError(f'<include> of {path.name} gives no {lacking[0]!r}; add <arg name="{lacking[0]}" value="$(var {lacking[0]})"/>')
        folder, scope.folder = scope.folder, path.parent
        for name, value in given.items():
            scope.values[name] = substitute(value, scope)
        self.file(path, scope)
        scope.folder = folder

    def _node(self, element: ET.Element, scope: Scope) -> None:
        name, namespace = element.get("name"), element.get("namespace")
        parts = _NodeParts(element, scope)
        self.nodes.append(
            NodeSpec(
                package=substitute(need(element, "pkg"), scope),
                executable=substitute(need(element, "exec"), scope),
                name="" if name is None else _node_name(substitute(name, scope)),
                namespace=join_namespace(scope.namespace, None if namespace is None else substitute(namespace, scope)),
                params=parts.params,
                remaps=parts.remaps,
                args=tuple(words(element.get("args", ""), scope)),
                ros_args=tuple(words(element.get("ros_args", ""), scope)),
                environment={**scope.added_environment, **parts.environment},
                respawn=flag(substitute(element.get("respawn", "false"), scope), "<node respawn>"),
                respawn_delay_s=_number(element, "respawn_delay", float),
                respawn_max_retries=_number(element, "respawn_max_retries", int),
                ends_all=_ends_all(element),
            )
        )


class _NodeParts:
    """What stands inside a <node>."""

    def __init__(self, element: ET.Element, scope: Scope) -> None:
        params: list[Path | dict[str, Any]] = []
        remaps: list[tuple[str, str]] = []
        self.environment: dict[str, str] = {}
        for child in element:
            if child.tag == "remap":
                remaps.append((substitute(need(child, "from"), scope), substitute(need(child, "to"), scope)))
            elif child.tag == "env":
                self.environment[substitute(need(child, "name"), scope)] = substitute(need(child, "value"), scope)
            elif (file := child.get("from")) is not None:
                if "name" in child.attrib:
                    raise ConfigError(f'<param from="{file}"> has a name too; it is either a file or a value')
                params.append(Path(substitute(file, scope)))
            else:
                name, value = substitute(need(child, "name"), scope), need(child, "value")
                literal = not has_substitution(value)
                params.append({name: parameter_value(name, substitute(value, scope), child.get("type"), literal)})
        self.params, self.remaps = tuple(params), tuple(remaps)


def join_namespace(base: str | None, namespace: str | None) -> str | None:
    """``base`` and then ``namespace``, unless that is absolute; None where neither is named.

    Raises:
        ConfigError: no ROS name comes of it.
    """
    if namespace is None:
        return base
    joined = namespace if not base or namespace.startswith("/") else f"{base.rstrip('/')}/{namespace}"
    joined = "/" + joined.rstrip("/").removeprefix("/")
    if joined != "/" and not all(NAME.fullmatch(part) for part in joined[1:].split("/")):
        raise ConfigError(f"namespace {joined!r} is no ROS name; use letters, digits and _, with no digit at the start of a part")
    return joined


def _wanted(element: ET.Element, scope: Scope) -> bool:
    condition, exception = element.get("if"), element.get("unless")
    if condition is not None and exception is not None:
        raise ConfigError(f"<{element.tag}> has if and unless; use one, and a <group> around it for the other")
    if condition is not None:
        return boolean(substitute(condition, scope), f"<{element.tag} if>")
    return exception is None or not boolean(substitute(exception, scope), f"<{element.tag} unless>")


def _node_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ConfigError(f"node name {name!r} is no ROS name; use letters, digits and _, with no digit at the start")
    return name


def _ends_all(element: ET.Element) -> bool:
    on_exit = element.get("on_exit")
    if on_exit not in (None, "shutdown"):
        raise ConfigError(f'<node on_exit="{on_exit}"> is unknown; ROS 2 launch XML knows "shutdown"')
    return on_exit is not None


def _number(element: ET.Element, name: str, kind: Callable[[str], Any]) -> Any:
    """A number that ROS 2 launch wants written out, without substitutions."""
    text = element.get(name)
    if text is None:
        return None
    try:
        value = kind(text)
    except ValueError as error:
        raise ConfigError(f"<node {name}> is {text!r}; it must be a number, written out") from error
    if name == "respawn_delay" and not value >= 0:
        raise ConfigError(f"<node {name}> is {text!r}; it must be 0 or more seconds")
    return value

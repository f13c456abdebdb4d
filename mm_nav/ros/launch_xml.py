# SPDX-License-Identifier: Apache-2.0
"""Reads the subset of ROS 2 launch XML that our launch files use; starts nothing. Knows neither rclpy nor ``launch``.

Tags: launch, arg, let, group, push_ros_namespace (or push-ros-namespace), node with param, remap and env, set_env,
include with arg. Substitutions: ``$(var x)``, ``$(env X default)``, ``$(find-pkg-share p)``, ``$(dirname)``; they
nest. ``if`` and ``unless`` work on every tag but those inside node and include. Anything else is an error, never
silently skipped: the same file must mean the same under ``ros2 launch``.
"""

import difflib
import os
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mm_nav.errors import ConfigError
from mm_nav.ros.substitution import Scope, boolean, substitute

CONDITIONS = ("if", "unless")
PLAIN = ("launch", "param", "remap", "env")  # ROS 2 knows no conditions on these
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "launch": ("version",),
    "arg": ("name", "default", "description"),
    "let": ("name", "value"),
    "group": ("scoped",),
    "push_ros_namespace": ("namespace",),
    "node": (
        "pkg", "exec", "name", "namespace", "output", "respawn", "respawn_delay", "on_exit", "args", "ros_args",
    ),
    "param": ("name", "value", "from", "allow_substs"),
    "remap": ("from", "to"),
    "env": ("name", "value"),
    "set_env": ("name", "value"),
    "include": ("file",),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """A process to start. ``params`` are files and inline values in order; a later one wins."""

    package: str
    executable: str
    name: str
    namespace: str = ""
    params: tuple[Path | dict[str, Any], ...] = ()
    remaps: tuple[tuple[str, str], ...] = ()
    args: tuple[str, ...] = ()
    ros_args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    respawn: bool = False
    respawn_delay_s: float | None = None
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
    scope = Scope(dict(arguments), dict(os.environ if environment is None else environment), path.parent)
    reader.file(path, scope)
    for name, value in arguments.items():
        if name not in reader.declared:
            near = difflib.get_close_matches(name, reader.declared, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(reader.declared)) or 'none'}"
            raise ConfigError(f"{path.name} has no argument {name!r} (given {value!r}); {hint}")
    return reader.nodes


def describe(path: Path) -> dict[str, tuple[str | None, str]]:
    """Arguments that a file itself declares: default (None: required) and description."""
    root = _parse(path)
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
        root = _parse(path)
        if root.tag != "launch":
            raise ConfigError(f"{path.name} starts with <{root.tag}>; a launch file starts with <launch>")
        _check_attributes(root)
        self.open_files.append(path.resolve())
        self._children(root, scope)
        self.open_files.pop()

    def _children(self, parent: ET.Element, scope: Scope) -> None:
        for element in parent:
            tag = _tag(element)
            if tag not in self.tags:
                known = ", ".join(self.tags)
                raise ConfigError(f"<{element.tag}> in <{parent.tag}> is not supported here; supported are {known}")
            _check_attributes(element)
            if _wanted(element, scope):
                self.tags[tag](element, scope)

    def _arg(self, element: ET.Element, scope: Scope) -> None:
        name = _need(element, "name")
        self.declared.add(name)
        if name in scope.values:
            return
        default = element.get("default")
        if default is None:
            raise ConfigError(f"launch argument {name!r} has no default; give it as {name}:=VALUE")
        scope.values[name] = substitute(default, scope)

    def _let(self, element: ET.Element, scope: Scope) -> None:
        scope.values[_need(element, "name")] = substitute(_need(element, "value"), scope)

    def _group(self, element: ET.Element, scope: Scope) -> None:
        scoped = boolean(substitute(element.get("scoped", "true"), scope), "<group scoped>")
        self._children(element, scope.nested() if scoped else scope)

    def _push(self, element: ET.Element, scope: Scope) -> None:
        scope.namespace = join_namespace(scope.namespace, substitute(_need(element, "namespace"), scope))

    def _set_env(self, element: ET.Element, scope: Scope) -> None:
        name, value = substitute(_need(element, "name"), scope), substitute(_need(element, "value"), scope)
        scope.environment[name] = scope.added_environment[name] = value

    def _include(self, element: ET.Element, scope: Scope) -> None:
        path = Path(substitute(_need(element, "file"), scope))
        for child in element:
            if child.tag not in ("arg", "let"):
                raise ConfigError(f"<{child.tag}> in <include> is not supported; only <arg name= value=/> is")
            scope.values[_need(child, "name")] = substitute(_need(child, "value"), scope)
        namespace, folder = scope.namespace, scope.folder
        scope.folder = path.parent
        self.file(path, scope)
        scope.namespace, scope.folder = namespace, folder

    def _node(self, element: ET.Element, scope: Scope) -> None:
        def text(name: str, default: str = "") -> str:
            return substitute(element.get(name, default), scope)

        executable = substitute(_need(element, "exec"), scope)
        on_exit, delay = text("on_exit"), text("respawn_delay")
        if on_exit not in ("", "shutdown"):
            raise ConfigError(f'<node on_exit="{on_exit}"> is unknown; ROS 2 launch XML knows "shutdown"')
        parts = _NodeParts(element, scope)
        self.nodes.append(
            NodeSpec(
                package=substitute(_need(element, "pkg"), scope),
                executable=executable,
                name=text("name"),
                namespace=join_namespace(scope.namespace, text("namespace")),
                params=parts.params,
                remaps=parts.remaps,
                args=tuple(shlex.split(text("args"))),
                ros_args=tuple(shlex.split(text("ros_args"))),
                environment={**scope.added_environment, **parts.environment},
                respawn=boolean(text("respawn", "false"), "<node respawn>"),
                respawn_delay_s=_seconds(delay) if delay else None,
                ends_all=on_exit == "shutdown",
            )
        )


class _NodeParts:
    """What stands inside a <node>."""

    def __init__(self, element: ET.Element, scope: Scope) -> None:
        params: list[Path | dict[str, Any]] = []
        remaps: list[tuple[str, str]] = []
        self.environment: dict[str, str] = {}
        for child in element:
            if child.tag not in ("param", "remap", "env"):
                raise ConfigError(f"<{child.tag}> in <node> is not supported here; supported are param, remap, env")
            _check_attributes(child)
            if child.tag == "remap":
                remaps.append((substitute(_need(child, "from"), scope), substitute(_need(child, "to"), scope)))
            elif child.tag == "env":
                self.environment[substitute(_need(child, "name"), scope)] = substitute(_need(child, "value"), scope)
            elif child.get("from") is not None:
                params.append(Path(substitute(_need(child, "from"), scope)))
            else:
                name = substitute(_need(child, "name"), scope)
                params.append({name: parameter_value(substitute(_need(child, "value"), scope))})
        self.params, self.remaps = tuple(params), tuple(remaps)


def parameter_value(text: str) -> Any:
    """A <param value> as launch_ros reads it: by YAML rules; what is no scalar or list of scalars stays text."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if value is None:
        return ""
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        if kinds == {int, float}:  # rcl takes lists of one type only
            return [float(item) for item in value]
        return value if len(kinds) <= 1 and kinds <= {int, float, bool, str} else text
    return value if type(value) in (int, float, bool, str) else text


def join_namespace(base: str, namespace: str) -> str:
    """``base`` and then ``namespace``, unless that is absolute; '' is the root."""
    joined = namespace if namespace.startswith("/") else f"{base}/{namespace}" if namespace else base
    joined = "/" + joined.strip("/")
    return "" if joined == "/" else joined


def _parse(path: Path) -> ET.Element:
    try:
        return ET.parse(path).getroot()  # noqa: S314 - a launch file starts programs anyway; it is the user's own
    except OSError as error:
        raise ConfigError(f"launch file {str(path)!r} cannot be read ({error.strerror}); give its path") from error
    except ET.ParseError as error:
        raise ConfigError(f"{path} is not XML: {error}; correct that line") from error


def _tag(element: ET.Element) -> str:
    return str(element.tag).replace("push-ros-namespace", "push_ros_namespace")


def _check_attributes(element: ET.Element) -> None:
    tag = _tag(element)
    allowed = ATTRIBUTES[tag] if tag in PLAIN else (*ATTRIBUTES[tag], *CONDITIONS)
    for name in element.attrib:
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"supported are {', '.join(allowed)}"
            raise ConfigError(f'<{element.tag} {name}="…"> is not supported; {hint}')


def _wanted(element: ET.Element, scope: Scope) -> bool:
    condition, exception = element.get("if"), element.get("unless")
    if condition is not None and not boolean(substitute(condition, scope), f"<{element.tag} if>"):
        return False
    return exception is None or not boolean(substitute(exception, scope), f"<{element.tag} unless>")


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError as error:
        raise ConfigError(f"<node respawn_delay> is {text!r}; it must be a number of seconds") from error


def _need(element: ET.Element, name: str) -> str:
    value = element.get(name)
    if value is None:
        raise ConfigError(f"<{element.tag}> has no {name!r}; add it")
    return value

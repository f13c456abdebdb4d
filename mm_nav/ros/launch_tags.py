# SPDX-License-Identifier: Apache-2.0
"""Which tags and attributes launch XML may hold here, and what is refused. Means nothing by them: launch_xml.py does."""

import difflib
import xml.etree.ElementTree as ET
from pathlib import Path

from mm_nav.errors import ConfigError

CONDITIONS = ("if", "unless")
PLAIN = ("launch", "choice", "param", "remap", "env")  # ROS 2 knows no conditions on these
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "launch": ("version",),
    "arg": ("name", "default", "description"),
    "let": ("name", "value"),
    "group": ("scoped",),
    "push_ros_namespace": ("namespace",),
    "choice": ("value",),
    "node": (
        "pkg", "exec", "name", "namespace", "output", "respawn", "respawn_delay", "respawn_max_retries", "on_exit",
        "args", "ros_args",
    ),
    "param": ("name", "value", "type", "from"),
    "remap": ("from", "to"),
    "env": ("name", "value"),
    "set_env": ("name", "value"),
    "include": ("file",),
}  # fmt: skip
INSIDE = {"arg": ("choice",), "node": ("param", "remap", "env"), "include": ("arg", "let")}  # other tags hold nothing


def parse(path: Path) -> ET.Element:
    try:
        return ET.parse(path).getroot()  # noqa: S314 - a launch file starts programs anyway; it is the user's own
    except OSError as error:
        raise ConfigError(f"launch file {str(path)!r} cannot be read ({error.strerror}); give its path") from error
    except ET.ParseError as error:
        raise ConfigError(f"{path} is not XML: {error}; correct that line") from error


def tag_of(element: ET.Element) -> str:
    return str(element.tag).replace("push-ros-namespace", "push_ros_namespace")


def check(element: ET.Element) -> None:
    """What stands in a tag, and, in tags that hold no actions, below it."""
    tag = tag_of(element)
    allowed = ATTRIBUTES[tag] if tag in PLAIN else (*ATTRIBUTES[tag], *CONDITIONS)
    for name in element.attrib:
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"supported are {', '.join(allowed)}"
            raise ConfigError(f'<{element.tag} {name}="…"> is not supported; {hint}')
    if tag in ("launch", "group"):
        return
    for child in element:
        if child.tag not in INSIDE.get(tag, ()):
            raise ConfigError(f"<{child.tag}> in <{element.tag}> is not supported; supported are {', '.join(INSIDE.get(tag, ())) or 'none'}")
        if tag == "include" and set(child.attrib) != {"name", "value"}:
            raise ConfigError(f"<{child.tag}> in <include> has {', '.join(child.attrib) or 'nothing'}; it has a name and a value")
        if tag != "include":
            check(child)


def required(root: ET.Element) -> list[str]:
    """Arguments that a file declares without default and without condition, itself or in its groups."""
    found = []
    for element in root:
        if element.tag not in ("arg", "group") or any(name in element.attrib for name in CONDITIONS):
            continue
        if element.tag == "group":
            found += required(element)
        elif "default" not in element.attrib:
            found.append(need(element, "name"))
    return found


def need(element: ET.Element, name: str) -> str:
    value = element.get(name)
    if value is None:
        raise ConfigError(f"<{element.tag}> has no {name!r}; add it")
    return value

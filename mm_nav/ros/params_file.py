# SPDX-License-Identifier: Apache-2.0
"""Checks a ROS parameter file before a node reads it: rcl's own words name neither the fault nor what to do.

Knows the layout (node -> ros__parameters -> values) and what rcl refuses; knows no parameter of ours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mm_nav.errors import ConfigError

KEY = "ros__parameters"
EXAMPLE = f"write `/**:`, below it `  {KEY}:`, below that the values"
TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Values for the nodes that ``pattern`` names: "/**", "/r1/fusion", "/*/fusion"."""

    pattern: str
    count: int

    def applies_to(self, node: str) -> bool:
        """Whether a node of that full name reads it: ``*`` is one part of a name, ``**`` any number of them."""
        words = {"/**": r"(/\w+)*", "/*": r"/\w+"}
        return re.fullmatch("".join(words.get(f"/{part}", re.escape(f"/{part}")) for part in self.pattern[1:].split("/")), node) is not None


def read_blocks(path: Path) -> list[Block]:
    """What a parameter file holds for whom.

    Raises:
        ConfigError: one line with file, line number and remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not there" if not path.exists() else "is a folder" if path.is_dir() else f"cannot be read ({type(error).__name__})"
        raise ConfigError(f"parameter file {str(path)!r} {why}; give the path of a YAML file") from error
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise _fault(path, event, f"*{event.anchor} is an alias, which ROS does not take; write the value out")
            if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
                raise _fault(path, event, f"&{event.anchor} is an anchor, and ROS takes no aliases; take it away and write values out")
        documents = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if not _blank(node)]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        if "'\\t'" in str(error.problem):
            raise ConfigError(f"{path}:{line}: a tab; YAML is indented with spaces: replace it") from error
        raise ConfigError(f"{path}:{line}: no YAML: {error.problem}; correct that line or the one before it") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: no YAML: {' '.join(str(error).split())}; save it as plain UTF-8 text") from error
    return [block for root in documents for block in _blocks(path, root, "")]


def notes(path: Path, blocks: Sequence[Block], node: str) -> list[str]:
    """A line if none of a file's parameters is for a node that was given it."""
    if any(block.applies_to(node) for block in blocks):
        return []
    count = sum(block.count for block in blocks)
    others = ", ".join(block.pattern for block in blocks) or "no node"
    return [f"{count} parameters from {path}, 0 apply to node {node}: they are for {others}; for this one name them /** or {node}"]


def _blocks(path: Path, node: Any, prefix: str) -> Iterator[Block]:
    if not isinstance(node, yaml.MappingNode):
        raise _fault(path, node, f"{_short(node)} stands before any {KEY}; {EXAMPLE}")
    if not node.value:
        raise _fault(path, node, f"no {KEY} under {prefix or 'the file'!r}; {EXAMPLE}")
    for key, value in node.value:
        name = str(key.value)
        if name == KEY:
            if not prefix:
                raise _fault(path, key, f"{KEY} without a node above it; {EXAMPLE}")
            if not isinstance(value, yaml.MappingNode):
                raise _fault(path, key, f"{KEY} of {prefix!r} holds no parameters; write {{}} for none")
            yield Block(pattern=prefix, count=_count(path, value))
        elif not isinstance(value, yaml.MappingNode):
            raise _fault(path, key, f"no {KEY} above {name!r}; {EXAMPLE}")
        else:
            yield from _blocks(path, value, f"{prefix}/{name.strip('/')}")


def _count(path: Path, node: Any) -> int:
    """Values below a node; refuses those that rcl cannot read."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if _blank(value):
                raise _fault(path, key, f"{key.value!r} has no value; write one, or [] or '' for nothing")
        return sum(_count(path, value) for _, value in node.value)
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode):
                raise _fault(path, item, "a list within a list; ROS takes flat lists only: give each inner one a name of its own")
        kinds = sorted({_kind(item) for item in node.value})
        if kinds == ["double", "int"]:
            raise _fault(path, node, "whole numbers and others in one list; write every one with a decimal point")
        if len(kinds) > 1:
            raise _fault(path, node, f"{' and '.join(kinds)} in one list; ROS takes lists of one type: quote all, or none")
    return 1


def _kind(node: Any) -> str:
    """Type of a scalar for rcl, which knows numbers like 1e3 that YAML 1.1 does not."""
    kind = str(node.tag).removeprefix(TAG)
    if kind == "str" and node.style is None:
        try:
            float(node.value)
        except ValueError:
            return "text"
        return "double"
    return {"int": "int", "float": "double", "bool": "bool"}.get(kind, "text")


def _blank(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "" and node.style is None


def _short(node: Any) -> str:
    return repr(node.value)[:40] if isinstance(node, yaml.ScalarNode) else "a list"


def _fault(path: Path, where: Any, text: str) -> ConfigError:
    return ConfigError(f"{path}:{where.start_mark.line + 1}: {text}")

# SPDX-License-Identifier: Apache-2.0
"""The catalogue of faults, and which tests say that they show one: by their marks, read from the source. Runs nothing."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("catalogue.yaml")
TESTS = Path(__file__).parents[2] / "tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One line of the catalogue; ``expected`` is what a user gets, ``untested`` why no test shows that (yet)."""

    id: str
    fault: str
    expected: str
    untested: str = ""


def catalogue() -> list[Fault]:
    """All faults, in order."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [Fault(id=name, **entry) for name, entry in content.items()]


@cache
def marked(folder: Path = TESTS) -> dict[str, list[str]]:
    """Names of the tests of each fault, as ``path::test`` within the tests' folder."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for name in _ids(node):
                    found.setdefault(name, []).append(f"{path.relative_to(folder)}::{node.name}")
    return found


def _ids(function: ast.FunctionDef) -> Iterator[str]:
    for part in function.decorator_list:
        for call in ast.walk(part):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "fault":
                yield from (str(arg.value) for arg in call.args if isinstance(arg, ast.Constant))

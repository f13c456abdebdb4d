# SPDX-License-Identifier: Apache-2.0
"""``$(var x)`` and its like in launch files, and the scope that they look into. Knows no tag."""

import difflib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mm_nav.errors import ConfigError
from mm_nav.ros.transport import share_dir

SUPPORTED = "$(var x), $(env X default), $(find-pkg-share p), $(dirname)"


@dataclass(slots=True)
class Scope:
    """What a tag sees: launch arguments, namespace, environment, and the folder of its file."""

    values: dict[str, str]
    environment: dict[str, str]
    folder: Path
    namespace: str = ""
    added_environment: dict[str, str] = field(default_factory=dict)

    def nested(self) -> "Scope":
        """A copy whose changes stay inside."""
        return replace(
            self, values=dict(self.values), environment=dict(self.environment),
            added_environment=dict(self.added_environment),
        )  # fmt: skip


def substitute(text: str, scope: Scope) -> str:
    """Replace every ``$(…)``.

    Raises:
        ConfigError: unknown substitution, unknown name, or a parenthesis that is not closed.
    """
    start = text.find("$(")
    if start < 0:
        return text
    depth = 0
    for end in range(start + 1, len(text)):
        depth += (text[end] == "(") - (text[end] == ")")
        if depth == 0:
            inner = substitute(text[start + 2 : end], scope)
            return text[:start] + _replace(inner, scope) + substitute(text[end + 1 :], scope)
    raise ConfigError(f"{text!r} opens $( and does not close it; add ')'")


def _replace(inner: str, scope: Scope) -> str:
    try:
        name, *words = shlex.split(inner) or [""]
    except ValueError as error:
        raise ConfigError(f"$({inner}): {error}; close the quotation") from error
    if name == "var" and len(words) in (1, 2):
        if words[0] not in scope.values and len(words) == 1:
            near = difflib.get_close_matches(words[0], scope.values, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "declare it with <arg> or <let> before it is used"
            raise ConfigError(f"$(var {words[0]}) is not known; {hint}")
        return scope.values.get(words[0], words[-1])
    if name == "env" and len(words) in (1, 2):
        if words[0] not in scope.environment and len(words) == 1:
            raise ConfigError(f"$(env {words[0]}) is not set; export it or write $(env {words[0]} DEFAULT)")
        return scope.environment.get(words[0], words[-1])
    if name == "dirname" and not words:
        return str(scope.folder)
    if name == "find-pkg-share" and len(words) == 1:
        return str(package_share(words[0], scope.environment))
    raise ConfigError(f"$({inner}) is not supported; supported are {SUPPORTED}")


def package_share(package: str, environment: Mapping[str, str]) -> Path:
    """Share folder of a package.

    Raises:
        ConfigError: it is not installed where AMENT_PREFIX_PATH says.
    """
    if package == "mm_nav":
        return share_dir()
    for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        if prefix and (Path(prefix) / "share" / package).is_dir():
            return Path(prefix) / "share" / package
    raise ConfigError(f"package {package!r} is not found; install it and source its setup file, or leave out what needs it")


def boolean(text: str, where: str) -> bool:
    """true, false, 1 or 0; ``where`` names the place in the error."""
    word = text.strip().lower()
    if word not in ("true", "false", "1", "0"):
        raise ConfigError(f"{where} is {text!r}; it must be true or false")
    return word in ("true", "1")

# SPDX-License-Identifier: Apache-2.0
"""``$(var x)`` and its like in launch files, and the scope that they look into. Knows no tag.

As in launch's grammar a backslash takes the meaning from the character after it, and what a substitution gives is never
split: ``args="--say $(var say)"`` are two words, whatever is said.
"""

import difflib
import math
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mm_nav.errors import ConfigError
from mm_nav.ros.transport import share_dir

SUPPORTED = "$(var x), $(env X default), $(find-pkg-share p), $(dirname), $(equals a b), $(not-equals a b), $(and a b), $(or a b), $(not a)"
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
HELD = 0xE000  # private-use characters stand for substitutions while words are split
HELD_MARK = re.compile("[\ue000-\uf8ff]")


@dataclass(slots=True)
class Scope:
    """What a tag sees: launch arguments, namespace (None: nobody named one), environment, and the folder of its file."""

    values: dict[str, str]
    environment: dict[str, str]
    folder: Path
    namespace: str | None = None
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
    return "".join(_replace(piece, scope) if marked else ESCAPED.sub(r"\1", piece) for piece, marked in _pieces(text))


def has_substitution(text: str) -> bool:
    """Whether a ``$(…)`` stands in it."""
    return any(marked for _, marked in _pieces(text))


def words(text: str, scope: Scope) -> list[str]:
    """Split like a shell, then substitute: a word stays one word, whatever it becomes.

    Raises:
        ConfigError: as ``substitute``; a quotation that is not closed.
    """
    held: list[str] = []
    masked = ""
    for piece, marked in _pieces(text):
        if marked:
            masked += chr(HELD + len(held))
            held.append(piece)
        else:
            masked += piece
    try:
        split = shlex.split(masked)
    except ValueError as error:
        raise ConfigError(f"{text!r}: {error}; close the quotation") from error
    return [HELD_MARK.sub(lambda mark: _replace(held[ord(mark[0]) - HELD], scope), word) for word in split]


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Plain text, and what stands inside ``$(…)`` (True), in order."""
    found: list[tuple[str, bool]] = []
    start = at = depth = 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif not depth and text.startswith("$(", at):
            if at > start:
                found.append((text[start:at], False))
            start, depth, at = at + 2, 1, at + 1
        elif depth and text[at] in "()":
            depth += 1 if text[at] == "(" else -1
            if not depth:
                found.append((text[start:at], True))
                start = at + 1
        at += 1
    if depth:
        raise ConfigError(f"{text!r} opens $( and does not close it; add ')'")
    return [*found, (text[start:], False)] if start < len(text) else found


def _replace(inner: str, scope: Scope) -> str:
    name, *given = words(inner, scope) or [""]
    if name == "var" and len(given) in (1, 2):
        if given[0] not in scope.values and len(given) == 1:
            near = difflib.get_close_matches(given[0], scope.values, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "declare it with <arg> or <let> before it is used"
            raise ConfigError(f"$(var {given[0]}) is not known; {hint}")
        return scope.values.get(given[0], given[-1])
    if name == "env" and len(given) in (1, 2):
        if given[0] not in scope.environment and len(given) == 1:
            raise ConfigError(f"$(env {given[0]}) is not set; export it or write $(env {given[0]} DEFAULT)")
        return scope.environment.get(given[0], given[-1])
    if name == "dirname" and not given:
        return str(scope.folder)
    if name == "find-pkg-share" and len(given) == 1:
        return str(package_share(given[0], scope.environment))
    if name in LOGIC and len(given) == LOGIC[name][0]:
        return str(LOGIC[name][1](*given)).lower()
    raise ConfigError(f"$({inner}) is not supported; supported are {SUPPORTED}")


def equal(a: str, b: str) -> bool:
    """As ``$(equals a b)`` compares: truth values, then numbers, then texts."""
    truths = [word.lower() in ("true", "1") for word in (a, b) if word.lower() in ("true", "false", "1", "0")]
    if len(truths) == 2:
        return truths[0] == truths[1]
    try:
        return math.isclose(float(a), float(b))
    except ValueError:
        return a == b


LOGIC: dict[str, tuple[int, Callable[..., bool]]] = {  # substitutions of truth values, and how many words they take
    "equals": (2, equal),
    "not-equals": (2, lambda a, b: not equal(a, b)),
    "and": (2, lambda a, b: all([flag(a, "$(and)"), flag(b, "$(and)")])),
    "or": (2, lambda a, b: any([flag(a, "$(or)"), flag(b, "$(or)")])),
    "not": (1, lambda a: not flag(a, "$(not)")),
}


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
    """Of ``if`` and ``unless``: true, false, 1 or 0; ``where`` names the place in the error."""
    word = text.strip().lower()
    if word not in ("true", "false", "1", "0"):
        raise ConfigError(f"{where} is {text!r}; it must be true or false")
    return word in ("true", "1")


def flag(text: str, where: str) -> bool:
    """Of ``scoped`` and ``respawn``: a YAML boolean, of which 1 and 0 are none."""
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ConfigError(f"{where} is {text!r}; it must be true or false")
    return word == "true"

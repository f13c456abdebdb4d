# SPDX-License-Identifier: Apache-2.0
"""Fenced blocks of the documents: commands as a shell would see them, code with the file that it is for."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "QUALITY_DECLARATION.md")] + sorted((ROOT / "docs").rglob("*.md"))
SITE_PAGES = sorted((ROOT / "docs").rglob("*.md"))

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """One block: its language, the file it is for ('' if none), and its lines without indentation."""

    page: str
    kind: str
    title: str
    body: str


@dataclass(frozen=True)
class Said:
    """One command of a page, as typed, and in words."""

    page: str
    text: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def fences(page: Path) -> list[Fence]:
    """All blocks of a page."""
    name = page.relative_to(ROOT).as_posix()
    found = []
    for m in _FENCE.finditer(page.read_text("utf-8")):
        body = "".join(line.removeprefix(m["indent"]) for line in m["body"].splitlines(keepends=True))
        found.append(Fence(name, m["kind"], m["title"] or "", body))
    return found


def commands(page: Path) -> Iterator[Said]:
    """Commands of the bash blocks of a page, one per line and per &&, without comments and without where the environment lies."""
    for fence in fences(page):
        if fence.kind not in ("bash", "sh", "console", "shell"):
            continue
        for line in fence.body.replace("\\\n", " ").splitlines():
            for part in line.split(" && "):
                words = tuple(w.removeprefix(".venv/bin/") for w in shlex.split(part.replace("<this repository>", "REPOSITORY"), comments=True))
                if words:
                    yield Said(fence.page, shlex.join(words), words)

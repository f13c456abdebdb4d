# SPDX-License-Identifier: Apache-2.0
"""Recordings that are broken, as the world breaks them: what the user is told, and the exit status."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.real.section import Section, Table

VERBS = ("inspect", "doctor")


def broken(data: Path, pictures: Path, scratch: Path) -> Section:
    """A bag whose metadata lacks the format, and copies of a good one with parts cut or zeroed."""
    section = Section("nebula vls128, damaged copies", "Broken recordings")
    table = Table(("recording", "verb", "exit status", "what is said"))
    good = data / "two_lidars" / "bag"
    cases: list[tuple[str, Path]] = [("VLS128, serialization_format is empty", data / "nebula_radar" / "vls128_empty_format"),
                                     ("ARS548, message type unknown here", data / "nebula_radar" / "ars548" / "1708578204"),
                                     ("no such folder", scratch / "nowhere")]  # fmt: skip
    cases += [(name, _copy(good, scratch / f"case{i}", harm)) for i, (name, harm) in enumerate(HARM.items())]
    clean = 0
    for name, path in cases:
        for verb in VERBS:
            done = subprocess.run([sys.executable, "-m", "mm_nav", verb, str(path)], capture_output=True, text=True, timeout=300, check=False)
            said = next((line for line in done.stderr.splitlines() if "error" in line), "").replace(str(scratch), "…").replace(str(data), "…")
            clean += "Traceback" not in done.stderr
            table.rows.append((name, verb, done.returncode, said or "a table"))
    section.tables.append(("0 is good, 1 faults found, 2 cannot be used, 3 counts differ from the metadata:", table))
    section.summary = {"cases without a traceback": f"{clean} of {len(table.rows)}"}
    return section


def _cut(file: Path, share: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])


def _zero(file: Path, start: float, length: float) -> None:
    data = bytearray(file.read_bytes())
    a, b = int(len(data) * start), int(len(data) * (start + length))
    data[a:b] = bytes(b - a)
    file.write_bytes(bytes(data))


HARM: dict[str, Callable[[Path], None]] = {
    "cut off after half": lambda bag: _cut(next(bag.glob("*.mcap")), 0.5),
    "the last 100 bytes are missing": lambda bag: _cut(next(bag.glob("*.mcap")), 0.9998),
    "a tenth in the middle is zero": lambda bag: _zero(next(bag.glob("*.mcap")), 0.45, 0.1),
    "the first tenth is zero": lambda bag: _zero(next(bag.glob("*.mcap")), 0.0, 0.1),
    "the data file is empty": lambda bag: next(bag.glob("*.mcap")).write_bytes(b"") and None,
    "metadata.yaml is missing": lambda bag: (bag / "metadata.yaml").unlink(),
    "metadata.yaml is empty": lambda bag: (bag / "metadata.yaml").write_text("") and None,
    "the data file is missing": lambda bag: next(bag.glob("*.mcap")).unlink(),
}


def _copy(good: Path, to: Path, harm: Callable[[Path], object]) -> Path:
    shutil.copytree(good, to)
    harm(to)
    return to

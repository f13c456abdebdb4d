# SPDX-License-Identifier: Apache-2.0
"""``mm_nav bench [NAME…] --json F``: timed rows against named peers, each checked to be equal first.

Subject and peers take turns in one run, so the ratio holds where absolute times drift. What is measured lives in
``benchmarks/NAME.py`` of the source checkout; this file knows how to take turns and how to report.
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from mm_nav.errors import ConfigError, MmNavError
from mm_nav.version import __version__

ALTERNATIONS = 7
MIN_ALTERNATIONS = 5
CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimd", "asimddp", "bf16")
PACKAGES = ("numpy", "numba", "opencv-python-headless", "onnxruntime", "torch", "open3d", "open3d-cpu", "ros-rclpy",
            "ros-fastdds", "ros-rmw-fastrtps-cpp")  # fmt: skip


class SkippedError(MmNavError):
    """A benchmark cannot run here; the text says why and what would change that."""


class UnequalError(MmNavError):
    """Subject and peer do not compute the same, so timing them says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A further peer that was timed in the same turns."""

    peer: str
    peer_ms: float
    ratio: float
    target: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One benchmark. ``ratio`` is peer / subject: how many times faster we are. Times are medians over the turns.

    Attributes:
        id: of the catalogue of benchmarks (B6, G1).
        target: ratio that is aimed at; None if none is.
        limit: what a profile says holds it back; for a row below its target.
        figures: what else was measured, by name with its unit (p99_ms, dropped).
    """

    name: str
    id: str = ""
    subject: str
    peer: str
    subject_ms: float
    peer_ms: float
    ratio: float
    check: str  # what was verified equal before anything was timed
    alternations: int
    also: tuple[Peer, ...] = ()
    target: float | None = None
    limit: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """Which rows, and where they go."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Files of benchmarks/ without .py; all of them if none is given."""
    json: Path | None = None
    """Write rows, machine and versions here."""
    quick: bool = False
    """Fewer repetitions per turn: shows that it runs, not how fast it is."""


def folder() -> Path:
    """Where the benchmarks are.

    Raises:
        ConfigError: mm_nav runs from an install, which has none.
    """
    here = Path(__file__).resolve().parent.parent / "benchmarks"
    if not here.is_dir():
        raise ConfigError(f"there are no benchmarks at {here}; run `mm_nav bench` from a source checkout")
    return here


def load(name: str) -> ModuleType:
    """The module of one benchmark; it has ``row(quick: bool) -> Row``, or ``rows`` for several of one subject.

    Raises:
        ConfigError: no such benchmark; the text lists those that there are.
    """
    path = folder() / f"{name}.py"
    if name not in available():
        raise ConfigError(f"benchmark {name!r} is unknown; choose from {', '.join(available())}")
    spec = importlib.util.spec_from_file_location(f"mm_nav_benchmark_{name}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} cannot be imported; restore it from the repository")
    if str(path.parents[1]) not in sys.path:
        sys.path.insert(0, str(path.parents[1]))  # benchmarks import each other as benchmarks.NAME
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def available() -> list[str]:
    """Names of all benchmarks: the files that have rows. Others there are what they share, or programs."""
    return sorted(p.stem for p in folder().glob("*.py") if "\ndef row" in p.read_text(encoding="utf-8"))


def require(equal: object, text: str) -> None:
    """Check before timing.

    Raises:
        UnequalError: ``equal`` is false; the row fails with ``text``.
    """
    if not equal:
        raise UnequalError(text)


def take_turns(
    subjects: Mapping[str, Callable[[], object]], *, repeat: int, alternations: int = ALTERNATIONS
) -> dict[str, float]:
    """Median milliseconds of one call of each subject.

    In every turn each subject is called ``repeat`` times in a row; the order is reversed from turn to turn. The
    result is the median over the turns of the turn's median call. Everything is called twice before.
    """
    for call in subjects.values():
        call()
        call()
    turns: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(max(alternations, MIN_ALTERNATIONS)):
        for name in list(subjects)[:: 1 if turn % 2 == 0 else -1]:
            turns[name].append(statistics.median(_clocked(subjects[name]) for _ in range(repeat)))
    return {name: statistics.median(values) for name, values in turns.items()}


def versus(name: str, times_ms: Mapping[str, float], *, check: str, alternations: int = ALTERNATIONS, id: str = "",  # noqa: A002 - the catalogue calls it so
           targets: Sequence[float | None] = (), limit: str = "", figures: Mapping[str, float] | None = None,
           versions: Mapping[str, str] | None = None) -> Row:  # fmt: skip
    """A row from times: the first is the subject, the second its peer, the others go to ``also``.

    ``targets`` are the ratios aimed at, of the peers in their order.
    """
    (subject, subject_ms), (peer, peer_ms), *rest = times_ms.items()
    aims = [*targets, *[None] * (len(rest) + 1)]
    return Row(
        name=name, id=id, subject=subject, peer=peer, subject_ms=subject_ms, peer_ms=peer_ms, ratio=peer_ms / subject_ms,
        check=check, alternations=max(alternations, MIN_ALTERNATIONS), versions=dict(versions or {}), target=aims[0],
        limit=limit, figures=dict(figures or {}),
        also=tuple(Peer(peer=n, peer_ms=ms, ratio=ms / subject_ms, target=aim) for (n, ms), aim in zip(rest, aims[1:], strict=False)),
    )  # fmt: skip


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, its flags, versions of what is compared."""
    flags, model = [], platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip().lower() in ("flags", "features"):
                flags = sorted(set(value.split()) & set(CPU_FLAGS))
    return {"cpu": model, "cores": os.cpu_count(), "flags": flags, "system": platform.platform(),
            "python": platform.python_version(), "mm_nav": __version__, "versions": _versions()}  # fmt: skip


def main(config: BenchConfig) -> int:
    """Run, print a table, write JSON. Returns 1 if a check failed, 0 otherwise; a row that cannot run is named."""
    console = Console()
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name in config.names or available():
        module = load(name)
        with console.status(f"{name} …"):
            try:
                rows += module.rows(config.quick) if hasattr(module, "rows") else [module.row(config.quick)]
            except SkippedError as error:
                skipped[name] = str(error)
            except UnequalError as error:
                failed[name] = str(error)
    info = machine()
    _show(console, rows, info)
    for name, reason in skipped.items():
        console.print(f"[yellow]{name} skipped[/]: {reason}", highlight=False)
    for name, difference in failed.items():
        console.print(f"[red]{name}: not equal, so not timed[/]: {difference}", highlight=False)
    if config.json is not None:
        config.json.parent.mkdir(parents=True, exist_ok=True)
        whole = {"machine": info, "rows": [asdict(r) for r in rows], "skipped": skipped, "failed": failed}
        config.json.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if failed else 0


def _show(console: Console, rows: Sequence[Row], info: Mapping[str, Any]) -> None:
    table = Table(title="peer / subject, medians of alternating runs", title_justify="left")
    for heading, right in (("id", False), ("subject", False), ("ms", True), ("peer", False), ("ms", True), ("ratio", True), ("target", True)):
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(row.id or row.name, row.subject, f"{row.subject_ms:.3f}", row.peer, f"{row.peer_ms:.3f}", f"{row.ratio:.2f}x", _aim(row.target))
        for peer in row.also:
            table.add_row("", "", "", peer.peer, f"{peer.peer_ms:.3f}", f"{peer.ratio:.2f}x", _aim(peer.target))
    console.print(table)
    for row in rows:
        said = [f"{row.name}: equal first: {row.check}", *[f"{key} {value:.3g}" for key, value in row.figures.items()]]
        console.print("; ".join([*said, f"limit: {row.limit}"] if row.limit else said), highlight=False, style="dim")
    console.print(f"{info['cpu']}, {info['cores']} cores, {' '.join(info['flags'])}", highlight=False, style="dim")


def _aim(target: float | None) -> str:
    return "" if target is None else f"{target:g}x"


def _clocked(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found

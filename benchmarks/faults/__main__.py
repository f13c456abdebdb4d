# SPDX-License-Identifier: Apache-2.0
"""``make faults``: runs every test that shows a fault of the catalogue, and writes docs/faults.md from what came of it."""

import platform
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.catalogue import TESTS, Fault, catalogue, marked
from benchmarks.soak.figures import load, measured

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """# Faults

What goes wrong on robots, what you get from mm_nav, and the tests that show it. `make faults` runs them and writes this page.

DROP: the message is left out, counted by its reason in `/diagnostics`, and logged at most every 5 s. DEGRADE: on without that
sensor, at `degraded_speed`. HOLD: zero velocity, an empty plan and unknown occupancy, until five plans in a row came in time.
REFUSE: the node does not start; one line says why and what to do.

"Measured" are seconds on real nodes, median and worst; [docs/soak.md](soak.md) says where, when and how.
"""


class Outcomes:
    """A pytest plugin: what became of each test, by ``path::name`` without its parameters."""

    def __init__(self) -> None:
        self.worst: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the worst of all phases and parameters."""
        path, _, name = report.nodeid.partition("::")
        key = f"{Path(path).relative_to('tests').as_posix()}::{name.partition('[')[0]}"
        if report.failed or (report.skipped and self.worst.get(key) != "failed") or key not in self.worst:
            self.worst[key] = report.outcome


def main() -> int:
    """Exit status of the tests."""
    outcomes, began = Outcomes(), time.monotonic()
    status = int(pytest.main(["-q", "-m", "fault", str(TESTS)], plugins=[outcomes]))
    tests = marked()
    PAGE.write_text(page(catalogue(), tests, outcomes.worst, time.monotonic() - began, measured(load())), encoding="utf-8")
    print(f"{PAGE.name}: {_summary(catalogue(), tests, outcomes.worst)}")
    return status


def page(
    faults: list[Fault], tests: dict[str, list[str]], worst: dict[str, str], took_s: float, figures: dict[str, str] | None = None
) -> str:
    """The page of the documentation; ``figures`` says what was measured of a fault, by its id."""
    figures = figures or {}
    rows = [HEAD, f"{_summary(faults, tests, worst)} The run took {took_s:.0f} s on {platform.machine()}, Python {platform.python_version()}.\n",
            "| id | fault | what you get | measured | shown by |", "|---|---|---|---|---|"]  # fmt: skip
    for fault in faults:
        shown = "<br>".join(_named(test, worst.get(test, "not run")) for test in tests.get(fault.id, [])) or f"not shown: {fault.untested}"
        rows.append(f"| {fault.id} | {_cell(fault.fault)} | {_cell(fault.expected)} | {_cell(figures.get(fault.id, ''))} | {shown} |")
    return "\n".join(rows) + "\n"


def _named(test: str, outcome: str) -> str:
    path, _, name = test.partition("::")
    text = f"[{name.removeprefix('test_').replace('_', ' ')}](../tests/{path})"
    return text if outcome == "passed" else f"{text} **{outcome}**"


def _summary(faults: list[Fault], tests: dict[str, list[str]], worst: dict[str, str]) -> str:
    counts = Counter("shown" if any(worst.get(t) == "passed" for t in tests.get(f.id, [])) else "not" for f in faults)
    return f"{counts['shown']} of {len(faults)} faults are shown by tests that passed."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main())

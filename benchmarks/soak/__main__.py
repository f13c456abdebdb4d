# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.soak [soak] [kill] [rush]``: all parts without a name; writes docs/soak.json and docs/soak.md.

The exit status is 1 if anything that is promised was missed.
"""

import argparse
import datetime as dt
import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mm_nav.ros import transport
from mm_nav.ros.domain import VARIABLE, free_domain
from mm_nav.version import __version__

PARTS = ("soak", "kill", "rush")
SEED = 2267


def main() -> int:
    """Run the parts in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--minutes", type=float, default=20.0, help="of the soak")
    parser.add_argument("--trials", type=int, default=20, help="of each kind of death")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each flood")
    parser.add_argument("--seed", type=int, default=SEED, help="of worlds and of the order of faults")
    parser.add_argument("--out", type=Path, help="the JSON file; the page lies beside it (docs/soak.json)")
    parser.add_argument("--logs", type=Path, help="where the nodes' words go; a temporary folder without")
    given = parser.parse_args()
    if odd := [part for part in given.parts if part not in PARTS]:
        parser.error(f"{odd[0]!r} is none of {', '.join(PARTS)}")
    os.environ[VARIABLE] = str(free_domain())
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    transport.prepare()
    from benchmarks.soak.drive import soak
    from benchmarks.soak.figures import FILE, keep
    from benchmarks.soak.rush import rush
    from benchmarks.soak.stand import kill

    run: dict[str, Callable[..., dict[str, Any]]] = {
        "soak": partial(soak, minutes=given.minutes), "kill": partial(kill, trials=given.trials), "rush": partial(rush, seconds=given.seconds)}
    good = True
    with tempfile.TemporaryDirectory(prefix="mm_nav_soak_") as scratch:
        for part in given.parts or PARTS:
            folder = (given.logs or Path(scratch)) / part
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob("*.log"):
                old.unlink()
            print(f"== {part}", flush=True)
            values = run[part](folder, seed=given.seed, tell=partial(print, flush=True))
            keep(part, values, _about(part, given), given.out or FILE)
            for line in values["crashes"]:
                print(f"  {line}")
            print(f"{part}: {'all that is promised holds' if values['passed'] else 'MISSED what is promised'}; see {given.out or FILE}", flush=True)
            good = good and values["passed"] and not values["crashes"]
    return int(not good)


def _about(part: str, given: argparse.Namespace) -> dict[str, str]:
    size = {"soak": f"--minutes {given.minutes:g}", "kill": f"--trials {given.trials}", "rush": f"--seconds {given.seconds:g}"}[part]
    return {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(), "mm_nav": __version__, "command": f"python -m benchmarks.soak {part} {size} --seed {given.seed}",
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, Python {platform.python_version()}, "
                   f"onnxruntime {importlib.metadata.version('onnxruntime')}, rclpy {importlib.metadata.version('ros-rclpy')}",
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

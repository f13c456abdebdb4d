# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.real [--data DIR] [--out docs] [NAME…]``: every recording in turn; writes the report."""

import argparse
import datetime as dt
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.real import boxes, checkup, damage, doppler, foggy, motion, words
from benchmarks.real.section import Section, write
from mm_nav.version import __version__

ROOT = Path(__file__).parent.parent.parent
RECORDINGS: dict[str, tuple[tuple[str, ...], Callable[[Path, Path, Path], Section]]] = {  # folders that each needs
    "foggy": (("radiate_foggy", "dgp_scene_01", "nuscenes_keyframe"), foggy.street),
    "doctor": (tuple({name.split("/")[0] for name in checkup.RECORDINGS}), checkup.doctor),
    "boxes": (("dgp_scene_01", "nuscenes_keyframe"), boxes.both),
    "automotive": (("nebula_radar",), doppler.automotive),
    "handheld": (("mmwave_radar",), doppler.handheld),
    "odometry": (("husky_odometry",), motion.odometry),
    "scans": (("two_lidars",), motion.scans),
    "commands": (("commands",), words.commands),
    "broken": (("nebula_radar", "two_lidars"), damage.broken),
}


def main() -> int:
    """Run all, or those that are named; 0 also where the data are absent, which is said."""
    parser = argparse.ArgumentParser(description=__doc__)
    beside = ROOT.parent / "shared" / "data"
    parser.add_argument("names", nargs="*", help="parts to run; all without")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MM_NAV_DATA", beside)))
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    given = parser.parse_args()
    if odd := [name for name in given.names if name not in RECORDINGS]:
        parser.error(f"{odd[0]!r} is none of {', '.join(RECORDINGS)}")
    if not given.data.is_dir():
        print(f"real: skipped, no recordings at {given.data}; set MM_NAV_DATA to their folder")
        return 0
    pictures = given.out / "real"
    pictures.mkdir(parents=True, exist_ok=True)
    sections, skipped = [], []
    for name in given.names or RECORDINGS:
        needs, run = RECORDINGS[name]
        absent = [folder for folder in needs if not (given.data / folder).is_dir()]
        if absent:
            skipped.append((name, f"no folder {', '.join(absent)}"))
            print(f"{name}: skipped, {skipped[-1][1]}")
            continue
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="mm_nav_real_") as scratch:
            section = run(given.data, pictures, Path(scratch))
        sections.append(section)
        print(f"{name} ({time.monotonic() - start:.0f} s)", *(f"  {key}: {value}" for key, value in section.summary.items()), sep="\n")
        sys.stdout.flush()
    write(sections, skipped, _about(), given.out)
    print(f"wrote {given.out / 'real.md'}")
    return 0


def _about() -> dict[str, str]:
    return {"date": dt.datetime.now(dt.timezone.utc).date().isoformat(), "mm_nav": __version__, "network": "models/base",
            "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, Python {platform.python_version()}"}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

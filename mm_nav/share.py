# SPDX-License-Identifier: Apache-2.0
"""Where the files are that come with the package: ``models/`` and ``launch/``.

Works for a source checkout, a pip install (prefix, user or virtual environment) and a colcon install space.
Needs the standard library only, and knows nothing about what is in the files.
"""

import os
import sys
from pathlib import Path


def roots() -> tuple[Path, ...]:
    """Folders that may hold ``models/`` and ``launch/``, best first: the checkout, then install prefixes."""
    package = Path(__file__).resolve().parent
    found = [package.parent] if (package.parent / "package.xml").is_file() else []
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    # PREFIX/lib/python3.X/site-packages/mm_nav: right for --user and for distributions that install to /usr/local
    own = package.parents[3] if len(package.parents) > 3 else Path(sys.prefix)
    for prefix in (own, Path(sys.prefix), *prefixes):
        folder = prefix / "share" / "mm_nav"
        if folder not in found and folder.is_dir():
            found.append(folder)
    return tuple(found)


def find(kind: str, name: str) -> Path | None:
    """The first ``ROOT/kind/name`` that exists, or None. ``kind`` is "models" or "launch"."""
    return next((path for root in roots() if (path := root / kind / name).exists()), None)


def names(kind: str) -> list[str]:
    """What is there to find, sorted."""
    return sorted({path.name for root in roots() for path in (root / kind).glob("*") if not path.name.startswith(".")})

# SPDX-License-Identifier: Apache-2.0
"""Shared memory that killed processes left behind. Knows Fast DDS's names of files; imports no rclpy.

Beside each segment and port lies a file ``…_el`` that its owner holds locked (flock) for as long as it lives.
"""

import fcntl
import time
from pathlib import Path

from mm_nav.ros.transport import SHARED_MEMORY

NAMES = ("fastdds_*", "fastrtps_*")  # of Fast DDS 3, and of 2
LOCK = "_el"
YOUNG_S = 5.0  # an owner may not have locked it yet


def stale(folder: Path = SHARED_MEMORY, now_s: float | None = None) -> list[Path]:
    """Files of Fast DDS whose owner is gone, sorted; those of other users that may not be opened are left out."""
    now_s = time.time() if now_s is None else now_s
    found: list[Path] = []
    for lock in sorted(file for names in NAMES for file in folder.glob(f"{names}{LOCK}")):
        try:
            if now_s - lock.stat().st_mtime > YOUNG_S and _free(lock):
                name = lock.name.removesuffix(LOCK)
                found += [file for file in (folder / name, lock, folder / f"sem.{name}_mutex") if file.exists()]
        except OSError:  # gone meanwhile, or another user's
            continue
    return found


def _free(lock: Path) -> bool:
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

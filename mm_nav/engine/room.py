# SPDX-License-Identifier: Apache-2.0
"""Whether this machine has the memory that a network takes: asked before loading, for afterwards the kernel kills. Knows no backend."""

from pathlib import Path

from mm_nav.engine.bundle import ONNX_NAME, WEIGHTS_NAME, Bundle
from mm_nav.errors import EngineError

MEMORY = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")
WORKING_BYTES = 300_000_000  # measured with bundle base: 187 MB of ONNX Runtime after a frame, 92 MB of the words' encoder
COPIES = 3  # of the weights, while they are parsed and laid out


def check_room(bundle: Bundle) -> None:
    """Refuse a bundle that does not fit into memory.

    Raises:
        EngineError: how much it needs and how much is free, in MB.
    """
    needed, free = needed_bytes(bundle.path), free_bytes()
    if free is not None and free < needed:
        raise EngineError(
            f"bundle {bundle.name!r} needs about {needed / 1e6:.0f} MB of memory and {free / 1e6:.0f} MB are free; "
            "end other programs, raise the container's limit, or choose a smaller bundle ('tiny')"
        )


def needed_bytes(folder: Path) -> int:
    """What loading and running a bundle takes, about: its largest network several times, and what it works in."""
    networks = (folder / name for name in (ONNX_NAME, WEIGHTS_NAME))
    return WORKING_BYTES + COPIES * max((file.stat().st_size for file in networks if file.is_file()), default=0)


def free_bytes(memory: Path = MEMORY, group: Path = GROUP) -> int | None:
    """What the machine, or the container, can still give (Linux, cgroup 2); None where nobody says."""
    found = []
    try:
        lines = dict(line.split(":", 1) for line in memory.read_text(encoding="ascii").splitlines() if ":" in line)
        found.append(1024 * int(lines["MemAvailable"].split()[0]))
    except (OSError, KeyError, ValueError):
        pass
    try:
        given, used = ((group / name).read_text(encoding="ascii") for name in ("memory.max", "memory.current"))
        inactive = next(int(line.split()[1]) for line in (group / "memory.stat").read_text(encoding="ascii").splitlines()
                        if line.startswith("inactive_file "))  # fmt: skip
        found.append(max(0, int(given) - int(used) + inactive))  # files that were read go when memory is wanted
    except (OSError, ValueError, StopIteration):  # no container, or one without a limit ("max")
        pass
    return min(found, default=None)

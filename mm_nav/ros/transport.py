# SPDX-License-Identifier: Apache-2.0
"""What must be right before ``rclpy.init``: prefix path, memory allocator, the Fast DDS profile. Knows no node.

Stock Fast DDS loses every best-effort message above 512 KiB between two processes of one machine; the profile in
``launch/fastdds.xml`` gives it a shared-memory segment that holds pictures and point clouds.
"""

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from mm_nav import share
from mm_nav.errors import ConfigError
from mm_nav.ros.domain import check_domain

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
KEEP_BYTES = 256 << 20  # messages below this are recycled by malloc instead of mapped and page-faulted anew
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory lives, not a temporary file
ROOMY_BYTES = 512 << 20  # six participants with a 64 MiB segment each, and some air
RMW_INDEX = Path("share") / "ament_index" / "resource_index" / "rmw_typesupport"  # where each middleware leaves its name
OLD_VARIABLE_DISTROS = frozenset({"humble", "iron", "jazzy"})  # their Fast DDS 2 reads FASTRTPS_…, later ones FASTDDS_…
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def share_dir() -> Path:
    """The folder that holds ``launch/``: the source checkout, or ``share/mm_nav`` of an install.

    Raises:
        ConfigError: the package was installed without its data files.
    """
    for root in share.roots():
        if (root / "launch" / "params.yaml").is_file():
            return root
    raise ConfigError("launch files of mm_nav are not installed; install with pip or colcon, not by copying the folder")


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set up this process for ROS; call it before ``rclpy.init``. What the user set himself stays as it is.

    Raises:
        ConfigError: the environment asks for what rcl would end the process for.
    """
    environment.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    check(environment)
    tune_malloc()
    profile = fastdds_profile(environment)
    if profile is not None:
        old = environment.get("ROS_DISTRO", "") in OLD_VARIABLE_DISTROS
        environment[PROFILE_VARIABLES[1 if old else 0]] = str(profile)


def check(environment: Mapping[str, str]) -> None:
    """Refuse an environment that rcl would end the process for, without saying why or what to do.

    That is a domain that is none, a middleware that is not here, and security that is enforced without keys.

    Raises:
        ConfigError: with the remedy.
    """
    check_domain(environment)
    enforced = environment.get("ROS_SECURITY_ENABLE") == "true" and environment.get("ROS_SECURITY_STRATEGY") == "Enforce"
    if enforced and not environment.get("ROS_SECURITY_KEYSTORE"):
        raise ConfigError("ROS_SECURITY_STRATEGY is 'Enforce' and ROS_SECURITY_KEYSTORE is not set; set it to a keystore (docs/security.md)")
    wanted = environment.get("RMW_IMPLEMENTATION", "")
    prefixes = environment.get("AMENT_PREFIX_PATH") or sys.prefix
    indexes = [Path(prefix) / RMW_INDEX for prefix in prefixes.split(os.pathsep) if prefix]
    here = sorted({file.name for index in indexes if index.is_dir() for file in index.iterdir()} - {"rmw_implementation"})
    if wanted and here and wanted not in here:
        package = f"ros-{environment.get('ROS_DISTRO', 'DISTRO')}-{wanted.replace('_', '-')}"
        raise ConfigError(f"RMW_IMPLEMENTATION is {wanted!r}, and installed are {', '.join(here)}; unset it, or install {package}")


def fastdds_profile(environment: MutableMapping[str, str], shared_memory: Path = SHARED_MEMORY) -> Path | None:
    """The profile to use, or None: the user chose one, uses another RMW, or the package has no data files.

    A small ``/dev/shm`` (64 MB in a default container) gets the profile with small segments: a segment that does
    not fit turns shared memory off altogether.
    """
    if any(environment.get(variable) for variable in PROFILE_VARIABLES):
        return None
    if not environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp").startswith("rmw_fastrtps"):
        return None
    if not shared_memory.is_dir():
        return None
    roomy = shutil.disk_usage(shared_memory).free >= ROOMY_BYTES
    return share.find("launch", "fastdds.xml" if roomy else "fastdds_small.xml")


def tune_malloc() -> bool:
    """Keep message-sized blocks in the heap (glibc only). Returns whether it was done."""
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_THRESHOLD, KEEP_BYTES)) and bool(libc.mallopt(M_TRIM_THRESHOLD, KEEP_BYTES))

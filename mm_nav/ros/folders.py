# SPDX-License-Identifier: Apache-2.0
"""Folders that a node writes to, and what serves instead where it cannot: a read-only home, a full disk. Imports no rclpy.

rcl does not start without a folder for its logs, and numba does not import functions whose compiled form it can keep nowhere.
"""

import os
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
NO_LOG_FILES = ("--ros-args", "--disable-external-lib-logs", "--")  # rcl's own option; the console stays


def provide(environment: MutableMapping[str, str] = os.environ, package: Path = PACKAGE) -> tuple[list[str], list[str]]:
    """Find a folder for each that can be written, before rclpy and numba are imported.

    Returns:
        What to tell the user, and what to add to the node's arguments.
    """
    told, arguments = [], []
    logs = log_folder(environment)
    if why := unwritable(logs):
        spare = _spare("ros_log")
        if spare is None:
            arguments = list(NO_LOG_FILES)
        else:
            environment["ROS_LOG_DIR"] = str(spare)
        where = "no log file is written" if spare is None else f"logs go to {spare}"
        told.append(f"{logs} cannot be written ({why}): {where}; set ROS_LOG_DIR to a folder that can")
    caches = [package / "core" / "__pycache__", _home(environment) / ".cache" / "numba"]
    if not environment.get("NUMBA_CACHE_DIR") and all(unwritable(folder) for folder in caches):
        if (spare := _spare("numba")) is not None:
            environment["NUMBA_CACHE_DIR"] = str(spare)
        where = "nowhere" if spare is None else f"in {spare}"
        told.append(f"compiled code is kept {where}, for {caches[0]} and {caches[1]} cannot be written; set NUMBA_CACHE_DIR to a folder that can")
    return told, arguments


def log_folder(environment: MutableMapping[str, str]) -> Path:
    """Where rcl writes its logs: ROS_LOG_DIR, ROS_HOME/log or ~/.ros/log."""
    if own := environment.get("ROS_LOG_DIR"):
        return Path(own).expanduser()
    home = environment.get("ROS_HOME")
    return (Path(home).expanduser() if home else _home(environment) / ".ros") / "log"


def unwritable(folder: Path) -> str:
    """Why no file can be made in a folder, which is made if need be; '' if one can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # permissions say little: root, read-only mounts
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def _home(environment: MutableMapping[str, str]) -> Path:
    return Path(environment.get("HOME") or "/")


def _spare(name: str) -> Path | None:
    """A folder of this user among the temporary ones, the same each time; None if there is none either."""
    try:
        folder = Path(tempfile.gettempdir()) / f"mm_nav_{name}_{os.getuid()}"
    except OSError:
        return None
    usable = not unwritable(folder) and folder.stat().st_uid == os.getuid() and not folder.is_symlink()
    return folder if usable else None

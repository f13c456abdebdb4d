# SPDX-License-Identifier: Apache-2.0
"""A read-only home and a full disk keep no node from running, and the user is told what to set."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm_nav.ros import folders
from tests.ros.conftest import Graph

NOWHERE = "/dev/null/home"  # nobody can make this, root neither


def test_a_folder_that_can_be_written_is_left_alone(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}
    assert folders.provide(environment) == ([], [])
    assert environment == {"HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("environment", "folder"),
    [({"HOME": "/h"}, "/h/.ros/log"), ({"HOME": "/h", "ROS_HOME": "/r"}, "/r/log"), ({"ROS_HOME": "/r", "ROS_LOG_DIR": "/l"}, "/l")],
)
def test_logs_are_looked_for_where_rcl_writes_them(environment: dict[str, str], folder: str) -> None:
    assert folders.log_folder(environment) == Path(folder)


@pytest.mark.fault("G09")
def test_a_read_only_home_moves_logs_and_compiled_code_and_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environment = {"HOME": NOWHERE}
    told, arguments = folders.provide(environment, package=Path("/dev/null/package"))
    assert arguments == []
    assert Path(environment["ROS_LOG_DIR"]).parent == Path(environment["NUMBA_CACHE_DIR"]).parent == tmp_path
    assert [words in line for line, words in zip(told, ("set ROS_LOG_DIR", "set NUMBA_CACHE_DIR"), strict=True)] == [True, True]
    assert "Not a directory" in told[0]


@pytest.mark.fault("G09")
def test_where_nothing_at_all_can_be_written_there_are_no_log_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", NOWHERE)
    environment = {"HOME": NOWHERE}
    told, arguments = folders.provide(environment)
    assert "no log file is written" in told[0]
    assert arguments == list(folders.NO_LOG_FILES)
    assert "ROS_LOG_DIR" not in environment


def no_disk() -> None:
    """Of this process's files, none may grow: what a full disk is to those that write logs."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.fault("G09")
@pytest.mark.parametrize(
    ("change", "arguments", "limit", "said"),
    [({"HOME": NOWHERE, "ROS_LOG_DIR": ""}, [], None, "set ROS_LOG_DIR"), ({"ROS_LOG_DIR": f"{NOWHERE}/log"}, [], None, "set ROS_LOG_DIR"),
     ({}, folders.NO_LOG_FILES, None, ""), ({"PYTHONDONTWRITEBYTECODE": "1"}, [], no_disk, "")],
    ids=["read-only home", "read-only log folder", "no log files", "full disk"],
)  # fmt: skip
def test_a_node_runs_without_a_place_to_write_to(
    graph: Graph, change: dict[str, str], arguments: list[str], limit: Callable[[], None] | None, said: str
) -> None:
    environment = {name: value for name, value in {**os.environ, **change}.items() if value}
    command = [sys.executable, "-m", "mm_nav.ros.node", "navigator_node", *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=limit) as process:  # noqa: PLW1509
        try:
            graph.until(lambda: process.poll() is not None or "navigator" in graph.probe.get_node_names(), "the node in the graph")
            heard: list[Any] = graph.heard("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
            graph.until(lambda: process.poll() is not None or heard, "the node's diagnostics")
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, stderr
    assert said in stderr
    assert "Traceback" not in stderr

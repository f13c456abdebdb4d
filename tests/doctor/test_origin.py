# SPDX-License-Identifier: Apache-2.0
"""Who set a parameter: read off the command line of the node's process."""

from pathlib import Path

import pytest

from mm_nav.doctor.origin import LAUNCH_FILE, origins


def process(folder: Path, number: int, words: list[str], domain: str = "0") -> None:
    """A process as /proc shows it."""
    (folder / str(number)).mkdir(parents=True)
    (folder / str(number) / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
    (folder / str(number) / "environ").write_bytes(f"HOME=/\0ROS_DOMAIN_ID={domain}\0".encode())


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("ROS_DOMAIN_ID", "5")
    mine, inline = tmp_path / "mine.yaml", tmp_path / "mm_nav_up_x" / "0_1.yaml"
    inline.parent.mkdir()
    mine.write_text("/**: {ros__parameters: {max_speed: 0.5, threads: 2, extrinsics: {lidar: [0.0]}}}\n/other: {ros__parameters: {seed: 3}}\n")
    inline.write_text("/r1/fusion: {ros__parameters: {threads: 1}}\n")
    return ["python", "node", "--ros-args", "-r", "__node:=fusion", "-r", "__ns:=/r1", "--params-file", str(mine), "--params-file", str(inline), "-p", "bundle:=b"]


def test_the_last_file_that_sets_a_parameter_is_named(commands: list[str], tmp_path: Path) -> None:
    process(tmp_path / "proc", 10, commands, "5")
    mine = str(tmp_path / "mine.yaml")
    assert origins("/r1/fusion", tmp_path / "proc") == {
        "max_speed": mine, "threads": LAUNCH_FILE, "extrinsics.lidar": mine, "bundle": "the command line",
    }  # fmt: skip


def test_nothing_is_known_of_other_nodes_and_of_other_domains(commands: list[str], tmp_path: Path) -> None:
    process(tmp_path / "proc", 10, commands, "6")
    process(tmp_path / "proc", 11, ["sh"])
    assert origins("/r1/fusion", tmp_path / "proc") == {}
    assert origins("/r2/fusion", tmp_path / "proc") == {}


def test_a_file_that_was_taken_away_is_no_fault(commands: list[str], tmp_path: Path) -> None:
    process(tmp_path / "proc", 10, commands, "5")
    (tmp_path / "mine.yaml").unlink()
    assert origins("/r1/fusion", tmp_path / "proc") == {"threads": LAUNCH_FILE, "bundle": "the command line"}

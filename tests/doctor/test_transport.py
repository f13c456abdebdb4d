# SPDX-License-Identifier: Apache-2.0
"""``mm_nav doctor`` about how messages travel on a machine."""

import fcntl
import os
from pathlib import Path

import pytest

from mm_nav.doctor import transport as doctor
from mm_nav.doctor.finding import Finding
from mm_nav.ros import transport


def about(check: str, folder: Path) -> list[Finding]:
    """Findings of one check."""
    return [f for f in doctor.checkup(folder) if f.check == check]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*transport.PROFILE_VARIABLES, "RMW_IMPLEMENTATION", "ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.fault("Q05", "Q10")
def test_little_shared_memory_is_told_before_pictures_get_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(transport, "ROOMY_BYTES", 1 << 60)
    (found,) = about("profile", tmp_path)
    assert found.level == "note"
    assert "shm-size" in found.remedy
    monkeypatch.setenv(transport.PROFILE_VARIABLES[0], "/mine.xml")
    assert "/mine.xml" in about("profile", tmp_path)[0].text


def test_the_segment_of_each_process_is_named(tmp_path: Path) -> None:
    (found,) = about("profile", tmp_path)
    assert found.values is not None
    assert found.values["segment_bytes"] in (64 << 20, 8 << 20)
    assert f"{found.values['segment_bytes'] >> 20} MiB for each process" in found.text


def test_a_profile_of_the_user_is_judged_by_its_segment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (mine := tmp_path / "mine.xml").write_text("<segment_size>33554432</segment_size>")
    monkeypatch.setenv(transport.PROFILE_VARIABLES[0], str(mine))
    (found,) = about("profile", tmp_path)
    assert f"{mine}, 32 MiB" in found.text
    mine.write_text("<segment_size>524288</segment_size>")
    (found,) = about("profile", tmp_path)
    assert found.level == "note"
    assert "512 KiB" in found.remedy


@pytest.mark.parametrize(("visible", "level"), [(None, "note"), ("SUBNET", "note"), ("LOCALHOST", "ok"), ("OFF", "ok")])
def test_a_robot_that_the_whole_network_sees_is_told(visible: str | None, level: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "7")
    if visible is not None:
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", visible)
    (found,) = about("domain", tmp_path)
    assert found.level == level
    assert "domain 7" in found.text
    assert ("LOCALHOST" in found.remedy) is (level == "note")


@pytest.mark.fault("P18")
def test_segments_that_killed_processes_left_are_counted_and_living_ones_are_not(tmp_path: Path) -> None:
    for name in ("fastdds_dead", "fastrtps_dead_too", "fastdds_alive", "fastdds_starting"):
        (tmp_path / name).write_bytes(bytes(1 << 20))
        (tmp_path / f"{name}_el").touch()
        (tmp_path / f"sem.{name}_mutex").touch()
        if name != "fastdds_starting":
            os.utime(tmp_path / f"{name}_el", (1.0, 1.0))
    with (tmp_path / "fastdds_alive_el").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        (found,) = about("stale segments", tmp_path)
    assert found.level == "note"
    assert found.values is not None
    files = [part for name in ("fastdds_dead", "fastrtps_dead_too") for part in (name, f"{name}_el", f"sem.{name}_mutex")]
    assert (found.values["files"], found.values["bytes"]) == (files, 2 << 20)
    assert "2.1 MB" in found.text
    assert "rm " in found.remedy


def test_a_domain_that_is_none_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "seven")
    (found,) = about("environment", tmp_path)
    assert found.level == "fault"
    assert "ROS_DOMAIN_ID" in found.text

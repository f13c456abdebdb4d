# SPDX-License-Identifier: Apache-2.0
"""``mm_nav doctor`` about a machine."""

import sys
from pathlib import Path

import pytest

from mm_nav import cli
from mm_nav.doctor import machine
from mm_nav.ros import transport

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def test_this_machine_can_run_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    assert "ms per" in capsys.readouterr().out


@pytest.mark.fault("G07")
def test_a_library_that_is_missing_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)
    found = next(f for f in machine.checkup() if f.subject == "sim")
    assert (found.level, found.values) == ("note", {"missing": ["open3d"]})
    assert "mm_nav[sim]" in found.remedy
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert next(f for f in machine.checkup() if f.subject == "run").level == "fault"


@pytest.mark.fault("Q05", "Q10")
def test_little_shared_memory_is_told_before_pictures_get_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in (*transport.PROFILE_VARIABLES, "RMW_IMPLEMENTATION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(transport, "ROOMY_BYTES", 1 << 60)
    (found,) = machine._transport(tmp_path)
    assert found.level == "note"
    assert "shm-size" in found.remedy
    monkeypatch.setenv(transport.PROFILE_VARIABLES[0], "/mine.xml")
    assert "/mine.xml" in machine._transport(tmp_path)[0].text

# SPDX-License-Identifier: Apache-2.0
"""``mm_nav doctor`` about a machine."""

import sys

import pytest

from mm_nav import cli
from mm_nav.doctor import machine

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def test_this_machine_can_run_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--no-graph"]) == 0
    assert "ms per" in capsys.readouterr().out


@pytest.mark.fault("G07")
def test_a_library_that_is_missing_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)
    found = next(f for f in machine.checkup() if f.subject == "sim")
    assert (found.level, found.values) == ("note", {"missing": ["open3d"]})
    assert "mm_nav[sim]" in found.remedy
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert next(f for f in machine.checkup() if f.subject == "run").level == "fault"

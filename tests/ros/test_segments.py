# SPDX-License-Identifier: Apache-2.0
"""Shared memory of killed processes is found, and that of living ones is not."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from mm_nav.ros import segments, transport

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

LATER_S = 60.0
NODE = "import rclpy, sys; rclpy.init(args=[]); n = rclpy.create_node('n'); print('up', flush=True); sys.stdin.read()"


def found() -> set[Path]:
    return set(segments.stale(now_s=time.time() + LATER_S))


@pytest.mark.fault("P18")
def test_a_killed_process_leaves_segments_that_are_found_and_a_living_one_has_none(domain: int) -> None:
    if not transport.SHARED_MEMORY.is_dir():
        pytest.skip(f"no {transport.SHARED_MEMORY} here")
    before = set(transport.SHARED_MEMORY.glob("*fastdds_*"))
    with subprocess.Popen([sys.executable, "-c", NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        own = {file for file in set(transport.SHARED_MEMORY.glob("fastdds_*_el")) - before if not segments._free(file)}
        assert own, "a node on this machine has segments"
        assert not own & found()
        process.kill()
    assert own <= found()
    for file in own:
        for part in (file, file.with_name(file.name.removesuffix("_el")), file.with_name(f"sem.{file.name.removesuffix('_el')}_mutex")):
            part.unlink(missing_ok=True)


@pytest.mark.fault("P18")
def test_what_is_young_or_forbidden_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "fastdds_port7003_el").write_bytes(b"")
    assert segments.stale(tmp_path) == []
    (tmp_path / "fastdds_port7003_el").unlink()
    (tmp_path / "fastdds_port7003_el").mkdir()
    assert segments.stale(tmp_path, time.time() + LATER_S) == []

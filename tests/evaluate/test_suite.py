# SPDX-License-Identifier: Apache-2.0
"""mm_nav/evaluate/suite.py."""

import json
from pathlib import Path

import pytest

from mm_nav.errors import ConfigError
from mm_nav.evaluate import SuiteConfig
from mm_nav.evaluate.suite import ROWS, closed_loop_of, command, run_suite, table


def test_every_row_is_another_question() -> None:
    config = SuiteConfig()
    assert len({command(closed_loop_of(config, row)) for row in ROWS}) == len(ROWS)
    assert command(closed_loop_of(config, "camera alone")).endswith("--sensors-off lidar radar")


def test_an_unknown_row_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"moonlight.*there are all sensors"):
        run_suite(SuiteConfig(rows=("moonlight",), out=tmp_path))


def test_a_driven_row_is_kept_and_a_broken_file_is_driven_again(tmp_path: Path) -> None:
    pytest.importorskip("open3d")
    config = SuiteConfig(rows=("classical peer",), scenarios=1, seed=3, out=tmp_path)
    first = run_suite(config)
    written = tmp_path / "classical_peer.json"
    changed = json.loads(written.read_text()) | {"spl": -1.0}
    written.write_text(json.dumps(changed))
    assert run_suite(config)["classical peer"]["spl"] == -1.0
    written.write_text(written.read_text()[:40])
    assert run_suite(config)["classical peer"]["success_rate"] == first["classical peer"]["success_rate"]
    assert "| classical peer | 1 |" in table(run_suite(config))
    assert (tmp_path / "table.md").exists()

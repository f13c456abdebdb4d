# SPDX-License-Identifier: Apache-2.0
"""Blocks of Python and YAML in the documents work as they stand."""

from pathlib import Path

import pytest
import yaml

from mm_nav.ros.params import NODES, rules
from mm_nav.wire.extrinsics import fixes, mount
from tests.demo import recorded
from tests.documents.fences import SITE_PAGES, Fence, fences

BLOCKS = [fence for page in SITE_PAGES for fence in fences(page)]
PYTHON = [fence for fence in BLOCKS if fence.kind == "python" and not fence.title]
YAML = [fence for fence in BLOCKS if fence.kind == "yaml"]


def test_every_block_has_a_kind_that_something_checks() -> None:
    assert PYTHON
    assert YAML
    assert {fence.kind for fence in BLOCKS} <= {"bash", "python", "yaml", "diff"}


@pytest.mark.slow
@pytest.mark.parametrize("fence", PYTHON, ids=lambda f: f.page)
def test_a_program_runs(fence: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    recorded.drive(tmp_path / "my_bags" / "monday", seconds=1.0)
    exec(compile(fence.body, fence.page, "exec"), {"__name__": "__main__"})  # noqa: S102 - that is what a reader does
    assert capsys.readouterr().out


@pytest.mark.parametrize("fence", YAML, ids=lambda f: f"{f.page} {f.body.split(':')[0]}")
def test_a_file_is_taken(fence: Fence, tmp_path: Path) -> None:
    told = yaml.safe_load(fence.body)
    if "/**" in told:
        known = {name for config in NODES for name in rules(config)}
        assert set(told["/**"]["ros__parameters"]) <= known
        return
    path = tmp_path / "calibration.yaml"
    path.write_text(fence.body, "utf-8")
    assert {*told["frames"]} <= set(mount({}, str(path), "base_link").frames())
    assert set(fixes(str(path))) == set(told["sources"])

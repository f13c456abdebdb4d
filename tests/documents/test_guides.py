# SPDX-License-Identifier: Apache-2.0
"""The pages on adding a sensor, an engine and a head are followed to the letter in a copy of the source; then their tests are run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents.fences import ROOT, Fence, fences

GUIDES = ("add-a-sensor", "add-an-engine", "add-a-head")
LONGEST = 170  # lines of a page, its code included
pytestmark = pytest.mark.slow


def followed(fence: Fence, tree: Path) -> None:
    """Write a file that the page gives, or change one as it says: what it shows must stand there exactly once."""
    path = tree / fence.title
    if fence.kind == "python":
        assert not path.exists(), f"{fence.page} writes {fence.title}, which is there"
        path.write_text(fence.body, "utf-8")
        return
    lines = fence.body.splitlines()
    assert all(line[:1] in " +-" for line in lines), fence.body
    before, after = ("\n".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
    text = path.read_text("utf-8")
    assert f"\n{text}".count(f"\n{before}\n") == 1, f"{fence.page}: not once in {fence.title}:\n{before}"
    path.write_text(f"\n{text}".replace(f"\n{before}\n", f"\n{after}\n")[1:], "utf-8")


def copied(folder: Path) -> Path:
    """The source, as far as tests need it."""
    for name in ("mm_nav", "tests", "launch"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "models").symlink_to(ROOT / "models")
    for name in ("pyproject.toml", "package.xml", "setup.py", "CHANGELOG.rst"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_does_what_it_says(name: str, tmp_path: Path) -> None:
    if name == "add-a-head":
        pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")
    page = ROOT / "docs" / f"{name}.md"
    blocks = [f for f in fences(page) if f.kind in ("python", "diff")]
    assert all(f.title for f in blocks)
    tree = copied(tmp_path / "tree")
    for block in blocks:
        followed(block, tree)
    tests = [f.title for f in blocks if Path(f.title).name.startswith("test_") and f.kind == "python"]
    assert tests
    checks = [*tests, "tests/ros/test_params.py", "tests/test_architecture.py::test_every_heavy_dependency_stays_at_home"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *checks], cwd=tree, capture_output=True, text=True,
        timeout=300, check=False, env={**os.environ, "PYTHONPATH": str(tree)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_is_one_page(name: str) -> None:
    assert (ROOT / "docs" / f"{name}.md").read_text("utf-8").count("\n") <= LONGEST

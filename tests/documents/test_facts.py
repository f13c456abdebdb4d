# SPDX-License-Identifier: Apache-2.0
"""Numbers and names in the documents are those of the code and of the shipped bundles."""

import re

import pytest

from mm_nav import cli
from mm_nav.core.config import LATER
from mm_nav.core.pillars import SLICES
from mm_nav.engine import load_bundle
from mm_nav.engine.bundle import FORMAT_VERSION
from mm_nav.model.losses import WEIGHTS
from mm_nav.ros.params import NODES, rules
from mm_nav.train.config import RECIPES
from mm_nav.version import __version__
from tests.documents.fences import ROOT


def page(name: str) -> str:
    return " ".join((ROOT / "docs" / f"{name}.md").read_text("utf-8").split())


def test_concepts_quotes_the_numbers_of_the_bundle() -> None:
    text, spec = page("concepts"), load_bundle("base").spec
    grid = spec.grid
    assert f"slop ({spec.sync_slop_ns / 1e9:g} s)" in text
    assert f"longer than {spec.sync_window_ns / 1e9:g} s" in text
    assert f"{grid.rows} × {grid.columns} cells of {grid.cell:g} m: {grid.x_max:.1f} m ahead, {-grid.x_min:.1f} m behind, {grid.y_max:.1f} m to each side" in text
    assert -grid.y_min == pytest.approx(grid.y_max)


def test_sensors_quotes_heights_and_the_size_of_pictures() -> None:
    text, spec = page("sensors"), load_bundle("base").spec
    assert f"lower than {SLICES[1]:g} m is no obstacle, what is higher than {SLICES[-1]:g} m" in text
    assert f"({spec.image_width} × {spec.image_height} in the shipped ones)" in text


def test_quick_start_says_what_each_exit_status_means() -> None:
    assert (cli.USAGE_ERROR, cli.DAMAGED, cli.INTERRUPTED) == (2, 3, 130)
    for status in ("0 done", "1 it ran", "2 it could not", "3 damaged", "130 Ctrl-C"):
        assert status in page("quick-start")


def test_diagnostics_names_keys_that_the_nodes_say() -> None:
    text = (ROOT / "docs" / "diagnostics.md").read_text("utf-8")
    fusion, navigator = ((ROOT / "mm_nav" / "ros" / f"{name}_node.py").read_text("utf-8") for name in ("fusion", "navigator"))
    rows = re.split(r"## Keys of the \w+(?: node)?\n", text)[1:]
    for part, source in zip(rows, (fusion, navigator), strict=True):
        listed = [key for row in re.findall(r"^\| (`.+?) \|", part, re.MULTILINE) for key in re.findall(r"`([^`]+)`", row)]
        assert len(listed) > 5
        for key in listed:
            stem = re.split(r"\.[A-Z]|…", key)[0]
            assert re.search(rf"\"{re.escape(stem)}[\".]|\"{re.escape(stem.split('.')[0])}\.", source) or stem in ("bundle", "backend"), key


OTHERS = {  # names with an underscore that are no parameters
    "backend_why", "base_link", "camera_info", "qos_overrides", "cmd_vel", "command_status", "fusion_status", "vision_msgs", "x_min", "y_min", "not_text", "right_of", "too_long",
}  # fmt: skip


@pytest.mark.parametrize("name", ["sensors", "diagnostics", "deploying", "concepts", "commands"])
def test_parameters_that_are_named_exist(name: str) -> None:
    known = {rule for config in NODES for rule in rules(config)}
    assert set(re.findall(r"`([a-z]+_[a-z0-9_]+)`", page(name))) - OTHERS - known == set()


def test_training_quotes_bundles_and_recipes() -> None:
    text = page("training")
    assert set(re.findall(r"\| `(\w+)`(?: \(the default\))? \|", text)) >= set(RECIPES)
    tiny, base = (load_bundle(n).manifest["training"] for n in ("tiny", "base"))
    assert f"{tiny['bags']} bags, {tiny['frames']:,} frames" in text
    assert f"{tiny['minutes']:.0f} min" in text
    assert f"{base['minutes_before']:.0f} min, then {base['minutes']:.0f} min" in text


def test_upgrade_names_what_a_bundle_must_have() -> None:
    text = page("upgrade")
    assert f"(`format_version`, now {FORMAT_VERSION})" in text
    for key in LATER:
        assert f"`{key}`" in text
    assert f"| {__version__} |" in text


def test_a_head_that_is_added_is_not_there_yet() -> None:
    assert "height" not in WEIGHTS  # else docs/add-a-head.md needs another example


def test_the_quality_declaration_claims_a_level_and_names_what_is_missing() -> None:
    text = (ROOT / "QUALITY_DECLARATION.md").read_text("utf-8")
    (level,) = re.findall(r"\*\*Quality Level (\d)\*\*", text)
    assert int(level) == 4
    assert __version__.startswith("0.")  # a stable version needs another declaration
    assert "Version 0:" in text

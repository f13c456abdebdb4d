# SPDX-License-Identifier: Apache-2.0
"""What the documents tell people to do is safe, and what they say of the code is so."""

import re
from pathlib import Path

import pytest

from mm_nav.core.command import MAX_CHARS
from mm_nav.core.types import Intent
from mm_nav.ros.params import NODES, rules

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
STRANGERS = r"launch|launch[-_]ros|tf2?[-_]\w+|message[-_]filters|cv[-_]bridge|vision[-_]msgs|rosbag2[-_]py|ros2cli"


@pytest.mark.parametrize("path", [*DOCUMENTS, *sorted((ROOT / "mm_nav").rglob("*.py"))], ids=lambda p: str(p.relative_to(ROOT)))
@pytest.mark.fault("C05")
def test_nobody_is_told_to_install_another_project_that_has_the_name_of_a_ros_package(path: Path) -> None:
    for line in re.findall(r"(?:pip3? install|uv add|uv pip install)([^\n`;]*)", path.read_text("utf-8")):
        assert not re.search(rf"(?<![\w-])(?:{STRANGERS})(?![\w-])", line), line


@pytest.mark.fault("C01")
def test_the_page_on_security_names_what_there_is() -> None:
    known = {name for config in NODES for name in rules(config)}
    assert {"enable_cmd_vel", "max_plan_age_s", "max_scene_age_s", "max_odom_age_s"} <= known & set(re.findall(r"`(\w+)`", SECURITY))
    assert f"more than {MAX_CHARS} characters" in SECURITY
    for intent in Intent:
        assert intent.value.replace("_", " ") in SECURITY, intent
    assert "eight typed intents" in SECURITY
    assert len(Intent) == 8
    for name in re.findall(r"`(\w+\.launch\.xml)`", SECURITY):
        assert (ROOT / "launch" / name).is_file(), name


@pytest.mark.fault("C04", "E09")
def test_nothing_opens_a_pickle_but_the_training_that_is_resumed() -> None:
    sources = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in (ROOT / "mm_nav").rglob("*.py")}
    assert [name for name, text in sources.items() if "weights_only=False" in text] == ["mm_nav/train/fit.py"]
    for name, text in sources.items():
        assert not re.search(r"^\s*(?:import|from) pickle|yaml\.(?:unsafe_|full_)?load\(|allow_pickle=True", text, re.MULTILINE), name
        for call in re.findall(r"torch\.load\(([^\n]*)\)", text):
            assert "weights_only=True" in call, name

# SPDX-License-Identifier: Apache-2.0
"""The container files hold together as far as can be read without an engine: nothing here builds an image."""

import fnmatch
import json
import re
import shlex
import subprocess
from xml.etree import ElementTree as ET

import pytest

from tests.documents.fences import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
STEPS = [line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
KNOWN = ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "LABEL", "RUN", "SHELL", "USER", "WORKDIR")
BY_ROSDEP = {"numpy": "python3-numpy", "opencv-python-headless": "python3-opencv", "pyyaml": "python3-yaml"}


def steps(word: str) -> list[str]:
    """Arguments of each instruction of a kind."""
    return [line.split(None, 1)[1] for line in STEPS if line.split(None, 1)[0] == word]


def required() -> set[str]:
    """What pip installs with mm_nav, by setup.py."""
    listed = (ROOT / "setup.py").read_text("utf-8").split("install_requires=[")[1].split("]")[0]
    return {re.split(r"[<>=]", name)[0] for name in re.findall(r'"([^"]+)"', listed)}


def test_every_instruction_is_one_and_it_ends_as_the_run_image() -> None:
    assert {line.split(None, 1)[0] for line in STEPS} <= set(KNOWN)
    stages = [line.split(" AS ")[1] for line in steps("FROM")]
    assert stages == ["base", "dev", "run"]
    assert steps("FROM")[0].startswith("ros:${ROS_DISTRO}-ros-base ")
    assert [line.split("=")[0] for line in steps("ARG")] == ["ROS_DISTRO", "VARIANT"]
    assert DOCKERFILE.rindex("USER ubuntu") > DOCKERFILE.rindex("colcon build")  # nothing runs as root


@pytest.mark.parametrize("command", [*steps("RUN"), (ROOT / "docker" / "entrypoint.sh").read_text("utf-8")], ids=lambda c: c[:30])
def test_its_shell_parses(command: str) -> None:
    done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


def test_package_lists_are_removed_in_the_layer_that_fetched_them() -> None:
    fetched = [command for command in steps("RUN") if "apt-get update" in command]
    assert len(fetched) == 2
    for command in fetched:
        assert "rm -rf /var/lib/apt/lists/*" in command
        assert "--no-install-recommends" in command


def test_what_is_copied_is_there_and_is_not_ignored() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    sources = [word for line in steps("COPY") for word in shlex.split(line)[:-1] if not word.startswith("--")]
    for source in [*sources, "docker/entrypoint.sh", "models", "launch"]:
        assert (ROOT / source).exists(), source
        assert not any(fnmatch.fnmatch(source, pattern) for pattern in ignored), source
    (entry,) = steps("ENTRYPOINT")
    script = ROOT / json.loads(entry)[0].removeprefix("/ws/src/mm_nav/")
    assert script.stat().st_mode & 0o111


def test_what_git_ignores_is_not_sent_to_the_engine() -> None:
    ignored = {line.removeprefix("**/") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()}
    folders = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines() if line.endswith("/")}
    assert folders <= ignored


def test_pip_gets_what_setup_asks_for_and_rosdep_does_not_know() -> None:
    (install,) = [command for command in steps("RUN") if "pip install" in command]
    asked = {re.split(r"[<>=]", word)[0] for word in shlex.split(install.split("pip install")[1])}
    assert required() - {"pyyaml", "onnxruntime"} <= asked
    assert '"onnxruntime"' in install
    manifest = ET.parse(ROOT / "package.xml").getroot()  # noqa: S314 - our own file
    assert set(BY_ROSDEP.values()) == {e.text for e in manifest.iter("exec_depend") if (e.text or "").startswith("python3-")}
    by_hand = required() - set(BY_ROSDEP)
    for page in ("README.md", "docs/deploying.md", "package.xml"):
        (line,) = re.findall(r"pip install (?:--break-system-packages )?(onnxruntime [^\n]+)", (ROOT / page).read_text("utf-8"))
        assert set(line.split()) == by_hand, page


def test_the_dev_container_opens_a_stage_that_there_is() -> None:
    folder = ROOT / ".devcontainer"
    told = json.loads((folder / "devcontainer.json").read_text("utf-8"))
    build = told["build"]
    assert (folder / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (folder / build["context"]).resolve() == ROOT
    assert f" AS {build['target']}\n" in DOCKERFILE
    assert set(build["args"]) == {"ROS_DISTRO", "VARIANT"}
    make = (ROOT / "Makefile").read_text("utf-8")
    for target in told["postCreateCommand"].removeprefix("make ").split():
        assert f"\n{target.replace('.venv', '$(VENV)')}:" in make, target
    dev = DOCKERFILE.split(" AS dev\n")[1].split("FROM ")[0]
    for pair in re.findall(r"^LIBRARIES := (.+)$", make, re.MULTILINE)[0].split():
        assert pair.split(":")[1] in dev, pair

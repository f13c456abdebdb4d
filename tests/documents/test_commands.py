# SPDX-License-Identifier: Apache-2.0
"""Every command of the documents is run here in small form, or by another test, or says why it cannot be; all are parsed."""

import dataclasses
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
import tyro

from mm_nav import cli
from tests.documents.fences import PAGES, ROOT, Said, commands
from tests.ros.conftest import domain  # noqa: F401 - a fixture

SMALL = {"--scenarios": "1", "--epochs": "1"}  # options that only cost time, as they are run here
RUN = (  # commands of ours that are run here
    "mm_nav --help",
    "mm_nav doctor",
    "mm_nav doctor --json out/machine.json",
    "mm_nav doctor my_bags/monday --picture out/monday",
    "mm_nav doctor my_bags/monday --picture out/monday --json out/monday.json",
    "mm_nav inspect models/base",
    "mm_nav inspect my_bags/monday",
    "mm_nav inspect my_bundle --json out/my_bundle.json",
    "mm_nav inspect out/bags/scenario_900000",
    "mm_nav inspect out/mine",
    "mm_nav build-engine my_bundle",
    "mm_nav init my_bags/monday --out my_bags",
    "mm_nav simulate --scenarios 24 --seed 900000 --rate-hz 2 --out out/bags",
    "mm_nav simulate --scenarios 480 --seed 0 --rate-hz 2 --out out/train_bags",
    "mm_nav replay my_bags/monday --bundle my_bundle --out out/replayed",
    "mm_nav play my_bags/monday --write-params out/sensors.yaml",
    "mm_nav evaluate commands my_orders.tsv --json out/orders.json",
    "mm_nav evaluate closed-loop --bundle out/mine --scenarios 8 --seed 78 --json out/driven.json",
)
SHOWN = {  # beginnings of commands -> the tests that run them
    "mm_nav record": "tests/documents/test_commands.py::test_topics_are_recorded_while_a_recording_is_played",
    "mm_nav train": "tests/train/test_run.py::test_bags_become_a_verified_bundle_with_its_seeds_and_a_card",
    "mm_nav train my_bags": "tests/train/test_own_robot.py::test_drives_recorded_from_a_robots_own_topics_train_from_there",
    "mm_nav train out/bags --base models/base --recipe adapters": "tests/train/test_run.py::test_adapters_train_few_weights_and_end_as_plain_weights",
    "mm_nav evaluate heads": "tests/evaluate/test_page.py::test_a_page_has_every_head_its_explanations_and_nothing_from_elsewhere",
    "mm_nav bench": "tests/test_bench.py::test_a_benchmark_writes_full_rows_that_were_checked",
    "mm_nav import kitti": "tests/convert/test_kitti.py::test_points_and_pixels_and_stamps_are_those_of_the_drive",
    "mm_nav import nuscenes": "tests/convert/test_nuscenes.py::test_keyframes_and_sweeps_of_all_sensors_come_with_their_stamps",
    "mm_nav import dgp": "tests/convert/test_dgp.py::test_a_scene_comes_back_as_it_was_written",
    "mm_nav up launch/sim.launch.xml": "tests/ros/test_sim_launch.py::test_a_spoken_goal_is_reached_through_real_nodes",
    "mm_nav up launch/robot.launch.xml": "tests/ros/test_up.py::test_the_robot_comes_up_and_ctrl_c_leaves_it_standing",
    "mm_nav up my_bags/robot.launch.xml": "tests/doctor/test_init.py::test_the_files_start_the_nodes_on_the_robots_own_topics",
    "mm_nav up replay": "tests/ros/test_play_node.py::test_the_launch_file_plays_a_recording_through_fusion_and_navigator",
    "make docs": "tests/documents/test_site.py::test_the_site_is_built_without_a_warning",
    "colcon build": "tests/test_package.py::test_colcon_puts_the_executables_where_ros2_run_looks",
}
NOT = {  # beginnings of commands -> why no test runs them
    "make demo": "CI runs it as it stands: .ci/run",
    "make bench": "it takes minutes; CI runs each row in its quick form: tests/test_bench.py",
    "make test": "it runs the tests, this one included; CI runs it: .ci/run",
    "mm_nav export my_bundle --precision int8": "it calibrates and measures for minutes",
    "mm_nav up launch/faults.launch.xml": "the soak runs it, which takes minutes: python -m benchmarks.soak",
    "mm_nav demo": "CI runs `make demo`, which is the same verb, for a minute",
    "python3 -m venv": "the Makefile does it before any test can run",
    "pip install": "the Makefile does it before any test can run; it changes the machine",
    "python -m pytest": "it runs the tests",
    "python -m http.server": "it serves until it is stopped",
    "ruff check .": "CI runs it: make test",
    "mypy": "CI runs it: make test",
    "ros2 ": "needs a ROS 2 install",
    "ROS_SECURITY_ENCLAVE_OVERRIDE=/mm_nav ros2": "needs a ROS 2 install",
    "rosdep ": "needs a ROS 2 install, and root",
    "source ": "needs the workspace that colcon built",
    "export ": "sets a variable of the reader's shell",
    "docker ": "needs a Docker engine",
    "git clone": "needs the network",
    "cd ": "moves the reader's shell",
    "mkdir ": "makes a folder in the reader's home",
    "cp ": "copies into the reader's home",
}
ALL = [said for page in PAGES for said in commands(page)]
OURS = [said for said in ALL if said.words[0] == "mm_nav"]


def told(said: Said, listed: typing.Iterable[str]) -> str:
    """The longest beginning of a command that is listed, or ''."""
    return max((known for known in listed if f"{said.text} ".startswith(f"{known.strip()} ")), key=len, default="")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as a reader has it: a recording, a bundle, orders; the checkout's models and launch files."""
    pytest.importorskip("open3d", reason="simulation extra not installed: pip install mm_nav[sim]", exc_type=ImportError)
    folder, before = tmp_path_factory.mktemp("home"), Path.cwd()
    for name in ("models", "launch"):
        (folder / name).symlink_to(ROOT / name)
    os.chdir(folder)
    assert cli.main(["simulate", "--scenarios", "1", "--seed", "900003", "--rate-hz", "2", "--max-seconds", "4", "--workers", "1", "--out", "made"]) == 0
    shutil.copytree("made/scenario_900003", "my_bags/monday")
    shutil.copytree("made/scenario_900003", "out/bags/scenario_900000")
    shutil.copy("made/scenarios.json", "out/bags/scenarios.json")
    (folder / "out/mine").symlink_to(ROOT / "models" / "tiny")
    (folder / "my_bundle").symlink_to(ROOT / "models" / "tiny")
    (folder / "my_orders.tsv").write_text("go_to\tgo to the red cone\nstop\thalt\n", "utf-8")
    yield folder
    os.chdir(before)


@pytest.mark.parametrize("said", ALL, ids=str)
def test_a_command_is_run_or_says_why_not(said: Said) -> None:
    ways = [said.text in RUN, bool(told(said, SHOWN)), bool(told(said, NOT))]
    assert sum(ways) == 1, f"{said}: run it here (RUN), name the test that does (SHOWN), or say why none can (NOT)"


def test_what_is_listed_is_said_somewhere() -> None:
    assert set(RUN) <= {said.text for said in ALL}
    used = {told(said, listed) for said in ALL for listed in (SHOWN, NOT)}
    assert {*SHOWN, *NOT} - used == set()
    for test in SHOWN.values():
        path, name = test.split("::")
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), test


@pytest.mark.slow
@pytest.mark.parametrize("text", RUN)
def test_it_runs(text: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = next(said.words for said in ALL if said.text == text)[1:]
    small = [SMALL.get(before, word) for before, word in zip(("", *words), words, strict=False)]
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "built"))
    if words[0] == "simulate":
        small += ["--max-seconds", "2", "--workers", "1"]
        small[small.index("--out") + 1] += "_small"
    if words[:2] == ("evaluate", "closed-loop"):
        small += ["--time-limit-s", "2"]
    assert cli.main(small) in ((0, 1) if words[0] == "doctor" else (0,))  # a doctor may find fault with this machine
    for option in ("--out", "--json", "--picture", "--write-params"):
        if option in small:
            made = home / small[small.index(option) + 1]
            assert made.is_dir() or made.stat().st_size


@pytest.mark.slow
def test_topics_are_recorded_while_a_recording_is_played(home: Path, domain: int, tmp_path: Path) -> None:  # noqa: F811
    (text,) = {said.words for said in OURS if said.words[1] == "record"}
    out = tmp_path / "recorded"
    words = [sys.executable, "-m", *text]
    words[words.index("--out") + 1] = str(out)
    play = [sys.executable, "-m", "mm_nav", "play", str(home / "my_bags/monday"), "--rate", "4", "--wait-s", "20"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as recorder:
        try:
            played = subprocess.run(play, capture_output=True, text=True, timeout=90, check=False)
            assert played.returncode == 0, played.stderr
        finally:
            recorder.send_signal(signal.SIGINT)
        heard = recorder.communicate(timeout=30)[0]
    assert recorder.returncode == 0, heard
    assert "recording /lidar/points" in heard
    assert cli.main(["inspect", str(out)]) == 0


# ---------------------------------------------------------------- what is said in passing

VISIBLE = {name: verb for name, verb in cli.VERBS.items() if verb.summary}
INLINE = re.compile(r"`(?:\.venv/bin/)?(mm_nav [a-z][^`\n]*)`")


def options(name: str) -> set[str]:
    """Options of a verb, as --help shows them; none of a verb that reads its words itself."""
    verb = cli.VERBS[name]
    room = importlib.import_module(verb.room)
    hints = typing.get_type_hints(getattr(room, verb.function))
    config = getattr(room, verb.config) if verb.config else next((t for p, t in hints.items() if p not in ("return", "argv")), None)
    fields = {f.name.replace("_", "-") for f in dataclasses.fields(config)} if config is not None else set()
    return {f"--{name}" for name in fields} | {f"--no-{name}" for name in fields}


@pytest.mark.parametrize("said", OURS, ids=str)
def test_its_options_are_those_of_the_verb(said: Said) -> None:
    if said.words[1] == "--help":
        return
    name, rest = cli.split_verb(said.words[1:])
    assert name in VISIBLE, said
    verb = cli.VERBS[name]
    room = importlib.import_module(verb.room)
    if name == "up":
        assert launched(rest)
        return
    config = getattr(room, verb.config) if verb.config else next(iter(typing.get_type_hints(room.main).values()))
    tyro.cli(config, args=rest, prog=f"mm_nav {name}")


@pytest.mark.parametrize("said", [said for said in ALL if "ros2 launch" in said.text], ids=str)
def test_a_launch_file_takes_the_arguments_that_it_is_given(said: Said) -> None:
    words = said.words[said.words.index("launch") + 1 :]
    assert words[0] == "mm_nav"
    assert launched(list(words[1:]))


def launched(words: list[str]) -> bool:
    """Whether a launch file of ours is there and has all arguments."""
    from mm_nav.ros.launch_xml import describe
    from mm_nav.ros.up import find_launch_file, parse_arguments

    name = words[0].replace("my_bags/", "launch/")  # `mm_nav init` writes one that includes ours
    known = describe(find_launch_file(str(ROOT / name) if "/" in name else name))
    return set(parse_arguments(words[1:])) <= set(known)


def passages() -> list[tuple[str, str]]:
    """Page, and a command that is named in passing or in a table."""
    pages = [*PAGES, ROOT / "models" / "base" / "README.md", ROOT / "models" / "tiny" / "README.md"]
    return [(p.relative_to(ROOT).as_posix(), text) for p in pages for text in INLINE.findall(p.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "text"), sorted(set(passages())))
def test_what_is_named_in_passing_is_there(page: str, text: str) -> None:
    words = text.replace("\\|", "|").split()[1:]
    if words[0] in ("VERB", "COMMAND"):
        return
    groups = [name for name in VISIBLE if name.split()[0] == words[0]]
    assert groups, f"{page}: {text}"
    name, _ = cli.split_verb(words)
    known = options(name) if name in cli.VERBS else {o for verb in groups for o in options(verb)}
    assert {w.rstrip(",") for w in words if w.startswith("--")} - known - {"--help"} == set(), f"{page}: {text}"


def test_the_table_of_verbs_is_whole() -> None:
    table = re.search(r"^\| verb \| what \|\n\|---\|---\|\n((?:\|.*\n)+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert table is not None
    named = set()
    for row in table[1].splitlines():
        for span in INLINE.findall(row.split(" | ")[0]):
            words = span.replace("\\|", "|").split()[1:]
            inner = [w for w in words[1:] if w != "|"]
            pairs = {f"{words[0]} {word}" for word in inner} & set(VISIBLE)
            named |= pairs or {words[0]}
    assert named == set(VISIBLE)


def test_make_has_what_is_told_of_it() -> None:
    make = (ROOT / "Makefile").read_text("utf-8")
    every = {name for page in PAGES for name in re.findall(r"`make (\w+)`", page.read_text("utf-8"))} | {said.words[1] for said in ALL if said.words[0] == "make"}
    assert every
    for name in every:
        assert f"\n{name}:" in make, name

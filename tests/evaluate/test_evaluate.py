# SPDX-License-Identifier: Apache-2.0
"""The verb: a bundle in, a report with the promised keys out, the same whoever does the work."""

import json
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("open3d")

import onnx

from mm_nav import evaluate
from mm_nav.engine.bundle import write_manifest
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import ConfigError
from mm_nav.evaluate import ClosedLoopConfig, OpenLoopConfig
from tests.demo import recorded
from tests.engine.networks import SPEC, constant_graph


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of bundles around a network that always says the same: ``clean``, and ``leaky``, trained on seed 1070001."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, seeds in (("clean", [1, 2, 3]), ("leaky", [1_070_001])):
        (folder / name).mkdir()
        onnx.save(constant_graph(), folder / name / "model.onnx")
        write_manifest(folder / name, spec=SPEC, text_encoder=open_text_encoder().identity, training={"seeds": seeds})
    return folder


def test_a_closed_loop_report_is_written_and_states_its_seeds(bundles: Path, tmp_path: Path) -> None:
    config = ClosedLoopConfig(bundle=str(bundles / "clean"), scenarios=2, time_limit_s=1.0, json=tmp_path / "cl.json")
    assert evaluate.main(config) == 0
    written = json.loads((tmp_path / "cl.json").read_text(encoding="utf-8"))
    assert written.keys() >= {"success_rate", "collision_rate", "spl", "grounding_accuracy", "command_accuracy",
                              "occupancy_iou", "latency_ms", "per_task"}  # fmt: skip
    assert written["training_seeds"] == [1, 2, 3]
    assert written["evaluation_seeds"] == [1_070_000, 1_070_001]
    assert written["latency_ms"]["p50"] > 0
    assert sum(row["scenarios"] for row in written["per_task"].values()) == written["scenarios"] == 2
    assert len(written["failures"]) == round(2 * (1 - written["success_rate"]))


def test_two_workers_find_what_one_finds(bundles: Path) -> None:
    reports = [
        evaluate.run_closed_loop(ClosedLoopConfig(bundle=str(bundles / "clean"), scenarios=2, time_limit_s=0.6, workers=n)).to_json()
        for n in (1, 2)
    ]
    for report in reports:
        report.pop("latency_ms")
    assert reports[0] == reports[1]


def test_a_bundle_that_knows_the_worlds_is_refused(bundles: Path) -> None:
    with pytest.raises(ConfigError, match="trained on, for example 1070001"):
        evaluate.run_closed_loop(ClosedLoopConfig(bundle=str(bundles / "leaky"), scenarios=2))


def test_the_peer_needs_no_bundle_and_conditions_are_stated(tmp_path: Path) -> None:
    config = ClosedLoopConfig(bundle="nowhere", driver="classical", condition="fog", sensor_dies=("camera@0.4",), scenarios=2,
                              time_limit_s=1.0, json=tmp_path / "peer.json")  # fmt: skip
    assert evaluate.main(config) == 0
    written = json.loads((tmp_path / "peer.json").read_text(encoding="utf-8"))
    assert (written["driver"], written["condition"], written["sensors_die"]) == ("classical", "fog", {"camera/front": 0.4})
    assert written["training_seeds"] == []
    assert len(written["intervals"]["success_rate"]) == 2


def test_sensors_can_be_left_out_by_a_short_name(bundles: Path) -> None:
    config = ClosedLoopConfig(bundle=str(bundles / "clean"), scenarios=1, time_limit_s=0.4, sensors_off=("camera",))
    assert evaluate.run_closed_loop(config).sensors_off == ["camera/front"]


def test_an_open_loop_report_is_written(bundles: Path, tmp_path: Path) -> None:
    recorded.drive(tmp_path / "bag", seconds=1.0)
    config = OpenLoopConfig(bag=tmp_path / "bag", bundle=str(bundles / "clean"), json=tmp_path / "ol.json")
    assert evaluate.main(config) == 0
    written = json.loads((tmp_path / "ol.json").read_text(encoding="utf-8"))
    assert written.keys() >= {"ade_m", "fde_m", "occupancy_iou", "detection_ap", "frames"}
    assert written["frames"] == 5
    assert written["occupancy_iou"] is None  # this network's cells are not those of the recording's truth
    assert "another grid" in written["occupancy_truth"]

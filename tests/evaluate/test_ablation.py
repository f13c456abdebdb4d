# SPDX-License-Identifier: Apache-2.0
"""mm_nav/evaluate/ablation.py: which trainings and drives the rows are; the training itself is tested in tests/train."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

import tyro
from rich.console import Console

from mm_nav.errors import ConfigError, MmNavError
from mm_nav.evaluate.ablation import ROWS, AblationConfig, Row, run_ablation, train, train_words
from mm_nav.train.config import TrainConfig


def config_of(name: str) -> TrainConfig:
    words = train_words(AblationConfig(bags=(Path("bags"),)), ROWS[name], Path("out"))
    return tyro.cli(TrainConfig, args=words[1:])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("whole network", {}), ("camera alone", {"sensors": ("camera",)}), ("lidar and radar", {"sensors": ("lidar", "radar")}),
        ("no language", {"language": False}), ("no alignment loss", {"align": ()}), ("no temporal memory", {"memory": False}),
        ("no pretrained backbone", {"pretrained": False}), ("no sensor dropout", {"sensor_dropout": False}),
    ],
)  # fmt: skip
def test_a_row_trains_without_what_its_name_says_and_with_all_else(name: str, change: dict[str, object]) -> None:
    plain = TrainConfig(bags=(Path("bags"),), out=Path("out"), recipe="scratch", epochs=2)  # alike in each row, however few bags there are
    told = config_of(name)
    assert {k: v for k, v in vars(told).items() if v != vars(plain)[k]} == change


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if "--sensors" in row.train])
def test_a_network_drives_with_the_sensors_it_learned_from(name: str) -> None:
    assert set(config_of(name).sensors) | set(ROWS[name].off) == {"camera", "lidar", "radar"}
    assert not set(config_of(name).sensors) & set(ROWS[name].off)


def test_rows_that_are_trained_alike_share_a_bundle() -> None:
    assert ROWS["whole network"].folder == ROWS["whole network, then no lidar"].folder
    assert len({row.folder for row in ROWS.values()}) == len({row.train for row in ROWS.values()})


def test_an_unknown_row_and_a_failed_training_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = AblationConfig(bags=(tmp_path / "nowhere",), rows=("no wheels",), out=tmp_path / "out")
    with pytest.raises(ConfigError, match=r"no wheels.*there are whole network"):
        run_ablation(config, Console())
    with pytest.raises(MmNavError, match=r"mm_nav train .*nowhere .* ended with 2"):
        train(config, Row(), tmp_path / "bundle", Console())
    assert "no such file or folder" in capfd.readouterr().err

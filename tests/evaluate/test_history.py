# SPDX-License-Identifier: Apache-2.0
"""Training curves are read as TensorBoard wrote them."""

from pathlib import Path

import pytest

pytest.importorskip("tensorboard", reason="training extra not installed: pip install mm_nav[train]")
pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.errors import ConfigError
from mm_nav.evaluate.history import history


def test_every_value_of_a_run_comes_back_in_order(tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(50):
            writer.add_scalar("train/loss_step", 100 - step, step)
        writer.add_scalar("val/score", 0.5, 49)
    found = history(tmp_path)
    assert found["train/loss_step"] == [(step, 100.0 - step) for step in range(50)]
    assert found["val/score"] == [(49, 0.5)]


def test_of_a_step_that_a_resumed_run_logged_twice_the_later_value_counts(tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    for number, values in enumerate([(3.0, 2.0, 9.0), (1.0, 0.5)]):
        with SummaryWriter(str(tmp_path), filename_suffix=f".{number}") as writer:
            for step, value in enumerate(values, start=number * 2):
                writer.add_scalar("val/loss", value, step)
    assert history(tmp_path)["val/loss"] == [(0, 3.0), (1, 2.0), (2, 1.0), (3, 0.5)]


def test_a_folder_that_is_no_run_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mm_nav train"):
        history(tmp_path)

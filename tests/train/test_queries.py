# SPDX-License-Identifier: Apache-2.0
"""Which phrases a frame is asked for, and what they mean there."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")

from mm_nav.core.config import ModelSpec  # noqa: E402
from mm_nav.engine.text import open_text_encoder  # noqa: E402
from mm_nav.train.queries import ask  # noqa: E402
from mm_nav.train.vocabulary import Vocabulary  # noqa: E402

SPEC = ModelSpec()
META: dict[str, Any] = {"texts": {}, "phrases": {}, "target": None, "sent": ["white barrel"]}
OBJECTS = 4


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary([META], SPEC, open_text_encoder(), None)


def unlabelled(xy: tuple[float, float]) -> dict[str, np.ndarray]:
    """A frame of a recording without labels, whose robot came to rest at ``xy``; everything ahead is looked at."""
    g = SPEC.grid
    grid = np.full((1, len(SPEC.lift_heights) * g.rows, g.columns, 2), -2, np.float32)
    grid[:, :, g.columns // 2 :] = 0.0
    visible = np.zeros((g.rows, g.columns), np.float32)
    visible[:, g.columns // 2 :] = 1.0
    return {
        "ids": np.full(OBJECTS, -1), "hits": np.zeros(OBJECTS), "in_view": np.zeros(OBJECTS), "boxes": np.zeros((OBJECTS, 9), np.float32),
        "camera_mask": np.ones(1, np.float32), "camera_grid": grid, "visible": visible, "stop": np.zeros(1, np.float32),
        "waypoints_known": np.ones(SPEC.waypoint_count, np.float32), "sent": np.array([0, *xy, 1, 0, 1], np.float32),
    }  # fmt: skip


def asked(xy: tuple[float, float], vocabulary: Vocabulary) -> dict[str, np.ndarray]:
    x = unlabelled(xy)
    ask(x, META, vocabulary, SPEC, np.random.default_rng(0), augment=False)
    return x


def test_where_the_robot_was_sent_is_its_goal_while_sensors_look_there(vocabulary: Vocabulary) -> None:
    x = asked((6.0, 1.0), vocabulary)
    assert x["goal_known"][0] == 1
    assert x["goal_hits"][0].sum() == 1
    np.testing.assert_allclose(x["boxes"][x["goal_hits"][0] > 0][0, :2], [6.0, 1.0])


@pytest.mark.parametrize("xy", [(-5.0, 0.0), (60.0, 0.0)])
def test_a_goal_behind_the_robot_or_far_away_is_neither_here_nor_absent(xy: tuple[float, float], vocabulary: Vocabulary) -> None:
    x = asked(xy, vocabulary)
    assert not x["goal_known"].any()
    assert not x["goal_hits"].any()
    assert x["phrase_mask"][0] == 1  # the waypoints still follow from it


def test_what_was_not_asked_for_is_not_called_absent_where_nobody_labelled(vocabulary: Vocabulary) -> None:
    x = asked((6.0, 1.0), vocabulary)
    others = x["phrase_mask"][1:] > 0
    assert others.any()
    assert not x["goal_known"][1:][others].any()

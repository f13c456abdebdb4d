# SPDX-License-Identifier: Apache-2.0
"""What a training is where nothing was said: by how much was recorded, and by what there is to start from."""

from pathlib import Path

import pytest

from mm_nav.train.config import FEW_MINUTES, TrainConfig

BASE = Path("base")
BAGS = (Path("bags"),)


def test_a_few_minutes_of_driving_train_adapters_of_the_base_bundle() -> None:
    settled = TrainConfig(bags=BAGS).settled(3.0, BASE)
    assert (settled.recipe, settled.base) == ("adapters", BASE)
    assert settled.chosen().needs_base


@pytest.mark.parametrize(
    ("minutes", "base", "more"),
    [
        (FEW_MINUTES, BASE, {}),
        (3.0, None, {}),
        (3.0, BASE, {"model": "tiny"}),
        (3.0, BASE, {"memory": False}),
        (3.0, BASE, {"pretrained": False}),
        (3.0, BASE, {"radar_sweeps": 3}),
    ],
    ids=["an hour", "nothing to start from", "another model", "no memory", "from nothing", "radar sweeps"],
)
def test_all_weights_learn_where_there_is_enough_or_another_network_is_asked_for(minutes: float, base: Path | None, more: dict) -> None:
    settled = TrainConfig(bags=BAGS, **more).settled(minutes, base)
    assert (settled.recipe, settled.base) == ("scratch", None)


def test_what_was_said_stays_as_it_is() -> None:
    told = TrainConfig(bags=BAGS, recipe="self_supervised")
    assert told.settled(3.0, BASE) is told
    from_mine = TrainConfig(bags=BAGS, base=Path("mine")).settled(3.0, BASE)
    assert (from_mine.recipe, from_mine.base) == ("scratch", Path("mine"))

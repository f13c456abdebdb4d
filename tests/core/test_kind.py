# SPDX-License-Identifier: Apache-2.0
"""Of which class a phrase speaks."""

import pytest

from mm_nav.core.kind import kind_of

CLASSES = ("box", "cone", "barrel", "person", "car")


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("blue cone", "cone"), ("Traffic Cones", "cone"), ("boxes", "box"), ("the red drum", "barrel"), ("pedestrian", "person"),
        ("蓝色锥桶", "cone"), ("桶", "barrel"), ("那个绿色的油桶", "barrel"), ("轿车", "car"),
        ("cone of the person", "person"), ("chair", None), ("mailbox", None), ("", None), ("椅子", None),
    ],
)  # fmt: skip
def test_the_last_noun_decides_and_unknown_ones_say_nothing(phrase: str, name: str | None) -> None:
    found = kind_of(phrase, CLASSES)
    assert (None if found is None else CLASSES[found]) == name


def test_only_classes_that_the_network_knows_count() -> None:
    assert kind_of("red cone", ("chair",)) is None
    assert kind_of("red chair", ("chair",)) == 0

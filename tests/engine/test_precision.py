# SPDX-License-Identifier: Apache-2.0
"""What "auto" takes: by the machine's own flags, and nothing that the bundle does not prove."""

from pathlib import Path
from typing import Any

import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.precision import cpu_flags, described, order, proof, settle

WIDE = frozenset({"avx2", "avx512f", "avx512_vnni", "avx512_bf16"})
PROVEN = {"output_error": 0.008, "success_rate": {"before": 0.975, "after": 0.975, "scenarios": 40}}


def bundle(files: tuple[str, ...] = ("model.onnx",), **precisions: Any) -> Bundle:
    """A bundle of which only the manifest is looked at."""
    manifest = {"files": dict.fromkeys(files, "0" * 64), "precisions": precisions}
    return Bundle(name="made up", version="0", path=Path("nowhere"), spec=ModelSpec(), manifest=manifest)


@pytest.mark.parametrize(
    ("flags", "gpu", "names"),
    [
        (WIDE, False, ["openvino", "ort", "eager"]),
        (frozenset({"avx2", "fma"}), False, ["openvino", "ort", "eager"]),
        (frozenset({"asimd"}), False, ["ort", "openvino", "eager"]),
        (frozenset(), False, ["ort", "openvino", "eager"]),
        (WIDE, True, ["trt", "ort-rtx", "ort-tensorrt", "ort-cuda", "eager", "openvino", "ort"]),
    ],
    ids=["wide CPU", "AVX2", "ARM", "unknown CPU", "GPU"],
)
def test_the_order_follows_from_what_the_machine_has(flags: frozenset[str], gpu: bool, names: list[str]) -> None:
    assert [name for name, _ in order(flags, gpu)] == names
    assert all(reason for _, reason in order(flags, gpu))


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        (None, "nothing was measured"),
        ({"output_error": 0.02}, "output error 0.02 is not within 0.01"),
        ({"output_error": float("nan")}, "output error nan is not within"),
        ({"output_error": 0.005}, "no driving was measured"),
        ({"output_error": 0.005, "success_rate": {"before": 0.975, "after": 0.95}}, "fell from 0.975 to 0.95"),
        (PROVEN, ""),
    ],
)
def test_a_precision_is_proven_by_output_error_and_driving(measured: Any, why: str) -> None:
    assert why in proof(bundle(bf16=measured), "bf16")
    assert bool(proof(bundle(bf16=measured), "bf16")) == bool(why)


def test_auto_takes_the_fastest_that_is_proven_and_that_the_cpu_has() -> None:
    both = bundle(("model.onnx", "model.int8.onnx"), int8=PROVEN, bf16=PROVEN)
    assert settle(both, "openvino", "auto", WIDE)[0] == "int8"
    assert settle(both, "openvino", "auto", WIDE - {"avx512_vnni"})[0] == "bf16"
    assert settle(both, "openvino", "auto", frozenset({"avx2"}))[0] == "f32"
    assert settle(both, "ort", "auto", WIDE)[0] == "f32"


def test_auto_takes_float32_where_nothing_is_proven_and_says_why() -> None:
    precision, why = settle(bundle(bf16={"output_error": 0.005}), "openvino", "auto", WIDE)
    assert precision == "f32"
    assert why == "int8: not in the bundle; bf16: no driving was measured"


def test_what_is_asked_for_is_taken_even_if_unproven() -> None:
    assert settle(bundle(), "openvino", "bf16", WIDE) == ("bf16", "as asked")


def test_a_manifest_without_precisions_is_read_as_before() -> None:
    old = Bundle(name="old", version="0", path=Path("nowhere"), spec=ModelSpec(), manifest={"files": {"model.onnx": ""}})
    assert settle(old, "openvino", "auto", WIDE)[0] == "f32"


def test_this_machines_flags_can_be_read() -> None:
    assert all(word == word.strip() for word in cpu_flags())


def test_figures_are_told_in_one_line() -> None:
    assert described(PROVEN) == "output error 0.80%, success rate 0.975 -> 0.975"

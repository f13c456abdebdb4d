# SPDX-License-Identifier: Apache-2.0
"""The ladder of backends: each rung gives what the one below gives, within what its arithmetic allows."""

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine import Engine, load_bundle, open_engine
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.ort import OrtEngine
from mm_nav.engine.precision import cpu_flags, gpu_here
from tests.engine.networks import random_input

NAMES = [f.name for f in dataclasses.fields(FusionOutput)]
FRAMES = [random_input(cameras, seed=seed, speed=0.5) for seed, cameras in enumerate((1, 1, 2))]
needs_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed; pip install 'mm_nav[openvino]'")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def widest(a: Engine, b: Engine) -> float:
    """Largest absolute difference over all outputs and frames."""
    pairs = [(a.run(f), b.run(f)) for f in FRAMES]
    return max(float(np.abs(getattr(x, n) - getattr(y, n)).max(initial=0.0)) for x, y in pairs for n in NAMES)


def relative(a: Engine, b: Engine, frames: list[FusionInput]) -> float:
    """Mean over the outputs of |a - b| / |b|."""
    pairs = [(a.run(f), b.run(f)) for f in frames]
    stacked: Any = {n: [np.concatenate([getattr(p[i], n).ravel() for p in pairs]) for i in (0, 1)] for n in NAMES}
    return float(np.mean([np.linalg.norm(x - y) / max(float(np.linalg.norm(y)), 1e-9) for x, y in stacked.values()]))


def test_onnx_runtime_stands_on_torch(exported: Path) -> None:
    bundle = load_bundle(exported)
    assert widest(OrtEngine(bundle, 1), open_engine(bundle, "eager:f32")) <= 1e-4


@needs_openvino
def test_openvino_in_float32_stands_on_onnx_runtime(exported: Path) -> None:
    bundle = load_bundle(exported)
    assert widest(open_engine(bundle, "openvino:f32", 1), OrtEngine(bundle, 1)) <= 1e-3


@needs_openvino
def test_openvino_gives_each_caller_arrays_of_his_own(exported: Path) -> None:
    engine = open_engine(load_bundle(exported), "openvino:f32", 1)
    first = engine.run(FRAMES[0])
    kept = {n: getattr(first, n).copy() for n in NAMES}
    engine.run(FRAMES[1])
    assert all(np.array_equal(getattr(first, n), kept[n]) for n in NAMES)


@needs_openvino
def test_openvino_keeps_what_it_compiled_in_our_own_folder(exported: Path, tmp_path: Path) -> None:
    open_engine(load_bundle(exported), "openvino:f32", 1)
    folder = tmp_path / "cache" / "mm_nav" / "openvino"
    assert any(folder.iterdir())
    assert folder.stat().st_mode & 0o077 == 0


@needs_openvino
@pytest.mark.skipif("avx512_bf16" not in cpu_flags() and "amx_bf16" not in cpu_flags(), reason="this CPU has no bfloat16 arithmetic")
def test_bfloat16_stays_close_to_float32(shipped: Bundle, driven_frames: list[FusionInput]) -> None:
    exact, rough = OrtEngine(shipped, 1), open_engine(shipped, "openvino:bf16", 1)
    assert 1e-4 < relative(rough, exact, driven_frames) <= 0.02
    same = [exact.run(f).occupancy.round() == rough.run(f).occupancy.round() for f in driven_frames]
    assert np.mean(same) > 0.99


def test_torch_in_bfloat16_stays_close_to_float32(shipped: Bundle, driven_frames: list[FusionInput]) -> None:
    exact = OrtEngine(shipped, 1)
    assert 1e-4 < relative(open_engine(shipped, "eager:bf16", 1), exact, driven_frames[:1]) <= 0.03


@pytest.mark.skipif(not gpu_here(), reason="no NVIDIA device here")
@pytest.mark.parametrize("backend", ["eager:f32", "trt:f32", "ort-cuda:f32"])
def test_a_gpu_stands_on_the_cpu(exported: Path, backend: str) -> None:
    bundle = load_bundle(exported)
    assert widest(open_engine(bundle, backend), OrtEngine(bundle)) <= 1e-3

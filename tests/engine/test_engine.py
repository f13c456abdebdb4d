# SPDX-License-Identifier: Apache-2.0
"""The backends: same answers, checked at load against the manifest, and honest when a run goes wrong."""

import dataclasses
import logging
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file, save_file

from mm_nav.core.types import FusionOutput
from mm_nav.engine import choose_engine, load_bundle, open_engine
from mm_nav.engine.bundle import write_manifest
from mm_nav.engine.contract import inputs_of, outputs_of
from mm_nav.errors import EngineError
from tests.engine.networks import ENCODER, SPEC, constant_graph, random_input, renamed

Sealed = Callable[..., Path]


@pytest.mark.parametrize("cameras", [1, 3])
def test_onnx_runtime_and_torch_agree(exported: Path, cameras: int) -> None:
    bundle = load_bundle(exported)
    ort, eager = open_engine(bundle, "ort", threads=1), open_engine(bundle, "eager")
    inputs = random_input(cameras, seed=cameras, speed=0.5)
    ours, theirs = ort.run(inputs), eager.run(inputs)
    for field in dataclasses.fields(FusionOutput):
        np.testing.assert_allclose(getattr(ours, field.name), getattr(theirs, field.name), atol=1e-4, err_msg=field.name)
    assert ort.name.startswith("ort ")
    assert eager.name.startswith("eager torch")


def test_a_later_frame_does_not_write_into_an_earlier_result(sealed: Sealed) -> None:
    engine = open_engine(load_bundle(sealed()), "ort")
    first = engine.run(random_input(speed=1.0))
    second = engine.run(random_input(speed=2.0))
    assert first.occupancy[0, 0] == np.float32(1.25)
    assert second.occupancy[0, 0] == np.float32(2.25)
    assert first.occupancy.shape == (SPEC.grid.rows, SPEC.grid.columns)


def test_runs_of_several_threads_do_not_mix(sealed: Sealed) -> None:
    engine = open_engine(load_bundle(sealed()), "ort", threads=1)
    speeds = [float(n) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda v: float(engine.run(random_input(speed=v)).stop[0]), speeds))
    assert said == [v + 0.25 for v in speeds]


def test_the_bits_repeat_from_run_to_run(exported: Path) -> None:
    engine = open_engine(load_bundle(exported), "ort", threads=1)
    a, b = engine.run(random_input(2)), engine.run(random_input(2))
    assert all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(FusionOutput))


@pytest.mark.fault("E08")
def test_values_that_are_not_finite_are_an_error_and_name_the_output(sealed: Sealed) -> None:
    engine = open_engine(load_bundle(sealed()), "ort")
    with pytest.raises(EngineError, match="occupancy has 576 of 576 values that are not finite"):
        engine.run(random_input(speed=float("nan")))
    assert engine.run(random_input()).stop[0] == 0.25  # and the next frame is fine


def test_an_input_with_other_channels_is_refused_with_both_shapes(sealed: Sealed) -> None:
    engine = open_engine(load_bundle(sealed()), "ort")
    odd = dataclasses.replace(random_input(), lidar_bev=np.zeros((7, 24, 24), np.float32))
    with pytest.raises(EngineError, match=r"lidar_bev is float32\[1, 7, 24, 24\].*\['batch', 9, 24, 24\]"):
        engine.run(odd)


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (constant_graph(outputs=outputs_of(SPEC)[:-1]), r"outputs lack \['stop'\]"),
        (constant_graph(inputs=renamed(inputs_of(SPEC), "phrase", name="sentence")), "unknown .'sentence'."),
        (constant_graph(inputs=renamed(inputs_of(SPEC), "phrase", dtype="float64")), "phrase is float64"),
        (constant_graph(inputs=renamed(inputs_of(SPEC), "lidar_bev", shape=("batch", 7, 24, 24))), "lidar_bev is"),
        (constant_graph(inputs=renamed(inputs_of(SPEC), "camera_mask", shape=("batch", 1))), "camera_mask is"),
    ],
    ids=["output missing", "input renamed", "input retyped", "input reshaped", "one camera only"],
)
@pytest.mark.fault("E07")
def test_a_graph_that_does_not_fit_its_manifest_is_refused(sealed: Sealed, graph: onnx.ModelProto, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        open_engine(load_bundle(sealed(graph)), "ort")


@pytest.mark.parametrize("content", [b"", b"not a network", constant_graph().SerializeToString()[:400]])
@pytest.mark.fault("E02", "E03")
def test_a_file_that_is_no_network_is_refused_even_if_its_hash_is_right(sealed: Sealed, content: bytes) -> None:
    folder = sealed()
    (folder / "model.onnx").write_bytes(content)
    write_manifest(folder, spec=SPEC, text_encoder=ENCODER)
    with pytest.raises(EngineError, match=r"cannot load .*model\.onnx") as caught:
        open_engine(load_bundle(folder), "ort")
    assert "\n" not in str(caught.value)


@pytest.mark.fault("E06")
def test_a_graph_of_the_future_is_refused(sealed: Sealed) -> None:
    graph = constant_graph()
    graph.opset_import[0].version = 999
    with pytest.raises(EngineError, match="cannot load"):
        open_engine(load_bundle(sealed(graph)), "ort")


def test_weights_of_another_network_are_refused(real_bundle: Path) -> None:
    weights = load_file(real_bundle / "weights.safetensors")
    weights.pop(sorted(weights)[0])
    save_file(weights, real_bundle / "weights.safetensors")
    write_manifest(real_bundle, spec=SPEC, text_encoder=ENCODER)
    with pytest.raises(EngineError, match="does not fit the network"):
        open_engine(load_bundle(real_bundle), "eager")


@pytest.mark.parametrize("content", [b"", b"\x80\x04cposix\nsystem\n.", b"\xff" * 64])
@pytest.mark.fault("E09", "E10")
def test_weights_that_are_no_safetensors_are_refused(real_bundle: Path, content: bytes) -> None:
    (real_bundle / "weights.safetensors").write_bytes(content)
    write_manifest(real_bundle, spec=SPEC, text_encoder=ENCODER)
    with pytest.raises(EngineError, match="does not fit the network"):
        open_engine(load_bundle(real_bundle), "eager")


@pytest.mark.fault("E13")
def test_auto_falls_back_to_torch_and_says_why(real_bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    (real_bundle / "model.onnx").unlink()
    write_manifest(real_bundle, spec=SPEC, text_encoder=ENCODER)
    with caplog.at_level(logging.INFO, logger="mm_nav"):
        engine = open_engine(load_bundle(real_bundle), "auto")
    assert engine.name.startswith("eager")
    assert "backend ort not used" in caplog.text
    assert f"backend {engine.name} chosen for bundle untrained" in caplog.text


def test_auto_names_every_backend_that_failed(sealed: Sealed) -> None:
    folder = sealed(constant_graph(outputs=outputs_of(SPEC)[1:]))
    with pytest.raises(EngineError, match=r"ort: .*lack \['occupancy'\].*eager: .*no weights.safetensors"):
        open_engine(load_bundle(folder))


def test_an_unknown_backend_is_named_with_the_known_ones(sealed: Sealed) -> None:
    bundle = load_bundle(sealed())
    with pytest.raises(EngineError, match=r"unknown backend 'cuda'; choose one of auto, trt, .*openvino, ort, eager"):
        open_engine(bundle, "cuda")
    with pytest.raises(EngineError, match=r"unknown precision 'fp4'; choose one of auto, f32"):
        open_engine(bundle, "ort:fp4")


@pytest.mark.fault("E13", "G01")
def test_a_backend_that_cannot_be_had_is_refused_unless_falling_back_is_allowed(sealed: Sealed, caplog: pytest.LogCaptureFixture) -> None:
    bundle = load_bundle(sealed())
    with pytest.raises(EngineError, match=r"onnxruntime .* has no TensorrtExecutionProvider; pip install onnxruntime-gpu"):
        choose_engine(bundle, "ort-tensorrt")
    with caplog.at_level(logging.WARNING, logger="mm_nav"):
        chosen = choose_engine(bundle, "ort-tensorrt", allow_fallback=True)
    assert chosen.fell_back
    assert "onnxruntime-gpu" in chosen.why
    assert "backend ort-tensorrt not used" in caplog.text
    assert chosen.engine.run(random_input()).stop[0] == 0.25


def test_a_precision_that_the_bundle_lacks_is_refused_with_the_command_that_makes_it(sealed: Sealed) -> None:
    with pytest.raises(EngineError, match=r"no model.int8.onnx; `mm_nav export fixed --precision int8 --calibrate"):
        open_engine(load_bundle(sealed()), "ort:int8")


def test_running_a_bundle_loads_no_torch(sealed: Sealed) -> None:
    code = (
        "import sys; from mm_nav.engine import choose_engine, load_bundle, open_engine;"
        f"open_engine(load_bundle({str(sealed())!r})); assert {{'onnxruntime', 'openvino'}} & set(sys.modules); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.fault("G01")
@pytest.mark.parametrize(("backend", "told"), [("trt", "tensorrt|CUDA|driver"), ("ort-cuda", "CUDAExecutionProvider")])
def test_without_a_gpu_its_backend_is_refused_or_where_allowed_the_processor_serves(exported: Path, backend: str, told: str) -> None:
    from mm_nav.engine.precision import gpu_here

    if gpu_here():
        pytest.skip("there is an NVIDIA driver here")
    bundle = load_bundle(exported)
    with pytest.raises(EngineError, match=told) as refused:
        open_engine(bundle, backend)
    assert "\n" not in str(refused.value)
    chosen = choose_engine(bundle, backend, allow_fallback=True)
    assert chosen.fell_back
    assert "CPU" in chosen.engine.name
    assert backend in chosen.why

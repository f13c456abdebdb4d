# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime backend: the one that every robot has; CPU, or a GPU through an execution provider."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.cache import own_folder
from mm_nav.engine.contract import TensorSpec, batched, unbatched
from mm_nav.engine.precision import network_file
from mm_nav.errors import EngineError

# Between frames the worker threads sleep rather than spin (CPU times: `mm_nav bench inference`); and each takes its work in small parts,
# so that one that is interrupted does not keep the others waiting.
SHARING = {"session.force_spinning_stop": "1", "session.dynamic_block_base": "4"}
TYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(float16)": "float16", "tensor(double)": "float64"}


class OrtEngine:
    """A session whose inputs are read and whose outputs are written in place, without copies.

    Args:
        bundle: verified; its network is checked against the manifest here.
        threads: intra-op threads, 0 for ONNX Runtime's choice.
        precision: which network of the bundle: "f32", "int8", or "fp16" (which a CPU emulates, slowly).
        device: "" for the CPU, else an execution provider: "cuda", "tensorrt", or "rtx" (its plugin).

    Raises:
        EngineError: the graph does not load, its inputs and outputs are not those of the manifest, or the execution
            provider is not there; ONNX Runtime alone would then run on the CPU and not say so.
    """

    def __init__(self, bundle: Bundle, threads: int = 0, precision: str = "f32", device: str = "") -> None:
        self.name = f"ort {onnxruntime.__version__} {device or 'CPU'} {precision}"
        self._inputs, self._outputs = bundle.inputs, bundle.outputs
        if precision == "bf16":
            raise EngineError("onnxruntime computes this network's bf16 nowhere; choose precision f32 or int8, or backend openvino")
        path = network_file(bundle, precision)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        for key, value in SHARING.items():
            options.add_session_config_entry(key, value)
        wanted, providers = _providers(device, options)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # onnxruntime raises a private class per status code
            raise EngineError(
                f"onnxruntime {onnxruntime.__version__} cannot load {path}: {_one_line(error)}; "
                "export the bundle again, or install the onnxruntime that fits it"
            ) from error
        if wanted not in self._session.get_providers():
            raise EngineError(f"onnxruntime could not start {wanted} and took {self._session.get_providers()}; "
                              "its log says which CUDA or TensorRT library it misses")  # fmt: skip
        _check(path, "input", self._inputs, self._session.get_inputs())
        _check(path, "output", self._outputs, self._session.get_outputs())

    def run(self, inputs: FusionInput) -> FusionOutput:
        """One frame; see ``mm_nav.engine.Engine``."""
        arrays = batched(inputs, self._inputs)
        results: dict[str, NDArray[Any]] = {}
        binding = self._session.io_binding()
        for name, array in arrays.items():
            binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        for tensor in self._outputs:  # new arrays each time: a Scene keeps them
            out = results[tensor.name] = np.empty((1, *tensor.shape[1:]), tensor.dtype)  # type: ignore[arg-type]
            binding.bind_output(tensor.name, "cpu", 0, out.dtype, out.shape, out.ctypes.data)
        try:
            self._session.run_with_iobinding(binding)
        except Exception as error:
            raise EngineError(f"onnxruntime failed on a frame: {_one_line(error)}; hold this frame") from error
        return unbatched(results)


def open_backend(bundle: Bundle, threads: int, precision: str, flavour: str) -> OrtEngine:
    """What ``open_engine`` calls; the flavour is the execution provider."""
    return OrtEngine(bundle, threads, precision, flavour)


def _providers(device: str, options: Any) -> tuple[str, list[Any] | None]:
    """The provider that must be in use, and what to give to the session (None where ``options`` carry it).

    Raises:
        EngineError: this onnxruntime lacks it, or it sees no device; the text says what to install.
    """
    if not device:
        return "CPUExecutionProvider", ["CPUExecutionProvider"]
    if device == "rtx":
        return _register_rtx(options), None
    name = {"cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}[device]
    if name not in onnxruntime.get_available_providers():
        raise EngineError(f"onnxruntime {onnxruntime.__version__} has no {name}; pip install onnxruntime-gpu in place of onnxruntime")
    settings: dict[str, str] = {}
    if device == "tensorrt":  # it caches what it built by graph, version and GPU; in our own folder
        folder = str(own_folder("ort-tensorrt"))
        settings = {"trt_engine_cache_enable": "1", "trt_engine_cache_path": folder,
                    "trt_timing_cache_enable": "1", "trt_timing_cache_path": folder}  # fmt: skip
    return name, [(name, settings), "CPUExecutionProvider"]


def _register_rtx(options: Any) -> str:
    """Load NVIDIA's plugin, once per process, and give its devices to the session."""
    try:
        import onnxruntime_ep_nv_tensorrt_rtx as plugin
    except ImportError as error:
        raise EngineError(f"TensorRT-RTX is not installed ({error}); pip install onnxruntime-ep-nv-tensorrt-rtx-cu13") from error
    name = str(plugin.get_ep_name())
    try:
        if name not in {d.ep_name for d in onnxruntime.get_ep_devices()}:
            onnxruntime.register_execution_provider_library(name, plugin.get_library_path())
        devices = [d for d in onnxruntime.get_ep_devices() if d.ep_name == name]
        if devices:
            options.add_provider_for_devices(devices[:1], {})
    except Exception as error:  # a missing driver library surfaces as the loader's own error
        raise EngineError(f"{name} cannot be loaded: {_one_line(error)}; it needs an RTX GPU and a driver with CUDA 13") from error
    if not devices:
        raise EngineError(f"{name} sees no GPU that it can use; it needs NVIDIA Ampere or later")
    return name


def _check(path: Path, side: str, wanted: Sequence[TensorSpec], found: Sequence[Any]) -> None:
    """Names, types and shapes of the graph against the manifest's (which ``load_bundle`` held against the spec)."""
    has = {arg.name: arg for arg in found}
    if set(has) != {t.name for t in wanted}:
        lacks, odd = sorted({t.name for t in wanted} - set(has)), sorted(set(has) - {t.name for t in wanted})
        raise EngineError(f"{path}: {side}s lack {lacks} and have unknown {odd}; export the bundle again")
    for tensor in wanted:
        arg = has[tensor.name]
        dtype = TYPES.get(arg.type, arg.type)
        # an output's shape may be left open by the exporter; it is written into an array of the wanted shape
        shape = list(arg.shape)
        if side == "output" and len(shape) == len(tensor.shape):
            shape = [mine if not isinstance(axis, int) else axis for mine, axis in zip(tensor.shape, shape, strict=True)]
        if not tensor.accepts(dtype, shape):
            raise EngineError(
                f"{path}: {side} {tensor.name} is {dtype}{arg.shape}, the manifest says {tensor}; "
                "export the bundle again"
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

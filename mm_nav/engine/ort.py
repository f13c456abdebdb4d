# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime backend: the one that a robot without torch uses. The only file that imports onnxruntime."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.contract import TensorSpec, batched, unbatched
from mm_nav.errors import EngineError

TYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(float16)": "float16", "tensor(double)": "float64"}


class OrtEngine:
    """A session whose inputs are read and whose outputs are written in place, without copies.

    Args:
        bundle: verified; its ``model.onnx`` is checked against the manifest here.
        threads: intra-op threads, 0 for ONNX Runtime's choice.

    Raises:
        EngineError: the graph does not load, or its inputs and outputs are not those of the manifest.
    """

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        self.name = f"ort {onnxruntime.__version__} CPU"
        self._inputs, self._outputs = bundle.inputs, bundle.outputs
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if "model.onnx" not in bundle.manifest["files"]:
            raise EngineError(f"bundle {bundle.name!r} has no model.onnx; export it, or use the eager backend")
        try:
            self._session = onnxruntime.InferenceSession(
                str(bundle.onnx_path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises a private class per status code
            raise EngineError(
                f"onnxruntime {onnxruntime.__version__} cannot load {bundle.onnx_path}: {_one_line(error)}; "
                "export the bundle again, or install the onnxruntime that fits it"
            ) from error
        _check(bundle, "input", self._inputs, self._session.get_inputs())
        _check(bundle, "output", self._outputs, self._session.get_outputs())

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


def open_backend(bundle: Bundle, threads: int) -> OrtEngine:
    """What ``open_engine`` calls."""
    return OrtEngine(bundle, threads)


def _check(bundle: Bundle, side: str, wanted: Sequence[TensorSpec], found: Sequence[Any]) -> None:
    """Names, types and shapes of the graph against the manifest's (which ``load_bundle`` held against the spec)."""
    has = {arg.name: arg for arg in found}
    if set(has) != {t.name for t in wanted}:
        lacks, odd = sorted({t.name for t in wanted} - set(has)), sorted(set(has) - {t.name for t in wanted})
        raise EngineError(f"{bundle.onnx_path}: {side}s lack {lacks} and have unknown {odd}; export the bundle again")
    for tensor in wanted:
        arg = has[tensor.name]
        dtype = TYPES.get(arg.type, arg.type)
        # an output's shape may be left open by the exporter; it is written into an array of the wanted shape
        shape = list(arg.shape)
        if side == "output" and len(shape) == len(tensor.shape):
            shape = [mine if not isinstance(axis, int) else axis for mine, axis in zip(tensor.shape, shape, strict=True)]
        if not tensor.accepts(dtype, shape):
            raise EngineError(
                f"{bundle.onnx_path}: {side} {tensor.name} is {dtype}{arg.shape}, the manifest says {tensor}; "
                "export the bundle again"
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

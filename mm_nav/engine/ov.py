# SPDX-License-Identifier: Apache-2.0
"""OpenVINO backend: the fastest that we know on CPUs with AVX2 or more. The only file that imports openvino.

The network is compiled for fixed shapes, once for each number of cameras that turns up, and kept.
"""

import logging
import threading
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.cache import own_folder
from mm_nav.engine.contract import TensorSpec, batched, unbatched
from mm_nav.engine.precision import network_file
from mm_nav.errors import EngineError

TYPES = {"f32": "float32", "u8": "uint8", "f16": "float16", "f64": "float64"}
ARITHMETIC = {"f32": "f32", "bf16": "bf16", "int8": "f32"}  # what is not in 8 bits stays as it is
log = logging.getLogger(__name__)


class OpenVinoEngine:
    """Compiled variants by number of cameras; inputs are read and outputs written in place, without copies.

    Args:
        bundle: verified; the graph's inputs and outputs are checked against its manifest here.
        threads: inference threads, 0 for OpenVINO's choice.
        precision: "f32", "bf16" (arithmetic in bfloat16 where the CPU has it), or "int8" (the bundle's quantised network).

    Raises:
        EngineError: the graph does not load, is not that of the manifest, or this CPU lacks the precision.
    """

    def __init__(self, bundle: Bundle, threads: int = 0, precision: str = "f32") -> None:
        self._inputs, self._outputs = bundle.inputs, bundle.outputs
        self._path = network_file(bundle, precision)
        self._core = openvino.Core()
        version = openvino.__version__.partition("-")[0]
        self.name = f"openvino {version} CPU {precision}"
        if precision not in ARITHMETIC:
            raise EngineError(f"openvino runs f32, bf16 and int8 here, not {precision!r}; choose one of these")
        if precision == "bf16" and "BF16" not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise EngineError("this CPU has no bfloat16 arithmetic; choose precision f32 or int8")
        self._options: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": ARITHMETIC[precision], "NUM_STREAMS": 1,
        }  # fmt: skip
        if threads:
            self._options["INFERENCE_NUM_THREADS"] = threads
        try:
            self._options["CACHE_DIR"] = str(own_folder("openvino"))
        except EngineError as error:
            log.warning("compiled networks are not kept: %s", str(error))
        self._requests: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._request(1)

    def run(self, inputs: FusionInput) -> FusionOutput:
        """One frame; see ``mm_nav.engine.Engine``. The first with another number of cameras compiles."""
        arrays = batched(inputs, self._inputs)
        # new arrays each time: a Scene keeps them
        results: dict[str, NDArray[Any]] = {t.name: np.empty((1, *t.shape[1:]), t.dtype) for t in self._outputs}  # type: ignore[arg-type]
        with self._lock:  # one request per variant, and its tensors are set for each frame
            request = self._request(len(inputs.camera_mask))
            try:
                for name, array in (*arrays.items(), *results.items()):
                    request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
                request.infer()
            except RuntimeError as error:
                raise EngineError(f"openvino failed on a frame: {_one_line(error)}; hold this frame") from error
        return unbatched(results)

    def _request(self, cameras: int) -> Any:
        """The inference request for a number of cameras."""
        if cameras not in self._requests:
            try:
                model = self._core.read_model(str(self._path))
                self._check(model)
                model.reshape({t.name: [1, *(cameras if axis == "cameras" else int(axis) for axis in t.shape[1:])] for t in self._inputs})
                self._requests[cameras] = self._core.compile_model(model, "CPU", self._options).create_infer_request()
            except RuntimeError as error:
                raise EngineError(
                    f"openvino {openvino.__version__} cannot load {self._path}: {_one_line(error)}; "
                    "export the bundle again, or install the openvino that fits it"
                ) from error
        return self._requests[cameras]

    def _check(self, model: Any) -> None:
        """Names, types and shapes of the graph against the manifest's."""
        for side, wanted, found in (("input", self._inputs, model.inputs), ("output", self._outputs, model.outputs)):
            has = {port.get_any_name(): port for port in found}
            if set(has) != {t.name for t in wanted}:
                raise EngineError(f"{self._path}: {side}s are {sorted(has)}, the manifest says {sorted(t.name for t in wanted)}; export the bundle again")
            for tensor in wanted:
                _check_port(self._path, side, tensor, has[tensor.name])


def _check_port(path: object, side: str, tensor: TensorSpec, port: Any) -> None:
    dtype = port.get_element_type().get_type_name()
    shape = [axis.get_length() if axis.is_static else None for axis in port.get_partial_shape()]
    if side == "output" and len(shape) == len(tensor.shape):  # an output's shape may be left open by the exporter
        shape = [theirs if theirs is not None else mine for mine, theirs in zip(tensor.shape, shape, strict=True)]
    if not tensor.accepts(TYPES.get(dtype, dtype), shape):
        raise EngineError(f"{path}: {side} {tensor.name} is {dtype}{shape}, the manifest says {tensor}; export the bundle again")


def open_backend(bundle: Bundle, threads: int, precision: str, flavour: str = "") -> OpenVinoEngine:
    """What ``open_engine`` calls."""
    return OpenVinoEngine(bundle, threads, precision)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

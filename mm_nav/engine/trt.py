# SPDX-License-Identifier: Apache-2.0
"""TensorRT backend: builds an engine for this GPU from the bundle's ONNX, keeps it, and replays it as one CUDA graph.

Written to NVIDIA's documented Python API of TensorRT 10 and 11. Networks are strongly typed: an engine computes in the
types that stand in the ONNX file, so fp16 is ``model.fp16.onnx`` and int8 the one with explicit Q/DQ nodes, and no layer
silently falls back to another precision. The only file that imports tensorrt.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorrt as trt
from numpy.typing import NDArray

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle, file_sha256
from mm_nav.engine.cache import PROGRESS_S, EngineCache, Key, check_ours, telling, write_whole
from mm_nav.engine.contract import TensorSpec, batched, unbatched
from mm_nav.engine.cuda import Buffer, Graph, free_mb, gpu
from mm_nav.engine.precision import network_file
from mm_nav.errors import EngineError

PRECISIONS = ("f32", "fp16", "int8-signed")
WORKSPACE_BYTES = 1 << 30
SECOND_STREAM = 1  # further streams on which an engine may run independent branches (camera, LiDAR) side by side
log = logging.getLogger(__name__)


class _Log(trt.ILogger):  # type: ignore[misc]
    """TensorRT's own words in our log; its errors are kept, since the calls themselves only return None."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.errors: list[str] = []

    def log(self, severity: Any, msg: str) -> None:
        """Called by TensorRT, from its threads."""
        if severity in {trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR}:
            self.errors.append(" ".join(msg.split()))
        if severity != trt.ILogger.Severity.VERBOSE:
            log.debug("TensorRT: %s", msg)

    def said(self) -> str:
        """The last errors on one line."""
        return "; ".join(self.errors[-3:])[:600] or "TensorRT gave no reason"


class _Progress(trt.IProgressMonitor):  # type: ignore[misc]
    """Says every ten seconds which phase of a build is how far."""

    def __init__(self) -> None:
        trt.IProgressMonitor.__init__(self)
        self._steps: dict[str, int] = {}
        self._last_s = time.monotonic()

    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        """Called by TensorRT."""
        self._steps[phase_name] = num_steps

    def step_complete(self, phase_name: str, step: int) -> bool:
        """Called by TensorRT; True goes on."""
        if time.monotonic() - self._last_s >= PROGRESS_S:
            self._last_s = time.monotonic()
            log.info("building: %s, step %d of %d", phase_name, step + 1, self._steps.get(phase_name, 0))
        return True

    def phase_finish(self, phase_name: str) -> None:
        """Called by TensorRT."""
        self._steps.pop(phase_name, None)


class TensorRtEngine:
    """Engines by number of cameras, with memory on both sides allocated once.

    Args:
        bundle: verified; its network in this precision is the source, and its hash part of the key.
        precision: one of ``PRECISIONS``.
        again: build even if a fitting engine is kept.

    Raises:
        EngineError: no GPU, no such precision, not enough memory, or TensorRT cannot parse or build it, in its own words.
    """

    def __init__(self, bundle: Bundle, precision: str = "f32", *, again: bool = False) -> None:
        if precision not in PRECISIONS:
            raise EngineError(f"tensorrt runs {', '.join(PRECISIONS)} here, not {precision!r}; choose one of these")
        self._bundle, self._precision, self._again = bundle, precision, again
        self._inputs, self._outputs = bundle.inputs, bundle.outputs
        self._path = network_file(bundle, precision)
        self._device = gpu()
        self.name = f"trt {trt.__version__} {self._device['gpu']} {precision}"
        self._log = _Log()
        self._runtime = trt.Runtime(self._log)
        self._variants: dict[int, _Variant] = {}
        self._lock = threading.Lock()
        self.prepare(1)

    def prepare(self, cameras: int) -> bool:
        """Build or load the engine for a number of cameras; True if it had to be built."""
        key = Key({**self._device, "onnx": file_sha256(self._path), "tensorrt": trt.__version__, "precision": self._precision,
                   "cameras": str(cameras)})  # fmt: skip
        cache = EngineCache("tensorrt", self._bundle.name)
        engine, built = cache.obtain(key, lambda: self._build(cameras, cache.folder), self._load, again=self._again)
        self._variants[cameras] = _Variant(engine, self._inputs, self._outputs, cameras)
        return built

    def run(self, inputs: FusionInput) -> FusionOutput:
        """One frame; see ``mm_nav.engine.Engine``. The first with another number of cameras builds or loads its engine."""
        arrays = batched(inputs, self._inputs)
        with self._lock:  # the graph reads and writes the same memory each time
            cameras = len(inputs.camera_mask)
            if cameras not in self._variants:
                self.prepare(cameras)
            return unbatched(self._variants[cameras](arrays))

    def _load(self, data: bytes) -> Any:
        engine = self._runtime.deserialize_cuda_engine(data)
        if engine is None:
            raise EngineError(f"TensorRT cannot load the engine: {self._log.said()}")
        return engine

    def _build(self, cameras: int, folder: Path) -> bytes:
        """A serialised engine; minutes on an embedded GPU."""
        log.info("building a TensorRT %s engine (%s, %d camera(s)) of %s for %s; this takes minutes, once",
                 trt.__version__, self._precision, cameras, self._bundle.name, self._device["gpu"])  # fmt: skip
        builder = trt.Builder(self._log)
        network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        parser = trt.OnnxParser(network, self._log)
        if not parser.parse_from_file(str(self._path)):
            said = "; ".join(parser.get_error(i).desc() for i in range(parser.num_errors))
            raise EngineError(f"TensorRT {trt.__version__} cannot parse {self._path}: {' '.join(said.split())[:600]}")
        self._fix_shapes(network, cameras)
        config = builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
        config.clear_flag(trt.BuilderFlag.TF32)  # f32 is f32
        config.max_aux_streams = SECOND_STREAM
        config.progress_monitor = _Progress()
        timings = folder / f"timing-{trt.__version__}.cache"
        cache = config.create_timing_cache(_read_ours(timings))
        if cache is None or not config.set_timing_cache(cache, False):
            config.set_timing_cache(config.create_timing_cache(b""), False)
        with telling(f"building {self._bundle.name} {self._precision}"):
            plan = builder.build_serialized_network(network, config)
        if plan is None:
            free, total = free_mb()
            raise EngineError(f"TensorRT {trt.__version__} cannot build {self._path} in {self._precision}: {self._log.said()}; "
                              f"{free} of {total} MB of GPU memory are free")  # fmt: skip
        if (kept := config.get_timing_cache()) is not None:
            write_whole(timings, bytes(kept.serialize()))
        return bytes(plan)

    def _fix_shapes(self, network: Any, cameras: int) -> None:
        found = {network.get_input(i).name: network.get_input(i) for i in range(network.num_inputs)}
        if set(found) != {t.name for t in self._inputs}:
            raise EngineError(f"{self._path}: inputs are {sorted(found)}, the manifest says {sorted(t.name for t in self._inputs)}; export the bundle again")
        for tensor in self._inputs:
            found[tensor.name].shape = _shape(tensor, cameras)


class _Variant:
    """An engine with fixed shapes, its memory, and the graph: copy in, run, copy out."""

    def __init__(self, engine: Any, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], cameras: int) -> None:
        names = {engine.get_tensor_name(i) for i in range(engine.num_io_tensors)}
        if names != {t.name for t in (*inputs, *outputs)}:
            raise EngineError(f"the engine has tensors {sorted(names)}, not those of the manifest; export the bundle again")
        self._engine = engine
        self._context = engine.create_execution_context()
        if self._context is None:
            free, total = free_mb()
            needed = engine.device_memory_size_v2 >> 20
            raise EngineError(f"TensorRT needs {needed} MB of GPU memory to run this, {free} of {total} MB are free; close what else uses the GPU")
        self._inputs = {t.name: Buffer(_shape(t, cameras), t.dtype) for t in inputs}
        self._outputs = {t.name: Buffer(_shape(t, cameras), t.dtype) for t in outputs}
        for name, buffer in (*self._inputs.items(), *self._outputs.items()):
            if tuple(engine.get_tensor_shape(name)) != buffer.host.shape:
                raise EngineError(f"the engine's {name} is {tuple(engine.get_tensor_shape(name))}, the manifest says {buffer.host.shape}; export again")
            self._context.set_tensor_address(name, buffer.address)
            buffer.host[...] = 0
        self._graph = Graph(self._enqueue)

    def _enqueue(self, stream: Any) -> None:
        for buffer in self._inputs.values():
            buffer.upload(stream)
        if not self._context.execute_async_v3(int(stream)):
            raise EngineError("TensorRT failed on a frame; hold this frame")
        for buffer in self._outputs.values():
            buffer.download(stream)

    def __call__(self, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """One frame; the arrays are the caller's own."""
        for name, array in arrays.items():
            np.copyto(self._inputs[name].host, array)
        self._graph.launch()
        return {name: buffer.host.copy() for name, buffer in self._outputs.items()}


def open_backend(bundle: Bundle, threads: int, precision: str, flavour: str) -> TensorRtEngine:
    """What ``open_engine`` calls."""
    return TensorRtEngine(bundle, precision)


def _shape(tensor: TensorSpec, cameras: int) -> tuple[int, ...]:
    return (1, *(cameras if axis == "cameras" else int(axis) for axis in tensor.shape[1:]))


def _read_ours(path: Path) -> bytes:
    """A file of our cache, or nothing if it is not there or somebody else could have written it."""
    try:
        check_ours(path)
        return path.read_bytes()
    except (EngineError, OSError):
        return b""

# SPDX-License-Identifier: Apache-2.0
"""Torch backend: the network as it was trained, for comparison, for machines with torch alone, and on a GPU.

On CUDA the whole network is one graph that is replayed, so that a frame costs one launch. Reads safetensors only; a pickle
is never opened.
"""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.contract import batched, unbatched
from mm_nav.errors import EngineError
from mm_nav.model import FusionNet, build_net

DTYPES = {"f32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
WARM_UP = 3  # runs before a graph is captured: cuDNN has chosen its algorithms then


class EagerEngine:
    """The torch module with the bundle's weights, in eval mode; on the first CUDA device if there is one.

    Args:
        bundle: verified; needs ``weights.safetensors``.
        threads: intra-op threads of the process, 0 leaves them as they are.
        precision: "f32", "bf16", or on CUDA "fp16"; the lower ones by autocast, with channels-last pictures and maps.
        compiled: let torch.compile fuse it (minutes at first; needs a C++ compiler, or Triton on a GPU).
        device: "cpu" or "cuda"; empty for CUDA where it is.

    Raises:
        EngineError: no weights, unreadable weights, weights of another network, or torch cannot do what is asked.
    """

    def __init__(self, bundle: Bundle, threads: int = 0, precision: str = "f32", compiled: bool = False, device: str = "") -> None:
        if precision not in DTYPES or (precision == "fp16" and device == "cpu"):
            raise EngineError(f"torch runs f32, bf16 and on a GPU fp16 here, not {precision!r}; choose one of these")
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        place = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else "CPU"
        self.name = f"eager torch {torch.__version__} {place} {precision}{' compiled' if compiled else ''}"
        self._inputs = bundle.inputs
        self._names = [t.name for t in bundle.outputs]
        self._dtype = DTYPES[precision]
        if threads:
            torch.set_num_threads(threads)
        net: nn.Module = load_net(bundle).eval().to(self._device)
        if self._dtype is not None or self._device.type == "cuda":
            net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._net: Any = torch.compile(net) if compiled else net
        self._graphs: dict[int, _Replay] = {}
        self._lock = threading.Lock()

    def run(self, inputs: FusionInput) -> FusionOutput:
        """One frame; see ``mm_nav.engine.Engine``. On CUDA the first with another number of cameras captures a graph."""
        arrays = batched(inputs, self._inputs)
        try:
            if self._device.type == "cuda":
                with self._lock:  # a graph reads and writes the same memory each time
                    cameras = len(inputs.camera_mask)
                    if cameras not in self._graphs:
                        self._graphs[cameras] = _Replay(self._forward, arrays, self._device)
                    out = self._graphs[cameras](arrays)
            else:
                out = {k: v.numpy() for k, v in self._forward({k: torch.from_numpy(a) for k, a in arrays.items()}).items()}
        except RuntimeError as error:
            raise EngineError(f"torch failed on a frame: {' '.join(str(error).split())[:300]}; hold this frame") from error
        return unbatched(out)

    def _forward(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self._dtype is not None:
                stack.enter_context(torch.autocast(self._device.type, self._dtype))
            elif self._device.type == "cuda":  # f32 is f32: without this cuDNN rounds factors to ten bits
                stack.enter_context(torch.backends.cudnn.flags(enabled=True, allow_tf32=False))
            out = self._net(**tensors)
            return {name: out[name].float() for name in self._names}


class _Replay:
    """The network for one set of shapes as a CUDA graph, with its own memory on both sides."""

    def __init__(self, forward: Any, arrays: Mapping[str, NDArray[Any]], device: torch.device) -> None:
        self._host = {k: torch.from_numpy(a.copy()).pin_memory() for k, a in arrays.items()}
        self._inputs = {k: t.to(device) for k, t in self._host.items()}
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(self._stream):
            for _ in range(WARM_UP):
                forward(self._inputs)
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, stream=self._stream):
            self._outputs: dict[str, Tensor] = forward(self._inputs)
        self._results = {k: torch.empty(t.shape, dtype=t.dtype, pin_memory=True) for k, t in self._outputs.items()}

    def __call__(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Copy in, replay, copy out; the arrays are the caller's own."""
        with torch.cuda.stream(self._stream):
            for name, array in arrays.items():
                np.copyto(self._host[name].numpy(), array)
                self._inputs[name].copy_(self._host[name], non_blocking=True)
            self._graph.replay()
            for name, result in self._results.items():
                result.copy_(self._outputs[name], non_blocking=True)
        self._stream.synchronize()
        return {name: result.numpy().copy() for name, result in self._results.items()}


def load_net(bundle: Bundle) -> FusionNet:
    """The bundle's network as a torch module, in float32.

    Raises:
        EngineError: no weights, unreadable weights, or weights of another network.
    """
    if "weights.safetensors" not in bundle.manifest["files"]:
        raise EngineError(f"bundle {bundle.name!r} has no weights.safetensors; use the ort backend or train it again")
    net = build_net(bundle.spec)
    try:
        net.load_state_dict(load_file(bundle.weights_path))
    except (SafetensorError, RuntimeError, OSError) as error:
        text = " ".join(str(error).split())[:300]
        raise EngineError(f"{bundle.weights_path} does not fit the network of this mm_nav: {text}; train the bundle again") from error
    return net


def open_backend(bundle: Bundle, threads: int, precision: str, flavour: str) -> EagerEngine:
    """What ``open_engine`` calls; the flavour "compile" is torch.compile."""
    return EagerEngine(bundle, threads, precision, compiled=flavour == "compile")

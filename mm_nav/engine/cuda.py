# SPDX-License-Identifier: Apache-2.0
"""A CUDA stream, memory on both sides and a replayed graph, through NVIDIA's cuda-python. Knows no network.

The only file that imports ``cuda``. Every call's error is raised with its name and what it says.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import runtime
from numpy.typing import NDArray

from mm_nav.errors import EngineError

TO_DEVICE, TO_HOST = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice, runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost


def call(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function of the CUDA runtime; its result without the status (a tuple if there are several).

    Raises:
        EngineError: the status is not success.
    """
    status, *found = function(*args)
    if status != runtime.cudaError_t.cudaSuccess:
        _, text = runtime.cudaGetErrorString(status)
        said = text.decode() if isinstance(text, bytes) else str(text)
        raise EngineError(f"CUDA {function.__name__} failed: {said} ({status.name}); `nvidia-smi` shows driver and memory")
    return found[0] if len(found) == 1 else tuple(found)


def gpu() -> dict[str, str]:
    """Name, compute capability and CUDA versions of the first device: what a built engine depends on.

    Raises:
        EngineError: no driver or no device.
    """
    if call(runtime.cudaGetDeviceCount) < 1:
        raise EngineError("CUDA sees no GPU; `nvidia-smi` shows what the driver sees")
    properties = call(runtime.cudaGetDeviceProperties, 0)
    name = properties.name.decode() if isinstance(properties.name, bytes) else str(properties.name)
    return {"gpu": f"{name.strip(chr(0))} sm{properties.major}{properties.minor}", "cuda": str(call(runtime.cudaRuntimeGetVersion)),
            "driver": str(call(runtime.cudaDriverGetVersion))}  # fmt: skip


def free_mb() -> tuple[int, int]:
    """Free and total memory of the device in MB."""
    free, total = call(runtime.cudaMemGetInfo)
    return free >> 20, total >> 20


class Buffer:
    """One tensor in page-locked host memory (``host``) and on the device (``address``); allocated once, freed with the object."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self.address = int(call(runtime.cudaMalloc, self.size))
        self._pinned = int(call(runtime.cudaHostAlloc, self.size, runtime.cudaHostAllocDefault))
        memory: Any = (ctypes.c_byte * self.size).from_address(self._pinned)
        self.host: NDArray[Any] = np.frombuffer(memory, dtype).reshape(shape)

    def upload(self, stream: Any) -> None:
        """Host to device, in order with the stream."""
        call(runtime.cudaMemcpyAsync, self.address, self._pinned, self.size, TO_DEVICE, stream)

    def download(self, stream: Any) -> None:
        """Device to host, in order with the stream."""
        call(runtime.cudaMemcpyAsync, self._pinned, self.address, self.size, TO_HOST, stream)

    def __del__(self) -> None:
        for free, place in ((runtime.cudaFree, "address"), (runtime.cudaFreeHost, "_pinned")):
            if (pointer := getattr(self, place, 0)) and free is not None:
                free(pointer)


class Graph:
    """What ``enqueue(stream)`` puts on a stream, captured once and launched as one thing.

    Without ``capture`` it is enqueued anew each time, which is slower and works with everything.
    """

    def __init__(self, enqueue: Callable[[Any], None], *, capture: bool = True) -> None:
        self._enqueue = enqueue
        self._stream = call(runtime.cudaStreamCreateWithFlags, runtime.cudaStreamNonBlocking)
        self._executable: Any = None
        enqueue(self._stream)  # once plainly: libraries allocate at first use, which a capture forbids
        call(runtime.cudaStreamSynchronize, self._stream)
        if not capture:
            return
        call(runtime.cudaStreamBeginCapture, self._stream, runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal)
        try:
            enqueue(self._stream)
        finally:
            graph = call(runtime.cudaStreamEndCapture, self._stream)
        self._executable = call(runtime.cudaGraphInstantiate, graph, 0)
        call(runtime.cudaGraphDestroy, graph)

    def launch(self) -> None:
        """Run it and wait until it is done; other threads may run meanwhile."""
        if self._executable is None:
            self._enqueue(self._stream)
        else:
            call(runtime.cudaGraphLaunch, self._executable, self._stream)
        call(runtime.cudaStreamSynchronize, self._stream)

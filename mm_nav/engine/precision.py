# SPDX-License-Identifier: Apache-2.0
"""Which arithmetic a bundle may be run in, which file holds it, and which backends are worth trying on this machine.

``precisions`` of a manifest says what was measured: the error of every output against float32, and the driving before and
after. ``auto`` uses nothing else than what is proven there. Knows no backend; asks the machine for its CPU's flags and
whether an NVIDIA device is there.
"""

import functools
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mm_nav.engine.bundle import ONNX_NAME, Bundle
from mm_nav.errors import EngineError

NETWORKS = {  # precision -> the file of the bundle that holds it
    "f32": ONNX_NAME, "bf16": ONNX_NAME, "fp16": "model.fp16.onnx", "int8": "model.int8.onnx", "int8-signed": "model.int8-signed.onnx",
}  # fmt: skip
PRECISIONS = ("auto", *NETWORKS)
ERROR_LIMIT = 0.01  # mean over the outputs of |difference| / |float32|
SUCCESS_LIMIT = 0.005  # of the share of simulated orders that are fulfilled
WIDE = {"avx2", "avx512f", "avx_vnni", "amx_int8"}  # a CPU with any of these runs openvino: as fast as ort or faster, at less CPU time (mm_nav bench inference)
ARITHMETIC = {  # precision -> CPU flags of which one must be there for it to be worth it
    "int8": {"avx512_vnni", "avx_vnni", "amx_int8"}, "bf16": {"avx512_bf16", "amx_bf16"},
}  # fmt: skip
NVIDIA = ("/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/nvgpu")  # a PC's driver; Jetson's


def network_file(bundle: Bundle, precision: str) -> Path:
    """The bundle's network in a precision.

    Raises:
        EngineError: the bundle has none; the text has the command that makes it.
    """
    if precision not in NETWORKS:
        raise EngineError(f"unknown precision {precision!r}; choose one of {', '.join(PRECISIONS)}")
    name = NETWORKS[precision]
    if name not in bundle.manifest["files"]:
        how = {ONNX_NAME: "export it (`mm_nav export BUNDLE`), or use the eager backend"}.get(
            name, f"`mm_nav export {bundle.name} --precision {precision}{' --calibrate BAG…' if 'int8' in precision else ''}` makes it"
        )
        raise EngineError(f"bundle {bundle.name!r} has no {name}; {how}")
    return bundle.path / name


def proof(bundle: Bundle, precision: str) -> str:
    """Why a precision is not proven for this bundle; '' if it is.

    Proven means: the mean error of the outputs is within ``ERROR_LIMIT``, and in simulation the share of fulfilled orders
    fell by no more than ``SUCCESS_LIMIT``.
    """
    if precision == "f32":
        return ""
    measured = bundle.manifest.get("precisions", {}).get(precision)
    if not isinstance(measured, dict):
        return "nothing was measured"
    error, driving = measured.get("output_error"), measured.get("success_rate")
    if not isinstance(error, int | float) or not error <= ERROR_LIMIT:
        return f"output error {error} is not within {ERROR_LIMIT}"
    if not isinstance(driving, dict) or not {"before", "after"} <= set(driving):
        return "no driving was measured"
    if driving["after"] < driving["before"] - SUCCESS_LIMIT:
        return f"success rate fell from {driving['before']} to {driving['after']}"
    return ""


@functools.cache
def cpu_flags() -> frozenset[str]:
    """What the CPU can do, in Linux's words; empty where that is not told."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    lines = (line.partition(":") for line in text.splitlines())
    return frozenset(word for key, _, words in lines if key.strip().lower() in {"flags", "features"} for word in words.split())


def gpu_here() -> bool:
    """Whether an NVIDIA driver shows a device; asking a library would cost seconds."""
    return any(Path(path).exists() for path in NVIDIA)


def settle(bundle: Bundle, backend: str, precision: str, flags: frozenset[str] | None = None) -> tuple[str, str]:
    """The precision in which ``backend`` runs when ``precision`` was asked for, and why.

    "auto" on a CPU is the first of int8 and bf16 that openvino runs, that is proven and that this CPU has arithmetic for,
    else f32; on a GPU it is fp16 if that is proven, else f32.
    """
    if precision != "auto":
        return precision, "as asked"
    flags = cpu_flags() if flags is None else flags
    offered: Mapping[str, Sequence[str]] = {"openvino": ("int8", "bf16"), "trt": ("int8-signed", "fp16")}
    reasons = []
    for one in offered.get(backend, ()):
        needs = ARITHMETIC.get(one, set())
        if needs and not needs & flags:
            reasons.append(f"{one}: this CPU has none of {', '.join(sorted(needs))}")
            continue
        if NETWORKS[one] not in bundle.manifest["files"]:
            reasons.append(f"{one}: not in the bundle")
            continue
        if why := proof(bundle, one):
            reasons.append(f"{one}: {why}")
            continue
        return one, "; ".join([*reasons, f"{one} is proven"])
    return "f32", "; ".join(reasons) or "float32 needs no proof"


def order(flags: frozenset[str] | None = None, gpu: bool | None = None) -> Iterator[tuple[str, str]]:
    """The backends that "auto" tries, best first, each with why it stands there."""
    gpu = gpu_here() if gpu is None else gpu
    flags = cpu_flags() if flags is None else flags
    if gpu:
        yield from ((name, "an NVIDIA device is there") for name in ("trt", "ort-rtx", "ort-tensorrt", "ort-cuda", "eager"))
    wide = bool(WIDE & flags)
    device = platform.machine()
    first = ("openvino", "ort") if wide else ("ort", "openvino")
    why = f"{device} with {', '.join(sorted(WIDE & flags))}" if wide else f"{device} without {', '.join(sorted(WIDE))}"
    yield from ((name, why) for name in first)
    if not gpu:
        yield "eager", "it needs torch alone"


def described(measured: Mapping[str, Any]) -> str:
    """One line of what was measured of a precision, for cards and logs."""
    said = f"output error {measured.get('output_error', float('nan')):.2%}"
    driving = measured.get("success_rate")
    return said if not isinstance(driving, dict) else f"{said}, success rate {driving['before']:.3f} -> {driving['after']:.3f}"

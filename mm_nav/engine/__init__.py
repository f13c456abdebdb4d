# SPDX-License-Identifier: Apache-2.0
"""One contract, many leaves: run the network of a bundle with whatever this machine has.

Importing this package loads no backend; ``open_engine`` does.
"""

import importlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle, load_bundle
from mm_nav.engine.precision import PRECISIONS, order, settle
from mm_nav.engine.room import check_room
from mm_nav.errors import EngineError

__all__ = ["BACKENDS", "PRECISIONS", "Bundle", "Chosen", "Engine", "choose_engine", "load_bundle", "open_engine"]

log = logging.getLogger(__name__)

LEAVES = {  # backend -> mm_nav/engine/<leaf>.py, and what to install for it
    "trt": ("trt", "mm_nav[trt]"),
    "ort-rtx": ("ort", "onnxruntime onnxruntime-ep-nv-tensorrt-rtx-cu13"),
    "ort-tensorrt": ("ort", "onnxruntime-gpu"),
    "ort-cuda": ("ort", "onnxruntime-gpu"),
    "openvino": ("ov", "openvino"),
    "ort": ("ort", "onnxruntime"),
    "eager": ("eager", "torch safetensors"),
    "eager-compile": ("eager", "torch safetensors"),
}
BACKENDS = ("auto", *LEAVES)


class Engine(Protocol):
    """A loaded network. ``name`` says the backend, for diagnostics."""

    @property
    def name(self) -> str:
        """Backend, version and precision, as in "openvino 2026.4.1 CPU bf16"."""

    def run(self, inputs: FusionInput) -> FusionOutput:
        """One frame. The result owns its arrays; runs of several threads do not disturb each other.

        Raises:
            EngineError: wrong shapes in, values that are not finite out, or the backend failed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An engine and how it came to be that one; ``fell_back`` says that it is not what was asked for."""

    engine: Engine
    why: str
    fell_back: bool = False


def open_engine(
    bundle: Bundle, backend: str = "auto", threads: int = 0, precision: str = "auto", allow_fallback: bool = False
) -> Engine:
    """Load a bundle's network; see ``choose_engine``."""
    return choose_engine(bundle, backend, threads, precision, allow_fallback).engine


def choose_engine(
    bundle: Bundle, backend: str = "auto", threads: int = 0, precision: str = "auto", allow_fallback: bool = False
) -> Chosen:
    """Load a bundle's network and say why with this backend; the log says it too.

    Args:
        bundle: what ``load_bundle`` verified.
        backend: one of ``BACKENDS``; "auto" is the first that loads in the order of ``precision.order``. A precision may
            follow after a colon ("openvino:bf16"), where there is no parameter for it.
        threads: intra-op threads; 0 leaves it to the backend.
        precision: one of ``PRECISIONS``; "auto" is the fastest that the bundle's manifest proves.
        allow_fallback: if the backend that was asked for cannot be loaded, go on as with "auto" instead of refusing.

    Raises:
        EngineError: unknown backend or precision, library not installed, too little memory, or the network does not load or
            fit its manifest.
    """
    backend, _, suffix = backend.partition(":")
    precision = suffix or precision
    for value, known in ((backend, BACKENDS), (precision, PRECISIONS)):
        if value not in known:
            raise EngineError(f"unknown {'backend' if known is BACKENDS else 'precision'} {value!r}; choose one of {', '.join(known)}")
    check_room(bundle)
    if backend == "auto":
        return _first(bundle, order(), threads, precision)
    try:
        engine, why = _open(backend, bundle, threads, precision)
        return Chosen(engine=engine, why=f"asked for; {why}")
    except EngineError as error:
        if not allow_fallback:
            raise
        log.warning("backend %s not used: %s; falling back, as allow_fallback says", backend, str(error))
        others = ((name, reason) for name, reason in order() if name != backend)
        chosen = _first(bundle, others, threads, "auto")
        return Chosen(engine=chosen.engine, why=f"{backend}: {error}; {chosen.why}", fell_back=True)


def _first(bundle: Bundle, names: Iterable[tuple[str, str]], threads: int, precision: str) -> Chosen:
    failed = []
    for name, reason in names:
        try:
            engine, why = _open(name, bundle, threads, precision)
        except EngineError as error:
            failed.append(f"{name}: {error}")
            log.info("backend %s not used: %s", name, str(error))  # not the error: whoever keeps the record would keep its frames
            continue
        why = "; ".join([f"{name} comes first of those that load ({reason})", why])
        log.info("backend %s chosen for bundle %s: %s", engine.name, bundle.name, why)
        return Chosen(engine=engine, why=why)
    raise EngineError(f"no backend can run bundle {bundle.name!r}: " + "; ".join(failed))


def _open(name: str, bundle: Bundle, threads: int, precision: str) -> tuple[Engine, str]:
    leaf_name, package = LEAVES[name]
    try:
        leaf = importlib.import_module(f"mm_nav.engine.{leaf_name}")
    except ImportError as error:
        raise EngineError(f"backend {name!r} is not installed ({error}); pip install {package}") from error
    settled, why = settle(bundle, name, precision)
    try:
        engine: Engine = leaf.open_backend(bundle, threads, settled, name.partition("-")[2])
    except MemoryError as error:
        raise EngineError(f"{name}: not enough memory for bundle {bundle.name!r}; end other programs or choose a smaller bundle") from error
    return engine, f"precision {settled} ({why})"

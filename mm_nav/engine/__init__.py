# SPDX-License-Identifier: Apache-2.0
"""One contract, many leaves: run the network of a bundle with whatever this machine has.

Importing this package loads no backend; ``open_engine`` does.
"""

import importlib
import logging
from typing import Literal, Protocol

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle, load_bundle
from mm_nav.engine.room import check_room
from mm_nav.errors import EngineError

__all__ = ["Backend", "Bundle", "Engine", "load_bundle", "open_engine"]

log = logging.getLogger(__name__)

Backend = Literal["auto", "ort", "eager"]
ORDER = ("ort", "eager")  # what 'auto' tries; each is mm_nav/engine/<name>.py with open_backend(bundle, threads)


class Engine(Protocol):
    """A loaded network. ``name`` says the backend, for diagnostics."""

    @property
    def name(self) -> str:
        """Backend and version, as in "ort 1.32.0 CPU"."""

    def run(self, inputs: FusionInput) -> FusionOutput:
        """One frame. The result owns its arrays; runs of several threads do not disturb each other.

        Raises:
            EngineError: wrong shapes in, values that are not finite out, or the backend failed.
        """


def open_engine(bundle: Bundle, backend: Backend | str = "auto", threads: int = 0) -> Engine:
    """Load a bundle's network.

    Args:
        bundle: what ``load_bundle`` verified.
        backend: "ort" (ONNX Runtime), "eager" (torch), or "auto": the first of these that loads; the log says which.
        threads: intra-op threads; 0 leaves it to the backend.

    Raises:
        EngineError: unknown backend, library not installed, too little memory, or the network does not load or fit its manifest.
    """
    check_room(bundle)
    if backend != "auto":
        if backend not in ORDER:
            raise EngineError(f"unknown backend {backend!r}; choose one of auto, {', '.join(ORDER)}")
        return _open(backend, bundle, threads)
    reasons = []
    for name in ORDER:
        try:
            engine = _open(name, bundle, threads)
        except EngineError as error:
            reasons.append(f"{name}: {error}")
            log.warning("backend %s not used: %s", name, error)
            continue
        log.info("backend %s chosen for bundle %s%s", engine.name, bundle.name, " after others failed" if reasons else "")
        return engine
    raise EngineError(f"no backend can run bundle {bundle.name!r}: " + "; ".join(reasons))


def _open(name: str, bundle: Bundle, threads: int) -> Engine:
    try:
        leaf = importlib.import_module(f"mm_nav.engine.{name}")
    except ImportError as error:
        package = {"ort": "onnxruntime", "eager": "torch safetensors"}[name]
        raise EngineError(f"backend {name!r} is not installed ({error}); pip install {package}") from error
    try:
        engine: Engine = leaf.open_backend(bundle, threads)
    except MemoryError as error:
        raise EngineError(f"{name}: not enough memory for bundle {bundle.name!r}; end other programs or choose a smaller bundle") from error
    return engine

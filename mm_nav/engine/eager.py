# SPDX-License-Identifier: Apache-2.0
"""Torch backend: the network as it was trained, for comparison and for machines with torch but no ONNX Runtime.

Reads safetensors only; a pickle is never opened.
"""

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.engine.bundle import Bundle
from mm_nav.engine.contract import batched, unbatched
from mm_nav.errors import EngineError
from mm_nav.model import FusionNet, build_net


class EagerEngine:
    """The torch module with the bundle's weights, in eval mode on the CPU.

    Args:
        bundle: verified; needs ``weights.safetensors``.
        threads: intra-op threads of the process, 0 leaves them as they are.

    Raises:
        EngineError: no weights, unreadable weights, or weights of another network.
    """

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        self.name = f"eager torch {torch.__version__}"
        self._inputs = bundle.inputs
        self._names = [t.name for t in bundle.outputs]
        if threads:
            torch.set_num_threads(threads)
        self._net = load_net(bundle).eval()

    def run(self, inputs: FusionInput) -> FusionOutput:
        """One frame; see ``mm_nav.engine.Engine``."""
        arrays = batched(inputs, self._inputs)
        try:
            with torch.inference_mode():
                out = self._net(**{name: torch.from_numpy(array) for name, array in arrays.items()})
        except RuntimeError as error:
            raise EngineError(f"torch failed on a frame: {' '.join(str(error).split())[:300]}; hold this frame") from error
        return unbatched({name: out[name].float().numpy() for name in self._names})


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


def open_backend(bundle: Bundle, threads: int) -> EagerEngine:
    """What ``open_engine`` calls."""
    return EagerEngine(bundle, threads)

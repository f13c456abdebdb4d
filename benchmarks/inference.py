# SPDX-License-Identifier: Apache-2.0
"""One frame through the network: the engine that a robot gets against torch eager, both fp32, same weights.

Also timed: a plain ONNX Runtime session with default options on the same file, which is the stronger peer.
The bundle is ``base`` if it is there, else one with untrained weights; the time does not depend on them.
"""

import tempfile
from pathlib import Path

import numpy as np

from mm_nav.bench import Row, SkippedError, require, take_turns, versus
from mm_nav.core.config import ModelSpec
from mm_nav.core.types import FusionOutput
from mm_nav.engine import Bundle, load_bundle, open_engine
from mm_nav.engine.contract import batched
from mm_nav.errors import BundleError

TOLERANCE = 1e-3


def row(quick: bool) -> Row:
    """Time both; equal first: every output, on four random frames."""
    try:
        import onnxruntime
        import torch

        from mm_nav.train.export import example
    except ImportError as error:
        raise SkippedError(f"{error.name} is not installed, so there is no peer; pip install 'mm_nav[train]'") from error
    with tempfile.TemporaryDirectory() as scratch:
        bundle = _bundle(Path(scratch))
        subject, eager = open_engine(bundle, "auto"), open_engine(bundle, "eager")
        plain = onnxruntime.InferenceSession(str(bundle.onnx_path), providers=["CPUExecutionProvider"])
        frames = [example(bundle.spec, cameras=1, seed=seed) for seed in range(4)]
        worst = max(_difference(subject.run(x), eager.run(x)) for x in frames)
        require(worst <= TOLERANCE, f"outputs differ by {worst:.2e}, more than {TOLERANCE:.0e}")
        frame, arrays = frames[0], batched(frames[0], bundle.inputs)
        times = take_turns(
            {
                f"mm_nav engine {subject.name}": lambda: subject.run(frame),
                f"torch {torch.__version__} eager fp32": lambda: eager.run(frame),
                f"ONNX Runtime {onnxruntime.__version__} fp32, default session": lambda: plain.run(None, arrays),
            },
            repeat=3 if quick else 20,
        )
    return versus(
        "inference", times, check=f"all outputs of bundle {bundle.name} on 4 frames, largest difference {worst:.1e}",
        versions={"onnxruntime": onnxruntime.__version__, "torch": torch.__version__},
    )  # fmt: skip


def _bundle(scratch: Path) -> Bundle:
    try:
        return load_bundle("base")
    except BundleError:
        from mm_nav.model import build_net
        from mm_nav.train.export import save_bundle

        spec = ModelSpec()
        encoder = {"name": "none", "version": "0", "sha256": "0" * 64, "dim": spec.phrase_dim}
        save_bundle(build_net(spec), spec, scratch / "untrained", name="untrained", training={}, metrics={},
                    text_encoder=encoder, card="untrained, for timing")  # fmt: skip
        return load_bundle(scratch / "untrained")


def _difference(a: FusionOutput, b: FusionOutput) -> float:
    return max(float(np.abs(getattr(a, name) - getattr(b, name)).max()) for name in FusionOutput.__slots__)

# SPDX-License-Identifier: Apache-2.0
"""A bundle's float network -> one that computes convolutions in 8 bits, where that costs next to nothing in accuracy.

Post-training quantisation with explicit Q/DQ nodes (Jacob et al. 2018): batch norm is folded first, ranges come from
frames of recordings, weights are scaled per channel. Only convolutions are quantised; which ones is found by
measurement: each alone, its error against the work that it saves, then as many as stay within the error that is allowed.
Knows no bundle format; ``export`` writes what comes out.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData, create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from mm_nav.errors import EngineError
from mm_nav.progress import track

Arrays = Mapping[str, NDArray[Any]]
Network = Callable[[Arrays], Sequence[NDArray[Any]]]
ERROR_LIMIT = 0.01
FLOAT_ANYWAY = ("dense", "embed.1", "drive", "attention", "remember", "_conv_stem")  # heads, what is compared, the first layer
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """A network and what quantising it cost. ``error`` is by output; ``layers`` is what became 8 bits; ``share`` of the
    convolutions' multiplications.
    """

    model: onnx.ModelProto
    error: dict[str, float]
    layers: tuple[str, ...]
    share: float
    candidates: int

    @property
    def mean_error(self) -> float:
        """Mean over the outputs."""
        return float(np.mean(list(self.error.values())))


class _Frames(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, frames: Sequence[Arrays]) -> None:
        self._frames: Iterator[Arrays] = iter(frames)

    def get_next(self) -> Any:
        return next(self._frames, None)


def relative_error(found: Sequence[Sequence[NDArray[Any]]], wanted: Sequence[Sequence[NDArray[Any]]], names: Sequence[str]) -> dict[str, float]:
    """|found - wanted| / |wanted| of each output, Euclidean over all frames. Takes one list of outputs per frame."""
    out = {}
    for i, name in enumerate(names):
        gap = sum(float(np.square(f[i].astype(np.float64) - w[i]).sum()) for f, w in zip(found, wanted, strict=True))
        size = sum(float(np.square(w[i], dtype=np.float64).sum()) for w in wanted)
        out[name] = float(np.sqrt(gap / max(size, 1e-12)))
    return out


def folded(path: Path) -> onnx.ModelProto:
    """The network with constants computed and batch norm inside the convolutions, in standard operators."""
    with tempfile.TemporaryDirectory() as scratch:
        options = _options()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(scratch) / "folded.onnx")
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        model = onnx.load(options.optimized_model_filepath)
    used = {node.domain for node in model.graph.node}
    kept = [o for o in model.opset_import if o.domain in used]
    if odd := used - {""}:
        raise EngineError(f"{path}: folding made operators of {sorted(odd)}, which other backends lack; update onnxruntime")
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return model


def quantise(path: Path, frames: Sequence[Arrays], held: Sequence[Arrays], outputs: Sequence[str], *, signed: bool = False,
             limit: float = ERROR_LIMIT) -> Quantised:  # fmt: skip
    """Quantise as many convolutions as the error allows.

    Args:
        path: the float network.
        frames: batched inputs that show the ranges of every tensor. held: others, on which the error is measured.
        outputs: names of the network's outputs.
        signed: symmetric signed activations, which TensorRT wants; else unsigned ones with an offset, which CPUs like.
        limit: mean relative error over the outputs that is allowed.

    Raises:
        EngineError: not even one layer can be quantised within ``limit``.
    """
    float_model = folded(path)
    ranges = _ranges(float_model, frames, signed)
    work = multiplications(float_model, held[0])
    layers = [n for n, (weight, _) in work.items() if not any(part in weight for part in FLOAT_ANYWAY)]
    wanted = [_network(float_model, outputs)(x) for x in held]

    def error_of(chosen: Sequence[str], some: int) -> dict[str, float]:
        network = _network(_with_qdq(float_model, ranges, chosen, signed), outputs)
        return relative_error([network(x) for x in held[:some]], wanted[:some], outputs)

    cost = {n: float(np.mean(list(error_of([n], 8).values()))) for n in track(layers, "error of each layer alone")}
    ranked = sorted(layers, key=lambda n: cost[n] ** 2 / work[n][1])
    low, high = 0, len(ranked)  # the error grows with each further layer: the longest beginning that is allowed
    while low < high:
        middle = (low + high + 1) // 2
        error = float(np.mean(list(error_of(ranked[:middle], len(held)).values())))
        log.info("%d of %d convolutions in 8 bits: error %.2f %%", middle, len(work), 100 * error)
        low, high = (middle, high) if error <= limit else (low, middle - 1)
    if low == 0:
        raise EngineError(f"no convolution can be quantised within an error of {limit:.1%}; allow more, or calibrate on other bags")
    chosen = tuple(ranked[:low])
    total = sum(macs for _, macs in work.values())
    return Quantised(model=_with_qdq(float_model, ranges, chosen, signed), error=error_of(chosen, len(held)), layers=chosen,
                     share=sum(work[n][1] for n in chosen) / total, candidates=len(work))  # fmt: skip


def multiplications(model: onnx.ModelProto, frame: Arrays) -> dict[str, tuple[str, int]]:
    """Weight name and multiplications per frame of each convolution, by node name; shapes are those of ``frame``."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    convolutions = [n for n in model.graph.node if n.op_type == "Conv"]
    del fixed.graph.output[:]
    fixed.graph.output.extend(onnx.ValueInfoProto(name=n.output[0]) for n in convolutions)
    found = _network(fixed, [n.output[0] for n in convolutions])(frame)
    weights = {t.name: tuple(t.dims) for t in model.graph.initializer}
    return {n.name: (n.input[1], int(np.prod(weights[n.input[1]])) * int(np.prod(y.shape)) // y.shape[1])
            for n, y in zip(convolutions, found, strict=True)}  # fmt: skip


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return options


def _network(model: onnx.ModelProto, outputs: Sequence[str]) -> Network:
    session = onnxruntime.InferenceSession(model.SerializeToString(), _options(), providers=["CPUExecutionProvider"])
    return lambda arrays: session.run(list(outputs), dict(arrays))


def _ranges(model: onnx.ModelProto, frames: Sequence[Arrays], signed: bool) -> TensorsData:
    """Smallest and largest value of every tensor that a convolution reads or writes."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "float.onnx"
        onnx.save(model, str(source))
        calibrator = create_calibrator(
            source, ["Conv"], augmented_model_path=str(Path(scratch) / "augmented.onnx"),
            calibrate_method=CalibrationMethod.MinMax, extra_options={"symmetric": signed},
        )  # fmt: skip
        calibrator.collect_data(_Frames(frames))
        return calibrator.compute_data()


def _with_qdq(model: onnx.ModelProto, ranges: TensorsData, layers: Sequence[str], signed: bool) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    previous = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser advises, on the root logger, what was done already
    try:
        quantiser = QDQQuantizer(
            copy, per_channel=True, reduce_range=False, weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QInt8 if signed else QuantType.QUInt8, tensors_range=ranges,
            nodes_to_quantize=list(layers), nodes_to_exclude=[], op_types_to_quantize=["Conv"],
            extra_options={"ActivationSymmetric": signed, "WeightSymmetric": True},
        )  # fmt: skip
        quantiser.quantize_model()
    finally:
        logging.getLogger().setLevel(previous)
    made: onnx.ModelProto = quantiser.model.model
    return made

# SPDX-License-Identifier: Apache-2.0
"""A trained network -> a verified bundle: model.onnx, weights.safetensors, manifest.json, README.md.

Weights are rounded to half precision once, so that both files hold the same numbers at half the size; arithmetic stays
float32 (the ONNX file casts, and ONNX Runtime folds the casts when it loads). The ONNX side must agree with torch
within ``TOLERANCE`` before anything is written under the final name.
"""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxscript.optimizer import remove_unused_nodes
from safetensors import SafetensorError
from safetensors.torch import save_file

from mm_nav.core.config import LIDAR_CHANNELS, RADAR_CHANNELS, ModelSpec
from mm_nav.core.types import FusionInput
from mm_nav.engine.bundle import load_bundle, write_manifest
from mm_nav.engine.contract import inputs_of, outputs_of
from mm_nav.engine.eager import EagerEngine
from mm_nav.engine.ort import OrtEngine
from mm_nav.errors import BundleError, EngineError
from mm_nav.model.net import FusionNet

TOLERANCE = 1e-4
OPSET = 18
log = logging.getLogger(__name__)


def example(spec: ModelSpec, cameras: int, seed: int) -> FusionInput:
    """Random but plausible inputs, for tracing and for the comparison."""
    rng = np.random.default_rng(seed)
    g = spec.grid
    f = np.float32
    return FusionInput(
        camera_image=rng.integers(0, 256, (cameras, 3, spec.image_height, spec.image_width)).astype(np.uint8),
        camera_grid=rng.uniform(-1.3, 1.3, (cameras, len(spec.lift_heights) * g.rows, g.columns, 2)).astype(f),
        camera_mask=np.ones(cameras, f),
        lidar_bev=(rng.random((LIDAR_CHANNELS, g.rows, g.columns)) * (rng.random((g.rows, g.columns)) < 0.1)).astype(f),
        lidar_mask=np.ones(1, f),
        radar_bev=(rng.random((RADAR_CHANNELS, g.rows, g.columns)) * (rng.random((g.rows, g.columns)) < 0.01)).astype(f),
        radar_mask=np.ones(1, f),
        ego=np.array([0.5, 0.1, 1], f),
        phrase=(rng.normal(size=(spec.phrase_count, spec.phrase_dim)) / np.sqrt(spec.phrase_dim)).astype(f),
        phrase_mask=np.ones(spec.phrase_count, f),
        memory=rng.normal(size=spec.memory_shape).astype(f),
        memory_grid=rng.uniform(-1.3, 1.3, (*spec.memory_shape[1:], 2)).astype(f),
    )


def round_weights(net: FusionNet) -> None:
    """Keep only what float16 can hold (float32 storage), in place. What is not saved (mean, std) stays exact."""
    with torch.no_grad():
        for value in net.state_dict().values():
            if value.dtype == torch.float32:
                value.copy_(value.half().float())


def save_bundle(net: FusionNet, spec: ModelSpec, out: Path, *, name: str, training: dict[str, Any],
                metrics: dict[str, Any], text_encoder: dict[str, Any], card: str) -> float:  # fmt: skip
    """Write and verify a bundle; an existing one is replaced only when the new one passed.

    Returns:
        The largest absolute difference between ONNX Runtime and torch, over all outputs of several inputs.

    Raises:
        EngineError: if that difference exceeds ``TOLERANCE``. BundleError: it cannot be written; nothing is left half-written.
    """
    net = net.cpu().float().eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    round_weights(net)
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        to_onnx(net, spec, part / "model.onnx")
        state = {k: v.half() if v.dtype == torch.float32 else v for k, v in net.state_dict().items()}
        save_file(state, str(part / "weights.safetensors"))
        (part / "weights.safetensors").chmod(0o644)  # safetensors lets the owner read only
        (part / "README.md").write_text(card)
        write_manifest(part, name=name, spec=spec, files=["model.onnx", "weights.safetensors"],
                       training=training, metrics=metrics, text_encoder=text_encoder)  # fmt: skip
        worst = compare(part)
        if worst > TOLERANCE:
            raise EngineError(f"ONNX differs from torch by {worst:.2e} > {TOLERANCE:.0e}; the bundle at {out} was not replaced")
        replace_bundle(out, part)
    except (OSError, SafetensorError) as error:
        raise BundleError(f"{out}: cannot be saved ({error}); nothing was replaced. Free some space and give the same command again: "
                          "the training is kept") from error  # fmt: skip
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return worst


def replace_bundle(out: Path, part: Path) -> None:
    """Put ``part`` in the place of ``out``; the old one is deleted last."""
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def compare(path: Path, count: int = 4) -> float:
    """Largest absolute difference between the bundle's two engines on random inputs with 1 to 3 cameras."""
    bundle = load_bundle(path)
    eager, ort = EagerEngine(bundle), OrtEngine(bundle)
    worst = 0.0
    for i in range(count):
        x = example(bundle.spec, 1 + i % 3, i)
        a, b = eager.run(x), ort.run(x)
        worst = max([worst] + [float(np.abs(getattr(a, k) - getattr(b, k)).max()) for k in (t.name for t in bundle.outputs)])
    return worst


def to_onnx(net: FusionNet, spec: ModelSpec, path: Path) -> None:
    """Export with a fixed batch of one and any number of cameras; names are the fields of FusionInput and FusionOutput."""
    x = example(spec, 2, 0)
    tensors = {t.name: torch.from_numpy(getattr(x, t.name))[None] for t in inputs_of(spec)}
    cameras = torch.export.Dim("cameras", min=1, max=16)
    shapes = {k: {1: cameras} if k.startswith("camera") else None for k in tensors}
    program = torch.onnx.export(
        net, (), kwargs=tensors, dynamo=True, optimize=False, opset_version=OPSET, dynamic_shapes=shapes, verbose=False,
        input_names=list(tensors), output_names=[t.name for t in outputs_of(spec)],
    )  # fmt: skip
    if program is None:
        raise EngineError("torch.onnx.export returned nothing; update torch (pip install -U torch onnxscript)")
    model = half_storage(settled(without_traces(program.model_proto)))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what the exporter notes beside the graph: where each node stood in which file of this machine."""
    for node in model.graph.node:
        del node.metadata_props[:]
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer):
        del info.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    return model


def settled(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write plainly what is constant: the exporter hides zero biases and limits behind operators that no backend folds.

    A convolution without a bias gets ``Expand(CastLike(0, x))`` and a clip ``CastLike(6, x)``; behind these, batch norm
    and activation are not fused into the convolution, which costs ONNX Runtime a third of its speed. Arithmetic stays as it is.
    """
    made_by = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type == "Conv" and len(node.input) == 3 and _is_zero(node.input[2], made_by):
            del node.input[2]
    for node in list(model.graph.node):
        held = _constant(node.input[0], made_by) if node.op_type == "CastLike" else None
        if held is not None and held.ndim == 0:  # a scalar; every number of this network is float32
            model.graph.initializer.append(numpy_helper.from_array(held.astype(np.float32), node.output[0]))
            model.graph.node.remove(node)
    remove_unused_nodes(model)
    return model


def _constant(name: str, made_by: Mapping[str, onnx.NodeProto]) -> np.ndarray | None:
    """Value of a Constant node; None for anything else."""
    node = made_by.get(name)
    if node is None or node.op_type != "Constant":
        return None
    value = helper.get_attribute_value(node.attribute[0])
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def _is_zero(name: str, made_by: Mapping[str, onnx.NodeProto]) -> bool:
    while (node := made_by.get(name)) is not None and node.op_type in {"Expand", "CastLike"}:
        name = node.input[0]
    value = _constant(name, made_by)
    return value is not None and not value.any()


def half_storage(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 initializers as float16 behind a Cast; values must already fit (``round_weights``)."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < 256:
            continue
        values = numpy_helper.to_array(tensor)
        small = values.astype(np.float16)
        if not np.array_equal(small.astype(np.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(small, name + "_half"))
        casts.append(helper.make_node("Cast", [name + "_half"], [name], name=f"restore_{name}", to=TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    del model.graph.value_info[:]
    return model

# SPDX-License-Identifier: Apache-2.0
"""Small networks and inputs for the engine's tests: a coarse grid, and graphs that say a constant."""

import dataclasses

import numpy as np
import onnx
from onnx import TensorProto, helper

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.types import FusionInput
from mm_nav.engine.contract import TensorSpec, inputs_of, outputs_of

SPEC = ModelSpec(grid=BevGrid(cell=0.8, columns=24, rows=24), image_height=32, image_width=64)
ENCODER = {"name": "words", "version": "1", "sha256": "0" * 64, "dim": SPEC.phrase_dim}


def constant_graph(
    inputs: tuple[TensorSpec, ...] = inputs_of(SPEC), outputs: tuple[TensorSpec, ...] = outputs_of(SPEC), value: float = 0.25
) -> onnx.ModelProto:
    """A network of the right shape that says ``value`` everywhere plus the first number of ``ego``."""
    kinds = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8, "float64": TensorProto.DOUBLE}

    def info(tensor: TensorSpec) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(tensor.name, kinds[tensor.dtype], [1, *tensor.shape[1:]])

    nodes = [
        helper.make_node("Constant", [], ["zero"], value=helper.make_tensor("z", TensorProto.INT64, [1], [0])),
        helper.make_node("Gather", ["ego", "zero"], ["first"], axis=1),
        helper.make_node("ReduceSum", ["first"], ["speed"], keepdims=0),
    ]
    for tensor in outputs:
        base = np.full((1, *map(int, tensor.shape[1:])), value, np.float32)
        nodes += [
            helper.make_node("Constant", [], [f"{tensor.name}_base"], value=onnx.numpy_helper.from_array(base)),
            helper.make_node("Add", [f"{tensor.name}_base", "speed"], [tensor.name]),
        ]
    graph = helper.make_graph(nodes, "constant", [info(t) for t in inputs], [info(t) for t in outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def random_input(cameras: int = 1, seed: int = 0, speed: float = 0.0) -> FusionInput:
    """Inputs of the right shapes for ``SPEC``."""
    rng = np.random.default_rng(seed)
    values = {}
    for tensor in inputs_of(SPEC):
        shape = [cameras if axis == "cameras" else int(axis) for axis in tensor.shape[1:]]
        values[tensor.name] = rng.random(shape).astype(tensor.dtype)
    values["ego"] = np.array([speed, 0, 1], np.float32)
    return FusionInput(**values)


def renamed(tensors: tuple[TensorSpec, ...], name: str, /, **changes: object) -> tuple[TensorSpec, ...]:
    """The tensors with one changed."""
    return tuple(dataclasses.replace(t, **changes) if t.name == name else t for t in tensors)  # type: ignore[arg-type]

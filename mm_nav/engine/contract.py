# SPDX-License-Identifier: Apache-2.0
"""The network's two sides as tensors: names, types and shapes that follow from a ModelSpec.

Export writes them into the manifest, bundles and backends are checked against them. Knows no backend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_nav.core.config import BOX_CHANNELS, LIDAR_CHANNELS, RADAR_CHANNELS, ModelSpec
from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.errors import EngineError

Axis = int | str  # a name is an axis of any length


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One network input or output, batch axis first."""

    name: str
    dtype: str  # as numpy calls it
    shape: tuple[Axis, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}

    def accepts(self, dtype: str, shape: Sequence[Axis | None]) -> bool:
        """Whether a tensor of this type and shape (None or a name: any length) fills this place.

        A fixed batch of one is fine: the robot runs one frame at a time.
        """
        if dtype != self.dtype or len(shape) != len(self.shape):
            return False
        for mine, theirs in zip(self.shape, shape, strict=True):
            if isinstance(mine, int) and mine != theirs:
                return False
            if mine != "batch" and isinstance(mine, str) and isinstance(theirs, int):
                return False
            if mine == "batch" and isinstance(theirs, int) and theirs != 1:
                return False
        return True

    def __str__(self) -> str:
        return f"{self.name} {self.dtype}{list(self.shape)}"


def inputs_of(spec: ModelSpec) -> tuple[TensorSpec, ...]:
    """Tensors of a batched FusionInput, in field order."""
    rows, columns = spec.grid.rows, spec.grid.columns
    shapes: dict[str, tuple[Axis, ...]] = {
        "camera_image": ("cameras", 3, spec.image_height, spec.image_width),
        "camera_grid": ("cameras", len(spec.lift_heights) * rows, columns, 2),
        "camera_mask": ("cameras",),
        "lidar_bev": (LIDAR_CHANNELS, rows, columns),
        "lidar_mask": (1,),
        "radar_bev": (RADAR_CHANNELS, rows, columns),
        "radar_mask": (1,),
        "ego": (3,),
        "phrase": (spec.phrase_count, spec.phrase_dim),
        "phrase_mask": (spec.phrase_count,),
        "memory": spec.memory_shape,
        "memory_grid": (*spec.memory_shape[1:], 2),
    }
    return tuple(
        TensorSpec(
            name=f.name, dtype="uint8" if f.name == "camera_image" else "float32", shape=("batch", *shapes[f.name])
        )
        for f in fields(FusionInput)
        if spec.memory_channels or not f.name.startswith("memory")
    )


def outputs_of(spec: ModelSpec) -> tuple[TensorSpec, ...]:
    """Tensors of a batched FusionOutput, in field order."""
    rows, columns = spec.grid.rows, spec.grid.columns
    shapes: dict[str, tuple[Axis, ...]] = {
        "occupancy": (rows, columns),
        "visible": (rows, columns),
        "motion": (2, rows, columns),
        "object_heat": (rows, columns),
        "object_box": (BOX_CHANNELS, rows, columns),
        "object_class": (len(spec.classes), rows, columns),
        "goal_map": (spec.phrase_count, rows, columns),
        "goal_present": (spec.phrase_count,),
        "waypoints": (spec.waypoint_count, 2),
        "stop": (1,),
        "kept": spec.memory_shape,
    }
    return tuple(
        TensorSpec(name=f.name, dtype="float32", shape=("batch", *shapes[f.name]))
        for f in fields(FusionOutput)
        if spec.memory_channels or f.name != "kept"
    )


def blank(spec: ModelSpec, cameras: int) -> FusionInput:
    """Inputs of zeros: a robot that sees and hears nothing, with that many cameras."""
    shapes = {t.name: tuple(cameras if axis == "cameras" else int(axis) for axis in t.shape[1:]) for t in inputs_of(spec)}
    return FusionInput(**{t.name: np.zeros(shapes[t.name], t.dtype) for t in inputs_of(spec)})


def batched(inputs: FusionInput, contract: Sequence[TensorSpec]) -> dict[str, NDArray[Any]]:
    """Add the batch axis; C-contiguous arrays by input name, checked.

    Raises:
        EngineError: an array has another type or shape than the network wants; both are quoted.
    """
    out: dict[str, NDArray[Any]] = {}
    for want in contract:
        array = np.ascontiguousarray(getattr(inputs, want.name)[None])
        fits = array.dtype.name == want.dtype and array.ndim == len(want.shape)
        if not fits or any(isinstance(n, int) and n != m for n, m in zip(want.shape, array.shape, strict=True)):
            raise EngineError(
                f"network input {want.name} is {array.dtype.name}{list(array.shape)}, the bundle wants "
                f"{want.dtype}{list(want.shape)}; preprocess with the ModelSpec of this bundle"
            )
        out[want.name] = array
    return out


def unbatched(outputs: Mapping[str, NDArray[Any]]) -> FusionOutput:
    """Take the batch axis off and refuse numbers that are not finite.

    Raises:
        EngineError: NaN or infinity in an output; the frame must not be driven on.
    """
    for name, array in outputs.items():
        if not np.isfinite(array).all():
            bad = int(array.size - np.isfinite(array).sum())
            raise EngineError(
                f"network output {name} has {bad} of {array.size} values that are not finite; "
                "hold this frame, and check the inputs or export the bundle again if it persists"
            )
    return FusionOutput(**{name: array[0] for name, array in outputs.items()})

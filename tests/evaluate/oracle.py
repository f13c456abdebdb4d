# SPDX-License-Identifier: Apache-2.0
"""An engine that knows the truth instead of looking, so that what is around the network can be tested without one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import cell_centers
from mm_nav.core.types import FusionInput, FusionOutput
from mm_nav.sim.simulation import Simulation

SPEC = ModelSpec()


class Oracle:
    """Answers with a simulation's ground truth at the time of the call; ``miss_m`` puts the goal that far off."""

    name = "oracle"

    def __init__(self, sim: Simulation, miss_m: float = 0.0) -> None:
        self.sim, self.miss_m = sim, miss_m

    def run(self, inputs: FusionInput) -> FusionOutput:
        """Truth as network outputs."""
        truth, grid = self.sim.truth(), SPEC.grid
        nothing = np.zeros((grid.rows, grid.columns), np.float32)
        goal, present = nothing, 0.0
        target = next((o for o in truth.objects if o.id == self.sim.task.target_id), None)
        if target is not None and inputs.phrase_mask[0] and target.visible > 0.1:
            ys, xs = cell_centers(grid)
            away = np.hypot(xs[None] - target.center[0], ys[:, None] - target.center[1] - self.miss_m)
            goal, present = np.exp(-((away / 0.3) ** 2)).astype(np.float32), 0.97
        return FusionOutput(
            occupancy=np.nan_to_num(truth.occupancy, nan=1.0), visible=truth.observed, motion=np.zeros((2, *nothing.shape), np.float32),
            object_heat=nothing, object_box=np.zeros((8, *nothing.shape), np.float32),
            object_class=np.full((len(SPEC.classes), *nothing.shape), 0.2, np.float32), goal_map=np.stack([goal, nothing, nothing]),
            goal_present=np.array([present, 0, 0], np.float32), waypoints=np.zeros((SPEC.waypoint_count, 2), np.float32),
            stop=np.zeros(1, np.float32),
        )  # fmt: skip


class Letters:
    """A sentence encoder that counts letters; enough to be a vector."""

    def encode(self, texts: Sequence[str]) -> Float32[np.ndarray, "n e"]:
        """Unit rows."""
        rows = np.zeros((len(texts), SPEC.phrase_dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in text:
                row[ord(letter) % SPEC.phrase_dim] += 1
            row /= max(float(np.linalg.norm(row)), 1e-6)
        return rows

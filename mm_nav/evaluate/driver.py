# SPDX-License-Identifier: Apache-2.0
"""Who drives a scenario: our pipeline, or a peer to compare it with. What they hold in common, and no more."""

from dataclasses import dataclass
from typing import Protocol

from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.geometry import cell_centers
from mm_nav.core.types import Command, Plan, Rejection, Scene, SensorFrame
from mm_nav.evaluate.metrics import peak
from mm_nav.pipeline import Outcome

DRIVERS = ("bundle", "classical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a driver made of one frame. ``aim`` is where (x, y in base_link) it says the thing asked for is.

    ``aim`` is None while nothing is asked for, and not finite where it was asked for and is not found.
    """

    scene: Scene
    plan: Plan
    status: str  # as Mission.status
    aim: tuple[float, float] | None


class Driver(Protocol):
    """Orders and frames in, a look out; ``Pipeline`` is one."""

    spec: ModelSpec

    def command(self, text: str, stamp_ns: int) -> Command | Rejection:
        """Hear an order."""

    def step(self, frame: SensorFrame) -> Outcome | Look:
        """Take in one instant."""


def look_of(outcome: Outcome | Look, grid: BevGrid) -> Look:
    """The part of an outcome that is judged."""
    if isinstance(outcome, Look):
        return outcome
    return Look(scene=outcome.scene, plan=outcome.plan, status=outcome.status, aim=_aim(outcome, grid))


def _aim(outcome: Outcome, grid: BevGrid) -> tuple[float, float] | None:
    """The remembered goal, else the highest cell of the goal map of what is looked for (its first phrase)."""
    if not outcome.fusion_input.phrase_mask[0]:
        return None
    if outcome.scene.goal is not None:
        x, y = outcome.scene.goal.xy
        return float(x), float(y)
    return peak(outcome.output.goal_map.reshape(-1, grid.rows, grid.columns)[0], *cell_centers(grid))

# SPDX-License-Identifier: Apache-2.0
"""What was meant: the goal's memory beside those of its landmarks, held together by the said relation.

Knows no plans and no maps; frames in, one goal out.
"""

import numpy as np
from jaxtyping import Bool, Float64

from mm_nav.core.config import ModelSpec
from mm_nav.core.goal import GoalMemory
from mm_nav.core.kind import kind_of
from mm_nav.core.postprocess import sightings
from mm_nav.core.relation import fit
from mm_nav.core.types import Command, FusionOutput, Relation, Scene


class Grounding(GoalMemory):
    """A goal memory that knows landmarks: candidates that do not stand as was said are worth less."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.landmarks: tuple[GoalMemory, ...] = ()
        self.relation: Relation | None = None
        self.named = False
        self.kinds: list[int | None] = []
        super().__init__(spec.grid)

    def begin(self, command: Command) -> None:
        """Look for what a command names, in place of all before."""
        self.landmarks = tuple(GoalMemory(self.grid) for _ in command.landmarks[: self.spec.phrase_count - 1])
        self.relation, self.named = command.relation, bool(command.phrase)
        phrases = (command.target or command.phrase, *command.landmarks)
        self.kinds = [kind_of(phrase, self.spec.classes) for phrase in phrases[: self.spec.phrase_count]]
        self.reset()

    def reset(self) -> None:
        """Forget every place."""
        super().reset()
        for memory in self.landmarks:
            memory.reset()
        self.viewpoint: Float64[np.ndarray, "4 4"] | None = None  # pose when it was told

    def look(
        self, scene: Scene, output: FusionOutput, in_view: Bool[np.ndarray, "y x"], T_odom_base: Float64[np.ndarray, "4 4"], tracked: bool
    ) -> None:
        """Take in one frame; see ``GoalMemory.update``."""
        for i, memory in enumerate((self, *self.landmarks)):
            found = sightings(output, scene.objects, self.grid, i, self.kinds[i]) if self.named else ()
            memory.update(found, scene.objects, in_view, T_odom_base, tracked)
        if self.viewpoint is None:
            self.viewpoint = T_odom_base.copy()
        if self.relation is None:
            return
        places = [m.candidates for m in self.landmarks]
        for candidate in self.candidates:
            candidate.fit = fit(self.relation, candidate, self.candidates, places, self.viewpoint[:2, 3])
        self.choose()

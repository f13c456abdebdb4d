# SPDX-License-Identifier: Apache-2.0
"""How well a candidate stands in a said relation to its landmarks: "the cone behind the green box".

Geometry over remembered places (odom), seen from where the robot was told. Knows no words, no network, no maps.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from mm_nav.core.goal import Candidate, surface_distance
from mm_nav.core.types import Relation

NEXT_TO_M, NOT_NEXT_TO_M = 1.7, 2.6  # gap between surfaces that is surely, and surely not, next to
FAR_M = 4.2  # whatever is farther from a landmark is not described by it
LEAST_M = 0.4  # along the relation's own direction
KNOWN = 0.45  # belief in a landmark from which it can also speak against a candidate
OPEN, CONTRADICTED = 0.6, 0.2  # fit while no landmark is known, and where a known one says no
FARTHER = 0.5  # fit of what is not the nearest, at most

Point = Float64[np.ndarray, "2"]


def fit(
    relation: Relation, candidate: Candidate, others: Sequence[Candidate], landmarks: Sequence[Sequence[Candidate]], viewpoint: Point
) -> float:
    """From ``CONTRADICTED`` to 1; ``OPEN`` where it cannot be told yet.

    Args:
        others: all candidates for the target, for "the nearest". landmarks: candidates of each landmark.
        viewpoint: where the robot stood when it was told (x, y), in the frame of the candidates.
    """
    if relation is Relation.NEAREST and not landmarks:
        return _nearest(candidate, others, viewpoint)
    found = [[c for c in places if c is not candidate and np.hypot(*(c.xy - candidate.xy)) > LEAST_M / 2] for places in landmarks]
    if not found or not all(found):
        return OPEN
    if relation is Relation.NEAREST:
        return max(_nearest(candidate, others, mark.xy) for mark in found[0])
    if relation is Relation.BETWEEN:
        first, second = found[0], found[-1]
        pairs = [(a, b) for a in first for b in second if a is not b]
        graded = [(between(candidate.xy, a.xy, b.xy), min(a.belief, b.belief)) for a, b in pairs]
    else:
        graded = [(holds(relation, candidate, mark, viewpoint), mark.belief) for mark in found[0]]
    if not graded:
        return OPEN
    trust = min(1.0, max(belief for _, belief in graded) / KNOWN)  # a faint landmark neither helps nor hurts much
    best = max(truth * min(1.0, belief / KNOWN) for truth, belief in graded)
    against = OPEN + trust * (CONTRADICTED - OPEN)
    return against + best * (1.0 - against)


def holds(relation: Relation, thing: Candidate, mark: Candidate, viewpoint: Point) -> float:
    """Truth, 0..1, of a relation to one landmark for someone who looks from ``viewpoint`` at the landmark."""
    away = thing.xy - mark.xy
    if relation is Relation.NEXT_TO:
        gap = float(surface_distance(thing.xy[None], mark.xy, mark.size, mark.yaw)[0]) - min(thing.size) / 2
        return float(np.clip((NOT_NEXT_TO_M - gap) / (NOT_NEXT_TO_M - NEXT_TO_M), 0.0, 1.0))
    look = mark.xy - viewpoint
    length = float(np.hypot(*look))
    if length < 0.3 or np.hypot(*away) > FAR_M:
        return 0.0
    along, side = float(away @ look) / length, float(away[1] * look[0] - away[0] * look[1]) / length
    much, little = {
        Relation.BEHIND: (along, side), Relation.IN_FRONT_OF: (-along, side),
        Relation.LEFT_OF: (side, along), Relation.RIGHT_OF: (-side, along),
    }[relation]  # fmt: skip
    if much < LEAST_M:
        return 0.0
    return float(np.clip((1.1 * much - abs(little)) / (0.4 * much), 0.0, 1.0))


def between(xy: Point, a: Point, b: Point) -> float:
    """Truth, 0..1, of standing between two places."""
    span = b - a
    length = float(np.hypot(*span))
    if length < LEAST_M:
        return 0.0
    along = float((xy - a) @ span) / length**2
    side = abs(float(span[0] * (xy - a)[1] - span[1] * (xy - a)[0])) / length
    return float(np.clip(min(along, 1.0 - along) / 0.1 + 0.5, 0.0, 1.0) * np.clip((2.0 - side) / 0.8, 0.0, 1.0))


def _nearest(candidate: Candidate, others: Sequence[Candidate], to: Point) -> float:
    mine = float(np.hypot(*(candidate.xy - to)))
    nearer = [o.belief for o in others if o is not candidate and np.hypot(*(o.xy - to)) < mine]
    return 1.0 - (1.0 - FARTHER) * min(1.0, max(nearer) / KNOWN) if nearer else 1.0

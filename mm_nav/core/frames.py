# SPDX-License-Identifier: Apache-2.0
"""Where the sensors sit: a tree of coordinate frames. Knows no messages and no time."""

import numpy as np
from jaxtyping import Float64

from mm_nav.core.geometry import inverse, to_quaternion
from mm_nav.errors import ConfigError

RIGID_TOLERANCE = 1e-3
STATIC_SHIFT_M = 0.01  # a static transform that moves more than this, or turns more, is a fault
STATIC_TURN_RAD = np.deg2rad(0.5)


class TransformTree:
    """Frames by name (a leading '/' is ignored), each with at most one parent."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Float64[np.ndarray, "4 4"]] = {}  # since the last change
        self._edges: dict[str, tuple[str, Float64[np.ndarray, "4 4"], bool]] = {}

    def set(self, parent: str, child: str, T_parent_child: Float64[np.ndarray, "4 4"], *, static: bool = True) -> None:
        """Say where ``child`` is in ``parent``. A static transform stays what it was first.

        Raises:
            ConfigError: for an empty name, a matrix that is not finite and rigid, a second parent, a cycle, or a
                static transform that changed by more than 1 cm or 0.5 degrees. The tree is then as before.
        """
        parent, child = parent.lstrip("/"), child.lstrip("/")
        link = f"transform {parent!r} <- {child!r}"
        if not parent or not child or parent == child:
            raise ConfigError(f"{link} needs two frame names; name both in its source")
        T = np.array(T_parent_child, np.float64)
        if T.shape != (4, 4) or not np.isfinite(T).all() or not _is_rigid(T):
            raise ConfigError(f"{link} is {T.tolist()}, not a finite rigid motion; check the calibration")
        T.flags.writeable = False
        known = self._edges.get(child)
        if known is not None:
            self._check_change(link, known, parent, T)
            if known[2]:
                return
        elif child in self._ancestors(parent):
            raise ConfigError(f"{link} closes a loop; remove one transform between them")
        self._edges[child] = (parent, T, static)
        self._found.clear()

    def lookup(self, target: str, source: str) -> Float64[np.ndarray, "4 4"]:
        """``T_target_source``, which maps points of ``source`` into ``target``.

        Raises:
            LookupError: when the frames are not connected; it names both.
        """
        known = self._found.get((target, source))
        if known is None:
            known = self._found[target, source] = self._look_up(target.lstrip("/"), source.lstrip("/"))
        return known.copy()

    def _look_up(self, target: str, source: str) -> Float64[np.ndarray, "4 4"]:
        above = self._ancestors(target)
        frame, T_frame_source = source, np.eye(4)
        while frame not in above:
            edge = self._edges.get(frame)
            if edge is None:
                raise LookupError(f"no transform {target} <- {source}")
            frame, T_frame_source = edge[0], edge[1] @ T_frame_source
        T_target_frame = inverse(above[frame])
        return T_frame_source if frame == target else T_target_frame @ T_frame_source

    def has(self, target: str, source: str) -> bool:
        """Whether ``lookup`` would find a way."""
        try:
            self.lookup(target, source)
        except LookupError:
            return False
        return True

    def frames(self) -> list[str]:
        """All names, sorted."""
        return sorted({*self._edges, *(edge[0] for edge in self._edges.values())})

    def _ancestors(self, frame: str) -> dict[str, Float64[np.ndarray, "4 4"]]:
        """``frame`` and all above it, with ``T_ancestor_frame``."""
        T = np.eye(4)
        found = {frame: T}
        while (edge := self._edges.get(frame)) is not None:
            frame, T = edge[0], edge[1] @ T
            found[frame] = T
        return found

    @staticmethod
    def _check_change(
        link: str, known: tuple[str, Float64[np.ndarray, "4 4"], bool], parent: str, T: Float64[np.ndarray, "4 4"]
    ) -> None:
        if known[0] != parent:
            raise ConfigError(f"{link}, but its parent is {known[0]!r} already; remove one of the two")
        if known[2]:
            change = inverse(known[1]) @ T
            shift = float(np.linalg.norm(change[:3, 3]))
            turn = float(np.arccos(np.clip((np.trace(change[:3, :3]) - 1) / 2, -1.0, 1.0)))
            if shift > STATIC_SHIFT_M or turn > STATIC_TURN_RAD:
                text = f"{link} is static and changed by {shift:.3f} m, {np.rad2deg(turn):.2f} deg, from {_said(known[1])} to {_said(T)}"
                raise ConfigError(f"{text}; the first one is kept, remove the other source")


def _said(T: Float64[np.ndarray, "4 4"]) -> str:
    """Position and quaternion, as people write them."""
    return f"xyz {np.round(T[:3, 3], 4).tolist()} xyzw {np.round(to_quaternion(T), 4).tolist()}"


def _is_rigid(T: Float64[np.ndarray, "4 4"]) -> bool:
    R = T[:3, :3]
    orthonormal = np.allclose(R.T @ R, np.eye(3), atol=RIGID_TOLERANCE) and float(np.linalg.det(R)) > 0
    return bool(orthonormal and np.allclose(T[3], [0.0, 0.0, 0.0, 1.0], atol=1e-9))

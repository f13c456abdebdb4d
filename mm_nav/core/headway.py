# SPDX-License-Identifier: Apache-2.0
"""Whether a robot that should drive makes headway, and when it must back off. Knows no plan and no clock."""

import numpy as np
from jaxtyping import Float64

from mm_nav.core.geometry import inverse, yaw_of

STUCK_S, STUCK_M, STUCK_RAD = 4.0, 0.12, 0.2  # so long it may move and turn less than this
BACK_S = 2.5


class Headway:
    """Asked once per frame in which the robot should drive; ``T_odom_base`` is where it is, None if nobody knows."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another command."""
        self._anchor: tuple[int, Float64[np.ndarray, "4 4"]] | None = None  # when and where it last made headway
        self._back_until_ns = 0

    def rest(self) -> None:
        """It need not drive now: standing is not being stuck."""
        self._anchor = None

    def stuck(self, now_ns: int, T_odom_base: Float64[np.ndarray, "4 4"] | None) -> bool:
        """Whether it has hardly moved or turned for STUCK_S."""
        if self._anchor is not None and T_odom_base is not None:
            since_ns, T = self._anchor
            moved = inverse(T) @ T_odom_base
            if np.hypot(*moved[:2, 3]) < STUCK_M and abs(yaw_of(moved)) < STUCK_RAD:
                return (now_ns - since_ns) * 1e-9 > STUCK_S
        self._anchor = None if T_odom_base is None else (now_ns, T_odom_base)
        return False

    def backs_off(self, now_ns: int, T_odom_base: Float64[np.ndarray, "4 4"] | None) -> bool:
        """Whether it should drive backwards: for BACK_S after it was stuck."""
        if self.stuck(now_ns, T_odom_base):
            self._anchor, self._back_until_ns = None, now_ns + int(BACK_S * 1e9)
        return now_ns < self._back_until_ns

# SPDX-License-Identifier: Apache-2.0
"""What the dashboard's page shows in words: state, sensors, the last orders and answers. Knows neither ROS nor HTTP.

The node's thread writes, the page's threads read.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 40  # lines


@dataclass(slots=True)
class Board:
    """State of one robot. ``about``: bundle, backend and rate. ``simulated``: somebody listens to ``sensor_switch``; ``injected``: what
    somebody who listens to ``fault`` could do to each source, by name; empty without one.
    """

    robot: str = ""
    viewer: str = ""
    about: dict[str, str] = field(default_factory=dict)
    speed: float = 0.0
    simulated: bool = False
    injected: dict[str, list[str]] = field(default_factory=dict)
    spoiled: str = ""  # what the fault injector says that it does now
    _state: str = "waiting for the fusion node"
    _level: int = 3
    _sensors: dict[str, str] = field(default_factory=dict)
    _lines: "deque[dict[str, Any]]" = field(default_factory=lambda: deque(maxlen=KEPT))
    _told: dict[str, tuple[int, str]] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)

    def say(self, who: str, text: str, level: int = 0) -> None:
        """Add a line; one that says the same as the last is counted there."""
        with self._lock:
            if self._lines and (self._lines[-1]["who"], self._lines[-1]["text"]) == (who, text):
                self._lines[-1] = {**self._lines[-1], "times": self._lines[-1]["times"] + 1}
                return
            self._lines.append({"who": who, "text": text, "level": level, "times": 1})

    def sees(self, sensors: dict[str, str], state: str, level: int) -> bool:
        """What the fusion node is about, and why each sensor is missing ('' if it is not). True if that is news.

        Reasons tell how long it lasts, and change all the time: they are none.
        """
        with self._lock:
            news = ({s: not why for s, why in sensors.items()}, state, level) != ({s: not why for s, why in self._sensors.items()}, self._state, self._level)
            self._sensors, self._state, self._level = dict(sensors), state, level
            return news

    def told(self, name: str, level: int, text: str) -> bool:
        """A diagnostic; True if its level changed."""
        with self._lock:
            before = self._told.get(name, (0, ""))
            self._told[name] = (level, text)
            return before[0] != level

    def snapshot(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        with self._lock:
            return {
                "robot": self.robot, "viewer": self.viewer, "state": self._state, "level": self._level, "speed": round(self.speed, 2),
                "about": dict(self.about), "simulated": self.simulated, "lines": list(self._lines),
                "injected": dict(self.injected), "spoiled": spoiled_now(self.spoiled),
                "sensors": [{"name": name, "on": not why, "why": why} for name, why in self._sensors.items()],
                "faults": [{"name": n, "level": level, "text": text} for n, (level, text) in sorted(self._told.items()) if level],
            }  # fmt: skip


def spoiled_now(said: str) -> dict[str, str]:
    """``fault_status`` ("lidar stuck; odom off", "all ok") as fault by source."""
    pairs = [part.strip().rpartition(" ") for part in said.split(";") if part.strip()]
    return {name.strip(): word for name, _, word in pairs if name.strip() not in ("", "all")}

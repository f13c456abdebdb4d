# SPDX-License-Identifier: Apache-2.0
"""What a check found: how bad, about what, and what to do. Knows no recording."""

from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["ok", "note", "fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
        level: ``ok``; ``note`` for what one should know; ``fault`` for what must be mended before the robot uses it.
        subject: topic, sensor or library. check: short name of what was looked at. text: what was found, with its numbers.
        remedy: what to do, or type; a parameter line where one mends it. values: the numbers, for JSON.
    """

    level: Level
    subject: str
    check: str
    text: str
    remedy: str = ""
    values: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"level": self.level, "subject": self.subject, "check": self.check, "text": self.text, "remedy": self.remedy,
                "values": self.values or {}}  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""What is odd about a message that is read all the same: told once, so that the driver gets mended. Knows no ROS package."""

from typing import Any

from mm_nav.wire.cloud import INTENSITY


def remarks(msg: Any) -> dict[str, str]:
    """Oddities of a message by a short name, each with its numbers; none of a message as it should be."""
    found = {}
    header = getattr(msg, "header", None)
    if header is not None and str(header.frame_id).startswith("/"):
        found["slash"] = f"frame_id {str(header.frame_id)[:60]!r} begins with '/'; the slash is ignored"
    if hasattr(msg, "point_step"):
        width, step, row, height = int(msg.width), int(msg.point_step), int(msg.row_step), int(msg.height)
        used = (row or width * step) * height
        if row == 0 and width * height:
            found["row_step"] = f"row_step is 0; taken as width {width} x point_step {step}"
        if used and len(msg.data) > used:
            found["trailing"] = f"{len(msg.data) - used} bytes after the last row are ignored"
        names = {str(f.name).lower() for f in msg.fields}
        if width * height and not names & set(INTENSITY):
            found["no_intensity"] = "no field of intensity or rcs; taken as 0"
    return found

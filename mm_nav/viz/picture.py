# SPDX-License-Identifier: Apache-2.0
"""One instant as a picture: what the robot saw, what it was told, what it made of it. Knows no files and no ROS."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64
from PIL import Image

from mm_nav.core.config import BevGrid
from mm_nav.core.types import Plan, Scene, SensorFrame
from mm_nav.viz.birdseye import draw_birdseye
from mm_nav.viz.camera import draw_camera
from mm_nav.viz.canvas import CYAN, DIM, EDGE, GREEN, RED, TEXT, YELLOW, Canvas, drawable

WIDTH, HEIGHT, MARGIN = 1000, 560, 16
TOP, SIDE = 52, 480  # header height; edge of the bird's-eye panel
LEFT = WIDTH - SIDE - 3 * MARGIN  # width of the left column
CAMERA_HEIGHT = 236  # a 2:1 picture fills it
STATE_COLOURS = {  # of Mission.status and Plan.state
    **dict.fromkeys(("driving", "following", "moving", "turning", "drive", "turn"), CYAN), "reached": GREEN,
    **dict.fromkeys(("searching", "waiting", "search"), YELLOW),
    **dict.fromkeys(("not_found", "blocked", "hold", "rejected"), RED),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """What one picture shows. ``trail`` and ``target`` are in base_link at the scene's stamp."""

    frame: SensorFrame
    scene: Scene
    grid: BevGrid
    plan: Plan | None = None
    command: str = ""
    gloss: str = ""  # the command in English, shown where Chinese cannot be drawn
    state: str = "idle"
    time_s: float = 0.0
    sensors: tuple[tuple[str, bool], ...] = ()  # lamps: name, delivering now
    facts: tuple[tuple[str, str], ...] = ()  # label, value
    trail: Float64[np.ndarray, "n 2"] = field(default_factory=lambda: np.zeros((0, 2)))
    target: Float64[np.ndarray, "2"] | None = None  # ground truth, where it is known
    title: str = ""
    history: Float64[np.ndarray, "k 2"] = field(default_factory=lambda: np.zeros((0, 2)))  # seconds, metres to the target
    outages: tuple[tuple[float, float], ...] = ()  # seconds from, to: a sensor was silent


def draw(instant: Instant) -> Image.Image:
    """The whole picture, ``WIDTH`` x ``HEIGHT`` RGB."""
    canvas = Canvas(WIDTH, HEIGHT)
    _header(canvas, instant)
    scene, plan = instant.scene, instant.plan
    canvas.paste(draw_camera(LEFT, CAMERA_HEIGHT, instant.frame, scene, plan), MARGIN, TOP)
    below = TOP + CAMERA_HEIGHT + 10
    _command(canvas, instant, below)
    _lamps(canvas, instant, below + 76)
    _facts(canvas, instant, below + 122)
    _timeline(canvas, instant, below + 174, TOP + SIDE - below - 174)
    birdseye = draw_birdseye(SIDE, instant.grid, instant.frame, scene, plan, instant.trail, instant.target)
    canvas.paste(birdseye, WIDTH - MARGIN - SIDE, TOP)
    _legend(canvas, WIDTH - MARGIN - SIDE, TOP + SIDE + 5)
    return canvas.picture()


def _header(canvas: Canvas, instant: Instant) -> None:
    x = MARGIN + canvas.text(MARGIN, 14, "mm_nav", size=19, bold=True) + 12
    canvas.text(x, 20, instant.title, size=13, colour=DIM, room=WIDTH - x - 130)
    canvas.text(WIDTH - MARGIN, 16, f"{instant.time_s:5.1f} s", size=17, bold=True, anchor="ra")


def _command(canvas: Canvas, instant: Instant, y: float) -> None:
    canvas.box(MARGIN, y, LEFT, 66)
    said = drawable(instant.command, instant.gloss or "(a command in Chinese)")
    quoted = f"“{said}”" if said else "no command yet"
    canvas.text(MARGIN + 14, y + 10, "COMMAND", size=10, colour=DIM, bold=True)
    room = LEFT - 28
    size = next((n for n in (17, 15, 13) if canvas.width_of(quoted, size=n, bold=True) <= room), 12)
    canvas.text(MARGIN + 14, y + 29, quoted, size=size, bold=bool(said), colour=TEXT if said else DIM, room=room)
    colour = STATE_COLOURS.get(instant.state, DIM)
    word = instant.state.replace("_", " ")
    canvas.text(MARGIN + LEFT - 14, y + 9, word, size=12, bold=True, colour=colour, anchor="ra")
    below = instant.gloss if said == instant.command else "spoken in Chinese; no font of this machine has its signs"
    if below not in ("", said):
        canvas.text(MARGIN + 14, y + 51, below, size=10, colour=DIM, room=room)


def _lamps(canvas: Canvas, instant: Instant, y: float) -> None:
    each = (LEFT - 8 * (len(instant.sensors) - 1)) / max(1, len(instant.sensors))
    for i, (name, on) in enumerate(instant.sensors):
        x = MARGIN + i * (each + 8)
        canvas.box(x, y, each, 32, edge=EDGE if on else RED)
        canvas.disc(x + 15, y + 16, 5, fill=GREEN if on else RED)
        canvas.text(x + 28, y + 16, name, size=12, anchor="lm", colour=TEXT if on else RED, room=each - 60)
        canvas.text(x + each - 10, y + 16, "on" if on else "off", size=11, anchor="rm", colour=DIM if on else RED)


def _facts(canvas: Canvas, instant: Instant, y: float) -> None:
    each = LEFT / max(1, len(instant.facts))
    for i, (label, value) in enumerate(instant.facts):
        x = MARGIN + i * each
        canvas.text(x + 2, y, label.upper(), size=10, colour=DIM, bold=True, room=each - 8)
        canvas.text(x + 2, y + 17, value, size=19, bold=True, room=each - 8)


def _timeline(canvas: Canvas, instant: Instant, y: float, height: float) -> None:
    """Metres to the target over time; the time without a sensor is shaded."""
    canvas.box(MARGIN, y, LEFT, height)
    canvas.text(MARGIN + LEFT - 10, y + 6, "METRES TO THE TARGET", size=9, colour=DIM, bold=True, anchor="ra")
    if len(instant.history) < 2:
        return
    seconds, metres = instant.history.T
    span, most = max(float(seconds[-1]), 10.0), max(float(metres.max()), 1.0)
    across = LEFT - 20

    def place(t: float, d: float) -> tuple[float, float]:
        return MARGIN + 10 + across * min(t / span, 1.0), y + height - 6 - (height - 24) * d / most

    for start, end in instant.outages:
        left, right = place(start, 0)[0], place(min(end, span), 0)[0]
        if right > left:
            canvas.polygon([(left, y + 1), (right, y + 1), (right, y + height - 1), (left, y + height - 1)],
                           fill=RED + "30")  # fmt: skip
    points = [place(float(t), float(d)) for t, d in instant.history]
    canvas.line(points, CYAN, 1.8)
    canvas.disc(*points[-1], 3, fill=CYAN)


def _legend(canvas: Canvas, x: float, y: float) -> None:
    entries = ((TEXT, "occupied"), ("#2aa198", "LiDAR"), ("#ff9e4a", "radar"), (CYAN, "path"), (YELLOW, "goal"))
    for colour, word in entries:
        canvas.disc(x + 5, y + 9, 4, fill=colour)
        x += 16 + canvas.text(x + 14, y + 9, word, size=11, colour=DIM, anchor="lm") + 14

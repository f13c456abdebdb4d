# SPDX-License-Identifier: Apache-2.0
"""Plots of plain figures: training curves, precision and recall, reliability, confusion, bars. Knows no robot."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from mm_nav.viz.canvas import BACKGROUND, CYAN, DIM, EDGE, GREEN, PANEL, RED, TEXT, YELLOW

DPI = 110
COLOURS = (CYAN, YELLOW, GREEN, RED, "#c084fc", "#fb923c", "#e6edf3")
Curve = Sequence[tuple[int, float]]


def panels(columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A dark figure with axes side by side; inches."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=BACKGROUND, layout="constrained")
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    for one in axes:
        one.set_facecolor(PANEL)
        one.tick_params(colors=DIM, labelsize=8)
        for side in one.spines.values():
            side.set_color(EDGE)
    return figure, axes


def name(axes: Axes, title: str, x: str = "", y: str = "") -> None:
    """Title and axis labels."""
    axes.set_title(title, color=TEXT, fontsize=10)
    axes.set_xlabel(x, color=DIM, fontsize=9)
    axes.set_ylabel(y, color=DIM, fontsize=9)


def legend(axes: Axes) -> None:
    """Names of the lines, if there are any."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=7, facecolor=PANEL, edgecolor=EDGE, labelcolor=TEXT)


def picture(figure: Figure) -> Image.Image:
    """The figure as pixels."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def binary(values: Mapping[str, Any]) -> Image.Image:
    """Precision-recall curve and reliability plot of a ``classification.binary``; dots as large as what they stand for."""
    figure, (left, right) = panels(2, 9, 3.8)
    left.plot(values["curve"]["recall"], values["curve"]["precision"], color=CYAN)
    left.set(xlim=(0, 1.02), ylim=(0, 1.05))
    area = values["average_precision"]
    name(left, "precision and recall" + ("" if area is None else f", average precision {area:.3f}"), "recall", "precision")
    rows = values["reliability"]
    most = max((r["count"] for r in rows), default=1)
    right.plot([0, 1], [0, 1], color=DIM, linestyle="--", linewidth=1)
    right.plot([r["said"] for r in rows], [r["came_true"] for r in rows], color=YELLOW, linewidth=1)
    right.scatter([r["said"] for r in rows], [r["came_true"] for r in rows], s=[8 + 60 * r["count"] / most for r in rows], color=YELLOW)
    right.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    name(right, f"reliability, expected calibration error {values['ece']:.3f}", "probability that was said", "share that came true")
    return picture(figure)


def precision_recall(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Image.Image:
    """One precision-recall curve per name."""
    figure, (axes,) = panels(1, 9, 3.6)
    for i, (label, curve) in enumerate(curves.items()):
        axes.plot(curve["recall"], curve["precision"], color=COLOURS[i % len(COLOURS)], label=label)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.05))
    name(axes, "precision and recall by class", "recall", "precision")
    legend(axes)
    return picture(figure)


def confusion(values: Mapping[str, Any]) -> Image.Image:
    """Confusion matrix of a ``classification.report``: colour by share of the row, count in each cell."""
    matrix, names = np.array(values["matrix"]), values["names"]
    figure, (axes,) = panels(1, 9, 5)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="viridis", vmin=0, vmax=1)
    for r, c in np.argwhere(matrix):
        axes.text(c, r, str(matrix[r, c]), ha="center", va="center", fontsize=8, color="black" if share[r, c] > 0.6 else "white")
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    name(axes, "", "said", "true")
    return picture(figure)


def bars(values: Mapping[str, float | None], title: str, unit: str) -> Image.Image:
    """One bar per name; a value of None is left out."""
    shown = {k: v for k, v in values.items() if v is not None}
    figure, (axes,) = panels(1, 9, 2.8)
    axes.bar(list(shown), list(shown.values()), color=CYAN)
    name(axes, title, "", unit)
    return picture(figure)


def history(curves: Mapping[str, Curve], title: str) -> Image.Image:
    """Training curves by step; short ones with dots. Curves of a single value are dots alone."""
    figure, (axes,) = panels(1, 9, 3.6)
    for i, (label, curve) in enumerate(curves.items()):
        steps, values = zip(*curve, strict=True)
        axes.plot(steps, values, "o-" if len(curve) < 20 else "-", markersize=4, color=COLOURS[i % len(COLOURS)], label=label)
    name(axes, title, "step", "")
    legend(axes)
    return picture(figure)

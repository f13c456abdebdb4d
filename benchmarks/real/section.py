# SPDX-License-Identifier: Apache-2.0
"""One recording's part of the report, and the report as Markdown and JSON. Knows no recording."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Cell = str | float | int | None


@dataclass(slots=True)
class Table:
    """Rows under headings; None is shown as a dash."""

    headings: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Markdown."""
        out = [_row(self.headings), _row(["---"] * len(self.headings))]
        return [*out, *(_row(shown(value) for value in row) for row in self.rows)]


@dataclass(slots=True)
class Section:
    """What was found on one recording.

    Attributes:
        summary: what it shows, by name; a row of the table at the top. pictures: file and what is to be seen on it.
    """

    name: str
    title: str
    summary: dict[str, Cell] = field(default_factory=dict)
    tables: list[tuple[str, Table]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Markdown."""
        out = [f"## {self.title}", ""]
        for note in self.notes:
            out += [note, ""]
        for caption, table in self.tables:
            out += [caption, "", *table.lines(), ""]
        for file, text in self.pictures:
            out += [f"![{text}]({file})", ""]
        return out


def shown(value: Cell) -> str:
    """A cell as text: three digits after the point."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _row(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def write(sections: Sequence[Section], skipped: Sequence[tuple[str, str]], about: dict[str, str], out: Path) -> None:
    """``out``/real.md and ``out``/real/figures.json."""
    lines = ["# mm_nav on recordings of real sensors", "",
             "Written by `make real`; every figure below comes from that one run.", ""]  # fmt: skip
    lines += [f"* {key}: {value}" for key, value in about.items()] + [""]
    lines += ["| recording | shows |", "|---|---|"]
    for section in sections:
        lines.append(_row((section.name, "; ".join(f"{key} {shown(value)}" for key, value in section.summary.items()))))
    lines.append("")
    if skipped:
        lines += ["Not run: " + "; ".join(f"{name} ({why})" for name, why in skipped) + ".", ""]
    for section in sections:
        lines += section.lines()
    (out / "real").mkdir(parents=True, exist_ok=True)
    (out / "real.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    values = {"about": about, "skipped": dict(skipped), "sections": [asdict(s) for s in sections]}
    (out / "real" / "figures.json").write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

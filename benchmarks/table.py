# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.table bench.json DOCUMENT…``: the rows of a ``mm_nav bench --json`` file as tables of documents.

What stands between marks is replaced; nothing else is touched. ``<!-- bench -->`` to ``<!-- /bench -->`` is the table, with what limits
rows that are below their target; ``<!-- bench-details -->`` what was checked and measured beside each ratio; ``<!-- scaling -->`` the
figures of ``scaling.json`` beside ``bench.json``.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def table(found: Mapping[str, Any]) -> str:
    """Markdown of a benchmark's JSON: the machine, one line for each peer, then what limits rows below target, and what did not run."""
    machine = found["machine"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores ({' '.join(machine['flags'])}); peer time / ours, above 1 we are faster.",
        "",
        "| id | what | ours, ms | peer | peer, ms | ratio | target |",
        "|---|---|---|---|---|---|---|",
    ]
    limits = []
    for row in sorted(found["rows"], key=lambda r: (_number(r["id"]), r["name"])):
        peers, most_ms = [row, *row["also"]], row["figures"].get("target_ms")  # a time is aimed at instead of a ratio
        for i, peer in enumerate(peers):
            ours = (row["id"], row["subject"], _ms(row["subject_ms"])) if i == 0 else ("", "", "")
            aim = f"≤ {most_ms:g} ms" if i == 0 and most_ms else "" if peer["target"] is None else f"{peer['target']:g}"
            cells = (*ours, peer["peer"], _ms(peer["peer_ms"]), _ratio(peer["ratio"]), aim)
            lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        late = most_ms is not None and row["subject_ms"] > most_ms
        if row["limit"] and (late or any(p["target"] is not None and p["ratio"] < p["target"] for p in peers)):
            limits.append(f"* {row['id'] or row['name']} ({row['name']}) is below its target; {row['limit']}.")
    lines += ["", *limits] if limits else []
    lines += ["", *(f"* {name} did not run: {why}." for name, why in found["skipped"].items())] if found["skipped"] else []
    return "\n".join(lines)


def details(found: Mapping[str, Any]) -> str:
    """Markdown of what was checked equal, and of every other figure, by row; then the versions that it all depends on."""
    lines = []
    for row in sorted(found["rows"], key=lambda r: (_number(r["id"]), r["name"])):
        lines += [f"* **{row['id'] or row['name']}** ({row['name']}), {row['alternations']} turns. Equal first: {row['check']}."]
        if row["figures"]:
            lines += ["  " + ", ".join(f"`{name}` {value:.3g}" for name, value in row["figures"].items()) + "."]
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return "\n".join([*lines, "", f"On {machine['system']}, Python {machine['python']}; {versions}."])


def scaling(found: Mapping[str, Any]) -> str:
    """Markdown of ``benchmarks.scaling``'s JSON."""
    lines = ["| | smallest, ms | largest, ms | exponent | |", "|---|---|---|---|---|"]
    for name, one in found["series"].items():
        ends = [f"{x:,}: {_ms(ms)}" for x, ms in ((one["x"][0], one["ms"][0]), (one["x"][-1], one["ms"][-1]))]
        lines.append(f"| {name} | {ends[0]} | {ends[1]} | {one['exponent']:.2f} | {one['verdict']} |")
    training = found.get("training", {})
    if training:
        said = ", ".join(f"{float(rate):.1f} with {n}" for n, rate in training.items())
        lines += ["", f"Trainings beside each other, each with its share of the cores, samples per second of all: {said} process(es)."]
    return "\n".join(lines)


def written(document: str, made: str, part: str = "bench") -> str:
    """The document with the text between a part's marks.

    Raises:
        ValueError: the marks are missing, or in the wrong order.
    """
    opening, closing = f"<!-- {part} -->", f"<!-- /{part} -->"
    begin, end = document.find(opening), document.find(closing)
    if begin < 0 or end < begin:
        raise ValueError(f"the document has no {opening} … {closing}; put both lines where the text belongs")
    return f"{document[: begin + len(opening)]}\n{made}\n{document[end:]}"


PARTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {  # mark -> file beside bench.json ("" is itself), text
    "bench": ("", table), "bench-details": ("", details), "scaling": ("scaling.json", scaling),
}  # fmt: skip


def main(words: list[str]) -> int:
    """Write the parts for which each document has marks; gives the exit status."""
    if not words:
        sys.stderr.write("usage: python -m benchmarks.table BENCH_JSON [DOCUMENT…]\n")
        return 2
    source, status = Path(words[0]), 0
    for document in map(Path, words[1:] or ["README.md"]):
        text = document.read_text(encoding="utf-8")
        wanted = [part for part in PARTS if f"<!-- {part} -->" in text] or ["bench"]
        try:
            for part in wanted:
                beside, make = PARTS[part]
                found = json.loads((source.with_name(beside) if beside else source).read_text(encoding="utf-8"))
                text = written(text, make(found), part)
            document.write_text(text, encoding="utf-8")
        except ValueError as error:
            sys.stderr.write(f"{document}: {error}\n")
            status = 2
    return status


def _number(name: str) -> tuple[str, int]:
    digits = "".join(c for c in name if c.isdigit())
    return name[:1] or "~", int(digits or 0)


def _ms(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _ratio(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

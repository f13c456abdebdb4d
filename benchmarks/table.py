# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.table bench.json [README.md]``: the rows of a ``mm_nav bench --json`` file as the README's table.

What stands between ``<!-- bench -->`` and ``<!-- /bench -->`` is replaced; nothing else is touched. Rows below their target say
what limits them.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


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
        peers = [{**row, "ratio": row["ratio"]}, *row["also"]]
        for i, peer in enumerate(peers):
            ours = (row["id"], row["subject"], _ms(row["subject_ms"])) if i == 0 else ("", "", "")
            cells = (*ours, peer["peer"], _ms(peer["peer_ms"]), _ratio(peer["ratio"]), "" if peer["target"] is None else f"{peer['target']:g}")
            lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        if row["limit"] and any(p["target"] is not None and p["ratio"] < p["target"] for p in peers):
            limits.append(f"* {row['id'] or row['name']} ({row['name']}) is below its target; {row['limit']}.")
    lines += ["", *limits] if limits else []
    lines += ["", *(f"* {name} did not run: {why}." for name, why in found["skipped"].items())] if found["skipped"] else []
    return "\n".join(lines)


def written(document: str, made: str) -> str:
    """The document with the table between its marks.

    Raises:
        ValueError: the marks are missing, or in the wrong order.
    """
    begin, end = document.find(BEGIN), document.find(END)
    if begin < 0 or end < begin:
        raise ValueError(f"the document has no {BEGIN} … {END}; put both lines where the table belongs")
    return f"{document[: begin + len(BEGIN)]}\n{made}\n{document[end:]}"


def main(words: list[str]) -> int:
    """Write the table; gives the exit status."""
    if not 1 <= len(words) <= 2:
        sys.stderr.write("usage: python -m benchmarks.table BENCH_JSON [README]\n")
        return 2
    document = Path(words[1] if len(words) > 1 else "README.md")
    found = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    try:
        document.write_text(written(document.read_text(encoding="utf-8"), table(found)), encoding="utf-8")
    except ValueError as error:
        sys.stderr.write(f"{document}: {error}\n")
        return 2
    return 0


def _number(name: str) -> tuple[str, int]:
    digits = "".join(c for c in name if c.isdigit())
    return name[:1] or "~", int(digits or 0)


def _ms(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _ratio(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

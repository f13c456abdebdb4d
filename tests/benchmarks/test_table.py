# SPDX-License-Identifier: Apache-2.0
"""The README's table says what the benchmark's JSON says, and nothing around it changes."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.table import details, main, scaling, table, written
from mm_nav.bench import versus

MACHINE = {"cpu": "a CPU", "cores": 2, "flags": ["avx2"], "system": "Linux", "python": "3.11", "versions": {"numpy": "2"}}
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def found(*rows, skipped: dict[str, str] | None = None) -> dict:
    return {"machine": MACHINE, "rows": [asdict(r) for r in rows], "skipped": skipped or {}, "failed": {}}


def test_each_peer_is_a_line_with_its_ratio_and_target() -> None:
    row = versus("x", {"ours": 2.0, "theirs": 5.0, "others": 1.0}, check="sums", id="B7", targets=(2,), limit="memory")
    text = table(found(row))
    assert "| B7 | ours | 2 | theirs | 5 | 2.5 | 2 |" in text
    assert "|  |  |  | others | 1 | 0.5 |  |" in text
    assert "memory" not in text  # it is at its target


def test_a_row_below_its_target_says_what_limits_it_and_one_that_did_not_run_why() -> None:
    row = versus("x", {"ours": 2.0, "theirs": 5.0}, check="sums", id="B7", targets=(3,), limit="memory")
    text = table(found(row, skipped={"gpu": "no GPU"}))
    assert "B7 (x) is below its target; memory." in text
    assert "gpu did not run: no GPU." in text


def test_a_row_that_aims_at_a_time_says_so_and_what_keeps_it_from_there() -> None:
    text = table(found(versus("x", {"ours": 20.0, "theirs": 50.0}, check="sums", id="B16", limit="imports", figures={"target_ms": 15.0})))
    assert "| B16 | ours | 20 | theirs | 50 | 2.5 | ≤ 15 ms |" in text
    assert "B16 (x) is below its target; imports." in text


def test_rows_are_in_the_order_of_their_numbers() -> None:
    rows = [versus("x", {"ours": 1.0, "theirs": 1.0}, check="sums", id=one) for one in ("G1", "B10", "B9")]
    text = table(found(*rows))
    assert [text.index(f"| {one} |") for one in ("B9", "B10", "G1")] == sorted(text.index(f"| {one} |") for one in ("B9", "B10", "G1"))


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    readme, data = tmp_path / "README.md", tmp_path / "b.json"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    data.write_text(json.dumps(found(versus("x", {"ours": 1.0, "theirs": 4.0}, check="sums"))), encoding="utf-8")
    assert main([str(data), str(readme)]) == 0
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "old" not in text
    assert written(text, table(json.loads(data.read_text(encoding="utf-8")))) == text


def test_a_document_without_marks_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("nothing", encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(found()), encoding="utf-8")
    assert main([str(tmp_path / "b.json"), str(tmp_path / "README.md")]) == 2
    assert "put both lines where the text belongs" in capsys.readouterr().err


def test_details_say_what_was_equal_and_every_figure() -> None:
    row = versus("x", {"ours": 2.0, "theirs": 5.0}, check="sums", id="B7", figures={"p99_ms": 3.25})
    text = details(found(row))
    assert "**B7** (x), 7 turns. Equal first: sums." in text
    assert "`p99_ms` 3.25" in text
    assert "numpy 2" in text


def test_scaling_stands_between_marks_of_its_own(tmp_path: Path) -> None:
    series = {"points": {"x": [10, 1000], "ms": [0.5, 20.0], "exponent": 0.8, "verdict": "near-linear or better"}}
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- scaling -->\n<!-- /scaling -->\nb\n", encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(found()), encoding="utf-8")
    (tmp_path / "scaling.json").write_text(json.dumps({"series": series}), encoding="utf-8")
    assert main([str(tmp_path / "b.json"), str(page)]) == 0
    assert "| points | 10: 0.5 | 1,000: 20 | 0.80 | near-linear or better |" in page.read_text(encoding="utf-8")
    assert scaling({"series": series}) in page.read_text(encoding="utf-8")

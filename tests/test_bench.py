# SPDX-License-Identifier: Apache-2.0
"""Benchmarks run, check before they time, and report every key. How fast they are is not tested."""

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from mm_nav import bench
from mm_nav.bench import BenchConfig, Row, SkippedError, UnequalError, main, take_turns, versus
from mm_nav.errors import ConfigError

MINUTES = {"startup", "training"}  # even in their quick form; MM_NAV_BENCH=all tries them too
KEYS = {"name", "subject", "peer", "subject_ms", "peer_ms", "ratio", "check"}


@pytest.mark.parametrize("name", bench.available())
def test_a_benchmark_writes_full_rows_that_were_checked(name: str, tmp_path: Path) -> None:
    if name in MINUTES and os.environ.get("MM_NAV_BENCH") != "all":
        pytest.skip("takes minutes; set MM_NAV_BENCH=all to try it")
    assert main(BenchConfig(names=(name,), json=tmp_path / "b.json", quick=True)) == 0
    written = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert not written["failed"]
    if name in written["skipped"]:
        pytest.skip(written["skipped"][name])
    assert written["rows"]
    for row in written["rows"]:
        assert row.keys() >= KEYS
        assert row["check"]
        assert row["alternations"] >= 1
        assert row["ratio"] == pytest.approx(row["peer_ms"] / row["subject_ms"])
    assert written["machine"]["versions"]["numpy"]


def test_turns_alternate_and_reverse() -> None:
    called: list[str] = []
    take_turns({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, repeat=2)
    assert called[:4] == ["a", "a", "b", "b"]  # warm-up
    assert called[4:12] == ["a", "a", "b", "b", "b", "b", "a", "a"]
    assert len(called) == 4 + 4 * bench.ALTERNATIONS


def test_there_are_never_fewer_than_five_turns() -> None:
    called: list[str] = []
    take_turns({"a": lambda: called.append("a")}, repeat=1, alternations=1)
    assert len(called) == 2 + 5


def test_a_time_is_a_median_and_not_a_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    # (start, end) of 2 calls in each of 5 turns; one call takes 100 s and one turn is slow
    spans = [(0, 1), (0, 3), (0, 2), (0, 100), (0, 2), (0, 2), (0, 9), (0, 9), (0, 2), (0, 2)]
    clock = iter([float(t) for span in spans for t in span])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    # turns' medians: 2, 51, 2, 9, 2 s
    assert take_turns({"a": lambda: None}, repeat=2, alternations=5) == {"a": 2000.0}


def test_a_ratio_says_how_many_times_faster_the_subject_is() -> None:
    row = versus("x", {"ours": 2.0, "theirs": 5.0, "others": 1.0}, check="sums")
    assert (row.subject, row.peer, row.ratio) == ("ours", "theirs", 2.5)
    assert [(p.peer, p.ratio) for p in row.also] == [("others", 0.5)]


def test_each_peer_has_its_own_target() -> None:
    row = versus("x", {"ours": 2.0, "theirs": 5.0, "others": 1.0, "more": 4.0}, check="sums", id="B0", targets=(2.0, 0.4), limit="memory")
    assert (row.id, row.target, [p.target for p in row.also], row.limit) == ("B0", 2.0, [0.4, None], "memory")


def test_a_benchmark_may_have_several_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = [versus(name, {"ours": 1.0, "theirs": 2.0}, check="sums", figures={"p99_ms": 3.0}) for name in ("a", "b")]
    monkeypatch.setattr(bench, "load", lambda name: SimpleNamespace(rows=lambda quick: made))
    assert main(BenchConfig(names=("preprocess",), json=tmp_path / "b.json")) == 0
    assert [r["name"] for r in json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["rows"]] == ["a", "b"]


def test_what_is_not_equal_is_not_timed_and_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def row(quick: bool) -> Row:
        raise UnequalError("3 pillars differ")

    monkeypatch.setattr(bench, "load", lambda name: SimpleNamespace(row=row))
    assert main(BenchConfig(names=("preprocess",), json=tmp_path / "b.json")) == 1
    written = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert written["failed"] == {"preprocess": "3 pillars differ"}
    assert written["rows"] == []


def test_what_cannot_run_here_is_skipped_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def row(quick: bool) -> Row:
        raise SkippedError("torch is not installed")

    monkeypatch.setattr(bench, "load", lambda name: SimpleNamespace(row=row))
    assert main(BenchConfig(names=("inference",))) == 0
    assert "inference skipped: torch is not installed" in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"benchmark 'speed' is unknown; choose from .*preprocess"):
        main(BenchConfig(names=("speed",)))

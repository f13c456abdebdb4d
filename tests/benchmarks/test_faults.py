# SPDX-License-Identifier: Apache-2.0
"""The catalogue of faults and the tests that claim to show them agree, and the page says the same."""

import re
from pathlib import Path

import pytest

from benchmarks.faults.__main__ import page
from benchmarks.faults.catalogue import Fault, catalogue, marked

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def test_every_mark_names_a_fault_of_the_catalogue() -> None:
    known = {fault.id for fault in catalogue()}
    assert len(known) == 159
    assert set(marked()) <= known


@pytest.mark.parametrize("fault", catalogue(), ids=lambda fault: fault.id)
def test_every_fault_is_shown_by_a_test_or_says_why_not(fault: Fault) -> None:
    assert bool(fault.untested) != bool(marked().get(fault.id)), f"{fault.id}: mark a test, or say why there is none"


def test_the_page_shows_every_fault_with_its_tests() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([A-Z]\d\d) \| (.*)$", text, re.MULTILINE))
    assert list(rows) == [fault.id for fault in catalogue()], "run `make faults`"
    for name, tests in marked().items():
        for test in tests:
            assert f"tests/{test.partition('::')[0]})" in rows[name], f"{name}: run `make faults`"
    assert "**failed**" not in text


def test_a_test_that_failed_or_was_not_run_shows_nothing() -> None:
    fault = Fault(id="M01", fault="a", expected="b")
    for outcome, shown in (("passed", "1 of 1"), ("failed", "0 of 1"), ("skipped", "0 of 1")):
        text = page([fault], {"M01": ["x.py::test_y"]}, {"x.py::test_y": outcome}, 1.0)
        assert f"{shown} faults are shown" in text
        assert ("**" in text) == (outcome != "passed")

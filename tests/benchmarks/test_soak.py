# SPDX-License-Identifier: Apache-2.0
"""Short versions of `make soak`: real nodes drive through a few faults, stand when something dies, and the figures are judged right."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
pytest.importorskip("open3d", reason="Open3D is not installed; pip install 'mm_nav[sim]'")

from benchmarks.soak.drive import close, memory_of, quantiles, soak, spread, start
from benchmarks.soak.figures import keep, load, measured, page
from benchmarks.soak.processes import Life
from benchmarks.soak.stand import KINDS, WORST_S, Kind, row, trial
from benchmarks.soak.trouble import Rig, drawn, named, table
from tests.ros.conftest import domain  # noqa: F401 - the fixture

SEED = 2267
BUSY_S = 3.0  # what another job on the machine may add: this is no benchmark


@pytest.fixture
def prepared(domain: int) -> Iterator[int]:  # noqa: F811 - the fixture
    """The environment of nodes that are other processes: as on a robot, without the checks of fields that tests have."""
    from mm_nav.ros import transport

    saved = dict(os.environ)
    os.environ.pop("ROS_PYTHON_CHECK_FIELDS", None)
    transport.prepare()
    yield domain
    os.environ.clear()
    os.environ.update(saved)


@pytest.mark.slow
@pytest.mark.fault("P13", "P14", "S01", "S04", "G08")
def test_a_robot_drives_through_faults_without_a_crash_a_collision_or_unsafe_motion(prepared: int, tmp_path: Path) -> None:
    told: list[str] = []
    faults = [named(name) for name in ("camera/front off", "all off", "fusion SIGKILL")]
    found = soak(tmp_path, minutes=5.0, seed=SEED, tell=told.append, faults=faults, every_s=4.0, bundle="tiny")
    assert [one["fault"] for one in found["each"]] == [fault.name for fault in faults]
    assert len(told) == 3
    for what in ("crashes", "not_recovered", "collisions", "unsafe"):
        assert not found[what], (what, found[what], told)
    assert found["memory"]["fusion"]["most_mb"] < 1500.0  # two clouds a second that are kept would be more


@pytest.fixture
def rig(prepared: int, tmp_path: Path) -> Iterator[Rig]:
    made = start(tmp_path, SEED, bundle="tiny")
    yield made
    close(made)


@pytest.mark.slow
@pytest.mark.fault("S01", "S02", "S03", "S04", "P13", "P15", "X11")
def test_whatever_dies_the_robot_stands_or_slows_down_and_drives_again(rig: Rig) -> None:
    kinds: list[Kind] = [kind for kind in KINDS if kind.node in ("", "fusion")]
    for kind in sorted(kinds, key=lambda kind: kind.name == "fusion SIGKILL"):  # its restart takes longest
        seen = trial(rig, kind, 0.1)
        assert seen["reacted_s"] is not None, kind
        assert seen["reacted_s"] < WORST_S + BUSY_S, kind
    assert not rig.probe.unsafe
    assert rig.processes.crashes() == []


def test_every_fault_is_drawn_before_one_comes_again_and_none_ends_a_node_when_that_may_not_be() -> None:
    draw = drawn(3)
    names = [draw(True).name for _ in table()]
    assert sorted(names) == sorted(t.name for t in table())
    again, other = drawn(3), drawn(4)
    assert [again(True).name for _ in table()] == names
    assert [other(True).name for _ in table()] != names
    assert not any(draw(False).ends_process for _ in range(200))


def test_a_reaction_that_is_late_or_never_comes_does_not_pass() -> None:
    def seen(*times: float | None) -> list[dict[str, float | None]]:
        return [{"reacted_s": t, "slowed": 0.0, "base_still_s": None, "zero_again_s": None} for t in times]

    kind = KINDS[0]
    assert row(kind, seen(0.2, 0.4, 0.9))["passed"]
    assert not row(kind, seen(0.2, 0.6, 0.9))["passed"]
    assert not row(kind, seen(0.2, 0.4, 1.1))["passed"]
    assert not row(kind, seen(0.2, 0.4, None))["passed"]
    assert row(kind, seen(0.2, None))["never"] == 1


@pytest.mark.fault("G08")
def test_memory_that_grows_is_told_from_memory_that_does_not() -> None:
    def life(mb_per_min: float, minutes: float) -> Life:
        seconds = [2.0 * i for i in range(round(30 * minutes))]
        return Life(1, seconds, [300.0 - 100.0 * (s < 30) + mb_per_min * s / 60 for s in seconds])

    assert memory_of([life(0.0, 1.5), life(5.0, 4.0)])["mb_per_min"] == pytest.approx(5.0)  # the longest life, warm
    assert memory_of([life(0.0, 4.0)])["mb_per_min"] == pytest.approx(0.0, abs=1e-9)
    assert memory_of([life(5.0, 1.5)])["mb_per_min"] is None
    assert memory_of([])["most_mb"] is None


def test_figures_are_kept_part_by_part_and_said_of_each_fault(tmp_path: Path) -> None:
    about = {"date": "2026-01-02", "machine": "2 cores", "mm_nav": "0.1.0", "command": "python -m benchmarks.soak"}
    file = tmp_path / "soak.json"
    each: list[dict[str, Any]] = [
        {"fault": "camera/front off", "ids": ["S01"], "recovered": True, "running_s": 0.5, "moves_s": 0.6, "unsafe": []},
        {"fault": "camera/front off", "ids": ["S01"], "recovered": False, "running_s": None, "moves_s": None, "unsafe": ["moves"]}]  # fmt: skip
    memory = {node: {"mb_per_min": 0.1, "minutes": 5.0, "most_mb": 300.0} for node in ("fusion", "navigator")}
    driven = {"minutes": 3.0, "faults": 2, "kinds": 1, "crashes": [], "not_recovered": ["camera/front off"], "collisions": [], "unsafe": ["moves"],
              "orders": 3, "orders_fulfilled": 2, "metres": 10.0, "running_s": spread([0.5, None]), "moves_s": spread([0.6, None]),
              "latency_ms": quantiles([100.0, 200.0]), "memory": memory, "each": each}  # fmt: skip
    keep("soak", driven, about, file)
    rows = {"camera off": row(KINDS[0], [{"reacted_s": 0.25, "slowed": 1.0, "base_still_s": None, "zero_again_s": None}])}
    keep("kill", {"trials": 1, "rows": rows}, about, file)
    assert json.loads(file.read_text("utf-8")).keys() == {"soak", "kill"}
    assert measured(load(file)) == {"S01": "camera off: slower or zero 0.25; 0.25 s; 1 of 2 recovered, within 0.5 s"}
    text = file.with_suffix(".md").read_text("utf-8")
    assert text == page(load(file))
    assert "| faults that were not recovered from | 0 | 1 camera/front off |" in text
    assert "2026-01-02, 2 cores" in text
    assert load(tmp_path / "none.json") == {}

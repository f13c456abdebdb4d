# SPDX-License-Identifier: Apache-2.0
"""A hundred lives of a node leave nothing behind: no publisher, no thread, no file, no object, no growing memory.

What counts is what is alive: bytes that malloc has given out, over all its arenas, and Python's objects by type. The resident
size of the process says little, for malloc keeps what it got, by thread and size; it only has a wide bound here, for memory
that comes from elsewhere.
"""

import gc
import logging
import os
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

CYCLES, WARM = 100, 6  # the first lives import, compile and fill caches
WITH_ENCODER = 6  # lives after these that read the encoder of words anew, which is 98 % of a life's time
HEAP_BYTES, BLOCKS, RESIDENT_BYTES = 20_000, 100, 2_000_000  # most that a life may leave
CACHED_BLOCKS = 5_000  # besides: the interpreter keeps up to 4096 names of attributes


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds. ``heap`` is None where the C library cannot say (before glibc 2.33, musl)."""

    heap: int | None
    blocks: int
    objects: Counter[str]
    resident: int
    threads: int
    files: int


def held() -> Held:
    gc.collect()
    objects: Counter[str] = Counter()
    for thing in gc.get_objects():  # not in the constructor, which makes objects when it is first called
        objects[str(type(thing).__qualname__)] += 1
    given = psutil.heap_info() if hasattr(psutil, "heap_info") else None
    return Held(
        heap=None if given is None else given.heap_used + given.mmap_used,
        blocks=sys.getallocatedblocks(),
        objects=objects,
        resident=psutil.Process().memory_info().rss,
        threads=threading.active_count(),
        files=len(os.listdir("/proc/self/fd")),  # noqa: PTH208
    )


def left(before: Held, after: Held, lives: int) -> list[str]:
    """What so many lives left behind, in words; only a kind of object of which each life leaves one counts."""
    kept = {name: count - before.objects[name] for name, count in after.objects.items()}
    found = [f"{count} objects of type {name}" for name, count in kept.items() if count >= lives]
    if before.heap is not None and after.heap is not None and after.heap - before.heap > HEAP_BYTES * lives:
        found.append(f"{after.heap - before.heap} bytes of the heap")
    if after.blocks - before.blocks > BLOCKS * lives + CACHED_BLOCKS:
        found.append(f"{after.blocks - before.blocks} small blocks")
    if after.resident - before.resident > RESIDENT_BYTES * lives + 50_000_000:
        found.append(f"{after.resident - before.resident} resident bytes")
    found += [f"{after.threads - before.threads} threads"] if after.threads > before.threads else []
    return found + ([f"{after.files - before.files} open files"] if after.files > before.files else [])


def one_life(node: Any) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn

    for trigger in (node.trigger_configure, node.trigger_activate, node.trigger_deactivate, node.trigger_cleanup):
        assert trigger() == TransitionCallbackReturn.SUCCESS


def lead(node: Any, graph: Graph, lives: int) -> Held:
    for _ in range(lives):
        one_life(node)
        graph.spin()
    return held()


@pytest.fixture(autouse=True)
def nothing_is_kept_of_what_is_logged() -> Iterator[None]:
    """pytest keeps each record that is logged, and ``mm_nav`` as a command logs more than these tests want."""
    logger, level = logging.getLogger("mm_nav"), logging.getLogger("mm_nav").level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


@pytest.fixture
def navigator(graph: Graph) -> Any:
    from mm_nav.ros.navigator_node import NavigatorNode

    return graph.add(NavigatorNode(parameter_overrides=parameters(autostart=False, enable_cmd_vel=True)))


def entities(node: Any) -> tuple[int, int, int]:
    return len(list(node.publishers)), len(list(node.subscriptions)), len(list(node.timers))


def test_a_hundred_lives_of_the_navigator_leave_nothing_behind(graph: Graph, navigator: Any) -> None:
    first = entities(navigator)
    before = lead(navigator, graph, WARM)
    after = lead(navigator, graph, CYCLES - WARM)
    assert left(before, after, CYCLES - WARM) == []
    assert entities(navigator) == first


@pytest.mark.slow
def test_a_hundred_lives_of_the_fusion_node_leave_nothing_behind(graph: Graph, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mm_nav.engine.text import open_text_encoder
    from mm_nav.ros import fusion_node

    node = graph.add(fusion_node.FusionNode(parameter_overrides=parameters(autostart=False, bundle=str(bundle), **EXTRINSICS)))
    first = entities(node)
    before = lead(node, graph, WARM)
    after = lead(node, graph, WITH_ENCODER)
    assert left(before, after, WITH_ENCODER) == []
    shared = open_text_encoder()
    monkeypatch.setattr(fusion_node, "open_text_encoder", lambda bundle: shared)
    before = lead(node, graph, 1)  # reads the shared encoder
    rest = CYCLES - WARM - WITH_ENCODER - 1
    after = lead(node, graph, rest)
    assert left(before, after, rest) == []
    assert entities(node) == first


def test_cleaning_up_lets_go_of_the_network_at_once(graph: Graph, bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    from mm_nav.ros.fusion_node import FusionNode

    caplog.set_level(logging.INFO, "mm_nav")  # somebody keeps what is logged: why other backends were not taken, too
    node = graph.add(FusionNode(parameter_overrides=parameters(autostart=False, bundle=str(bundle), **EXTRINSICS)))
    node.trigger_configure()
    parts = [weakref.ref(part) for part in (node._pipeline, node._pipeline.engine, node._pipeline.encoder, node._pipeline.mission)]
    gc.disable()  # what only the collector would find stays for minutes
    try:
        node.trigger_cleanup()
        assert [part() for part in parts] == [None] * len(parts)
    finally:
        gc.enable()


def leaks() -> Iterator[Any]:
    yield "heap", lambda kept: kept.append(np.zeros(100_000, np.uint8)), "bytes of the heap"
    yield "objects", lambda kept: kept.append(threading.Event()), "objects of type Event"
    yield "files", lambda kept: kept.append(Path("/dev/null").open("rb")), "open files"  # noqa: SIM115 - that is the leak


@pytest.mark.parametrize(("leak", "named"), [pytest.param(leak, named, id=name) for name, leak, named in leaks()])
def test_what_a_life_leaves_is_noticed(graph: Graph, navigator: Any, monkeypatch: pytest.MonkeyPatch, leak: Any, named: str) -> None:
    kept: list[Any] = []
    before = lead(navigator, graph, WARM)
    monkeypatch.setattr(navigator, "release", lambda: leak(kept))
    after = lead(navigator, graph, WARM)
    if named == "bytes of the heap" and before.heap is None:
        pytest.skip("this C library does not say what it has given out")
    assert any(named in what for what in left(before, after, WARM))
    for thing in kept:
        getattr(thing, "close", lambda: None)()

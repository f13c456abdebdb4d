# SPDX-License-Identifier: Apache-2.0
"""A hundred lives of a node leave nothing behind: no publisher, no thread, no file, no growing memory."""

import gc
import os
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS

pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")

CYCLES, WARM = 100, 45  # the heap reaches its size within some forty lives, and stays there
MOST_MB = 8.0  # over the cycles after the first WARM


def one_life(node: Any) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn

    for trigger in (node.trigger_configure, node.trigger_activate, node.trigger_deactivate, node.trigger_cleanup):
        assert trigger() == TransitionCallbackReturn.SUCCESS


def held() -> tuple[float, int, int]:
    """Megabytes, threads and open files of this process."""
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6, threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.slow
@pytest.mark.parametrize("name", ["navigator", "fusion"])
def test_a_hundred_lives_leave_nothing_behind(graph: Graph, bundle: Path, name: str) -> None:
    from mm_nav.ros.fusion_node import FusionNode
    from mm_nav.ros.navigator_node import NavigatorNode

    if name == "fusion":
        node = graph.add(FusionNode(parameter_overrides=parameters(autostart=False, bundle=str(bundle), **EXTRINSICS)))
    else:
        node = graph.add(NavigatorNode(parameter_overrides=parameters(autostart=False, enable_cmd_vel=True)))
    entities = (len(list(node.publishers)), len(list(node.subscriptions)), len(list(node.timers)))
    for _ in range(WARM):
        one_life(node)
    before = held()
    for _ in range(CYCLES - WARM):
        one_life(node)
        graph.spin()
    after = held()
    assert (len(list(node.publishers)), len(list(node.subscriptions)), len(list(node.timers))) == entities
    assert after[1] <= before[1], "threads"
    assert after[2] <= before[2], "open files"
    assert after[0] - before[0] < MOST_MB, "memory"

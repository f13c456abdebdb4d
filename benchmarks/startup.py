# SPDX-License-Identifier: Apache-2.0
"""From the start of a process to its first plan, warm: our fusion node against the textbook node.

Sensors speak all the time (at a fifth of the rates of ``endtoend``); another process hears the plan. Each side's node was started once
before, so that files are in memory and compiled code is in its cache.
"""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import scene
from benchmarks.endtoend import BUNDLE, HERE, parameters
from benchmarks.process import Child, environment, require_ros
from mm_nav.bench import MIN_ALTERNATIONS, Row, SkippedError, require, versus
from mm_nav.ros.domain import free_domain

PATIENCE_S = 60.0
SCALE = 2.0  # of the time between two messages of a sensor
TARGET_MS = 1500.0


def row(quick: bool) -> Row:
    """Time both; equal first: both give a plan for the same sensors and order."""
    version = require_ros()
    try:
        import open3d  # noqa: F401
        import torch
    except ImportError as error:
        raise SkippedError(f"{error.name} is not installed, so there is no scene or no peer; pip install 'mm_nav[sim,train]'") from error
    with tempfile.TemporaryDirectory() as folder:
        file, params = Path(folder) / "scene.npz", Path(folder) / "params.yaml"
        scene.render(file, 2)
        params.write_text(parameters(), encoding="utf-8")
        first = free_domain()
        words = {"ours": ["-m", "mm_nav.ros.node", "fusion_node", "--ros-args", "--log-level", "error", "--params-file", str(params)],
                 "peer": [str(HERE / "textbook_node.py"), BUNDLE, scene.order()]}  # fmt: skip
        domains = {"ours": first, "peer": free_domain(besides=(first,))}
        found: dict[str, list[float]] = {side: [] for side in words}
        turns = 1 if quick else MIN_ALTERNATIONS
        for turn in range(turns if quick else 1 + turns):
            for side in list(words)[:: 1 if turn % 2 == 0 else -1]:
                found[side].append(_start(words[side], side, domains[side], file))
    warm = {side: times if quick else times[1:] for side, times in found.items()}
    require(all(ms < float("inf") for times in found.values() for ms in times), f"a node gave no plan within {PATIENCE_S:g} s: {found}")
    times = {"mm_nav fusion node": statistics.median(warm["ours"]),
             f"textbook node, torch {torch.__version__}": statistics.median(warm["peer"])}  # fmt: skip
    return versus("startup", times, id="B16", alternations=turns, check="both gave a plan for the same sensors", versions={"rclpy": version},
                  figures={"target_ms": TARGET_MS, "ours_first_ms": found["ours"][0], "ours_worst_ms": max(warm["ours"])},
                  limit="by the node's own clock: imports a third (python -X importtime: numba, jaxtyping, rclpy, OpenCV, and a grammar's expressions), "
                        "OpenVINO opening the network a sixth, numba loading what it compiled a quarter (half of that is SciPy, which it imports if it is there)")  # fmt: skip


def _start(words: list[str], side: str, domain: int, file: Path) -> float:
    """Milliseconds from the start of the process to its first plan."""
    env = environment(domain)
    robot = str(HERE / "robot.py")
    senses, notes = (Child([robot, role, side, str(file)], env) for role in ("sense", "note"))
    try:
        for child in (senses, notes):
            child.answer()
        senses.tell(seconds=PATIENCE_S, scale=SCALE, wait=False)
        notes.tell(seconds=PATIENCE_S, first_plan=True)
        began_ns = time.time_ns()
        node = Child(words, env)
        try:
            plans = notes.answer()["plans"]
        finally:
            node.stop()
    finally:
        senses.kill()
        notes.close()
    return (plans[0] - began_ns) * 1e-6 if plans else float("inf")


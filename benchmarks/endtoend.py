# SPDX-License-Identifier: Apache-2.0
"""From a sensor's message to cmd_vel, through real nodes: fusion and navigator against a textbook rclpy node with the same weights.

Latency runs from the moment at which the last sensor message that a velocity comes from begins to be made (the newest
stamp of its instant; the last one published of that stamp) to the receipt of the first cmd_vel that follows it, in a third process.
Camera 1280x720 at 30 Hz, LiDAR 64x2048 and radar at 10 Hz, odometry at 50 Hz, of a simulated world (``scene``). The peer is
``textbook_node``; both sides have their own publisher and their own DDS domain, and only one side's sensors speak at a time.

A scan is dropped if no velocity ever came from it. Where the peer cannot keep up with these rates its queue grows, and
with it its latency: figures say so (``peer_dropped``), and the ratio is against the peer at a fifth of the rates; ``peer_slow_dropped`` says whether it keeps up there.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import scene
from benchmarks.process import Child, environment, require_ros
from mm_nav.bench import MIN_ALTERNATIONS, Row, SkippedError, require, versus
from mm_nav.core.types import FusionOutput
from mm_nav.engine import load_bundle, open_engine
from mm_nav.ros.domain import free_domain

HERE = Path(__file__).parent
BUNDLE = "base"
SLOW = 5.0  # times as slowly, for the peer
WARM = 20  # bursts to wait for
SETTLE_S, IDLE = 20.0, 0.2  # patience with queues between bursts, and the share of a core that a side at rest uses
OCCUPIED, FEW, APART = 0.5, 0.005, 0.02
STAGES = ("clarity", "plausible", "preprocess", "network", "postprocess", "mission")


def rows(quick: bool) -> list[Row]:
    """Time both; equal first: occupancy, goal and waypoints of both on the same instants."""
    version = require_ros()
    try:
        import open3d  # noqa: F401
        import torch
    except ImportError as error:
        raise SkippedError(f"{error.name} is not installed, so there is no scene or no peer; pip install 'mm_nav[sim,train]'") from error
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scene.npz"
        scene.render(file, 3 if quick else 10)
        check = _equal(scene.load(file)[: 3 if quick else 6])
        first = free_domain()
        sides = {"ours": Side("ours", first, file, Path(folder)), "peer": Side("peer", free_domain(besides=(first,)), file, Path(folder))}
        try:
            found = _measure(sides, quick)
        finally:
            for side in sides.values():
                side.close()
    times = {"mm_nav fusion + navigator": found["ours"]["median_ms"],
             f"textbook node, torch {torch.__version__} eager, default Fast DDS": found["slow"]["median_ms"]}  # fmt: skip
    figures = {**{f"ours_{k}": v for k, v in found["ours"].items()}, **{f"peer_slow_{k}": v for k, v in found["slow"].items()},
               **{f"peer_full_{k}": v for k, v in found["peer"].items()}}  # fmt: skip
    return [versus("endtoend", times, id="B13", targets=(8,), alternations=1 if quick else MIN_ALTERNATIONS, check=check, figures=figures,
                   versions={"rclpy": version, "torch": torch.__version__}, limit=_longest(found["ours"]))]  # fmt: skip


def _longest(ours: dict[str, float]) -> str:
    stages = {k.removeprefix("stage_").removesuffix("_ms"): v for k, v in ours.items() if k.startswith("stage_")}
    listed = sorted(stages.items(), key=lambda pair: -pair[1])[:4]
    return "stages, medians: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in listed)


# ---------------------------------------------------------------- the same first


def _equal(instants: list[scene.Instant]) -> str:
    from benchmarks.textbook_node import Perception
    from mm_nav.engine.text import open_text_encoder
    from mm_nav.pipeline import Pipeline
    from mm_nav.ros.messages import to_message
    from mm_nav.wire import encode_image, encode_odometry, encode_point_cloud

    bundle = load_bundle(BUNDLE)
    ours = Pipeline(open_engine(bundle, "auto"), open_text_encoder(bundle), bundle.spec)
    theirs = Perception(bundle, scene.order())
    ours.command(scene.order(), 10**12)
    apart: list[float] = []
    for i, instant in enumerate(instants):
        now = instant.at(10**12 + i * 10**8)
        encoded = (encode_image(now.image), encode_point_cloud(now.lidar, False), encode_point_cloud(now.radar, True), encode_odometry(now.odometry))
        step = ours.step(now.frame())
        _, plan, output = theirs(*(to_message(e) for e in encoded))
        apart.append(_apart(step.output, output))
        require(apart[-1] <= FEW, f"instant {i}: {apart[-1]:.2%} of the cells are occupied for one side only")
        waypoints = float(np.abs(step.output.waypoints - output.waypoints).max())
        require(waypoints <= 0.1, f"instant {i}: waypoints are {waypoints:.3f} m apart")
        require(step.plan.state == plan.state, f"instant {i}: plans are {step.plan.state} and {plan.state}")
    return (f"on {len(instants)} instants: at most {max(apart):.2%} of cells occupied for one side only, mean difference of occupancy <= {APART}, "
            "waypoints within 0.1 m, the same state of the plan")  # fmt: skip


def _apart(a: FusionOutput, b: FusionOutput) -> float:
    mean = float(np.abs(a.occupancy - b.occupancy).mean())
    require(mean <= APART, f"occupancy differs by {mean:.3f} on average")
    return float(((a.occupancy >= OCCUPIED) != (b.occupancy >= OCCUPIED)).mean())


# ---------------------------------------------------------------- one side


class Side:
    """Sensors, nodes and notes of one side, in a domain of its own."""

    def __init__(self, name: str, domain: int, file: Path, folder: Path) -> None:
        self.name = name
        env = environment(domain)
        robot = str(HERE / "robot.py")
        self._senses, self._notes = (Child([robot, role, name, str(file)], env) for role in ("sense", "note"))
        if name == "ours":
            params = folder / "params.yaml"
            params.write_text(parameters(), encoding="utf-8")
            words = ["--ros-args", "--log-level", "error", "--params-file", str(params)]
            self._nodes = [Child([str(HERE / "traced.py"), node, *words], env) for node in ("fusion", "navigator")]
        else:
            self._nodes = [Child([str(HERE / "textbook_node.py"), BUNDLE, scene.order()], env)]
        for child in (self._senses, self._notes):
            child.answer()

    def burst(self, seconds: float, order: str = "", scale: float = 1.0) -> dict[str, Any]:
        """Let the sensors speak; gives latencies and what was dropped."""
        self._notes.tell(seconds=seconds + 1.5)
        self._senses.tell(seconds=seconds, order=order, scale=scale)
        said = self._senses.answer()
        return {**said, **self._notes.answer()}

    def warm_up(self) -> None:
        """Give the order, and let the sensors speak slowly until velocities follow them."""
        for _ in range(WARM):
            found = self.burst(2.0, order=scene.order(), scale=SLOW)
            if _summary([found])["median_ms"] < float("inf"):
                return
        raise SkippedError(f"{self.name}: no velocity follows the sensors within {2 * WARM} s")

    def settle(self) -> None:
        """Wait until its nodes have worked off what waits in their queues: they would take the other side's time."""
        until_s = time.monotonic() + SETTLE_S
        while time.monotonic() < until_s:
            before = sum(node.cpu_s() for node in self._nodes)
            time.sleep(0.5)
            if sum(node.cpu_s() for node in self._nodes) - before < 0.5 * IDLE:
                return

    def close(self) -> None:
        """End all."""
        for child in (self._senses, self._notes):
            child.close()
        for node in self._nodes:
            node.stop()


def parameters() -> str:
    """Parameters of our two nodes: the bundle, the scene's mountings, and permission to drive."""
    from mm_nav.core.geometry import to_quaternion

    listed = []
    for frame, T in scene.TRANSFORMS.items():
        numbers = ", ".join(f"{float(v)!r}" for v in (*T[:3, 3], *to_quaternion(T)))
        listed.append(f"    extrinsics.{frame}: [{numbers}]")
    return "\n".join(["fusion:", "  ros__parameters:", f"    bundle: {BUNDLE}", *listed, "navigator:", "  ros__parameters:", "    enable_cmd_vel: true"]) + "\n"


def _measure(sides: dict[str, Side], quick: bool) -> dict[str, dict[str, float]]:
    seconds = 2.0 if quick else 5.0
    for side in sides.values():
        side.warm_up()
    kept: dict[str, list[dict[str, Any]]] = {"ours": [], "slow": [], "peer": []}
    for turn in range(1 if quick else MIN_ALTERNATIONS):
        for name in ("ours", "slow")[:: 1 if turn % 2 == 0 else -1]:
            side = sides["ours" if name == "ours" else "peer"]
            for each in sides.values():
                each.settle()
            kept[name].append(side.burst(seconds, scale=SLOW if name == "slow" else 1.0))
    kept["peer"].append(sides["peer"].burst(seconds))
    return {name: _summary(bursts) for name, bursts in kept.items()}


def _summary(bursts: list[dict[str, Any]]) -> dict[str, float]:
    latencies, turns, dropped, scans, stages = [], [], 0, 0, []
    for burst in bursts:
        sent = {int(k): v for k, v in burst["sent"].items()}
        traces = {t["stamp"]: t for t in burst["traces"]}
        first: dict[int, list[Any]] = {}
        for received_ns, made_ns, about, _ in burst["commands"]:
            instant, *newest = (int(word) for word in about.split())
            stamp = newest[0] if newest else traces.get(instant, {}).get("newest", instant)
            if instant not in first and stamp in sent:
                first[instant] = [received_ns, made_ns, sent[stamp]]
        mine = [(received - began) * 1e-6 for received, _, began in first.values()]
        latencies += mine
        turns += [statistics.median(mine)] if mine else []
        scans += len(burst["scans"])
        dropped += len([s for s in burst["scans"] if s not in first])
        stages += [_stages(traces[i], *times) for i, times in first.items() if i in traces]
    if not latencies:
        return {"median_ms": float("inf"), "dropped": float(dropped), "scans": float(scans)}
    found = {"median_ms": statistics.median(turns), "p99_ms": float(np.quantile(latencies, 0.99)), "worst_ms": max(latencies),
             "p99_by_median": float(np.quantile(latencies, 0.99)) / statistics.median(latencies), "dropped": float(dropped), "scans": float(scans)}  # fmt: skip
    for name in stages[0] if stages else ():
        found[f"stage_{name}_ms"] = statistics.median(s[name] for s in stages)
    return found


def _stages(trace: dict[str, Any], received_ns: int, made_ns: int, began_ns: int) -> dict[str, float]:
    """Where the time of one instant went, in the order in which it goes."""
    work = {name: trace["stages"].get(name, 0.0) for name in STAGES}
    inside = (trace["done"] - trace["began"]) * 1e-6
    return {
        "publish_and_transport": (trace["heard"] - began_ns) * 1e-6,
        "decode_and_sync": (trace["began"] - trace["heard"]) * 1e-6,
        **work,
        "encode_and_publish": inside - sum(work.values()),
        "plan_transport_and_velocity": (made_ns - trace["done"]) * 1e-6,
        "cmd_vel_transport": (received_ns - made_ns) * 1e-6,
    }

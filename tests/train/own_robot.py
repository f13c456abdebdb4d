# SPDX-License-Identifier: Apache-2.0
"""A robot as its owner has it: topics of other names, sensors mounted otherwise, no ground truth; its drives as bags.

``python -m tests.train.own_robot OUT DRIVES`` records that many, each through real nodes on real topics.
"""

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav.bags.writer import BagWriter
from mm_nav.core.geometry import to_quaternion
from mm_nav.sim.rig import randomised
from mm_nav.sim.simulation import SimConfig, Simulation

NAMES = {
    "camera/front/image": "/front_cam/image_raw", "camera/front/camera_info": "/front_cam/camera_info",
    "lidar/points": "/velodyne_points", "radar/points": "/ti_mmwave/scan", "odom": "/odometry/filtered",
    "command": "/voice/command", "command_status": "/voice/answer", "cmd_vel": "/base/cmd_vel",
}  # fmt: skip
RIG, FIRST_SEED = 41, 5_000_000  # no bundle of ours was trained in these worlds
SECONDS, FASTER = 45.0, 2.0  # of a drive at most, and than real time


def mountings() -> dict[str, list[float]]:
    """Frame -> x y z qx qy qz qw in base_link."""
    rig = randomised(np.random.default_rng([RIG, 3]))
    return {frame: [float(v) for v in (*T[:3, 3], *to_quaternion(T))] for frame, T in rig.transforms.items()}


def calibration(path: Path) -> Path:
    """The mountings as the file that its owner wrote."""
    lines = [f"  {frame}: {{xyz: {m[:3]}, xyzw: {m[3:]}}}\n" for frame, m in mountings().items()]
    path.write_text("frames:\n" + "".join(lines), encoding="utf-8")
    return path


def goto_seeds(count: int) -> list[int]:
    """Worlds in which the robot is told to go somewhere."""
    seeds = (s for s in itertools.count(FIRST_SEED) if Simulation(SimConfig(seed=s)).task.name.startswith("goto"))
    return list(itertools.islice(seeds, count))


def drive(graph: Any, out: Path, seed: int, bundle: Path, seconds: float = SECONDS, faster: float = FASTER) -> dict[str, int]:
    """One drive by our nodes, recorded from the topics; returns messages by topic."""
    from mm_nav.ros.fusion_node import FusionNode
    from mm_nav.ros.navigator_node import NavigatorNode
    from mm_nav.ros.record import Recorder
    from mm_nav.ros.sim_node import SimNode
    from tests.ros.conftest import parameters

    words = ["--ros-args", *(w for pair in NAMES.items() for w in ("-r", ":=".join(pair)))]
    mounts = {f"extrinsics__{frame}": values for frame, values in mountings().items()}
    both = {"cli_args": words, "use_global_arguments": False}
    sim = SimNode(parameter_overrides=parameters(seed=seed, rig=RIG, time_limit_s=seconds, real_time_factor=faster, sensor_rate_hz=4.0), **both)
    fusion = FusionNode(parameter_overrides=parameters(bundle=str(bundle), use_sim_time=True, threads=1, **mounts), **both)
    navigator = NavigatorNode(parameter_overrides=parameters(enable_cmd_vel=True, use_sim_time=True), **both)
    with BagWriter(out) as writer:
        recorder = Recorder(graph.probe, writer, [n for n in NAMES.values() if "answer" not in n and "cmd_vel" not in n])
        recorder.mountings(str(calibration(out.parent / "mounts.yaml")), "base_link")
        for node in (sim, fusion, navigator):
            graph.add(node)
        graph.until(lambda: recorder.look() is not None and len(recorder._heard) >= 6, "not all topics are there")
        graph.until(lambda: sim._done, "the drive has no end", patience_s=seconds * 4)
        recorder.close()
    for node in (sim, fusion, navigator):
        node.close()
        graph.executor.remove_node(node)
        node.destroy_node()
        graph.nodes.remove(node)
    return dict(recorder.kept)


def main(out: Path, count: int) -> None:
    """Record ``count`` drives below ``out``."""
    import os

    import rclpy
    from rclpy.parameter import Parameter

    from mm_nav.engine.bundle import find_bundle
    from mm_nav.ros import transport
    from tests.ros.conftest import Graph

    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    transport.prepare()
    rclpy.init(args=[])
    out.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(goto_seeds(count)):
        graph = Graph()
        graph.probe.set_parameters([Parameter("use_sim_time", value=True)])
        print(number, drive(graph, out / f"drive_{number:02d}", seed, find_bundle("base")), flush=True)
        graph.close()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

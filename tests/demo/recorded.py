# SPDX-License-Identifier: Apache-2.0
"""A short run as the demo's recorder would have kept it, made without ROS: simulator, oracle, the fusion node's words."""

from pathlib import Path

from mm_nav.bags.writer import BagWriter
from mm_nav.core import safety
from mm_nav.core.geometry import inverse
from mm_nav.core.types import Velocity
from mm_nav.evaluate.recording import Heard, Seen
from mm_nav.pipeline import Pipeline
from mm_nav.replay import Voice
from mm_nav.sim import recording
from mm_nav.sim.simulation import SimConfig, Simulation
from tests.evaluate.oracle import SPEC, Letters, Oracle

SEED = 1_030_002
OFF_S, ON_S = 1.0, 2.0  # the camera is silent in between
SENSED_NS, THOUGHT_NS = 1_000_000, 15_000_000  # after the stamp, inputs and outputs reach the recorder


def drive(path: Path, seconds: float = 5.0, seed: int = SEED) -> Simulation:
    """Drive with perfect eyes and record everything; returns the simulation at its end."""
    sim = Simulation(SimConfig(seed=seed))
    pipeline, voice = Pipeline(Oracle(sim), Letters(), SPEC), Voice(SPEC.grid, {})
    velocity = Velocity(linear=0.0, angular=0.0)
    with BagWriter(path) as writer:
        for topic, message, stamp_ns in recording.opening(sim):
            writer.write(topic, message, stamp_ns)
        while sim.time_s < seconds and not sim.success:
            sim.set_sensor("camera/front", not OFF_S <= sim.time_s < ON_S)
            snapshot = sim.sense()
            for part in (recording.frame(snapshot), recording.truth(snapshot, SPEC.grid)):
                for topic, message, stamp_ns in part:
                    writer.write(topic, message, stamp_ns + SENSED_NS)
            events: list[Heard | Seen] = [
                Heard(utterance=said, answer=pipeline.command(said.text, said.stamp_ns)) for said in snapshot.heard
            ]
            outcome = pipeline.step(snapshot.frame())
            events.append(Seen(frame=snapshot.frame(), outcome=outcome, step_ms=10.0))
            for event in events:
                for topic, message, log_time_ns in voice.messages(event):
                    writer.write(topic, message, log_time_ns + THOUGHT_NS)
            start = sim.odometry().T_odom_base
            for _ in range(4):
                moved = inverse(start) @ sim.odometry().T_odom_base
                velocity = safety.velocity(outcome.plan, outcome.scene.occupancy, SPEC.grid, moved,
                                           safety.Ages(plan_s=0.0, scene_s=0.0, odom_s=0.0), safety.DriveLimits(), velocity, 0.05)  # fmt: skip
                sim.step(velocity.linear, velocity.angular, 0.05)
    return sim

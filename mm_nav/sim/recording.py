# SPDX-License-Identifier: Apache-2.0
"""One driven scenario as messages: what the sensors said, what was ordered and what was true, topic by topic.

Knows the topics of a recording, not how files are written.
"""

import json
from collections.abc import Iterator

import numpy as np

from mm_nav import wire
from mm_nav.core.config import BevGrid, ModelSpec
from mm_nav.core.types import CameraImage, Odometry, PointCloud
from mm_nav.sim import language
from mm_nav.sim.expert import Expert
from mm_nav.sim.simulation import Simulation
from mm_nav.sim.snapshot import Snapshot
from mm_nav.wire.message import Encoded
from mm_nav.wire.outcome import LabelledBox, encode_boxes, encode_grid

CONTROL_HZ = 10.0  # odometry is recorded at this rate
PHRASES_EACH = 4  # names per object and language
Item = tuple[str, Encoded, int]  # topic, message, stamp_ns


def drive(sim: Simulation, expert: Expert, rate_hz: float, max_seconds: float, linger_s: float) -> Iterator[Item]:
    """Let the expert drive to the end of its task (and stand there for ``linger_s``); yields messages in time order."""
    grid = ModelSpec().grid
    yield from opening(sim)
    next_frame_s, done_s = 0.0, None
    while sim.time_s < max_seconds and not sim.collided:
        if sim.time_s >= next_frame_s - 1e-6:
            snapshot = sim.sense()
            yield from frame(snapshot)
            yield from truth(snapshot, grid)
            next_frame_s += 1.0 / rate_hz
        else:
            yield "odom", wire.encode_odometry(sim.odometry()), sim.stamp_ns
            yield "ground_truth/odom", wire.encode_odometry(sim.exact_odometry()), sim.stamp_ns
            for said in sim.hear():
                yield "command", wire.encode_string(said.text), sim.stamp_ns
        if done_s is None and expert.arrived:
            done_s = sim.time_s
        if done_s is not None and sim.time_s - done_s >= linger_s:
            return
        sim.step(*expert.act(), 1.0 / CONTROL_HZ)


def opening(sim: Simulation) -> Iterator[Item]:
    """What is said once: where the sensors sit, and what the order is about."""
    mounts = [("base_link", frame_id, T) for frame_id, T in sim.rig.transforms.items()]
    yield "/tf_static", wire.encode_transforms(mounts, sim.stamp_ns), sim.stamp_ns
    about = {
        "id": sim.task.target_id,
        "phrase": sim.task.phrase,
        "task": sim.task.name,
        "command": sim.task.text,
        "phrases": phrases(sim),
    }
    yield "ground_truth/target", wire.encode_string(json.dumps(about, ensure_ascii=False)), sim.stamp_ns


def phrases(sim: Simulation) -> dict[str, list[str]]:
    """Ways to name each object, in both languages; each names only it, from wherever one looks, but for the target,
    whose phrase may say where it is as seen from the start."""
    rng = np.random.default_rng([sim.config.seed, 8])
    things = sim.world.things
    out: dict[str, list[str]] = {}
    for thing in things:
        english = language.english_phrases(thing.label, thing.colour)
        chinese = language.chinese_phrases(thing.label, thing.colour)
        names = [pool[i] for pool in (english, chinese) for i in rng.permutation(len(pool))[:PHRASES_EACH]]
        near = [r for r in language.references(thing, things, sim.world.start[:2]) if r.relation == "next to"]
        if near and not thing.walks:
            names.append(language.phrase_of(near[int(rng.integers(len(near)))], rng, chinese=bool(rng.random() < 0.4)))
        out[str(thing.id)] = names
    if sim.task.target_id is not None:
        out[str(sim.task.target_id)].append(sim.task.phrase)
    return out


def frame(snapshot: Snapshot) -> Iterator[Item]:
    """Sensor messages of one instant, and what was said."""
    stamp = snapshot.stamp_ns
    for said in snapshot.heard:
        yield "command", wire.encode_string(said.text), stamp
    for name, reading in snapshot.readings.items():
        if isinstance(reading, CameraImage):
            yield f"{name}/image", wire.encode_image(reading), stamp
            yield f"{name}/camera_info", wire.encode_camera_info(snapshot.camera_models[name], stamp), stamp
        elif isinstance(reading, PointCloud):
            yield f"{name}/points", wire.encode_point_cloud(reading, radar=name == "radar"), stamp
        elif isinstance(reading, Odometry):
            yield name, wire.encode_odometry(reading), stamp


def truth(snapshot: Snapshot, grid: BevGrid) -> Iterator[Item]:
    """Ground truth of one instant."""
    stamp, true = snapshot.stamp_ns, snapshot.truth
    boxes = [
        LabelledBox(id=o.id, label=o.label, text=o.phrase, center=o.center, size=o.size, yaw=o.yaw, rgb=o.rgb)
        for o in true.objects
    ]
    yield "ground_truth/odom", wire.encode_odometry(snapshot.exact), stamp
    yield "ground_truth/objects", encode_boxes(boxes, stamp), stamp
    yield "ground_truth/occupancy", encode_grid(true.occupancy, grid, stamp, "base_link"), stamp

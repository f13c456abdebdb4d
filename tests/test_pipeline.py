# SPDX-License-Identifier: Apache-2.0
"""Sensors and words in, scene and plan out: the whole path with an engine that reads its answers off the LiDAR."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from mm_nav.core.config import BOX_CHANNELS, ModelSpec
from mm_nav.core.geometry import inverse, se2, se3
from mm_nav.core.safety import Ages, DriveLimits, velocity
from mm_nav.core.types import (
    Command,
    FusionInput,
    FusionOutput,
    Intent,
    Missing,
    Odometry,
    PointCloud,
    PosedCloud,
    Rejection,
    SensorFrame,
    Velocity,
)
from mm_nav.pipeline import Pipeline

SPEC = ModelSpec()
LIDAR = se3((0.0, 0.0, 0.6))
POLE = (4.0, 2.5)  # taller than everything else: what "pole" names
BOXES = [(2.0, 1.2), (2.0, 1.6), (2.4, 0.4), (-2.0, -2.0)]


class TallIsGoal:
    """Reads occupancy and goal off the height slices: nothing is known beforehand."""

    name = "by hand"

    def __init__(self) -> None:
        self.seen: list[FusionInput] = []

    def run(self, inputs: FusionInput) -> FusionOutput:
        """Low returns are obstacles; returns above 1.1 m are the goal while there is a phrase."""
        self.seen.append(inputs)
        low = inputs.lidar_bev[5:8].sum(axis=0)
        high = (inputs.lidar_bev[7] > 0).astype(np.float32)
        shape = low.shape
        goal = 0.9 * high * inputs.phrase_mask[0]
        box = np.zeros((BOX_CHANNELS, *shape), np.float32)
        box[3:6] = np.log(0.4)
        return FusionOutput(
            occupancy=np.where(low > 0, 0.95, 0.05).astype(np.float32), visible=inputs.lidar_bev[8],
            motion=np.zeros((2, *shape), np.float32), object_heat=0.8 * high, object_box=box,
            object_class=np.full((len(SPEC.classes), *shape), 0.2, np.float32), goal_map=np.stack([goal, 0 * goal, 0 * goal]).astype(np.float32),
            goal_present=np.array([goal.max(), 0, 0], np.float32), waypoints=np.zeros((SPEC.waypoint_count, 2), np.float32),
            stop=np.zeros(1, np.float32),
        )  # fmt: skip


class Letters:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """One row of ones per text."""
        self.asked += texts
        return np.ones((len(texts), SPEC.phrase_dim), np.float32)


def surfaces(pose: np.ndarray) -> np.ndarray:
    """LiDAR returns (n, 3) in the sensor's frame: ground, 0.4 m boxes 0.5 m tall, and the pole 2 m tall."""
    ring = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    parts = []
    for (x, y), top in [*((b, 0.5) for b in BOXES), (POLE, 2.0)]:
        for z in np.arange(0.2, top, 0.15):
            parts.append(np.stack([x + 0.2 * np.cos(ring), y + 0.2 * np.sin(ring), np.full(24, z)], axis=1))
    azimuth = np.linspace(-np.pi, np.pi, 720, endpoint=False)
    here = np.concatenate(parts) @ inverse(pose)[:3, :3].T + inverse(pose)[:3, 3]
    ground = np.concatenate([np.stack([r * np.cos(azimuth), r * np.sin(azimuth), np.zeros(720)], axis=1) for r in (2.0, 5.0, 9.0)])
    blocked = {int(np.degrees(np.arctan2(p[1], p[0]))) for p in here}
    kept = [p for p in ground if np.hypot(*p[:2]) < 1.0 or int(np.degrees(np.arctan2(p[1], p[0]))) not in blocked]
    return np.concatenate([here, np.array(kept)]) - LIDAR[:3, 3]


def frame(pose: np.ndarray, stamp_ns: int) -> SensorFrame:
    points = surfaces(pose).astype(np.float32)
    cloud = PointCloud(stamp_ns=stamp_ns, frame_id="lidar", xyz=points, intensity=np.ones(len(points), np.float32),
                       velocity=np.full(len(points), np.nan, np.float32))  # fmt: skip
    wheels = Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=pose, linear=np.zeros(3), angular=np.zeros(3))
    return SensorFrame(stamp_ns=stamp_ns, lidars=(PosedCloud(name="lidar", cloud=cloud, T_base_sensor=LIDAR),), odometry=wheels,
                       missing=(Missing(name="camera/front", reason="silent"),))  # fmt: skip


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(TallIsGoal(), Letters(), SPEC)


def test_a_spoken_goal_is_reached_around_obstacles(pipeline: Pipeline) -> None:
    assert isinstance(pipeline.command("please go to the pole", 0), Command)
    limits, pose, said, trail = DriveLimits(), np.eye(4), Velocity(linear=0.0, angular=0.0), [np.eye(4)]
    for i in range(150):
        outcome = pipeline.step(frame(pose, i * 200_000_000))
        if outcome.status == "reached":
            break
        start = pose
        for k in range(4):
            said = velocity(outcome.plan, outcome.scene.occupancy, SPEC.grid, inverse(start) @ pose,
                            Ages(plan_s=0.05 * k, scene_s=0.05 * k, odom_s=0.0), limits, said, 0.05)  # fmt: skip
            pose = pose @ se2(said.linear * 0.05, 0.0, said.angular * 0.05)
            trail.append(pose)
    assert outcome.status == "reached"
    assert outcome.plan.stop
    places = np.array([T[:2, 3] for T in trail])
    assert np.hypot(*(places[-1] - POLE)) < 1.2
    for box in [*BOXES, POLE]:
        assert np.hypot(*(places - box).T).min() > 0.2 + limits.robot_radius


def test_the_scene_shows_the_obstacles_and_the_goal_where_they_are(pipeline: Pipeline) -> None:
    pipeline.command("go to the pole", 0)
    pose = se2(0.5, -0.3, 0.4)
    outcome = [pipeline.step(frame(pose, i * 200_000_000)) for i in range(3)][-1]
    here = inverse(pose) @ np.array([*POLE, 0.0, 1.0])
    assert outcome.scene.goal is not None
    np.testing.assert_allclose(outcome.scene.goal.xy, here[:2], atol=0.3)
    row, column = int((here[1] - SPEC.grid.y_min) / SPEC.grid.cell), int((here[0] - SPEC.grid.x_min) / SPEC.grid.cell)
    assert np.nanmax(outcome.scene.occupancy[row - 1 : row + 2, column - 1 : column + 2]) > 0.5
    assert np.isnan(outcome.scene.occupancy).any()
    assert outcome.scene.stamp_ns == outcome.plan.stamp_ns == 400_000_000
    assert outcome.scene.missing[0].name == "camera/front"


def test_the_phrase_is_encoded_once_per_command_and_reaches_the_network(pipeline: Pipeline) -> None:
    engine, encoder = pipeline.engine, pipeline.encoder
    assert isinstance(engine, TallIsGoal)
    assert isinstance(encoder, Letters)
    pipeline.step(frame(np.eye(4), 0))
    pipeline.command("go to the pole", 0)
    for i in range(1, 4):
        pipeline.step(frame(np.eye(4), i * 200_000_000))
    assert encoder.asked == ["pole"]
    assert [float(i.phrase_mask[0]) for i in engine.seen] == [0, 1, 1, 1]
    pipeline.command("turn left", 0)
    pipeline.step(frame(np.eye(4), 10**9))
    assert engine.seen[-1].phrase_mask[0] == 0
    assert encoder.asked == ["pole"]


def test_a_rejected_text_changes_nothing(pipeline: Pipeline) -> None:
    pipeline.command("go to the pole", 0)
    before = pipeline.step(frame(np.eye(4), 0))
    answer = pipeline.command("make coffee", 1)
    assert isinstance(answer, Rejection)
    assert pipeline.mission.command is not None
    assert pipeline.mission.command.intent is Intent.GO_TO
    after = pipeline.step(frame(np.eye(4), 200_000_000))
    assert (before.fusion_input.phrase == after.fusion_input.phrase).all()


def test_stop_is_obeyed_in_the_very_next_frame(pipeline: Pipeline) -> None:
    pipeline.command("go to the pole", 0)
    for i in range(3):
        moving = pipeline.step(frame(np.eye(4), i * 200_000_000))
    assert not moving.plan.stop
    pipeline.command("停!", 1)
    assert pipeline.step(frame(np.eye(4), 600_000_000)).plan.stop


def test_stage_times_come_from_the_injected_clock() -> None:
    ticks = itertools.count(0, 2_000_000)
    pipeline = Pipeline(TallIsGoal(), Letters(), SPEC, clock_ns=lambda: next(ticks))
    outcome = pipeline.step(frame(np.eye(4), 0))
    assert outcome.stage_ms == pytest.approx({"clarity": 2.0, "plausible": 2.0, "preprocess": 2.0, "network": 2.0, "postprocess": 2.0, "mission": 2.0})


def test_a_frame_without_any_sensor_gives_an_unknown_scene_and_no_motion(pipeline: Pipeline) -> None:
    outcome = pipeline.step(SensorFrame(stamp_ns=5))
    assert np.isnan(outcome.scene.occupancy).mean() > 0.99
    assert outcome.plan.stop
    said = velocity(outcome.plan, outcome.scene.occupancy, SPEC.grid, np.eye(4), Ages(plan_s=0.0, scene_s=0.0), DriveLimits(),
                    Velocity(linear=0.5, angular=0.0), 0.05)  # fmt: skip
    assert said.linear == 0.0


def test_reset_forgets_the_command(pipeline: Pipeline) -> None:
    pipeline.command("go to the pole", 0)
    pipeline.step(frame(np.eye(4), 0))
    pipeline.reset()
    outcome = pipeline.step(frame(np.eye(4), 200_000_000))
    assert outcome.status == "idle"
    assert outcome.scene.goal is None
    assert outcome.fusion_input.phrase_mask[0] == 0


def test_warming_up_leaves_nothing_behind() -> None:
    cold, warm = (Pipeline(TallIsGoal(), Letters(), SPEC) for _ in range(2))
    warm.warm_up()
    assert np.isnan(warm.mission.occupancy).all()
    for k in range(3):
        a, b = (p.step(frame(np.eye(4), k)) for p in (cold, warm))
        assert np.array_equal(a.scene.occupancy, b.scene.occupancy, equal_nan=True)
        assert (a.plan.state, a.status) == (b.plan.state, b.status)
        assert np.array_equal(a.fusion_input.memory, b.fusion_input.memory)

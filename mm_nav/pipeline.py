# SPDX-License-Identifier: Apache-2.0
"""From an instant of sensors and a command in words to a scene and a plan. Knows no messages, no ROS, no files."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from jaxtyping import Float32

from mm_nav.core import planner
from mm_nav.core.clarity import clear
from mm_nav.core.command import parse
from mm_nav.core.config import ModelSpec
from mm_nav.core.memory import ViewMemory
from mm_nav.core.mission import Mission
from mm_nav.core.pillars import PillarMemory
from mm_nav.core.plausible import Plausibility
from mm_nav.core.postprocess import camera_view, scene
from mm_nav.core.preprocess import preprocess
from mm_nav.core.safety import DriveLimits
from mm_nav.core.types import (
    CameraImage,
    CameraModel,
    CameraView,
    Command,
    FusionInput,
    FusionOutput,
    Plan,
    PointCloud,
    PosedCloud,
    Rejection,
    Scene,
    SensorFrame,
)

if TYPE_CHECKING:
    from mm_nav.engine import Engine
    from mm_nav.engine.text import SentenceEncoder

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that one frame led to. ``status`` is Mission.status; ``contrast`` is of each camera's picture
    (core/clarity.py), ``doubts`` what is odd about a source (core/plausible.py); ``stage_ms`` is what each stage took.
    """

    scene: Scene
    plan: Plan
    output: FusionOutput
    fusion_input: FusionInput
    status: str
    contrast: dict[str, float] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    stage_ms: dict[str, float] = field(default_factory=dict)


class Pipeline:
    """Sensors and words in, scene and plan out; one frame at a time, from one thread at a time."""

    def __init__(
        self, engine: "Engine", encoder: "SentenceEncoder", spec: ModelSpec, limits: DriveLimits | None = None,
        clock_ns: Callable[[], int] = time.perf_counter_ns, hear: Callable[[str], Command | Rejection] = parse,
        empty_is_open: bool = False,
    ) -> None:  # fmt: skip
        """Args: engine: runs the network. encoder: phrases to vectors. spec: the bundle's. clock_ns: for stage times.
        hear: text to an order; the grammar alone, or with mm_nav.core.gist behind it. empty_is_open: see Plausibility.
        """
        self.engine, self.encoder, self.spec, self.clock_ns = engine, encoder, spec, clock_ns
        self.hear = hear
        self.mission = Mission(spec, limits)
        self.plausibility = Plausibility(empty_is_open)
        self.past = ViewMemory(spec)
        self.pillars = PillarMemory(spec.grid)
        self._phrases: Float32[np.ndarray, "p e"] = np.zeros((0, spec.phrase_dim), np.float32)

    def command(self, text: str, stamp_ns: int) -> Command | Rejection:
        """Hear an order. A rejection changes nothing; a command replaces the one before."""
        heard = self.hear(text)
        if isinstance(heard, Command):
            self._phrases = self._embedded(heard)
            self.mission.accept(heard, stamp_ns)
        return heard

    def step(self, frame: SensorFrame) -> Outcome:
        """What is around the robot at ``frame.stamp_ns``, and what to do about it."""
        lap = _Laps(self.clock_ns)
        frame, contrast = lap("clarity", clear(frame))
        frame, doubts = lap("plausible", self.plausibility.judge(frame))
        inputs = lap("preprocess", preprocess(frame, self.spec, self._phrases, self.past.recall(frame), self.pillars))
        output = lap("network", self.engine.run(inputs))
        self.past.keep(frame, output.kept)
        seen = lap("postprocess", scene(output, frame, self.spec))
        view = camera_view(inputs, self.spec.grid)
        plan = lap("mission", self.mission.update(seen, frame.odometry, output, view))
        remembered = replace(seen, occupancy=self.mission.occupancy, goal=self.mission.goal)
        return Outcome(scene=remembered, plan=plan, output=output, fusion_input=inputs,
                       status=self.mission.status, contrast=contrast, doubts=doubts, stage_ms=lap.times_ms)  # fmt: skip

    def warm_up(self) -> None:
        """Run once on a made-up instant and forget it: the first real one finds code compiled and memory in place."""
        planner.warm_up()
        self.step(_made_up(self.spec))
        self.reset()

    def reset(self) -> None:
        """Forget the command and everything seen: another place, or time that jumped."""
        self.mission.reset()
        self.plausibility.reset()
        self.past.reset()
        self._phrases = self._phrases[:0]

    def _embedded(self, command: Command) -> Float32[np.ndarray, "p e"]:
        """What is looked for and its landmarks; a place that only its relation describes is looked for by all its words."""
        named = [command.target or command.phrase, *command.landmarks] if command.phrase else []
        return self.encoder.encode(named[: self.spec.phrase_count]) if named else self._phrases[:0]


def _made_up(spec: ModelSpec) -> SensorFrame:
    """One wall in front of every kind of sensor."""
    grey = np.linspace(0, 255, spec.image_height * spec.image_width * 3).astype(np.uint8)
    grey.flags.writeable = False  # as pictures of topics are: code is compiled for that
    image = CameraImage(stamp_ns=0, frame_id="", rgb=grey.reshape(spec.image_height, spec.image_width, 3))
    model = CameraModel(frame_id="", width=spec.image_width, height=spec.image_height, K=np.diag([spec.image_width, spec.image_width, 1.0]))
    wall = np.array([[2.0, y, 0.5] for y in np.linspace(-1, 1, 64)], np.float32)
    cloud = PointCloud(stamp_ns=0, frame_id="", xyz=wall, intensity=np.ones(64, np.float32), velocity=np.zeros(64, np.float32))
    posed = PosedCloud(name="made up", cloud=cloud, T_base_sensor=np.eye(4))
    view = CameraView(name="made up", image=image, model=model, T_base_cam=np.eye(4))
    return SensorFrame(stamp_ns=0, cameras=(view,), lidars=(posed,), radars=(posed,))


class _Laps:
    """Milliseconds from one lap to the next, by name."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self.clock_ns, self.times_ms = clock_ns, dict[str, float]()
        self._last_ns = clock_ns()

    def __call__(self, name: str, result: T) -> T:
        now_ns = self.clock_ns()
        self.times_ms[name] = (now_ns - self._last_ns) * 1e-6
        self._last_ns = now_ns
        return result

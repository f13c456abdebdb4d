# SPDX-License-Identifier: Apache-2.0
"""A flat world of discs behind perfect network outputs, and an ideal robot that obeys plans; for the mission's tests."""

from dataclasses import dataclass, field

import numpy as np

from mm_nav.core.config import BOX_CHANNELS, ModelSpec
from mm_nav.core.geometry import cell_centers, inverse, se2, transform
from mm_nav.core.mission import Mission
from mm_nav.core.postprocess import scene
from mm_nav.core.safety import Ages, DriveLimits, velocity
from mm_nav.core.types import Command, FusionOutput, Intent, Odometry, Plan, Relation, SensorFrame, Velocity

SPEC = ModelSpec()
GRID = SPEC.grid
YS, XS = cell_centers(GRID)
FRAME_S, CONTROL_S = 0.2, 0.05


def command(
    intent: Intent, phrase: str = "", amount: float = 0.0, relation: Relation | None = None, landmarks: tuple[str, ...] = ()
) -> Command:
    return Command(intent=intent, text=phrase or intent.value, phrase=phrase, target=phrase, amount=amount, relation=relation, landmarks=landmarks)


def odometry(pose: np.ndarray, stamp_ns: int) -> Odometry:
    return Odometry(stamp_ns=stamp_ns, frame_id="odom", child_frame_id="base_link", T_odom_base=pose, linear=np.zeros(3), angular=np.zeros(3))


@dataclass
class Flatland:
    """Discs (x, y, radius) in odom; ``goal`` is the disc that the phrase names, seen within 100 degrees ahead and 8 m.

    ``twin`` looks the same as the goal; ``landmark`` is what the second phrase names.
    """

    discs: list[tuple[float, float, float]] = field(default_factory=list)
    goal: tuple[float, float, float] | None = None
    twin: tuple[float, float, float] | None = None
    landmark: tuple[float, float, float] | None = None
    confidence: float = 0.9
    tracked: bool = True
    limits: DriveLimits = field(default_factory=DriveLimits)

    def __post_init__(self) -> None:
        self.mission = Mission(SPEC, self.limits)
        self.pose, self.stamp_ns, self.said = np.zeros(3), 0, Velocity(linear=0.0, angular=0.0)
        self.trail: list[np.ndarray] = [self.pose]
        self.plans: list[Plan] = []

    def output(self) -> FusionOutput:
        """What a perfect network would say here."""
        T = inverse(se2(*self.pose))
        maps = {name: np.zeros((96, 96), np.float32) for name in ("occupancy", "object_heat")}
        goals = np.zeros((3, 96, 96), np.float32)
        for x, y, radius in [*self.discs, *(d for d in (self.goal, self.twin, self.landmark) if d)]:
            here = transform(T, np.array([[x, y, 0.0]]))[0]
            away = np.hypot(XS[None] - here[0], YS[:, None] - here[1])
            maps["occupancy"][away < radius] = 0.95
            if np.hypot(*here[:2]) < 8 and abs(np.arctan2(here[1], here[0])) < np.radians(50):
                peak = (self.confidence * np.exp(-((away / 0.3) ** 2))).astype(np.float32)
                goals[0] = np.maximum(goals[0], peak * ((x, y, radius) in (self.goal, self.twin)))
                goals[1] = np.maximum(goals[1], peak * ((x, y, radius) == self.landmark))
        return FusionOutput(
            **maps, goal_map=goals, visible=np.ones((96, 96), np.float32), motion=np.zeros((2, 96, 96), np.float32),
            object_box=np.zeros((BOX_CHANNELS, 96, 96), np.float32), object_class=np.full((5, 96, 96), 0.2, np.float32),
            goal_present=goals.max(axis=(1, 2)), waypoints=np.zeros((8, 2), np.float32), stop=np.zeros(1, np.float32),
        )  # fmt: skip

    def look(self) -> Plan:
        """One frame through postprocess and mission."""
        output = self.output()
        in_view = (np.abs(np.arctan2(YS[:, None], XS[None])) < np.radians(50)) & (np.hypot(XS[None], YS[:, None]) > 0.5)
        wheels = odometry(se2(*self.pose), self.stamp_ns) if self.tracked else None
        self.plans.append(self.mission.update(scene(output, SensorFrame(stamp_ns=self.stamp_ns), SPEC), wheels, output, in_view))
        return self.plans[-1]

    def run(self, seconds: float, until: str = "") -> str:
        """Let the robot act on its plans; ends early at a status, which is returned."""
        for _ in range(round(seconds / FRAME_S)):
            plan, origin = self.look(), se2(*self.pose)
            if until and self.mission.status == until:
                break
            for k in range(4):
                here = inverse(origin) @ se2(*self.pose)
                ages = Ages(plan_s=CONTROL_S * k, scene_s=CONTROL_S * k, odom_s=0.0)
                self.said = velocity(plan, self.mission.occupancy, GRID, here, ages, self.limits, self.said, CONTROL_S)
                heading = self.pose[2] + self.said.angular * CONTROL_S / 2
                step = [self.said.linear * np.cos(heading), self.said.linear * np.sin(heading), self.said.angular]
                self.pose = self.pose + CONTROL_S * np.array(step)
                self.trail.append(self.pose)
            self.stamp_ns += round(FRAME_S * 1e9)
        return self.mission.status

    @property
    def least_gap_m(self) -> float:
        """Least distance between the robot's body and any disc, along the whole trail."""
        trail = np.array(self.trail)
        every = [*self.discs, *(d for d in (self.goal, self.twin, self.landmark) if d)]
        return min(float(np.hypot(trail[:, 0] - x, trail[:, 1] - y).min()) - r - self.limits.robot_radius for x, y, r in every)

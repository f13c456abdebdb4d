# SPDX-License-Identifier: Apache-2.0
"""Failed scenarios as pictures: driven once more, as they were, and drawn at their last instant."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mm_nav.core.geometry import inverse
from mm_nav.core.types import Command, Rejection, SensorFrame
from mm_nav.evaluate.closed_loop import Drive, episode, opener, simulation
from mm_nav.evaluate.driver import Driver, Look, look_of
from mm_nav.evaluate.report import Episode
from mm_nav.pipeline import Outcome
from mm_nav.sim.simulation import Simulation
from mm_nav.viz.picture import Instant, draw

LAMPS = (("camera/front", "camera"), ("lidar", "LiDAR"), ("radar", "radar"), ("odom", "odom"))


class Watched:
    """A driver whose last look is kept."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.spec = driver, driver.spec
        self.last: tuple[SensorFrame, Look] | None = None
        self.poses: list[np.ndarray] = []

    def command(self, text: str, stamp_ns: int) -> Command | Rejection:
        """As the driver."""
        return self.driver.command(text, stamp_ns)

    def step(self, frame: SensorFrame) -> Outcome | Look:
        """As the driver, and remember it."""
        outcome = self.driver.step(frame)
        self.last = (frame, look_of(outcome, self.spec.grid))
        if frame.odometry is not None:
            self.poses.append(frame.odometry.T_odom_base)
        return outcome


def save_failures(drive: Drive, episodes: Iterable[Episode], folder: Path) -> list[Path]:
    """A PNG per failed episode, named by category and seed."""
    if not (failed := [e for e in episodes if not e.success]):
        return []
    make, saved = opener(drive), []
    for before in failed:
        sim, driver = simulation(drive, before.seed), Watched(make())
        again = episode(drive, sim, driver)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{before.category}_{before.seed}.png"
        if driver.last is not None:
            draw(_instant(sim, driver, *driver.last, again)).save(path, optimize=True)
            saved.append(path)
    return saved


def _instant(sim: Simulation, driver: Watched, frame: SensorFrame, look: Look, said: Episode) -> Instant:
    """The end of an episode; the true target is marked."""
    trail = np.zeros((0, 2))
    if driver.poses:
        now = inverse(driver.poses[-1])
        trail = np.array([(now @ T[:, 3])[:2] for T in driver.poses])
    target = None
    if sim.target is not None:
        target = (inverse(sim.robot.pose()) @ np.array([sim.target.x, sim.target.y, 0.0, 1.0]))[:2]
    return Instant(
        frame=frame, scene=look.scene, grid=driver.spec.grid, plan=look.plan, command=said.command, gloss=said.command, state=look.status,
        time_s=said.duration_s, sensors=tuple((word, _delivers(frame, name)) for name, word in LAMPS),
        facts=(("ended", said.category.replace("_", " ")), ("to the target", "n/a" if target is None else f"{np.hypot(*target):.1f} m"),
               ("seed", str(said.seed))),
        trail=trail, target=target, title="as it ended",
    )  # fmt: skip


def _delivers(frame: SensorFrame, name: str) -> bool:
    return all(missing.name != name for missing in frame.missing)

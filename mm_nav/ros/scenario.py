# SPDX-License-Identifier: Apache-2.0
"""A simulation as messages by topic, its spoken order, and its result. Knows neither rclpy nor the wall clock."""

import json
from collections.abc import Iterator

from mm_nav import wire
from mm_nav.core.config import ModelSpec
from mm_nav.core.types import Odometry
from mm_nav.errors import ConfigError
from mm_nav.ros.params import SimConfig
from mm_nav.sim import recording
from mm_nav.sim import simulation as sim_room
from mm_nav.sim.recording import Item
from mm_nav.sim.spoken import spoken_task

STEP_S = 0.05  # simulated time between odometry messages
OFFERS = {
    "camera/front/image": "sensor_msgs/msg/Image",
    "camera/front/camera_info": "sensor_msgs/msg/CameraInfo",
    "lidar/points": "sensor_msgs/msg/PointCloud2",
    "radar/points": "sensor_msgs/msg/PointCloud2",
    "odom": "nav_msgs/msg/Odometry",
    "ground_truth/objects": "visualization_msgs/msg/MarkerArray",
    "ground_truth/odom": "nav_msgs/msg/Odometry",
    "ground_truth/occupancy": "nav_msgs/msg/OccupancyGrid",
}


class Scenario:
    """One robot in one world.

    Args:
        config: of the sim node.

    Raises:
        ConfigError: the simulation refuses the config.
    """

    def __init__(self, config: SimConfig) -> None:
        self.sim = sim_room.Simulation(
            sim_room.SimConfig(seed=config.seed, robot=config.robot, rate_hz=config.sensor_rate_hz, randomise=config.rig > 0, rig=config.rig)
        )
        self.limit_s = config.time_limit_s
        if config.say:
            self.sim.task = spoken_task(self.sim.world, config.say)
        self._grid = ModelSpec().grid
        self._period_s = 1.0 / config.sensor_rate_hz
        self._next_s = 0.0
        self._answered = ""
        self._began_s, self._orders = 0.0, 0
        self._seed = config.seed

    @property
    def time_s(self) -> float:
        """Simulated seconds since the start."""
        return self.sim.time_s

    @property
    def stamp_ns(self) -> int:
        """Simulated time, for /clock."""
        return self.sim.stamp_ns

    @property
    def order(self) -> str:
        """What the robot is told."""
        return self.sim.task.text

    def opening(self) -> Iterator[Item]:
        """What is said once: mountings and what the order is about."""
        return recording.opening(self.sim)

    def go_on(self) -> None:
        """Another order in the same world, from where the robot is."""
        self._orders += 1
        self.sim.go_on(self._seed + self._orders)
        self._answered, self._began_s = "", self.time_s

    def hear_answer(self, word: str) -> None:
        """A word of command_status; counts where the simulator does not know what was meant."""
        self._answered = word

    def switch(self, text: str) -> None:
        """``radar off`` or ``camera/front on``: a sensor fails, or comes back.

        Raises:
            ConfigError: the text says neither, or names no sensor.
        """
        name, _, word = text.strip().rpartition(" ")
        if word not in ("on", "off"):
            raise ConfigError(f"{text[:60]!r} switches no sensor; say for example 'radar off' or 'camera/front on'")
        self.sim.set_sensor(name.strip(), word == "on")

    def advance(self, v: float, w: float, with_truth: bool) -> Iterator[Item]:
        """Drive for STEP_S and yield what is to be published then: odometry, orders, and sensors when they are due.

        Raises:
            ConfigError: the velocity is not finite.
        """
        if self.time_s > 0 or self._next_s > 0:
            self.sim.step(v, w, STEP_S)
        if self.time_s >= self._next_s - 1e-6:
            self._next_s += self._period_s
            snapshot = self.sim.sense(with_truth)
            yield from self._moved(snapshot.readings.get("odom"))
            yield from recording.frame(snapshot)
            if with_truth:
                yield from recording.truth(snapshot, self._grid)
            return
        odometry = self.sim.odometry()
        yield from self._moved(odometry)
        yield "odom", wire.encode_odometry(odometry), self.stamp_ns
        for said in self.sim.hear():
            yield "command", wire.encode_string(said.text), self.stamp_ns

    def _moved(self, odometry: object) -> Iterator[Item]:
        """Odometry as a transform, for those who look things up in /tf."""
        if isinstance(odometry, Odometry):
            where = (odometry.frame_id, odometry.child_frame_id, odometry.T_odom_base)
            yield "/tf", wire.encode_transforms([where], odometry.stamp_ns), odometry.stamp_ns

    def verdict(self) -> str:
        """Why it is over, or '' while it is not."""
        sim = self.sim
        if self._judged and sim.success:
            return "success"
        if not self._judged and self._answered == "reached" and sim.still:
            return "reached"
        if sim.collided:
            return f"collision with {sim.hit_label}"
        if self._judged and sim.failed:
            return "did not stop within a second"
        return "time limit" if self.time_s - self._began_s >= self.limit_s else ""

    @property
    def _judged(self) -> bool:
        task = self.sim.task
        return task.target_id is not None or not task.has_goal

    def result(self, reason: str) -> str:
        """One line of JSON about the run."""
        sim = self.sim
        away_m = sim.target_distance_m
        values = {
            "success": reason in ("success", "reached"),
            "reason": reason,
            "seed": sim.config.seed,
            "task": sim.task.name,
            "command": sim.task.text,
            "time_s": round(sim.time_s - self._began_s, 3),
            "collided": sim.collided,
            "distance_m": round(sim.distance_travelled, 3),
            "shortest_m": round(sim.shortest_path_m, 3) if sim.target is not None else 0.0,
            "target_distance_m": round(away_m, 3) if sim.target is not None else None,
        }
        return json.dumps(values, ensure_ascii=False)

# SPDX-License-Identifier: Apache-2.0
"""``mm_nav record --out BAG``: writes topics to a rosbag2 recording as they come, where there is no ``ros2 bag``.

Nothing is decoded: a message is kept as it came over the wire. Mountings that nobody publishes on /tf_static come from a
calibration file, so that the recording can be trained on.
"""

import fnmatch
import logging
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from mm_nav.bags.writer import BagWriter
from mm_nav.errors import BagError, ConfigError
from mm_nav.progress import bar
from mm_nav.ros import transport
from mm_nav.ros.messages import has_type, message_class
from mm_nav.ros.runner import Stop
from mm_nav.wire import encode_transforms
from mm_nav.wire.extrinsics import mount

log = logging.getLogger(__name__)

DEPTH = 50
LOOK_S = 0.25  # how often to look for new topics
SPIN_S = 0.05
NOISE = ("/rosout", "/parameter_events", "*/transition_event", "*/_action/*")
STATIC = "/tf_static"


@dataclass(frozen=True, kw_only=True)
class RecordConfig:
    """What to record, and where to."""

    topics: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Topics, or patterns such as '/lidar/*'; all of them without."""
    out: Path
    """Folder to make."""
    seconds: float = 0.0
    """End after so long; 0 goes on until Ctrl-C."""
    calibration: str = ""
    """YAML file with sensor mountings (see mm_nav/wire/extrinsics.py), recorded as /tf_static."""
    base_frame: str = "base_link"
    """Frame of the robot, for the calibration file."""
    use_sim_time: bool = False
    """Log by /clock, as with a simulator; what comes before its first tick gets the time of that tick."""
    storage: str = "mcap"
    """mcap or sqlite3."""
    compression: str = "zstd"
    """zstd or none."""


class Recorder:
    """Subscriptions that write, on a node that the caller owns and spins.

    Args:
        node: any rclpy node. writer: an open recording, which the caller closes.
        topics: names or patterns; empty for all.
    """

    def __init__(self, node: Any, writer: BagWriter, topics: Collection[str] = ()) -> None:
        self.node, self.writer = node, writer
        self.patterns = [t if t.startswith(("/", "*")) else f"/{t}" for t in topics] or ["*"]
        self.kept: Counter[str] = Counter()
        self._closed = False
        self._heard: dict[str, Any] = {}
        self._early: list[tuple[str, str, bytes]] = []
        self._mounted: list[tuple[str, str, np.ndarray]] = []

    def look(self) -> list[str]:
        """Subscribe to what has come up since; returns the new topics. A type that is not installed is warned of once."""
        new = []
        for topic, types in self.node.get_topic_names_and_types():
            if topic in self._heard or not self._wanted(topic):
                continue
            offers = self.node.get_publishers_info_by_topic(topic)
            if not offers:
                continue
            if len(types) > 1 or not has_type(types[0]):
                log.warning("%s is not recorded: %s", topic, "it has several types" if len(types) > 1 else f"{types[0]} is not installed")
                self._heard[topic] = None
                continue
            self._heard[topic] = self._subscribe(topic, types[0], offers)
            new.append(topic)
        return new

    def keep(self, topic: str, type_name: str, data: bytes) -> None:
        """Write one serialized message, once the clock runs. After ``close`` some may still come that were on their way."""
        if self._closed:
            return
        self._early.append((topic, type_name, data))
        if (now_ns := self.node.get_clock().now().nanoseconds) == 0:
            return
        if self._mounted:
            self.writer.write(STATIC, encode_transforms(self._mounted, now_ns), now_ns)
            self.kept[STATIC] += 1
            self._mounted = []
        for early in self._early:
            self.writer.write_serialized(*early, now_ns)
            self.kept[early[0]] += 1
        self._early.clear()

    def mountings(self, calibration: str, base_frame: str) -> None:
        """Write a calibration file as /tf_static, before the first message.

        Raises:
            ConfigError: the file is not there or malformed.
        """
        tree = mount({}, calibration, base_frame)
        self._mounted = [(base_frame, f, tree.lookup(base_frame, f)) for f in tree.frames() if f != base_frame]

    def close(self) -> None:
        """Stop listening; the recording may be closed after this."""
        self._closed = True
        for heard in self._heard.values():
            if heard is not None:
                self.node.destroy_subscription(heard)
        self._heard.clear()

    def _wanted(self, topic: str) -> bool:
        if self.patterns == ["*"] and any(fnmatch.fnmatchcase(topic, noise) for noise in NOISE):
            return False
        return any(fnmatch.fnmatchcase(topic, pattern) for pattern in self.patterns)

    def _subscribe(self, topic: str, type_name: str, offers: list[Any]) -> Any:
        """As reliable and as latched as all that publish it are, so that nobody's offer is refused."""
        from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

        reliable = all(o.qos_profile.reliability == ReliabilityPolicy.RELIABLE for o in offers)
        latched = all(o.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for o in offers)
        qos = QoSProfile(
            depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )  # fmt: skip
        return self.node.create_subscription(message_class(type_name), topic, partial(self.keep, topic, type_name), qos, raw=True)


def main(config: RecordConfig) -> int:
    """Record until the time is up or Ctrl-C; returns the exit code.

    Raises:
        BagError, ConfigError: with the remedy.
    """
    if not config.seconds >= 0:
        raise ConfigError(f"--seconds {config.seconds} must be 0 (until Ctrl-C) or more")
    stop = Stop()
    transport.prepare()
    import rclpy
    from rclpy.node import Node
    from rclpy.parameter import Parameter
    from rclpy.signals import SignalHandlerOptions

    with BagWriter(config.out, storage=config.storage, compression=config.compression) as writer:
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        try:
            recorder = Recorder(Node("recorder", parameter_overrides=[Parameter("use_sim_time", value=config.use_sim_time)]), writer, config.topics)
            if config.calibration:
                recorder.mountings(config.calibration, config.base_frame)
            _spin(recorder, config.seconds, stop)
            recorder.close()
            recorder.node.destroy_node()
        finally:
            rclpy.try_shutdown()
        if not recorder.kept.total():
            raise BagError(f"{config.out}: nothing was published on {' '.join(config.topics) or 'any topic'}; no recording was made")
    print(f"recorded {recorder.kept.total()} messages into {config.out}: " + ", ".join(f"{t} {n}" for t, n in sorted(recorder.kept.items())))
    return 0


def _spin(recorder: Recorder, seconds: float, stop: Stop) -> None:
    from rclpy.executors import SingleThreadedExecutor

    executor = SingleThreadedExecutor()
    executor.add_node(recorder.node)
    began_s, looked_s = time.monotonic(), -LOOK_S
    with bar("recording", seconds or None) as shown:
        while not stop.requested and (not seconds or time.monotonic() - began_s < seconds):
            if time.monotonic() - looked_s >= LOOK_S:
                looked_s = time.monotonic()
                for topic in recorder.look():
                    shown.say(f"recording {topic}")
                shown.reach(looked_s - began_s, f"{recorder.kept.total()} messages")
            executor.spin_once(timeout_sec=SPIN_S)
    executor.shutdown()

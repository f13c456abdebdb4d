# SPDX-License-Identifier: Apache-2.0
"""``mm_nav play BAG``: publishes a recording on real topics, under the names that the fusion node reads.

Header stamps stay as recorded. Where tf2_msgs is not installed (PyPI has none) the mountings cannot go out on
/tf_static: ``--write-params`` puts them, and the topics, into a parameter file for the fusion node. In launch files the
play node (play_node.py) does the same.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
import yaml

from mm_nav.bags.playback import TopicUse, robot_source, sources, topic_uses
from mm_nav.bags.reader import BagReader
from mm_nav.core.geometry import to_quaternion
from mm_nav.errors import ConfigError
from mm_nav.progress import bar
from mm_nav.ros import transport
from mm_nav.ros.inputs import PICTURE_TYPES
from mm_nav.ros.messages import build, has_type, message_class
from mm_nav.ros.runner import Stop

log = logging.getLogger(__name__)

RANGING = {  # parameter -> kind of source, and its message types
    "lidars": ("lidar", ("PointCloud2",)), "scans": ("lidar", ("LaserScan",)), "multi_echo_scans": ("lidar", ("MultiEchoLaserScan",)),
    "radars": ("radar", ("PointCloud2",)), "radar_scans": ("radar", ("RadarScan",)), "radar_tracks": ("radar", ("RadarTracks",)),
    "radar_images": ("radar", ("Image", "CompressedImage")),
}  # fmt: skip
POLL_S = 0.02
LONGEST_NAP_S = 0.1
DEPTH = 20
CLOCK = "rosgraph_msgs/msg/Clock"


@dataclass(frozen=True, kw_only=True)
class PlayConfig:
    """What to play, and how."""

    bag: Annotated[Path, tyro.conf.Positional]
    """A recording."""
    rate: float = 1.0
    """Speed against the recorded one; 0 is as fast as it can."""
    wait_s: float = 10.0
    """How long to wait for listeners to every topic; what nobody listens to by then is played anyway."""
    clock: bool = False
    """Publish /clock from the recording, for nodes with use_sim_time."""
    namespace: str = ""
    """Put before every topic name."""
    write_params: Path | None = None
    """Write a parameter file for the fusion node that fits this recording, and play nothing."""
    base_frame: str = "base_link"
    """Frame of the robot in the recording, for the parameter file."""


def standard_topic(use: TopicUse) -> str | None:
    """Where the fusion node listens for a topic of a recording; None if it does not read it."""
    if use.kind == "camera":
        return f"{robot_source(use)}/image" + ("/compressed" if use.type.endswith("CompressedImage") else "")
    if use.kind == "camera_info":
        return f"{robot_source(use)}/camera_info"
    if use.kind == "depth_info" or (use.kind == "lidar" and use.type in PICTURE_TYPES):
        name = f"depth/{use.name.strip('/').replace('/', '_')}"
        if use.kind == "depth_info":
            return f"{name}/camera_info"
        return f"{name}/image" + ("/compressedDepth" if use.type.endswith("CompressedImage") else "")
    if use.kind in ("lidar", "radar"):
        return use.topic.strip("/")  # pictures of a radar as well
    if use.kind == "transform":
        return "/tf_static" if use.topic.endswith("_static") else "/tf"
    return {"odometry": "odom", "command": "command"}.get(use.kind)


def fusion_params(reader: BagReader, base_frame: str = "base_link") -> dict[str, Any]:
    """Parameters with which the fusion node reads a recording that is played: topics, and the mounting of each frame."""
    uses = topic_uses(reader)
    _, tree = sources(reader)
    cameras = [use for use in uses if use.kind == "camera"]
    extrinsics = {}
    for frame in tree.frames():
        if frame != base_frame and tree.has(base_frame, frame):
            T = tree.lookup(base_frame, frame)
            extrinsics[frame] = [float(v) for v in (*T[:3, 3], *to_quaternion(T))]

    ranging = {name: [topic.strip("/") for topic in topics] for name, topics in ranging_params(uses).items()}
    return {
        "base_frame": base_frame,
        "cameras": [(standard_topic(use) or "").split("/")[1] for use in cameras],
        "compressed": any(use.type.endswith("CompressedImage") for use in cameras),
        "rectified": any("/image_rect" in use.topic for use in cameras),
        **ranging,
        "extrinsics": extrinsics,
    }


def ranging_params(uses: Sequence[TopicUse]) -> dict[str, list[str]]:
    """Parameters of the fusion node that name LiDARs and radars, with the topics of a recording; of depth cameras the names."""
    found = {name: [u.topic for u in uses if u.kind == kind and u.type.rsplit("/", 1)[-1] in types] for name, (kind, types) in RANGING.items()}
    found["depths"] = [(standard_topic(u) or "").split("/")[1] for u in uses if u.kind == "lidar" and u.type in PICTURE_TYPES]
    return found


class Player:
    """Publishers for what a recording holds, on a node that the caller owns.

    Args:
        node: any rclpy node.
        reader: an open recording.
        topics: topic of the recording -> topic to publish; by default where the fusion node listens.

    Raises:
        ConfigError: nothing in the recording can be published.
    """

    def __init__(self, node: Any, reader: BagReader, topics: Mapping[str, str] | None = None) -> None:
        from rclpy.qos import DurabilityPolicy, QoSProfile

        standard = {use.topic: name for use in topic_uses(reader) if (name := standard_topic(use)) is not None}
        self.topics = dict(standard if topics is None else topics)
        self.sent: Counter[str] = Counter()
        self._node, self._reader = node, reader
        self._publishers: dict[str, Any] = {}
        for topic, name in list(self.topics.items()):
            type_name = reader.topics[topic].type
            if not has_type(type_name):
                log.warning("%s is not played: %s is not installed", topic, type_name)
                del self.topics[topic]
                continue
            qos = QoSProfile(depth=DEPTH)
            if name == "/tf_static":
                qos.durability = DurabilityPolicy.TRANSIENT_LOCAL
            self._publishers[topic] = node.create_publisher(message_class(type_name), name, qos)
        if not self._publishers:
            raise ConfigError(f"{reader.path} has nothing that can be played; `mm_nav inspect` says what it holds")

    def wait_for_listeners(self, patience_s: float, stopped: Callable[[], bool] = lambda: False) -> list[str]:
        """Wait until every topic has a listener; returns those that have none after that."""
        deadline_s = time.monotonic() + patience_s
        while (silent := self.unheard()) and time.monotonic() < deadline_s and not stopped():
            time.sleep(POLL_S)
        return silent

    def unheard(self) -> list[str]:
        """Topics that nobody listens to."""
        return [self.topics[t] for t, p in self._publishers.items() if p.get_subscription_count() == 0]

    def play(
        self, rate: float = 1.0, stopped: Callable[[], bool] = lambda: False, tick: Callable[[int], object] | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> int:  # fmt: skip
        """Publish all messages by log time; returns how many.

        Args:
            rate: against the recorded speed; 0 does not wait.
            stopped: asked between messages.
            tick: called with the log time before each message. told: called after each.

        Raises:
            BagError: the recording turns out to be damaged.
        """
        first_ns: int | None = None
        began_s = time.monotonic()
        for message in self._reader.messages(list(self._publishers)):
            first_ns = message.log_time_ns if first_ns is None else first_ns
            if rate > 0:
                due_s = began_s + (message.log_time_ns - first_ns) * 1e-9 / rate
                while (left_s := due_s - time.monotonic()) > 0 and not stopped():
                    time.sleep(min(left_s, LONGEST_NAP_S))
            if stopped():
                break
            if tick is not None:
                tick(message.log_time_ns)
            self._publishers[message.topic].publish(build(message.type, message.msg))
            self.sent[self.topics[message.topic]] += 1
            told()
        return self.sent.total()

    def close(self) -> None:
        """Take the publishers away; the node and the recording are the caller's."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        self._publishers.clear()

    def wait_until_received(self, patience_s: float) -> bool:
        """Wait until reliable listeners have everything."""
        from rclpy.duration import Duration

        return all(p.wait_for_all_acked(Duration(seconds=patience_s)) for p in self._publishers.values())


def main(config: PlayConfig) -> int:
    """Play a recording, or write the parameters that fit it.

    Raises:
        BagError, ConfigError: with the remedy.
    """
    if not config.rate >= 0:
        raise ConfigError(f"rate {config.rate} must be 0 (as fast as it can) or more")
    with BagReader(config.bag) as reader:
        if config.write_params is not None:
            content = {"/**": {"ros__parameters": fusion_params(reader, config.base_frame)}}
            config.write_params.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
            print(f"wrote {config.write_params}; use it with `mm_nav up robot.launch.xml sensors_file:={config.write_params}`")
            return 0
        return _play(config, reader)


def _play(config: PlayConfig, reader: BagReader) -> int:
    stop = Stop()
    transport.prepare()
    import rclpy
    from rclpy.node import Node
    from rclpy.signals import SignalHandlerOptions

    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = Node("player", namespace=config.namespace)
        player = Player(node, reader)
        tick = clock_ticker(node) if config.clock else None
        unheard = player.wait_for_listeners(config.wait_s, lambda: stop.requested)
        if unheard and not stop.requested:
            log.warning("nobody listens to %s", ", ".join(unheard))
        with bar(f"playing {config.bag.name}", sum(reader.topics[t].count for t in player.topics)) as shown:
            count = player.play(config.rate, lambda: stop.requested, tick, told=lambda: shown.reach(player.sent.total()))
        player.wait_until_received(1.0)
        print(f"played {count} messages: " + ", ".join(f"{name} {n}" for name, n in sorted(player.sent.items())))
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
    return 0


def clock_ticker(node: Any) -> Callable[[int], None]:
    """Publishes a log time on /clock."""
    publisher = node.create_publisher(message_class(CLOCK), "/clock", 10)

    def tick(log_time_ns: int) -> None:
        sec, nanosec = divmod(log_time_ns, 1_000_000_000)
        publisher.publish(build(CLOCK, {"clock": {"sec": sec, "nanosec": nanosec}}))

    return tick

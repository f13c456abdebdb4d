# SPDX-License-Identifier: Apache-2.0
"""A recording as the robot heard it: which topic is which sensor, and their readings in order. Knows no network."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, cast

from mm_nav.bags.reader import BagReader
from mm_nav.core.frames import TransformTree
from mm_nav.core.sync import Kind, SourceSpec
from mm_nav.core.types import CameraModel, Reading
from mm_nav.errors import BagError, ConfigError, MessageError
from mm_nav.wire import decode, decode_transforms
from mm_nav.wire.depth import DepthCamera
from mm_nav.wire.extrinsics import NO_FIX, fixes, mount
from mm_nav.wire.image import decode_camera_info
from mm_nav.wire.radar_image import decode_radar_image

log = logging.getLogger(__name__)

KINDS = {
    "sensor_msgs/msg/Image": "camera",
    "sensor_msgs/msg/CompressedImage": "camera",
    "sensor_msgs/msg/CameraInfo": "camera_info",
    "sensor_msgs/msg/PointCloud2": "lidar",
    "sensor_msgs/msg/LaserScan": "lidar",
    "sensor_msgs/msg/MultiEchoLaserScan": "lidar",
    "radar_msgs/msg/RadarScan": "radar",
    "radar_msgs/msg/RadarTracks": "radar",
    "nav_msgs/msg/Odometry": "odometry",
    "std_msgs/msg/String": "command",
    "tf2_msgs/msg/TFMessage": "transform",
}
PICTURES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
RADAR_WORDS = ("radar", "mmwave")
OUTPUTS = ("obstacles", "occupancy", "objects", "goal_pose", "plan", "command_status")  # what mm_nav itself publishes
CALIBRATION = "calibration.yaml"
BASE_FRAME = "base_link"  # of frames in a calibration file that name no parent
FIRST_TF_MESSAGES = 200  # of /tf, for sensors whose mounting is not in /tf_static


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicUse:
    """What a topic is used as: camera, camera_info, lidar, radar, depth_info, odometry, command, transform; '' with a reason.

    Depth pictures are a lidar, and their camera_info is depth_info; polar pictures of a radar are a radar.
    """

    topic: str
    type: str
    kind: str
    name: str = ""
    reason: str = ""


def source_name(topic: str) -> str:
    """Sensor of a topic: ``/camera/front/image/compressed`` -> ``camera/front``, ``/lidar/points`` -> ``lidar``."""
    parts = topic.strip("/").split("/")
    if len(parts) > 1 and parts[-1] in ("compressed", "compressedDepth"):
        parts.pop()
    if len(parts) > 1 and (parts[-1].startswith("image") or parts[-1] in ("camera_info", "points")):
        parts.pop()
    return "/".join(parts)


def robot_source(use: TopicUse) -> str:
    """What the robot's parameters and calibration files call a source: ``camera/eye``, ``odom``, ``velodyne_points``."""
    if use.kind in ("camera", "camera_info"):
        return "camera/" + use.name.removeprefix("camera/").replace("/", "_")
    return "odom" if use.kind == "odometry" else use.name


def topic_uses(reader: BagReader, topic_map: Mapping[str, str] | None = None) -> list[TopicUse]:
    """What each topic of a recording is used as, sorted by topic.

    Args:
        reader: an open recording.
        topic_map: topic -> source name; only these topics (and transforms) are used then. Give a camera's picture
            and camera_info the same name.

    Raises:
        BagError: for a mapped topic that the recording lacks.
    """
    absent = [topic for topic in topic_map or {} if topic not in reader.topics]
    if absent:
        raise BagError(f"{reader.path} has no topic {absent[0]!r}; it has {sorted(reader.topics)}")
    taken: set[tuple[str, str]] = set()
    uses = []
    # raw pictures come before compressed ones, /odom before other odometry
    for topic in sorted(reader.topics, key=lambda t: (t.endswith("/compressed"), t.strip("/") != "odom", t)):
        use = _use(topic, reader, topic_map)
        key = (use.kind, "" if use.kind in ("odometry", "command") else use.name)
        if key in taken and use.kind not in ("", "transform"):
            use = replace(use, kind="", reason=f"another topic is the {use.kind} {use.name!r} already")
        taken.add(key)
        uses.append(use)
    seen = {(use.kind, use.name) for use in uses}
    lonely = {"camera_info": "camera", "depth_info": "lidar"}
    return sorted(
        (
            replace(use, kind="", reason=f"no picture of {use.name!r}")
            if use.kind in lonely and (lonely[use.kind], use.name) not in seen
            else use
            for use in uses
        ),
        key=lambda use: use.topic,
    )


def sources(
    reader: BagReader, topic_map: Mapping[str, str] | None = None
) -> tuple[list[SourceSpec], TransformTree]:
    """The sensors of a recording, for the synchroniser, and where they sit.

    A file ``calibration.yaml`` in the recording's folder, or beside it, says what /tf_static does not (wire/extrinsics.py).

    Raises:
        BagError: for a mapped topic that the recording lacks, or damage among the transforms.
        ConfigError: the calibration file is malformed.
    """
    file = calibration_of(reader.path)
    fixed = fixes(str(file)) if file is not None else {}
    specs = [
        SourceSpec(use.name, cast(Kind, use.kind), round(fix.time_offset_s * 1e9), fix.frame_id)
        for use in topic_uses(reader, topic_map)
        if use.kind in ("camera", "lidar", "radar", "odometry")
        for fix in (fixed.get(robot_source(use), fixed.get(use.name, NO_FIX)),)
    ]
    return specs, mountings(reader)[0]


def calibration_of(path: Path) -> Path | None:
    """The calibration file of a recording: in its folder, or beside it."""
    places = (path, path.parent) if path.is_dir() else (path.parent,)
    return next((file for place in places if (file := place / CALIBRATION).is_file()), None)


def readings(
    reader: BagReader, topic_map: Mapping[str, str] | None = None, *, counts: Counter[str] | None = None
) -> Iterator[tuple[str, Reading, int]]:
    """(source name, reading, log time in ns) by log time.

    Readings carry their header stamp. Where that is zero, and for commands, which have none, it is the log time. A
    message that cannot be decoded is left out.

    Args:
        reader: an open recording.
        topic_map: as for ``topic_uses``.
        counts: counts ``<source>: <reason>`` of what was repaired (``zero_stamp``) or left out.

    Raises:
        BagError: when the recording turns out to be damaged.
    """
    found = Counter[str]() if counts is None else counts
    uses = {use.topic: use for use in topic_uses(reader, topic_map) if use.kind not in ("", "transform")}
    own = own_decoders(reader, uses.values())
    for message in reader.messages(list(uses)):
        name = uses[message.topic].name
        try:
            reading = decode(message.type, message.msg, stamp_ns=message.log_time_ns, instead=own.get(message.topic))
        except MessageError as error:
            key = f"{name}: {error.reason}"
            if not found[key]:
                log.warning("%s %s: %s", reader.path, message.topic, error)
            found[key] += 1
            continue
        if uses[message.topic].kind == "depth_info":
            continue
        if not isinstance(reading, CameraModel) and reading.stamp_ns == 0:
            if not found[f"{name}: zero_stamp"]:
                log.warning("%s %s: header stamp is 0, log time is used", reader.path, message.topic)
            found[f"{name}: zero_stamp"] += 1
            reading = replace(reading, stamp_ns=message.log_time_ns)
        yield name, reading, message.log_time_ns


def own_decoders(reader: BagReader, uses: Iterable[TopicUse]) -> dict[str, Callable[[Any], Reading]]:
    """What reads pictures that are no camera's, and camera_info of rectified pictures, by topic."""
    file = calibration_of(reader.path)
    fixed = fixes(str(file)) if file is not None else {}
    listed = list(uses)
    rectified = {use.name for use in listed if use.kind == "camera" and "/image_rect" in use.topic}
    depth = {use.name: DepthCamera() for use in listed if use.kind == "depth_info"}
    out: dict[str, Callable[[Any], Reading]] = {}
    for use in listed:
        fix = fixed.get(use.name, NO_FIX)
        if use.type in PICTURES and use.kind == "radar":
            out[use.topic] = partial(decode_radar_image, range_resolution_m=fix.range_resolution_m, scan_period_s=fix.scan_period_s)
        elif use.type in PICTURES and use.kind == "lidar":
            out[use.topic] = depth.setdefault(use.name, DepthCamera()).cloud
        elif use.kind == "depth_info":
            out[use.topic] = depth[use.name].learn
        elif use.kind == "camera_info" and use.name in rectified:
            out[use.topic] = partial(decode_camera_info, rectified=True)
    return out


def _use(topic: str, reader: BagReader, topic_map: Mapping[str, str] | None) -> TopicUse:
    info = reader.topics[topic]
    kind = KINDS.get(info.type, "")
    words, last = topic.lower(), topic.rsplit("/", 1)[-1]
    radar = any(word in words for word in RADAR_WORDS)
    name, reason = source_name(topic), ""
    if not info.readable or not kind:
        reason = f"{info.type} is not read"
    elif kind == "transform":
        reason = "" if last in ("tf", "tf_static") else "not /tf or /tf_static"
    elif topic_map is not None:
        name = topic_map.get(topic, name)
        reason = "" if topic in topic_map else "not mapped"
        radar = radar or any(word in name.lower() for word in RADAR_WORDS)
    elif "ground_truth/" in words:
        reason = "ground truth"
    elif last in OUTPUTS:
        reason = "an output of mm_nav"
    elif kind == "command" and last != "command":
        reason = "text that is no command"
    elif kind == "camera" and radar and "polar" in words:
        kind = "radar"
    elif kind in ("camera", "camera_info") and radar:
        reason = "a radar picture, not a camera's; of these only polar ones are read"
    elif kind == "camera" and "depth" in words:
        kind = "lidar"
    elif kind == "camera_info" and "depth" in words:
        kind = "depth_info"
    if reason:
        kind = ""
    elif kind == "lidar" and radar:
        kind = "radar"
    return TopicUse(topic=topic, type=info.type, kind=kind, name=name, reason=reason)


def mountings(reader: BagReader) -> tuple[TransformTree, dict[str, int]]:
    """The calibration file, then /tf_static, then the start of /tf for what these do not say; and how many each said.

    Bad ones, and those that contradict, are warned of and left out.
    """
    file = calibration_of(reader.path)
    tree = mount({}, str(file) if file is not None else "", BASE_FRAME)
    said = {} if file is None else {file.name: max(0, len(tree.frames()) - 1)}
    moving = [use.topic for use in topic_uses(reader) if use.kind == "transform" and not use.topic.endswith("_static")]
    fixed = [use.topic for use in topic_uses(reader) if use.kind == "transform" and use.topic.endswith("_static")]
    for topics, limit in ((fixed, None), (moving, FIRST_TF_MESSAGES)):
        if not topics:
            continue
        placed = set(tree.frames()) if limit else set()
        for message in islice(reader.messages(topics), limit):
            try:
                found = decode_transforms(message.msg)
            except MessageError as error:
                log.warning("%s %s: %s", reader.path, message.topic, error)
                continue
            for parent, child, T, _ in found:
                if child in placed and tree.has(parent, child):
                    continue
                try:
                    new = child not in tree.frames()
                    tree.set(parent, child, T, static=limit is None)
                    said[message.topic] = said.get(message.topic, 0) + new
                except ConfigError as error:
                    log.warning("%s %s: %s", reader.path, message.topic, error)
    return tree, {source: count for source, count in said.items() if count}

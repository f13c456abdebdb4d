# SPDX-License-Identifier: Apache-2.0
"""Which topics the fusion node reads, of which type, and what decodes them. Knows neither rclpy nor nodes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mm_nav.core.types import Reading
from mm_nav.ros.params import FusionConfig
from mm_nav.wire.depth import DepthCamera
from mm_nav.wire.extrinsics import NO_FIX, SourceFix
from mm_nav.wire.image import decode_camera_info
from mm_nav.wire.radar_image import decode_radar_image

PICTURE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
INFO_TYPE = "sensor_msgs/msg/CameraInfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A topic that is read. ``kind``: camera, camera_info, lidar, radar, depth_info, odometry, command, transform."""

    topic: str
    type_name: str
    source: str
    kind: str


def inputs_of(config: FusionConfig) -> list[Input]:
    """Topics of the configured sensors, odometry and the command, in the order that anchors are chosen in."""
    found = []
    for name in config.cameras:
        found += _pictures("camera", name, "compressed", config.compressed, "camera", "camera_info")
    for kind, topics, type_name in (
        ("lidar", config.lidars, "sensor_msgs/msg/PointCloud2"),
        ("lidar", config.scans, "sensor_msgs/msg/LaserScan"),
        ("lidar", config.multi_echo_scans, "sensor_msgs/msg/MultiEchoLaserScan"),
        ("radar", config.radars, "sensor_msgs/msg/PointCloud2"),
        ("radar", config.radar_scans, "radar_msgs/msg/RadarScan"),
        ("radar", config.radar_tracks, "radar_msgs/msg/RadarTracks"),
    ):
        found += [Input(topic=topic, type_name=type_name, source=topic.removesuffix("/points").strip("/"), kind=kind) for topic in topics]
    for topic in config.radar_images:
        packed = topic.endswith("/compressed")
        found.append(Input(topic=topic, type_name=PICTURE_TYPES[packed], source=topic.removesuffix("/compressed").strip("/"), kind="radar"))
    for name in config.depths:
        found += _pictures("depth", name, "compressedDepth", config.compressed, "lidar", "depth_info")
    found.append(Input(topic="odom", type_name="nav_msgs/msg/Odometry", source="odom", kind="odometry"))
    found.append(Input(topic="command", type_name="std_msgs/msg/String", source="command", kind="command"))
    return found


def _pictures(family: str, name: str, suffix: str, packed: bool, kind: str, info_kind: str) -> list[Input]:
    """A camera's picture and camera_info."""
    source = f"{family}/{name}"
    image = f"{source}/image/{suffix}" if packed else f"{source}/image"
    return [Input(topic=image, type_name=PICTURE_TYPES[packed], source=source, kind=kind),
            Input(topic=f"{source}/camera_info", type_name=INFO_TYPE, source=source, kind=info_kind)]  # fmt: skip


def own_decoders(config: FusionConfig, inputs: Sequence[Input], fixed: Mapping[str, SourceFix]) -> dict[str, Callable[[Any], Reading]]:
    """What reads a topic in place of its type's decoder: pictures of radars and depth cameras, camera_info of rectified pictures."""
    depth = {i.source: DepthCamera() for i in inputs if i.kind == "depth_info"}
    out: dict[str, Callable[[Any], Reading]] = {}
    for one in inputs:
        if one.kind == "depth_info":
            out[one.topic] = depth[one.source].learn
        elif one.source in depth:
            out[one.topic] = depth[one.source].cloud
        elif one.kind == "radar" and one.type_name in PICTURE_TYPES:
            fix = fixed.get(one.source, NO_FIX)
            out[one.topic] = partial(decode_radar_image, range_resolution_m=fix.range_resolution_m, scan_period_s=fix.scan_period_s)
        elif one.kind == "camera_info" and config.rectified:
            out[one.topic] = partial(decode_camera_info, rectified=True)
    return out


def mounting_sources(config: FusionConfig, frames: Sequence[str], hears_tf: bool) -> str:
    """Where the mountings come from, for people: parameters, the calibration file, then /tf and /tf_static."""
    by_file = len([f for f in frames if f != config.base_frame and f not in config.extrinsics])
    said = [f"{len(config.extrinsics)} from parameters"] if config.extrinsics else []
    said += [f"{by_file} from {config.calibration}"] if config.calibration else []
    said += ["others from /tf and /tf_static"] if hears_tf else ["/tf is not heard (tf2_msgs is not installed)"]
    return ", ".join(said)

# SPDX-License-Identifier: Apache-2.0
"""ROS messages <-> core types, by structure: one code for live topics and recorded bags; imports neither."""

from mm_nav.wire.cloud import decode_laser_scan, decode_point_cloud
from mm_nav.wire.decode import (
    DECODERS,
    decode,
    decode_occupancy,
    decode_odometry,
    decode_path,
    decode_string,
    decode_transforms,
)
from mm_nav.wire.encode import (
    encode_camera_info,
    encode_image,
    encode_odometry,
    encode_point_cloud,
    encode_string,
    encode_transforms,
)
from mm_nav.wire.image import decode_camera_info, decode_compressed_image, decode_image
from mm_nav.wire.message import Encoded
from mm_nav.wire.outcome import (
    LabelledBox,
    Status,
    encode_boxes,
    encode_command_status,
    encode_diagnostics,
    encode_goal_pose,
    encode_grid,
    encode_objects,
    encode_obstacles,
    encode_occupancy,
    encode_plan,
    encode_velocity,
)

__all__ = [
    "DECODERS",
    "Encoded",
    "LabelledBox",
    "Status",
    "decode",
    "decode_camera_info",
    "decode_compressed_image",
    "decode_image",
    "decode_laser_scan",
    "decode_occupancy",
    "decode_odometry",
    "decode_path",
    "decode_point_cloud",
    "decode_string",
    "decode_transforms",
    "encode_boxes",
    "encode_camera_info",
    "encode_command_status",
    "encode_diagnostics",
    "encode_goal_pose",
    "encode_grid",
    "encode_image",
    "encode_objects",
    "encode_obstacles",
    "encode_occupancy",
    "encode_odometry",
    "encode_plan",
    "encode_point_cloud",
    "encode_string",
    "encode_transforms",
    "encode_velocity",
]

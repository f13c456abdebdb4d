# SPDX-License-Identifier: Apache-2.0
"""Message packages that a ROS install has and PyPI has not: used when importable, never required."""

import importlib
from typing import Any

from mm_nav.core.types import Scene
from mm_nav.errors import ConfigError
from mm_nav.ros.messages import build, has_type
from mm_nav.wire.message import header_fields, pose_fields, vector_fields

TRANSFORMS = "tf2_msgs/msg/TFMessage"
DETECTIONS = "vision_msgs/msg/Detection3DArray"


def has_transforms() -> bool:
    """Whether ``/tf`` and ``/tf_static`` can be read and written."""
    return has_type(TRANSFORMS)


def has_detections() -> bool:
    """Whether vision_msgs is here in the layout since Galactic (``results[].hypothesis``)."""
    return has_type(DETECTIONS) and has_type("vision_msgs/msg/ObjectHypothesis")


def navigate_action(name: str) -> Any:
    """Class of nav2_msgs/action/NavigateToPose, for the action ``name`` that parameter nav2_action asks for.

    Raises:
        ConfigError: nav2_msgs is not installed.
    """
    try:
        return importlib.import_module("nav2_msgs.action").NavigateToPose
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"parameter 'nav2_action' is {name!r}, but nav2_msgs is not installed ({error}); install ros-DISTRO-nav2-msgs "
            "and source that ROS, or leave nav2_action empty"
        ) from error


def detections(scene: Scene, frame_id: str) -> Any:
    """vision_msgs/Detection3DArray of a scene's objects; only where ``has_detections()``."""
    from mm_nav.core.geometry import se3

    header = header_fields(scene.stamp_ns, frame_id)
    listed = [
        {
            "header": header,
            "results": [{"hypothesis": {"class_id": box.label, "score": box.score}}],
            "bbox": {
                "center": pose_fields(se3(tuple(box.center), (0.0, 0.0, box.yaw))),
                "size": vector_fields(box.size),
            },
        }
        for box in scene.objects
    ]
    return build(DETECTIONS, {"header": header, "detections": listed})

